"""The effect of labels: known of grids and classes that are made up."""

import numpy as np
import pytest

from keras_genzoo.diagnosis import label_effect, label_share


def grid(of_latents, of_labels, latents=40, labels=30):
    """Sums of a number for each latent and a number for each label, of these deviations."""
    random = np.random.default_rng(0)
    a, b = random.normal(size=(latents, 1, 6)), random.normal(size=(1, labels, 6))
    return of_latents * a / a.std(ddof=1) + of_labels * b / b.std(ddof=1)


def test_the_effect_is_the_fraction_of_the_variance():
    assert label_effect(grid(1.0, 0.0)) == pytest.approx(0.0, abs=1e-12)
    assert label_effect(grid(0.0, 1.0)) == pytest.approx(1.0)
    assert label_effect(grid(2.0, 1.0)) == pytest.approx(0.2, abs=0.03)
    assert label_effect(7.0 * grid(2.0, 1.0) - 3.0) == pytest.approx(label_effect(grid(2.0, 1.0)))
    assert label_effect(np.ones((3, 3, 5))) is None


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_the_share_of_classes(classes):
    """Means of variance 1 and a spread of variance 3 about them: a quarter, however many classes."""
    random = np.random.default_rng(1)
    means = random.normal(size=(classes, 400))
    means = (means - means.mean(axis=0)) / np.sqrt(means.var(axis=0).mean())
    labels = np.arange(600) % classes
    images = means[labels] + np.sqrt(3.0) * random.normal(size=(600, 400))
    assert label_share(images, labels) == pytest.approx(0.25, abs=0.02)
    assert label_share(images, random.permutation(labels)) == pytest.approx(0.0, abs=0.02)


def test_what_has_no_share():
    images = np.random.default_rng(2).normal(size=(5, 3))
    assert label_share(images, np.zeros(5, int)) is None
    assert label_share(images, np.arange(5)) is None
    assert label_share(np.ones((6, 3)), np.arange(6) % 2) is None
