"""van den Oord et al. 2017: equation 3, the straight-through gradient, the codebook's two ways to learn, restarts."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.images import to_pixels
from keras_genzoo.models.vq_vae import VQVAE

SHAPE = (4, 4, 1)
X = np.random.default_rng(0).uniform(-1, 1, (6, *SHAPE)).astype("float32")
LINEAR = {
    "image_shape": SHAPE,
    "num_codes": 5,
    "code_dim": 3,
    "downsampling": 2,
    "restart_below": 0.0,
    "encoder": {"network": "mlp_encoder", "hidden": ()},
    "decoder": {"network": "mlp_decoder", "hidden": (), "activation": "linear"},
}
LATENTS = 2 * 2 * 3


def build(optimizer=None, **arguments):
    keras.utils.set_random_seed(0)
    model = VQVAE(**{**LINEAR, **arguments})
    model.compile(optimizer or keras.optimizers.SGD(0.0))
    return model


def parts(model):
    """The encoder's outputs, their codes' numbers and the codes, from the definitions."""
    kernel, bias = model.encoder.get_weights()
    z = (X.reshape(len(X), -1) @ kernel + bias).reshape(-1, model.code_dim)
    codebook = ops.convert_to_numpy(model.quantizer.codebook)
    indices = ((z[:, None] - codebook) ** 2).sum(axis=-1).argmin(axis=1)
    return z, indices, codebook[indices]


def numbers(logs):
    return {name: float(value) for name, value in logs.items()}


@pytest.mark.parametrize("decay", [0.99, None])
def test_equation_3(decay):
    model = build(beta=0.4, decay=decay)
    z, indices, codes = parts(model)
    kernel, bias = model.decoder.get_weights()
    error = ((X.reshape(len(X), -1) - codes.reshape(len(X), -1) @ kernel - bias) ** 2).sum() / len(X)
    distance = ((z - codes) ** 2).sum() / len(X)
    shares = np.bincount(indices) / len(indices)
    assert numbers(model.validation_step((X,))) == pytest.approx(
        {
            "loss": error + (0.4 + (decay is None)) * distance,
            "reconstruction": error,
            "commitment": distance,
            "perplexity": np.exp(-(shares[shares > 0] * np.log(shares[shares > 0])).sum()),
            "usage": len(set(indices)) / 5,
        },
        rel=1e-4,
    )
    assert len(set(indices)) > 1


def test_the_encoder_gets_the_decoder_s_gradient_at_the_codes():
    model = build(keras.optimizers.SGD(0.01), beta=0.4)
    z, _, codes = parts(model)
    before = model.encoder.get_weights()
    kernel, bias = model.decoder.get_weights()
    flat, codes, z = X.reshape(len(X), -1), codes.reshape(len(X), -1), z.reshape(len(X), -1)
    slope = 2 * ((codes @ kernel + bias - flat) @ kernel.T + 0.4 * (z - codes)) / len(X)
    model.training_step((X,))
    for old, new, gradient in zip(before, model.encoder.get_weights(), (flat.T @ slope, slope.sum(0)), strict=True):
        np.testing.assert_allclose(new - old, -0.01 * gradient, atol=1e-6)


def test_the_decoder_sees_the_codes_to_the_last_bit(monkeypatch):
    model, seen = build(), []
    expected, call = model.encode(X), model.decoder.call
    monkeypatch.setattr(model.decoder, "call", lambda z, **more: (seen.append(ops.convert_to_numpy(z)), call(z))[1])
    model.autoencoder_loss(X, None, training=True)
    np.testing.assert_array_equal(seen[0], expected)


def test_the_averages_move_in_training_alone():
    model, twin = build(decay=0.5), build(decay=0.5)
    start = ops.convert_to_numpy(model.quantizer.codebook)
    z, indices, _ = parts(model)
    model.validation_step((X,))
    np.testing.assert_array_equal(ops.convert_to_numpy(model.quantizer.codebook), start)
    model.training_step((X,))
    twin.quantizer.update(ops.convert_to_tensor(z), ops.convert_to_tensor(indices.astype("int32")))
    for one, other in zip(model.quantizer.get_weights(), twin.quantizer.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert np.abs(ops.convert_to_numpy(model.quantizer.codebook) - start).max() > 0.1


def test_the_codebook_may_learn_by_its_loss():
    model = build(keras.optimizers.SGD(0.01), decay=None)
    z, indices, codes = parts(model)
    before = ops.convert_to_numpy(model.quantizer.codebook)
    model.training_step((X,))
    gradient = np.zeros_like(before)
    np.add.at(gradient, indices, 2 * (codes - z) / len(X))
    np.testing.assert_allclose(ops.convert_to_numpy(model.quantizer.codebook) - before, -0.01 * gradient, atol=1e-6)


def collapsed(**arguments):
    """A model of whose codes one is the nearest to everything."""
    model = build(num_codes=8, **arguments)
    codebook = np.full((8, 3), 100.0, "float32")
    codebook[2] = 0.0
    model.quantizer.sums.assign(codebook)
    return model


def usage(model):
    model.reset_metrics()
    return numbers(model.validation_step((X,)))["usage"]


def test_codes_out_of_use_are_restarted_at_outputs_of_the_encoder():
    model = collapsed(decay=0.0, restart_below=0.5)
    z, indices, _ = parts(model)
    assert set(indices) == {2} and usage(model) == 1 / 8
    model.training_step((X,))
    moved = ops.convert_to_numpy(model.quantizer.codebook)
    np.testing.assert_allclose(moved[2], z.mean(axis=0), atol=1e-4)
    others = np.delete(moved, 2, axis=0)
    places = [int(np.abs(z - code).max(axis=1).argmin()) for code in others]
    np.testing.assert_allclose(others, z[places], atol=1e-4)
    assert len(set(places)) > 1 and usage(model) > 0.5


def test_the_paper_restarts_none():
    model = collapsed(decay=0.9)
    model.training_step((X,))
    assert usage(model) == 1 / 8


def test_integers_and_back():
    model = build()
    codes = model.codes(X)
    assert codes.dtype == "int32" and codes.shape == (6, 2, 2)
    np.testing.assert_array_equal(codes.ravel(), parts(model)[1])
    np.testing.assert_array_equal(model.codes(X, batch_size=4), codes)
    codebook = ops.convert_to_numpy(model.quantizer.codebook)
    np.testing.assert_allclose(model.encode(X), codebook[codes].reshape(6, -1), rtol=1e-6)
    np.testing.assert_array_equal(model.decode_codes(codes), model.reconstruct(X))
    np.testing.assert_array_equal(model.decode(model.encode(X)), model.reconstruct(to_pixels(X)))


def test_what_is_drawn_are_codes():
    model = build(mixture_components=1)
    model.fit_prior(X)
    drawn = ops.convert_to_numpy(model.sample_latents(np.arange(50), np.uint32(0)))
    assert drawn.shape == (50, LATENTS)
    codebook = ops.convert_to_numpy(model.quantizer.codebook)
    distances = np.abs(drawn.reshape(-1, 1, 3) - codebook).max(axis=-1)
    assert distances.min(axis=1).max() < 1e-6 and len(set(distances.argmin(axis=1))) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"downsampling": 3}, "VQVAE.downsampling is 3, but it must divide the 4 x 4 pixels"),
        ({"code_dim": 300_000}, "VQVAE: 1,200,000 latents, but at most 1,000,000"),
        ({"decay": None, "restart_below": 0.1}, "VQVAE.restart_below is 0.1, but decay is None"),
        (
            {"code_dim": 4, "encoder": {"network": "map_encoder", "filters": (4, 4), "blocks": 1}},
            r"VQVAE.encoder ends in feature maps \(1, 1, 16\), but \(2, 2, 4\) are expected",
        ),
        (
            {"code_dim": 4, "encoder": {"network": "map_encoder", "filters": (4,), "blocks": 1, "parts": 2}},
            r"VQVAE.encoder ends in feature maps \(2, 2, 2, 2\), but \(2, 2, 4\) are expected",
        ),
    ],
)
def test_arguments_that_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


def test_an_encoder_may_end_in_anything():
    inputs = keras.Input(SHAPE)
    flat = keras.layers.Flatten()(inputs)
    encoder = keras.Model(inputs, keras.layers.Add()([keras.layers.Dense(LATENTS)(flat) for _ in range(2)]))
    assert build(encoder=encoder).codes(X).shape == (len(X), 2, 2)


def test_integers_that_are_refused():
    model = build()
    for codes, message in [
        (np.zeros((1, 4), "int32"), r"got int32 of shape \(1, 4\), but integers of shape \(n, 2, 2\)"),
        (np.zeros((1, 2, 2)), "got float64"),
        (np.full((1, 2, 2), 5), r"lie in 5..5, but 0..4 is expected"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.decode_codes(codes)
