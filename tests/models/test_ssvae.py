"""Kingma et al. 2014: the bounds of images with and without labels, and classes learned from few of them."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo import metrics
from keras_genzoo.models.ssvae import SSVAE

ARGUMENTS = {
    "image_shape": (4, 4, 1),
    "num_classes": 3,
    "latent_dim": 2,
    "encoder": {"network": "mlp_encoder", "hidden": (8,)},
    "decoder": {"network": "mlp_decoder", "hidden": (8,)},
    "classifier": {"network": "mlp_encoder", "hidden": (8,)},
    "feature_encoder": {"network": "mlp_encoder", "hidden": (8,)},
    "feature_decoder": {"network": "mlp_decoder", "hidden": (8,)},
}
RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 3
X = np.clip((0.8 * (LABELS - 1))[:, None, None, None] + 0.1 * RNG.normal(size=(60, 4, 4, 1)), -1, 1).astype("float32")


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = SSVAE(**{**ARGUMENTS, **arguments})
    model.compile(keras.optimizers.Adam(1e-2))
    return model


def test_the_loss_is_that_of_the_paper():
    model = build(classification_weight=0.7)
    bounds = np.array([[10.0, 20.0, 30.0], [1.0, 2.0, 3.0]])
    model.bounds = lambda x, y, training: (ops.convert_to_tensor(bounds.ravel(), "float32"), ops.ones((6,)))
    logits = np.array([[0.0, 1.0, 2.0], [0.5, 0.0, -0.5]])
    model.classifier = lambda x, training=False: ops.convert_to_tensor(logits, "float32")
    loss, logs = model.semi_supervised_loss(ops.convert_to_tensor(X[:2]), np.array([1, -1]), False)
    q = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labeled = bounds[0, 1] + 1.0 + math.log(3)  # L(x, y), with the prior of y
    unlabeled = (q[1] * (bounds[1] + 1.0 + math.log(3))).sum() + (q[1] * np.log(q[1])).sum()  # U(x)
    assert float(loss) == pytest.approx((labeled + unlabeled) / 2 - 0.7 * math.log(q[0, 1]), rel=1e-5)
    assert float(logs["class_loss"]) == pytest.approx(-math.log(q[0, 1]), rel=1e-5)
    assert float(logs["class_accuracy"]) == 0.0


def test_a_batch_without_labels_has_no_classification_loss():
    logs = build().semi_supervised_loss(ops.convert_to_tensor(X[:4]), np.full(4, -1), False)[1]
    assert float(logs["class_loss"]) == float(logs["class_accuracy"]) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("feature_dim", [None, 2])
def test_classes_are_learned_from_few_labels(feature_dim):
    model = build(feature_dim=feature_dim, likelihood={"likelihood": "gaussian", "scale": 0.3})
    y = np.where(np.arange(60) < 6, LABELS, -1)
    model.fit(X, y, batch_size=60, epochs=200, verbose=0)
    probabilities = model.classify(X)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-5)
    assert (probabilities.argmax(axis=-1) == LABELS).mean() > 0.9
    means = [model.generate(16, labels=label).mean() for label in range(3)]
    assert means[0] + 30 < means[1] < means[2] - 30


def test_with_features_the_bound_has_two_layers_of_latents():
    model = build(feature_dim=3)
    assert model.noise_dim == 5 and model.encoder.input_shape[0] == (None, 1, 1, 3)
    found = metrics.importance_weighted_log_likelihood(model, X[:3], samples=200)
    assert (found > metrics.elbo(model, X[:3], samples=200)).all()
    names = [player.name for player in model.players()]
    assert names == ["features", "autoencoder"]


@pytest.mark.parametrize("y", [[3, 0], [-2, 0]])
def test_other_labels_are_refused(y):
    with pytest.raises(ValueError, match="0 to 2, or -1 for an image without a label"):
        build().fit(X[:2], np.array(y), batch_size=2)
