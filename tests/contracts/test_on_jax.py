"""What every registered model keeps on JAX, in processes where TensorFlow cannot be imported."""

import numpy as np
import pytest

from tests.contracts import helpers
from tests.contracts.lots import Arrays, each_model, in_lots, result, starting_with

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def on_jax(tmp_path_factory):
    """What `KERAS_BACKEND=jax` makes of a model, in a process where TensorFlow cannot be imported."""
    pytest.importorskip("jax")
    folder = tmp_path_factory.mktemp("jax")

    def run(names: list[str]) -> None:
        for name in names:
            np.savez(folder / f"{name}.start.npz", *helpers.build(name).get_weights())
        helpers.python("-m", "tests.contracts.on_jax", folder, *names, KERAS_BACKEND="jax")

    ready = in_lots(run)

    def arrays(name: str) -> Arrays:
        ready(name)
        return result(folder, name)

    return arrays


@each_model
def test_jax_trains_as_tensorflow_does(on_jax, name):
    there, here = on_jax(name), helpers.two_steps(name)
    for number, (variable, value) in enumerate(zip(here.weights, here.get_weights(), strict=True)):
        # By the largest value of each: an element near 0 may be the rest of a sum of larger ones.
        atol = 1e-6 + 1e-5 * np.abs(value).max(initial=0)
        np.testing.assert_allclose(
            there[f"weight_{number}"], value, rtol=0, atol=atol, err_msg=f"{number} {variable.path}"
        )
    np.testing.assert_allclose(there["images"].astype(int), helpers.images(here, seed=5), atol=1)


@each_model
def test_training_on_jax_goes_on_from_saved_weights(on_jax, name):
    arrays = on_jax(name)
    helpers.assert_same(starting_with("whole_", arrays), starting_with("resumed_", arrays))


@each_model
def test_logs_on_jax_are_finite_and_validation_repeats(on_jax, name):
    arrays = on_jax(name)
    logs = starting_with("log_", arrays)
    for log, value in starting_with("evaluated_", arrays).items():
        assert np.isfinite(logs[log]).all()
        np.testing.assert_allclose(logs[f"val_{log}"][-1], value, rtol=1e-6, err_msg=log)


def test_schedules_follow_the_images_on_jax(on_jax):
    """Two thirds of the way: the last step read the images before it."""
    found = on_jax("r3gan")
    assert float(found["probability"]) == pytest.approx(0.5 - 0.25 * 2 / 3, rel=1e-4)
    assert float(found["rate"]) == pytest.approx(1e-4, rel=1e-4) and float(found["beta_2"]) == pytest.approx(0.25)
