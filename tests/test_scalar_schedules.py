import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.scalar_schedules import SCHEDULES, CyclicRamp, LinearDecay, number_or_schedule, schedule_from


def fu_et_al(step, total, cycles, share):
    """Equations 6 and 7 of arXiv:1903.10145, word for word: t counts from 1."""
    t = step + 1
    tau = ((t - 1) % int(np.ceil(total / cycles))) / (total / cycles)
    return tau / share if tau <= share else 1.0


@pytest.mark.parametrize(
    ("total", "cycles", "share"), [(8, 2, 0.5), (100, 4, 0.5), (101, 4, 0.3), (10, 10, 1.0), (7, 1, 1.0)]
)
def test_cyclic_ramp_is_the_paper_s_equation(total, cycles, share):
    ramp = CyclicRamp(total, cycles, share)
    expected = [fu_et_al(step, total, cycles, share) for step in range(total)]
    np.testing.assert_allclose([float(ramp(step)) for step in range(total)], expected, rtol=1e-6)


def test_cyclic_ramp_stays_high_after_the_last_cycle():
    ramp = CyclicRamp(8, 2, low=0.5, high=4.0)
    assert [float(ramp(step)) for step in (0, 1, 2, 8, 9, 10**6)] == [0.5, 2.25, 4.0, 4.0, 4.0, 4.0]


def test_cyclic_ramp_takes_tensors_and_variables_of_any_integer_type():
    ramp = CyclicRamp(8, 2)
    for dtype in ("int32", keras.optimizers.SGD().iterations.dtype):
        assert float(ramp(ops.convert_to_tensor(1, dtype))) == 0.5
        assert float(ramp(keras.Variable(5, dtype=dtype, trainable=False))) == 0.5


def test_cyclic_ramp_round_trips_through_keras():
    ramp = CyclicRamp(80, 2, 0.25, low=0.1, high=3.0, name="beta")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(ramp))
    assert isinstance(again, CyclicRamp)
    assert again.get_config() == ramp.get_config()


def test_cyclic_ramp_refuses_more_cycles_than_steps():
    with pytest.raises(ValueError, match="num_cycles=4 do not fit into total_steps=3"):
        CyclicRamp(3)


def test_cyclic_ramp_drives_an_optimizer():
    optimizer = keras.optimizers.SGD(CyclicRamp(8, 2, high=2.0))
    weight = keras.Variable(0.0)
    for _ in range(3):  # learning rates 0, 1 and 2
        optimizer.apply([ops.ones(())], [weight])
    assert float(weight) == -3.0


def test_linear_decay_holds_falls_and_ends():
    decay = LinearDecay(2.0, constant_steps=3, decay_steps=4)
    assert [float(decay(step)) for step in (0, 2, 3, 4, 5, 7, 8, 10**9)] == [2.0, 2.0, 2.0, 1.5, 1.0, 0.0, 0.0, 0.0]
    assert float(LinearDecay(1.0, 0, 2**24)(ops.convert_to_tensor(2**23, "int32"))) == 0.5
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(decay))
    assert isinstance(again, LinearDecay) and again.get_config() == decay.get_config()


def test_number_or_schedule():
    iterations = keras.Variable(3, dtype="int32", trainable=False)
    decay = keras.optimizers.schedules.PolynomialDecay(1.0, decay_steps=4, end_learning_rate=0.0)
    assert float(number_or_schedule(2, iterations)) == 2.0
    assert float(number_or_schedule(decay, iterations)) == 0.25
    for value in (2, 0.5, decay):
        assert keras.backend.standardize_dtype(number_or_schedule(value, iterations).dtype) == "float32"


def test_every_schedule_is_a_schedule_under_its_own_name():
    for name, schedule in SCHEDULES.items():
        assert schedule.__name__ == name
        assert issubclass(schedule, keras.optimizers.schedules.LearningRateSchedule)


def test_schedule_from_spec():
    schedule = schedule_from({"class_name": "CyclicRamp", "config": {"total_steps": 10, "high": 2.0}})
    assert isinstance(schedule, CyclicRamp) and schedule.high == 2.0
    with pytest.raises(ValueError, match="there is no schedule 'CosineDecai': did you mean 'CosineDecay'"):
        schedule_from({"class_name": "CosineDecai", "config": {}})
    with pytest.raises(ValueError, match="there is no schedule None"):
        schedule_from({})
