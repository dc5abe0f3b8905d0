"""What every registered model keeps under `MirroredStrategy`, on two virtual CPUs."""

import numpy as np
import pytest

from tests.contracts import helpers
from tests.contracts.lots import Arrays, each_different_model, in_lots, result, starting_with

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def on_replicas(tmp_path_factory):
    """What `MirroredStrategy` makes of a model on two virtual CPUs, by check."""
    folder = tmp_path_factory.mktemp("replicas")
    ready = in_lots(
        lambda names: helpers.python(
            "-m", "tests.contracts.on_two_replicas", folder, *names, KERAS_BACKEND="tensorflow"
        )
    )

    def arrays(name: str, check: str) -> Arrays:
        ready(name)
        return result(folder, f"{name}.{check}")

    return arrays


@each_different_model
def test_two_replicas_with_the_same_shard_and_noise_equal_one(on_replicas, name):
    arrays = on_replicas(name, "one_and_two")
    one, two = starting_with("one_", arrays), starting_with("two_", arrays)
    assert one.keys() == two.keys()
    start = helpers.build(name)
    moved, apart = 0.0, 0.0
    for number, (variable, value) in enumerate(zip(start.weights, start.get_weights(), strict=True)):
        key = str(number)
        if variable.path.startswith("pool_"):  # through which the images of all replicas pass
            continue
        np.testing.assert_allclose(two[key], one[key], atol=1e-5, rtol=1e-5, err_msg=variable.path)
        if variable.trainable:
            moved = max(moved, np.abs(one[key] - value).max())
            apart = max(apart, np.abs(two[key] - one[key]).max())
    assert moved > 10 * apart  # a factor of two would show, however short the steps are


@each_different_model
def test_each_replica_draws_its_own_noise(on_replicas, name):
    arrays = on_replicas(name, "draws")
    one, two = starting_with("0_", arrays), starting_with("1_", arrays)
    assert one.keys() == two.keys()
    everything = [value.tobytes() for value in [*one.values(), *two.values()]]
    assert len(set(everything)) == len(everything)


@each_different_model
def test_fit_and_validation_work_on_replicas(on_replicas, name):
    logs = on_replicas(name, "fitted")
    assert logs and all(np.isfinite(values).all() for values in logs.values())
