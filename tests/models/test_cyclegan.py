"""Zhu et al. 2017, equations 1 to 3, on networks of one layer that treat each pixel alone."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo import backend
from keras_genzoo.models.cyclegan import CycleGAN

SHAPE = (4, 6, 2)
RNG = np.random.default_rng(0)
X, Y = RNG.uniform(-1, 1, (2, 3, *SHAPE)).astype("float32")
NAMES = ("a_to_b", "b_to_a", "discriminator_a", "discriminator_b")


def of_pixels(given, made):
    """Of each pixel a linear function."""
    x = layers.Input((4, 6, given))
    return keras.Model(x, layers.Conv2D(made, 1, name="pixels")(x))


def build(target=2, **arguments):
    keras.utils.set_random_seed(0)
    sizes = {"a_to_b": (2, target), "b_to_a": (target, 2), "discriminator_a": (2, 1), "discriminator_b": (target, 1)}
    networks = {name: of_pixels(*pair) for name, pair in sizes.items()}
    return CycleGAN(SHAPE, (4, 6, target), **{**networks, **arguments})


def pixels(network, images):
    kernel, bias = (weight.astype("float64") for weight in network.get_layer("pixels").get_weights())
    return images @ kernel[0, 0] + bias


def played(model, x=X, y=Y, training=True):
    """Both players' losses, logs, and what is handed on."""
    handed, losses, logs = {}, {}, {}
    for player in model.players():
        found = player.play(ops.convert_to_tensor(x), ops.convert_to_tensor(y), training, handed)
        losses[player.name], handed = found[0], handed | found[2]
        logs |= found[1]
    return {k: float(v) for k, v in losses.items()}, {k: float(v) for k, v in logs.items()}, handed


def by_hand(model, x=X, y=Y):
    """The logs as the paper has them, but least squares of the discriminators with their factor of 1/2."""
    a_to_b, b_to_a, of_a, of_b = (lambda images, n=name: pixels(getattr(model, n), images) for name in NAMES)
    fake_b, fake_a = a_to_b(x), b_to_a(y)
    return {
        "a_to_b_loss": ((of_b(fake_b) - 1) ** 2).mean(),
        "b_to_a_loss": ((of_a(fake_a) - 1) ** 2).mean(),
        "cycle_a": np.abs(b_to_a(fake_b) - x).mean(),
        "cycle_b": np.abs(a_to_b(fake_a) - y).mean(),
        "discriminator_a_loss": 0.5 * (((of_a(x) - 1) ** 2).mean() + (of_a(fake_a) ** 2).mean()),
        "discriminator_b_loss": 0.5 * (((of_b(y) - 1) ** 2).mean() + (of_b(fake_b) ** 2).mean()),
    }


@pytest.mark.parametrize("identity_weight", [0.0, 5.0])
def test_the_paper_s_losses(identity_weight):
    model = build(cycle_weight=7.0, identity_weight=identity_weight)
    expected = by_hand(model)
    if identity_weight:
        expected["identity"] = np.abs(pixels(model.b_to_a, X) - X).mean() + np.abs(pixels(model.a_to_b, Y) - Y).mean()
    losses, logs, handed = played(model)
    assert logs == pytest.approx(expected, rel=1e-5) and set(model.logs) == set(logs)
    translators = expected["a_to_b_loss"] + expected["b_to_a_loss"] + 7 * (expected["cycle_a"] + expected["cycle_b"])
    translators += identity_weight * expected.get("identity", 0.0)
    discriminators = expected["discriminator_a_loss"] + expected["discriminator_b_loss"]
    assert losses == pytest.approx({"translators": translators, "discriminators": discriminators}, rel=1e-5)
    np.testing.assert_allclose(handed["fake_b"], pixels(model.a_to_b, X), atol=1e-5)
    np.testing.assert_allclose(handed["fake_a"], pixels(model.b_to_a, Y), atol=1e-5)


def test_domains_of_other_channels():
    model = build(target=3)
    y = RNG.uniform(-1, 1, (3, 4, 6, 3)).astype("float32")
    assert played(model, y=y)[1] == pytest.approx(by_hand(model, y=y), rel=1e-5)
    with pytest.raises(ValueError, match=r"CycleGAN.identity_weight is 0.5, but images of 2 channels are none of 3"):
        build(target=3, identity_weight=0.5)
    model.compile()
    with pytest.raises(ValueError, match=r"y has shape \(3, 4, 6, 2\), but \(3, 4, 6, 3\) is expected"):
        model.check_targets(Y, 3, "fit")
    with pytest.raises(ValueError, match=r"CycleGAN needs an image of a second domain for each image"):
        model.training_step((X,))


def test_translators_that_undo_each_other_have_no_cycle_loss():
    model = build()
    model.a_to_b.get_layer("pixels").set_weights([np.array([[[[0.0, 2.0], [1.0, 0.0]]]]), np.array([0.5, -1.0])])
    model.b_to_a.get_layer("pixels").set_weights([np.array([[[[0.0, 1.0], [0.5, 0.0]]]]), np.array([0.5, -0.5])])
    logs = played(model)[1]
    assert logs["cycle_a"] == pytest.approx(0.0, abs=1e-6) and logs["cycle_b"] == pytest.approx(0.0, abs=1e-6)


def test_translations_that_are_handed_on_are_those_that_would_be_made():
    model = build(pool_size=0)
    x, y = ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
    handed = played(model)[2]
    for training in (True, False):
        found = [float(model.discriminators_loss(x, y, training, **more)[0]) for more in (handed, {})]
        assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_discriminators_get_past_translations_in_training(monkeypatch):
    """A pool of three is full after a step; with these numbers every image is exchanged for the pool's first."""
    model = build(pool_size=3)
    monkeypatch.setattr(keras.random, "uniform", lambda shape, seed: ops.zeros(shape))
    first = played(model)[1]
    assert first == pytest.approx(by_hand(model), rel=1e-5)
    x, y = -X, -Y
    held = played(model, x, y, training=False)[1]  # validation neither asks the pools nor fills them
    assert held == pytest.approx(by_hand(model, x, y), rel=1e-5)
    found = played(model, x, y)[1]["discriminator_b_loss"]
    past = [pixels(model.a_to_b, X[:1]), *(pixels(model.a_to_b, x[i : i + 1]) for i in (0, 1))]
    fake_scores = pixels(model.discriminator_b, np.concatenate(past))
    expected = 0.5 * (((pixels(model.discriminator_b, y) - 1) ** 2).mean() + (fake_scores**2).mean())
    assert found == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(model.pool_b.images[0], pixels(model.a_to_b, x[2]), atol=1e-5)


def test_pools_are_saved_and_no_player_s(tmp_path):
    model, other = build(pool_size=4), build(pool_size=4)
    for each in (model, other):
        each.compile()
    for number in range(3):
        model.training_step((X[number : number + 1], Y[number : number + 1]))
    assert (
        int(model.pool_a.count) == int(model.pool_b.count) == 3
        and np.abs(ops.convert_to_numpy(model.pool_a.images)).max() > 0
    )
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    for one, same in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)
    trained = [id(variable) for player in model.players() for variable in model.variables_of(player)]
    assert len(trained) == 8 and not {id(weight) for weight in model.pool_a.weights} & set(trained)
    assert build(pool_size=0).pool_a is None


@pytest.mark.skipif(backend.NAME != "tensorflow", reason="differentiates with TensorFlow's tape")
def test_the_discriminators_loss_gives_the_translators_no_gradient():
    model, x, y = build(), ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
    variables = model.a_to_b.trainable_variables + model.b_to_a.trainable_variables
    _, gradients, _ = backend.value_and_grad(lambda: model.discriminators_loss(x, y, True), variables, model)
    assert gradients == [None] * 4


def test_both_directions():
    model = build(target=3)
    assert model.directions == ("ab", "ba") and model.size_multiple is None
    y = RNG.uniform(-1, 1, (3, 4, 6, 3)).astype("float32")
    for x, direction, network in ((X, "ab", model.a_to_b), (y, "ba", model.b_to_a)):
        expected = np.clip(np.round(127.5 * (pixels(network, x) + 1)), 0, 255)
        np.testing.assert_allclose(model.translate(x, direction), expected, atol=1)
    assert {name: one.inputs["images"].shape for name, one in model.endpoints().items() if name != "serve"} == {
        "a_to_b": (None, 4, 6, 2),
        "b_to_a": (None, 4, 6, 3),
    }


@pytest.mark.slow
def test_sizes_that_need_padding():
    small = {"network": "resnet_translator", "filters": 2, "blocks": 1}
    pixel = {"network": "patch_discriminator", "filters": 2, "receptive_field": 1}
    networks = {"a_to_b": small, "b_to_a": small, "discriminator_a": pixel, "discriminator_b": pixel}
    model = CycleGAN((8, 8, 2), **networks, pool_size=0)
    assert model.size_multiple == 4
    for height, width in ((8, 12), (9, 11), (3, 21), (1, 1)):
        x = RNG.integers(0, 256, (1, height, width, 2), "uint8")
        for direction in ("ab", "ba"):
            assert model.translate(x, direction).shape == x.shape
    mixed = CycleGAN((8, 8, 2), **{**networks, "b_to_a": {"network": "unet", "filters": (2, 2, 2)}}, pool_size=0)
    assert mixed.size_multiple == 8
