import numpy as np
import pytest
from keras import ops
from scipy import stats

from keras_genzoo.losses.sparsity import kl_sparsity, l1_sparsity, sparseness
from keras_genzoo.losses.squared_error import squared_error


def test_the_kl_is_that_of_bernoulli_variables():
    z = np.random.default_rng(0).uniform(0.01, 0.99, (7, 5)).astype("float32")
    expected = sum(stats.entropy([0.2, 0.8], [mean, 1 - mean]) for mean in z.mean(axis=0, dtype="float64"))
    assert float(kl_sparsity(z, 0.2)) == pytest.approx(expected, rel=1e-5)


def test_the_kl_is_of_the_batch_and_not_of_each_image():
    z = np.array([[0.0, 0.5], [1.0, 0.5]], "float32")
    assert float(kl_sparsity(z, 0.5)) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("activation", [0.0, 1.0])
def test_latents_that_are_never_or_always_active_have_a_finite_penalty(activation):
    value = float(kl_sparsity(np.full((4, 3), activation, "float32"), 0.05))
    assert np.isfinite(value) and value > 3 * float(kl_sparsity(np.full((4, 1), 0.5, "float32"), 0.05)) * 0.5


def test_the_kl_is_least_at_the_target():
    values = [float(kl_sparsity(np.full((2, 1), mean, "float32"), 0.05)) for mean in (0.01, 0.049, 0.05, 0.051, 0.5)]
    assert np.argmin(values) == 2


def test_l1_is_summed_over_latents_and_averaged_over_images():
    z = np.array([[1.0, -2.0, 0.0], [0.0, 0.0, 5.0]], "float32")
    assert float(l1_sparsity(z)) == pytest.approx((3 + 5) / 2)


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        ([[0, 3, 0, 0]], 1.0),
        ([[2, 2, 2, 2]], 0.0),
        ([[0, 0, 0, 0]], 1.0),
        ([[0, -1, 0, 1]], (2 - np.sqrt(2)) / (2 - 1)),
        ([[0, 3, 0, 0], [1, 1, 1, 1]], 0.5),
    ],
)
def test_sparseness(z, expected):
    for scale in (1e-25, 1.0, 1e25):  # squares of these leave float32
        assert float(sparseness(scale * np.array(z, "float32"))) == pytest.approx(expected, abs=1e-6)


def test_the_squared_error_is_summed_over_pixels():
    x = np.zeros((2, 3, 4, 1), "float32")
    y = np.stack([np.full((3, 4, 1), 0.5), np.zeros((3, 4, 1))]).astype("float32")
    assert float(squared_error(x, y)) == pytest.approx(12 * 0.25 / 2)
    assert squared_error(ops.convert_to_tensor(x), y).shape == ()
