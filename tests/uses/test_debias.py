"""Debiasing: weights of rare latents by hand, and what they change."""

import numpy as np
import pytest

from keras_genzoo.uses.debias import effective_sample_size, in_use, proportions, rarity_weights
from keras_genzoo.uses.properties import Property

# Of ten images nine are alike in the first latent; in the second they are five and five.
FIRST = np.array([0.0] * 9 + [1.0])
SECOND = np.array([0.0, 1.0] * 5)
LATENTS = np.stack([FIRST, SECOND], axis=1)


def test_weights_are_the_inverse_of_the_histograms_product():
    weights = rarity_weights(LATENTS, strength=0.1, bins=4, combine="product")
    expected = 1 / (np.where(FIRST == 0, 0.9, 0.1) + 0.1) / 0.6
    np.testing.assert_allclose(weights, expected / expected.sum())


def test_weights_are_the_largest_of_each_latent():
    first = 1 / (np.where(FIRST == 0, 0.9, 0.1) + 0.1)
    expected = np.maximum(first / first.sum(), 0.1)
    np.testing.assert_allclose(rarity_weights(LATENTS, 0.1, 4), expected / expected.sum())


def test_one_latent_becomes_even_as_the_strength_falls():
    latent = np.random.default_rng(0).normal(size=(5000, 1))
    for combine in ("product", "max"):
        weights = rarity_weights(latent, 1e-9, 10, combine)
        counts, _ = np.histogram(latent[:, 0], 10, weights=weights)
        np.testing.assert_allclose(counts, 0.1, rtol=1e-4)
        np.testing.assert_allclose(rarity_weights(latent, 1e9, 10, combine), 1 / 5000, rtol=1e-6)


def test_many_latents_do_not_overflow():
    weights = rarity_weights(np.random.default_rng(0).normal(size=(300, 1000)), 1e-6, 20, "product")
    assert np.isfinite(weights).all() and weights.sum() == pytest.approx(1)


def test_units_and_dead_latents_do_not_matter():
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(200, 2))
    dead = np.concatenate([latents * [3.0, 3.0] + 7, 1e-3 * rng.normal(size=(200, 3)), np.ones((200, 1))], axis=1)
    assert in_use(dead).tolist() == [True, True, False, False, False, False]
    np.testing.assert_allclose(rarity_weights(dead), rarity_weights(latents))


@pytest.mark.parametrize(
    ("latents", "arguments", "message"),
    [
        (np.ones((5, 2)), {}, "the latents are the same for all images"),
        (np.ones(5), {}, r"latents have shape \(5,\), but \(n, latent_dim\)"),
        (np.array([[np.nan], [0.0]]), {}, "not finite"),
        (LATENTS, {"strength": 0}, "strength=0 must be a number above 0"),
        (LATENTS, {"strength": float("nan")}, "strength=nan must be"),
        (LATENTS, {"bins": 1}, "bins=1 must be at least 2"),
        (LATENTS, {"combine": "sum"}, "combine is 'sum', but"),
    ],
)
def test_what_cannot_be_weighed(latents, arguments, message):
    with pytest.raises(ValueError, match=message):
        rarity_weights(latents, **arguments)


def test_effective_sample_size():
    assert effective_sample_size(np.full(8, 0.125)) == pytest.approx(8)
    assert effective_sample_size(np.array([3.0, 0, 0])) == pytest.approx(1)
    assert effective_sample_size(np.array([1.0, 2, 1])) == pytest.approx(16 / 6)


def test_shares_before_and_after():
    hats = Property(np.array([0, 0, 0, 1.0, np.nan]), ("none", "cap", "beanie"))
    found = proportions(hats, np.array([0.1, 0.1, 0.1, 0.3, 0.4]))
    assert found == {"none": pytest.approx((0.75, 0.5)), "cap": pytest.approx((0.25, 0.5)), "beanie": (0, 0)}
    found = proportions(Property(np.array([0.0, 2.0])), np.array([0.75, 0.25]))
    assert found == {"mean": pytest.approx((1.0, 0.5)), "deviation": pytest.approx((1.0, np.sqrt(0.75)))}
    assert proportions(Property(np.array([np.nan]), ("a",)), np.ones(1)) == {}
