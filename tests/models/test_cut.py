"""Park et al. 2020, equations 1 to 5, on a translator of one layer."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy import special

from keras_genzoo import backend
from keras_genzoo.models.cut import CUT

SHAPE = (4, 6, 2)
RNG = np.random.default_rng(0)
X, Y = RNG.uniform(-1, 1, (2, 3, *SHAPE)).astype("float32")
ALL = 24  # places of an image


def translating(made=2, size=SHAPE):
    """Of each pixel two linear functions, one after the other."""
    x = images = layers.Input(size, name="images")
    for count, name in ((3, "first"), (made, "pixels")):
        x = layers.Conv2D(count, 1, name=name)(x)
    return keras.Model(images, x)


def scoring(channels=2):
    x = layers.Input((4, 6, channels))
    return keras.Model(x, layers.Conv2D(1, 1, name="pixels")(x))


def build(target=2, **arguments):
    keras.utils.set_random_seed(0)
    model = CUT(
        SHAPE,
        (4, 6, target),
        **{
            "translator": translating(target),
            "discriminator": scoring(target),
            "feature_layers": ("images", "first"),
            "patches": ALL,
            **arguments,
        },
    )
    model.projections.set_weights([5 * weight + 0.01 for weight in model.projections.get_weights()])
    return model


def affine(layer, x):
    kernel, bias = (weight.astype("float64") for weight in layer.get_weights())
    return x @ kernel.reshape(kernel.shape[-2:]) + bias


def translated(model, x):
    """The hidden features and the translations."""
    hidden = affine(model.translator.get_layer("first"), x)
    return hidden, affine(model.translator.get_layer("pixels"), hidden)


def projected(model, features):
    """H_l of all patches of each layer, of length 1."""
    found = []
    for number, feature in enumerate(features):
        second = model.projections.output[number]._keras_history.operation.input._keras_history.operation
        first = second.input._keras_history.operation
        rows = feature.reshape(len(feature), -1, feature.shape[-1])
        vectors = affine(second, np.maximum(affine(first, rows), 0))
        found.append(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
    return found


def contrast(model, x, made):
    """Equation 4, of all places: the mean over layers."""
    keys, queries = (projected(model, (images, translated(model, images)[0])) for images in (x, made))
    terms = []
    for key, query in zip(keys, queries, strict=True):
        odds = special.log_softmax(np.einsum("bqc,bkc->bqk", query, key) / model.temperature, axis=-1)
        terms.append(-np.diagonal(odds, axis1=1, axis2=2).mean())
    return np.mean(terms)


def played(model, x=X, y=Y, training=True):
    """Both players' losses, logs, and what is handed on."""
    handed, losses, logs = {}, {}, {}
    for player in model.players():
        loss, found, given = player.play(ops.convert_to_tensor(x), ops.convert_to_tensor(y), training, handed)
        losses[player.name], handed = float(loss), handed | given
        logs |= {name: float(value) for name, value in found.items()}
    return losses, logs, handed


def by_hand(model, x=X, y=Y):
    fake = translated(model, x)[1]
    real_scores, fake_scores = (affine(model.discriminator.get_layer("pixels"), one) for one in (y, fake))
    return {
        "translator_loss": ((fake_scores - 1) ** 2).mean(),
        "nce": contrast(model, x, fake),
        "nce_identity": contrast(model, y, translated(model, y)[1]),
        "discriminator_loss": 0.5 * (((real_scores - 1) ** 2).mean() + (fake_scores**2).mean()),
    }


@pytest.mark.parametrize("training", [True, False])
def test_the_paper_s_losses(training):
    model = build(nce_weight=3.0, temperature=0.5)
    expected = by_hand(model)
    losses, logs, handed = played(model, training=training)
    assert logs == pytest.approx(expected, rel=1e-4) and set(model.logs) == set(logs)
    both = expected["translator_loss"] + 3 * (expected["nce"] + expected["nce_identity"])
    assert losses == pytest.approx({"translator": both, "discriminator": expected["discriminator_loss"]}, rel=1e-4)
    np.testing.assert_allclose(handed["fake"], translated(model, X)[1], atol=1e-5)


def test_without_identity():
    model = build(target=2, identity_nce=False, nce_weight=10.0)
    losses, logs, _ = played(model)
    expected = by_hand(model)
    del expected["nce_identity"]
    assert logs == pytest.approx(expected, rel=1e-4) and set(model.logs) == set(logs)
    assert losses["translator"] == pytest.approx(expected["translator_loss"] + 10 * expected["nce"], rel=1e-4)


def test_channels_of_the_domains():
    with pytest.raises(ValueError, match=r"CUT: images of 2 and 3 channels: translations pass through"):
        build(target=3)
    with pytest.raises(ValueError, match=r"CUT: images of 4 x 6 pixels cannot be translated into images of 6 x 6"):
        CUT(SHAPE, (6, 6, 2))
    model = build()
    with pytest.raises(ValueError, match=r"fit: y has shape \(3, 4, 6, 1\), but \(3, 4, 6, 2\) is expected"):
        model.check_targets(Y[..., :1], 3, "fit")


@pytest.mark.parametrize("flips", [False, True])
def test_flip_equivariance(flips, monkeypatch):
    """The mirrored input's translation is compared, mirrored back, with the input; a pixel alone knows no sides."""
    model = build(flip_equivariance=True)
    uniform = keras.random.uniform

    def drawn(shape, seed):
        return ops.full(shape, 0.49 if flips else 0.51) if len(shape) == 4 else uniform(shape, seed=seed)

    monkeypatch.setattr(keras.random, "uniform", drawn)
    logs, handed = played(model)[1:]
    expected = by_hand(model)
    assert logs == pytest.approx(expected, rel=1e-4)
    fake = translated(model, X)[1]
    np.testing.assert_allclose(handed["fake"], fake[:, :, ::-1] if flips else fake, atol=1e-5)
    in_validation = played(model, training=False)[2]["fake"]
    np.testing.assert_allclose(in_validation, fake, atol=1e-5)


def test_patches_are_distinct_places_drawn_anew_the_same_of_both():
    model = build(patches=7)
    feature = ops.convert_to_tensor(np.broadcast_to(np.arange(24.0).reshape(1, 4, 6, 1), (2, 4, 6, 1)))
    drawn = [np.asarray(model._places(feature)) for _ in range(3)]
    assert all(len(set(places)) == 7 and places.min() >= 0 and places.max() < 24 for places in drawn)
    assert not np.array_equal(drawn[0], drawn[1])
    assert len(build(patches=1000)._places(feature)) == 24
    # An identical translation: with the same places keys and queries are equal, which no other draw makes as likely.
    model = build(patches=12, temperature=0.01)
    x = ops.convert_to_tensor(X)
    keys = model._features_alone(x, False)
    different = float(model._contrast(keys, x[::-1], None, False))
    assert float(model._contrast(keys, x, None, False)) < 0.5 * different


@pytest.mark.skipif(backend.NAME != "tensorflow", reason="differentiates with TensorFlow's tape")
def test_whose_gradient_goes_where():
    model = build()
    x, y = ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
    variables = model.translator.trainable_variables + model.projections.trainable_variables
    _, gradients, _ = backend.value_and_grad(lambda: model.discriminator_loss(x, y, True), variables, model)
    assert gradients == [None] * len(variables)
    (player, _) = model.players()
    assert {id(variable) for variable in model.variables_of(player)} == {id(variable) for variable in variables}
    _, gradients, _ = backend.value_and_grad(lambda: player.play(x, y, True, {})[:2], variables, model)
    assert all(gradient is not None and np.abs(gradient).max() > 0 for gradient in gradients)


def test_translations_that_are_handed_on_are_those_that_would_be_made():
    model = build()
    x, y = ops.convert_to_tensor(X), ops.convert_to_tensor(Y)
    handed = played(model)[2]
    found = [float(model.discriminator_loss(x, y, True, **more)[0]) for more in (handed, {})]
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_layers_that_are_not_there():
    with pytest.raises(
        ValueError, match=r"feature_layers: the translator has no layer 'block_9': name some of its layers, such as im"
    ):
        build(feature_layers=("images", "block_9"))
    with pytest.raises(ValueError, match="feature_layers: there are none: name some of its layers"):
        build(feature_layers=())
    x = images = layers.Input(SHAPE, name="images")
    x = layers.Dense(48, name="flat")(layers.Flatten()(x))
    with pytest.raises(ValueError, match="only feature maps have patches"):
        build(translator=keras.Model(images, layers.Reshape(SHAPE)(x)), feature_layers=("flat",))


@pytest.mark.slow
def test_the_paper_s_layers_are_there():
    """RGB pixels, both convolutions that halve, the first and the fifth block."""
    small = {"network": "resnet_translator", "filters": 2, "blocks": 5}
    pixel = {"network": "patch_discriminator", "filters": 2, "receptive_field": 1}
    model = CUT((8, 8, 3), translator=small, discriminator=pixel)
    assert model.feature_layers == ("images", "down_1", "down_2", "block_1", "block_5")
    assert [shape[-1] for shape in model.projections.input_shape] == [3, 4, 8, 8, 8]
    assert model.size_multiple == 4
    x = RNG.integers(0, 256, (1, 9, 11, 3), "uint8")
    assert model.translate(x).shape == x.shape and model.directions == ("ab",)


def test_features_keep_no_weights_of_their_own(tmp_path):
    model, other = build(), build()
    assert len(model.weights) == sum(
        len(network.weights) for network in (model.translator, model.discriminator, model.projections)
    )
    for each in (model, other):
        each.compile()
    model.training_step((X, Y))
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    x = ops.convert_to_tensor(X)
    for one, same in zip(model._features_alone(x, False), other._features_alone(x, False), strict=True):
        np.testing.assert_array_equal(one, same)
