"""van den Oord et al. 2016: probabilities of images that sum to one, samples that follow them, labels."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import metrics
from keras_genzoo.models.cpixelcnn import ConditionalPixelCNN
from keras_genzoo.models.pixelcnn import PixelCNN
from keras_genzoo.networks.causal_window import causal_window

ARGUMENTS = {
    "image_shape": (2, 2, 1),
    "levels": 4,
    "mixture_components": 2,
    "causal_network": {"network": "gated_pixelcnn", "filters": 6, "blocks": 1},
}
IMAGES = np.array(list(itertools.product(np.linspace(-1, 1, 4), repeat=4)), "float32").reshape(-1, 2, 2, 1)


def build(kind=PixelCNN, **arguments):
    keras.utils.set_random_seed(0)
    model = kind(**{**ARGUMENTS, **arguments})
    rng = np.random.default_rng(1)
    for weight in model.causal_network.weights:
        weight.assign(0.5 * rng.normal(size=weight.shape))
    return model


def numbers(images):
    """Which of `IMAGES` these are."""
    return np.rint(images.reshape(-1, 4) / 85).astype(int) @ [64, 16, 4, 1]


def test_the_probabilities_of_all_images_sum_to_one_and_samples_follow_them():
    model = build()
    nats = metrics.elbo(model, IMAGES)
    assert np.exp(nats).sum() == pytest.approx(1, abs=1e-5)
    drawn = np.bincount(numbers(model.generate(8_000, batch_size=2_000)), minlength=256) / 8_000
    assert np.abs(drawn - np.exp(nats)).sum() < 0.2  # 0.6 between other weights


def test_an_exact_likelihood_is_the_same_for_all_draws():
    model = build()
    bound = metrics.importance_weighted_log_likelihood(model, IMAGES[:5], samples=3)
    np.testing.assert_allclose(bound, metrics.elbo(model, IMAGES[:5]), rtol=1e-6)
    assert metrics.likelihood_protocol(model)["exact"] is True
    assert not model.pixel_likelihood["grey_levels"] and build(levels=256).pixel_likelihood["grey_levels"]


def test_the_likelihood_without_labels_is_the_mean_over_labels():
    model = build(ConditionalPixelCNN, num_classes=3)
    assert np.exp(metrics.elbo(model, IMAGES)).sum() == pytest.approx(1, abs=1e-5)
    each = np.stack([np.array(model.log_prob(IMAGES, np.full(256, label))) for label in range(3)], axis=1)
    np.testing.assert_allclose(np.exp(each.astype("float64")).sum(axis=0), 1, atol=1e-5)
    expected = np.exp(each) / np.exp(each).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.classify(IMAGES), expected, atol=1e-5)
    assert np.abs(each[:, 0] - each[:, 1]).max() > 0.01


@pytest.mark.slow
def test_it_learns_the_labels_of_images():
    keras.utils.set_random_seed(0)
    model = ConditionalPixelCNN(**{**ARGUMENTS, "num_classes": 2})
    model.compile(keras.optimizers.Adam(1e-2))
    y = np.arange(64) % 2
    x = np.where(y[:, None, None, None] == 1, 1.0, -1.0) * np.ones((64, 2, 2, 1), "float32")
    model.fit(x, y, batch_size=64, epochs=60, verbose=0)
    assert (model.generate(8, labels=1) == 255).mean() > 0.9 and (model.generate(8, labels=0) == 0).mean() > 0.9
    assert (model.classify(x).argmax(axis=-1) == y).all()


def test_a_pixel_of_a_crop_is_that_of_the_whole_image():
    network = {"network": "gated_pixelcnn", "filters": 4, "blocks": 1}
    model = ConditionalPixelCNN((9, 12, 1), num_classes=2, mixture_components=2, causal_network=network)
    rng = np.random.default_rng(0)
    for weight in model.causal_network.weights:
        weight.assign(0.5 * rng.normal(size=weight.shape))
    window = causal_window(model.causal_network)
    assert window.size(9, 12) == (4, 8)
    x, y = rng.uniform(-1, 1, (2, 9, 12, 1)).astype("float32"), np.array([0, 1])
    whole = np.array(model(model.with_labels(x, y)))
    for row in range(9):
        for column in range(12):
            found = np.array(model.parameters_at(x, y, *ops.convert_to_tensor([row, column])))
            np.testing.assert_allclose(found, whole[:, row, column], atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [keras.layers.Conv2D(1, 3, padding="same"), keras.layers.ZeroPadding2D(1), keras.layers.LayerNormalization()],
)
def test_of_other_networks_no_window_is_known(layer):
    inputs = keras.Input((4, 4, 1))
    assert causal_window(keras.Model(inputs, layer(inputs))) is None
