import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import counter_rng
from keras_genzoo.layers.latent_mixture import LatentMixture

SEED = np.uint32(5)


def drawn(mixture, num=20_000, start=0, seed=SEED):
    return ops.convert_to_numpy(mixture.sample(np.arange(start, start + num), seed))


def clusters(num=3_000):
    """Latents of two Gaussians, a quarter and three quarters of them, with correlated coordinates."""
    random = np.random.default_rng(0)
    mixing = np.array([[1.0, 0.8, 0.0], [0.0, 0.6, 0.2], [0.0, 0.0, 0.5]])
    first = np.arange(num) % 4 == 0
    z = random.standard_normal((num, 3)) @ mixing + np.where(first[:, None], [20.0, 0, 0], [-10.0, 5, 0])
    return z.astype("float32"), first


def test_before_a_fit_it_draws_standard_normal_numbers():
    for rank in (128, 2):
        mixture = LatentMixture(6, rank=rank)
        np.testing.assert_allclose(drawn(mixture, 50), counter_rng.normal(SEED, np.arange(50), 6), atol=1e-6)


def test_a_number_is_the_same_in_every_batch():
    mixture = LatentMixture(3, components=2)
    mixture.fit(clusters()[0])
    whole = drawn(mixture, 9)
    np.testing.assert_allclose(drawn(mixture, 4, start=3), whole[3:7], atol=1e-5)
    assert not np.allclose(drawn(mixture, 9, seed=np.uint32(6)), whole)


def test_it_draws_like_what_it_was_fitted_to():
    z, first = clusters()
    mixture = LatentMixture(3, components=2)
    mixture.fit(z)
    made = drawn(mixture)
    made_first = made[:, 0] > 5
    assert made_first.mean() == pytest.approx(0.25, abs=0.01)
    for one, other in ((z[first], made[made_first]), (z[~first], made[~made_first])):
        np.testing.assert_allclose(other.mean(axis=0), one.mean(axis=0), atol=0.06)
        np.testing.assert_allclose(np.cov(other.T), np.cov(one.T), atol=0.06)
    assert np.abs(ops.convert_to_numpy(mixture.spread)).max() < 1e-4  # three directions are all there are


def test_one_component_has_the_moments_of_the_latents():
    z = clusters()[0]
    mixture = LatentMixture(3, components=1)
    mixture.fit(z)
    factor = ops.convert_to_numpy(mixture.factors)[0].T @ ops.convert_to_numpy(mixture.basis)
    np.testing.assert_allclose(factor.T @ factor, np.cov(z.T, ddof=0), rtol=1e-3, atol=1e-3)
    mean = ops.convert_to_numpy(mixture.means)[0] @ ops.convert_to_numpy(mixture.basis)
    np.testing.assert_allclose(ops.convert_to_numpy(mixture.center) + mean, z.mean(axis=0), atol=1e-3)


def test_of_many_latents_it_keeps_the_leading_directions_and_every_variance():
    random = np.random.default_rng(1)
    leading = np.linalg.qr(random.standard_normal((40, 2)))[0]
    z = (random.standard_normal((2_000, 2)) * [9, 6]) @ leading.T + random.standard_normal((2_000, 40)) + 3
    mixture = LatentMixture(40, components=1, rank=2)
    mixture.fit(z.astype("float32"))
    basis = ops.convert_to_numpy(mixture.basis)
    cosines = np.linalg.svd(leading.T @ (basis / np.linalg.norm(basis, axis=1, keepdims=True)).T)[1]
    assert cosines.min() > 0.99
    made = drawn(mixture)
    np.testing.assert_allclose(made.std(axis=0), z.std(axis=0), rtol=0.05)
    np.testing.assert_allclose(made.mean(axis=0), z.mean(axis=0), atol=0.2)


def test_the_same_latents_and_seed_give_the_same_mixture():
    z = clusters(200)[0]
    one, other = LatentMixture(3), LatentMixture(3)
    one.fit(z, seed=3)
    other.fit(clusters(200)[0] * 7, seed=1)  # a fit does not depend on the one before
    other.fit(z, seed=3)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("num", [2, 5, 12])
def test_few_latents_use_few_components(num):
    z = np.random.default_rng(2).normal(4.0, 2.0, (num, 3)).astype("float32")
    mixture = LatentMixture(3, components=10)
    mixture.fit(z)
    weights = np.exp(ops.convert_to_numpy(mixture.log_weights))
    assert (weights > 0).sum() == max(1, num // (min(3, num) + 1)) and weights.sum() == pytest.approx(1, abs=1e-5)
    made = drawn(mixture)
    assert np.isfinite(mixture.get_weights()[0]).all()
    np.testing.assert_allclose(made.mean(axis=0), z.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(made.std(axis=0), z.std(axis=0), rtol=0.05)


def test_latents_that_do_not_vary_are_drawn_as_they_are():
    mixture = LatentMixture(3)
    mixture.fit(np.full((60, 3), 2.5, "float32"))
    np.testing.assert_array_equal(drawn(mixture, 4), np.full((4, 3), 2.5))
    z = clusters(500)[0]
    z[:, 1] = -1.0  # one latent is dead
    mixture.fit(z)
    np.testing.assert_allclose(drawn(mixture, 100)[:, 1], -1.0, atol=0.05)


@pytest.mark.parametrize(
    ("latents", "message"),
    [
        (np.zeros((5, 4)), r"latents have shape \(5, 4\), but \(n, 3\) is expected"),
        (np.zeros((5, 3, 1)), r"latents have shape \(5, 3, 1\)"),
        (np.zeros((1, 3)), "got 1 latent vectors: give those of 2 images or more"),
        (np.array([[0, 0, np.nan], [0, 0, 0]]), "there is NaN or infinity among the latents"),
        (np.array([[0, 0, np.inf], [0, 0, 0]]), "there is NaN or infinity among the latents"),
    ],
)
def test_what_it_cannot_be_fitted_to(latents, message):
    mixture = LatentMixture(3)
    before = mixture.get_weights()
    with pytest.raises(ValueError, match=message):
        mixture.fit(latents)
    for old, new in zip(before, mixture.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("components", [0, 1_001])
def test_components_are_bounded(components):
    with pytest.raises(ValueError, match=r"components=[\d,]+ must lie in 1..1,000"):
        LatentMixture(3, components)


def test_nothing_of_it_is_trained_and_config_round_trips():
    mixture = LatentMixture(9, components=4, rank=2, name="mixture")
    assert not mixture.trainable_weights and len(mixture.weights) == 6
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(mixture))
    assert type(twin) is LatentMixture and twin.get_config() == mixture.get_config()
