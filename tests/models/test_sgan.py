"""Salimans et al. 2016: a discriminator of classes, whose score is their sum, and feature matching."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.sgan import SGAN

ARGUMENTS = {
    "image_shape": (4, 4, 1),
    "num_classes": 3,
    "latent_dim": 2,
    "generator": {"network": "mlp_decoder", "hidden": (8,)},
    "discriminator": {"network": "mlp_encoder", "hidden": (8,), "hidden_activation": "leaky_relu"},
}
RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 3
X = np.clip((0.8 * (LABELS - 1))[:, None, None, None] + 0.1 * RNG.normal(size=(60, 4, 4, 1)), -1, 1).astype("float32")


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = SGAN(**{**ARGUMENTS, **arguments})
    model.compile(keras.optimizers.Adam(1e-2))
    return model


def test_the_score_is_the_logit_of_an_image_being_real():
    logits = np.array([[0.0, 1.0, -2.0]], "float32")
    z = np.exp(logits).sum()
    score = float(build().scores_of(ops.convert_to_tensor(logits))[0, 0])
    assert 1 / (1 + np.exp(-score)) == pytest.approx(z / (z + 1), rel=1e-5)


def test_the_discriminators_loss_counts_labels_where_there_are_some():
    model = build(class_weight=0.5)
    y = np.where(np.arange(6) < 2, LABELS[:6], -1)
    x = ops.convert_to_tensor(X[:6])
    total, logs = model.discriminator_loss(x, y, False)
    assert float(total) == pytest.approx(float(logs["discriminator_loss"]) + 0.5 * float(logs["class_loss"]), rel=1e-5)
    logits = np.array(model.logits_of(x))[:2]
    nats = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(2), y[:2]]
    assert float(logs["class_loss"]) == pytest.approx(nats.mean(), rel=1e-5)


def test_feature_matching_is_the_squared_distance_of_mean_features():
    model = build()
    made = X[::-1][:30]
    model.sample_like = lambda x, y, training: ops.convert_to_tensor(made)
    loss = float(model.generator_loss(ops.convert_to_tensor(X[:30]), None, False)[0])
    features = model.feature_network()
    expected = np.square(np.array(features(X[:30])).mean(axis=0) - np.array(features(made)).mean(axis=0)).sum()
    assert loss == pytest.approx(expected, rel=1e-4)
    assert build(feature_matching=False).generator_loss(ops.convert_to_tensor(X[:30]), None, False)[0] != loss


@pytest.mark.slow
def test_classes_are_learned_from_few_labels():
    model = build()
    model.fit(X, np.where(np.arange(60) < 6, LABELS, -1), batch_size=60, epochs=100, verbose=0)
    assert (model.classify(X).argmax(axis=-1) == LABELS).mean() > 0.9
