"""Isola et al. 2017, equations 1 to 4, on networks of one layer that treat each pixel alone."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy import special

from keras_genzoo.models.pix2pix import Pix2Pix

SHAPE, TARGET = (4, 6, 1), (4, 6, 2)
RNG = np.random.default_rng(0)
X, Y = (RNG.uniform(-1, 1, (3, *shape)).astype("float32") for shape in (SHAPE, TARGET))


def generating(size=(4, 6)):
    """Of each pixel a linear function, in the place of a translation."""
    x = layers.Input((*size, 1))
    return keras.Model(x, layers.Conv2D(2, 1, name="pixels")(x))


def scoring(conditional=True):
    images, given = layers.Input(TARGET), layers.Input(SHAPE)
    x = layers.Concatenate()([images, given]) if conditional else images
    return keras.Model([images, given] if conditional else images, layers.Conv2D(1, 1, name="pixels")(x))


def build(**arguments):
    keras.utils.set_random_seed(0)
    networks = {"generator": generating(), "discriminator": scoring(arguments.get("conditional", True))}
    return Pix2Pix(SHAPE, TARGET, **{**networks, **arguments})


def pixels(network, *images):
    kernel, bias = (weight.astype("float64") for weight in network.get_layer("pixels").get_weights())
    return np.concatenate(images, axis=-1) @ kernel[0, 0] + bias


def played(model, training=True):
    """Both players' losses, logs, and what is handed on."""
    handed, losses, logs = {}, {}, {}
    for player in model.players():
        losses[player.name], found, given = player.play(
            ops.convert_to_tensor(X), ops.convert_to_tensor(Y), training, handed
        )
        handed |= given
        logs |= found
    return {k: float(v) for k, v in losses.items()}, {k: float(v) for k, v in logs.items()}, handed


@pytest.mark.parametrize("conditional", [True, False])
def test_the_paper_s_losses(conditional):
    model = build(conditional=conditional, adversarial_weight=0.7, l1_weight=3.0)
    fake = pixels(model.generator, X)
    given = (X,) if conditional else ()
    real_scores, fake_scores = (pixels(model.discriminator, one, *given) for one in (Y, fake))
    l1, adversarial = np.abs(Y - fake).mean(), -np.log(special.expit(fake_scores)).mean()
    crossed = -np.log(special.expit(real_scores)).mean() - np.log(special.expit(-fake_scores)).mean()
    losses, logs, handed = played(model)
    assert losses == pytest.approx({"generator": 0.7 * adversarial + 3 * l1, "discriminator": crossed}, rel=1e-5)
    assert logs == pytest.approx({"generator_loss": adversarial, "l1": l1, "discriminator_loss": crossed}, rel=1e-5)
    np.testing.assert_allclose(handed["fake"], fake, atol=1e-5)
    assert set(model.logs) == set(logs)


def test_squared_errors_of_the_generator_are_not_halved():
    model = build(adversarial_loss="least_squares", l1_weight=0.0)
    fake = pixels(model.generator, X)
    real_scores, fake_scores = (pixels(model.discriminator, one, X) for one in (Y, fake))
    expected = {
        "generator": ((fake_scores - 1) ** 2).mean(),
        "discriminator": 0.5 * (((real_scores - 1) ** 2).mean() + (fake_scores**2).mean()),
    }
    assert played(model)[0] == pytest.approx(expected, rel=1e-5)


def test_translations_that_are_handed_on_are_those_that_would_be_made():
    model = build()
    x, y = ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
    _, _, handed = played(model)
    for training in (True, False):
        found = [float(model.discriminator_loss(x, y, training, *more)[0]) for more in ((handed["fake"],), ())]
        assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_a_train_step_is_the_same_without_handing_on(monkeypatch):
    """With a generator that does not move, the discriminator gets the same images either way."""
    weights = []
    for shared in (True, False):
        model = build()
        if not shared:
            players = tuple(p.__class__(p.name, p.networks, p.loss) for p in model.players())
            monkeypatch.setattr(model, "players", lambda players=players: players)
        model.compile({"generator": keras.optimizers.SGD(0.0), "discriminator": keras.optimizers.SGD(0.1)})
        model.training_step((X, Y))
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_discriminator_s_loss_gives_the_generator_no_gradient():
    from keras_genzoo import backend

    if backend.NAME != "tensorflow":
        pytest.skip("differentiates with TensorFlow's tape")
    model, x, y = build(), ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
    variables = model.generator.trainable_variables
    _, gradients, _ = backend.value_and_grad(lambda: model.discriminator_loss(x, y, True), variables, model)
    assert gradients == [None, None]


def test_l1_alone_has_no_discriminator():
    model = build(adversarial_weight=0.0, l1_weight=2.0)
    losses, logs, handed = played(model)
    l1 = np.abs(Y - pixels(model.generator, X)).mean()
    assert losses == pytest.approx({"generator": 2 * l1}, rel=1e-5) and logs == pytest.approx({"l1": l1}, rel=1e-5)
    assert not handed and model.logs == ("l1",) and len(model.trainable_weights) == 2
    model.compile()
    before = model.discriminator.get_weights()
    model.fit(X, Y, batch_size=1, epochs=1, verbose=0)
    for one, other in zip(before, model.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_conditional_gan_alone():
    losses, logs, _ = played(build(l1_weight=0.0))
    assert losses["generator"] == pytest.approx(logs["generator_loss"], rel=1e-6)


def test_what_cannot_be_trained():
    with pytest.raises(ValueError, match=r"Pix2Pix: adversarial_weight and l1_weight are 0: nothing would be learned"):
        build(adversarial_weight=0.0, l1_weight=0.0)
    with pytest.raises(ValueError, match=r"images of 4 x 6 pixels cannot be translated into images of 4 x 8 pixels"):
        Pix2Pix(SHAPE, (4, 8, 2))


def test_targets_of_another_shape():
    model = build()
    model.compile()
    with pytest.raises(ValueError, match=r"y has shape \(3, 4, 6, 1\), but \(3, 4, 6, 2\) is expected: give images of"):
        model.fit(X, Y[..., :1], batch_size=1, verbose=0)
    with pytest.raises(ValueError, match="Pix2Pix needs a target for each image"):
        model.training_step((X,))
    with pytest.raises(ValueError, match=r": y"):
        model.fit(X, 100 * Y, batch_size=1, verbose=0)


# Images


def noisy(**arguments):
    keras.utils.set_random_seed(0)
    return Pix2Pix(
        (8, 8, 1),
        (8, 8, 3),
        generator={"network": "unet", "filters": (8, 8, 8)},
        discriminator={"network": "patch_discriminator", "filters": 2, "receptive_field": 1},
        **arguments,
    )


@pytest.mark.parametrize("average", [None, pytest.param(0.9, marks=pytest.mark.slow)])
def test_dropout_at_test_time_is_noise_of_a_seed(average):
    model = noisy(test_time_dropout=True, ema_momentum=average)
    network = model.averaged("generator")
    network.set_weights([weight + 0.1 for weight in network.get_weights()])
    x = RNG.integers(0, 256, (2, 8, 8, 1), "uint8")
    before = model.get_weights()
    first, again, other = (model.translate(x, seed=seed) for seed in (3, 3, 4))
    assert first.shape == (2, 8, 8, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(model.translate(x), model.translate(x, seed=0))
    assert (first != other).any()
    for one, after in zip(before, model.get_weights(), strict=True):  # no seed, no running statistic moved
        np.testing.assert_array_equal(one, after)
    with pytest.raises(ValueError, match="translate: seed"):
        model.translate(x, seed=-1)


def test_an_exported_endpoint_takes_the_seed():
    model = noisy(test_time_dropout=True)
    model.generator.set_weights([weight + 0.1 for weight in model.generator.get_weights()])
    endpoint = model.endpoints()["translate"]
    assert {name: spec.shape for name, spec in endpoint.inputs.items()} == {"images": (None, None, None, 1), "seed": ()}
    x = RNG.integers(0, 256, (2, 8, 8, 1), "uint8")
    for seed in (0, 5):
        found = ops.convert_to_numpy(endpoint.function(ops.convert_to_tensor(x), ops.convert_to_tensor(seed)))
        np.testing.assert_allclose(found.astype(int), model.translate(x, seed=seed), atol=1)
    assert set(noisy().endpoints()["translate"].inputs) == {"images"}


@pytest.mark.slow
def test_without_it_a_seed_has_no_effect_and_images_are_alone():
    model = noisy()
    x = RNG.integers(0, 256, (3, 8, 8, 1), "uint8")
    np.testing.assert_array_equal(model.translate(x, seed=1), model.translate(x, seed=2))
    np.testing.assert_array_equal(model.translate(x[:1]), model.translate(x)[:1])


def test_sizes_that_need_padding():
    model = noisy()
    model.generator.set_weights([weight + 0.1 for weight in model.generator.get_weights()])
    assert model.size_multiple == 8
    for height, width in ((8, 16), (11, 9), (3, 21), (1, 1)):
        x = RNG.integers(0, 256, (2, height, width, 1), "uint8")
        assert model.translate(x).shape == (2, height, width, 3)
    x = RNG.integers(0, 256, (1, 11, 9, 1), "uint8")
    padded = np.pad(x, ((0, 0), (0, 5), (0, 7), (0, 0)), mode="reflect")
    np.testing.assert_allclose(model.translate(x).astype(int), model.translate(padded)[:, :11, :9], atol=1)


def test_a_network_of_one_size_translates_images_of_that_size_alone():
    model = build()
    assert model.size_multiple is None
    expected = pixels(model.generator, X)
    np.testing.assert_allclose(ops.convert_to_numpy(model(X)), expected, atol=1e-5)
    assert model.translate(X).shape == (3, *TARGET)
    with pytest.raises(ValueError, match=r"Pix2Pix\.translate"):
        model.translate(X[:, :2])
    with pytest.raises(ValueError, match=r"direction='ba', but ab is what it learned"):
        model.translate(X, "ba")
    assert model.endpoints()["translate"].inputs["images"].shape == (None, 4, 6, 1)
    assert build(generator=generating((None, None))).size_multiple == 1
