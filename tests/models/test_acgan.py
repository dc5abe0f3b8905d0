"""Odena et al. 2017: both players lower the cross-entropy of labels, which only the generator is told."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.acgan import ACGAN

LABELS = np.arange(12) % 3
X = np.random.default_rng(0).uniform(-1, 1, (12, 4, 4, 1)).astype("float32")
ARGUMENTS = {
    "generator": {"network": "mlp_decoder", "hidden": (8,)},
    "discriminator": {"network": "mlp_encoder", "hidden": (8,), "hidden_activation": "leaky_relu"},
}


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = ACGAN((4, 4, 1), num_classes=3, latent_dim=2, **ARGUMENTS, **arguments)
    model.compile()
    return model


def cross_entropy(judged):
    logits = ops.convert_to_numpy(judged)[:, 1:].astype("float64")
    return np.mean(np.log(np.exp(logits).sum(1)) - logits[np.arange(len(logits)), LABELS])


def test_the_class_losses_are_cross_entropies(monkeypatch):
    model = build(class_weight=3.0)
    z = np.random.default_rng(1).standard_normal((12, 2)).astype("float32")
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: ops.convert_to_tensor(z))
    real = model.discriminator(X)
    fake = model.discriminator(model.generated(ops.convert_to_tensor(z), LABELS, True))
    loss, logs = model.discriminator_loss(ops.convert_to_tensor(X), LABELS, True)
    assert float(logs["class_loss"]) == pytest.approx(cross_entropy(real) + cross_entropy(fake), rel=1e-5)
    assert float(loss) == pytest.approx(float(logs["discriminator_loss"]) + 3 * float(logs["class_loss"]), rel=1e-5)
    right = ops.convert_to_numpy(real)[:, 1:].argmax(1) == LABELS
    assert float(logs["class_accuracy"]) == pytest.approx(right.mean(), abs=1e-6)
    loss, logs = model.generator_loss(ops.convert_to_tensor(X), LABELS, True)
    assert float(logs["generator_class_loss"]) == pytest.approx(cross_entropy(fake), rel=1e-5)
    score = ops.convert_to_numpy(fake)[:, 0]
    assert float(logs["generator_loss"]) == pytest.approx(np.log1p(np.exp(-score)).mean(), rel=1e-4)
    assert float(loss) == pytest.approx(
        float(logs["generator_loss"]) + 3 * float(logs["generator_class_loss"]), rel=1e-5
    )


def test_the_discriminator_sees_no_label():
    model = build()
    assert len(model.discriminator.inputs) == 1
    one, other = (
        ops.convert_to_numpy(model.discriminator_outputs(X, labels, False)) for labels in (LABELS, LABELS[::-1])
    )
    np.testing.assert_array_equal(one, other)


def test_without_its_weight_labels_are_only_told():
    loss, logs = build(class_weight=0.0).discriminator_loss(ops.convert_to_tensor(X), LABELS, True)
    assert float(loss) == float(logs["discriminator_loss"])
