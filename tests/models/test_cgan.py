"""Conditional GANs: the label reaches both players in any game, and is chosen in samples."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.cgan import CGAN

LABELS = np.arange(48) % 3
RNG = np.random.default_rng(0)
X = (0.6 * (LABELS - 1)[:, None, None, None] + 0.1 * RNG.uniform(-1, 1, (48, 1, 1, 1)) * np.ones((48, 4, 4, 1))).astype(
    "float32"
)
DENSE = {
    "generator": {"network": "mlp_decoder", "hidden": (32,)},
    "discriminator": {"network": "mlp_encoder", "hidden": (32,), "hidden_activation": "leaky_relu"},
}
CONVOLUTIONAL = {
    "generator": {"network": "dcgan_generator", "filters": (8,)},
    "discriminator": {"network": "dcgan_discriminator", "filters": (8,), "normalization": None},
}
GAMES = {
    "gan": {**DENSE, "adversarial_loss": "non_saturating"},
    "dcgan": CONVOLUTIONAL,
    "wgan_gp": {
        **CONVOLUTIONAL,
        "adversarial_loss": "wasserstein",
        "regularizers": ["gradient_penalty"],
        "discriminator_steps": 2,
    },
}


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = CGAN((4, 4, 1), num_classes=3, latent_dim=2, **arguments)
    model.compile(keras.optimizers.Adam(2e-3, beta_1=0.5))
    return model


@pytest.mark.slow
@pytest.mark.parametrize("condition", ["one_hot", "embedding", "every_layer"])
@pytest.mark.parametrize("game", GAMES)
def test_it_works_with_the_networks_and_losses_of_others(game, condition):
    model = build(condition=condition, **GAMES[game])
    found = model.training_step((X, LABELS))
    penalties = {"gradient_penalty"} if game == "wgan_gp" else set()
    assert set(found) == {"discriminator_loss", "generator_loss", *penalties}
    assert all(np.isfinite(float(value)) for value in found.values())
    assert model.generate(2, labels=1).shape == (2, 4, 4, 1)


@pytest.mark.slow
@pytest.mark.parametrize("condition", ["one_hot", "every_layer"])
def test_samples_have_the_label_asked_for(condition):
    """Of images of which the label is the brightness."""
    model = build(condition=condition, **DENSE)
    model.fit(X, LABELS, batch_size=48, epochs=400, verbose=0)
    means = [model.generate(16, seed=1, labels=label).mean() for label in range(3)]
    assert means[0] + 30 < means[1] < means[2] - 30


def test_call_takes_latents_and_codes():
    model = build(**DENSE)
    z, codes = model.sample_latents(np.arange(6), np.uint32(3))
    np.testing.assert_array_equal(ops.convert_to_numpy(codes), np.eye(3)[np.arange(6) % 3])
    called = ops.convert_to_numpy(model((z, codes)))
    sampled = ops.convert_to_numpy(model.sample(np.arange(6), np.uint32(3), np.arange(6) % 3))
    np.testing.assert_array_equal(called, sampled)


def test_both_players_are_told_the_labels_of_the_batch(monkeypatch):
    model = build(**DENSE)
    seen = []

    def watched(network):
        def call(inputs, **arguments):
            seen.append(ops.convert_to_numpy(inputs[1]))
            return network(inputs, **arguments)

        return call

    for name in ("generator", "discriminator"):
        made = watched(getattr(model, name))
        monkeypatch.setattr(CGAN, name, property(lambda self, made=made: made), raising=False)
    for loss in (model.discriminator_loss, model.generator_loss):
        seen.clear()
        loss(ops.convert_to_tensor(X), ops.convert_to_tensor(LABELS), True)
        assert len(seen) == (3 if loss == model.discriminator_loss else 2)
        for codes in seen:
            np.testing.assert_array_equal(codes, np.eye(3)[LABELS])


def test_a_labeled_image_is_needed():
    with pytest.raises(ValueError, match="CGAN needs a label for each image"):
        build(**DENSE).training_step((X,))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LABELS + 1, r"CGAN.fit: labels lie in \[1, 3\], but this model has 3"),
        (np.eye(3)[LABELS], "CGAN.fit: labels are"),
    ],
)
def test_labels_that_are_not_there(labels, message):
    with pytest.raises(ValueError, match=message):
        build(**DENSE).fit(X, labels, verbose=0)


@pytest.mark.slow
def test_labels_may_be_a_column():
    build(**DENSE).fit(X, LABELS[:, None], batch_size=48, verbose=0)


def test_a_network_without_conditioning_is_refused():
    with pytest.raises(ValueError, match=r"CGAN.generator: the network 'latent_discriminator' takes no conditioning"):
        build(generator="latent_discriminator")
