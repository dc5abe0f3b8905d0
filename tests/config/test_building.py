import json

import keras
import numpy as np
import pytest

from keras_genzoo import config
from keras_genzoo.config import ConfigError
from keras_genzoo.scalar_schedules import CyclicRamp

VAE = {
    "schema": 2,
    "model": "vae",
    "data": {"dataset": "drawn_faces", "batch_size": 4},
    "arguments": {
        "image_shape": [8, 8, 3],
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": [4, 8]},
        "decoder": {"network": "conv_decoder", "filters": [8, 4]},
    },
    "fit": {"epochs": 1},
}
DCGAN = {
    **VAE,
    "model": "dcgan",
    "arguments": {
        "image_shape": [8, 8, 3],
        "latent_dim": 4,
        "generator": {"network": "dcgan_generator", "filters": [8, 4]},
        "discriminator": {"network": "dcgan_discriminator", "filters": [4, 8]},
    },
}


def refusal(*args, **kwargs):
    with pytest.raises(ConfigError) as error:
        config.build(*args, **kwargs)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_model_is_built_and_compiled_as_the_preset_says():
    optimizer = {"class_name": "Adam", "config": {"learning_rate": 0.5, "beta_1": 0.25}}
    model = config.build({**VAE, "compile": {"optimizer": optimizer}})
    assert type(model).__name__ == "VAE"
    assert model.image_shape == (8, 8, 3) and model.latent_dim == 4
    adam = model.optimizer.players["autoencoder"]
    assert type(adam) is keras.optimizers.Adam
    assert (float(adam.learning_rate), adam.beta_1) == (0.5, 0.25)


def test_a_preset_without_compile_takes_the_model_s_own_optimizer():
    model = config.build(DCGAN)
    for adam in model.optimizer.players.values():
        assert (float(adam.learning_rate), adam.beta_1) == (pytest.approx(2e-4), 0.5)


def test_a_resolved_preset_builds_the_same_model():
    first, second = config.build(VAE, seed=3), config.build(config.resolve(VAE), seed=3)
    assert first.latent_dim == second.latent_dim and first.beta == second.beta
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_player_may_have_an_optimizer_of_its_own():
    decay = {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 10}}
    players = {"generator": "rmsprop", "discriminator": {"class_name": "sgd", "config": {"learning_rate": decay}}}
    model = config.build({**DCGAN, "compile": {"optimizer": players}})
    built = model.optimizer.players
    assert {name: type(one).__name__ for name, one in built.items()} == {"generator": "RMSprop", "discriminator": "SGD"}
    assert float(built["discriminator"].learning_rate) == 0.5


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (
            {"generator": "adam", "critic": "adam"},
            "compile.optimizer.critic: there is no such player; there are: discr",
        ),
        (
            {"generators": "adam", "discriminator": "adam"},
            "compile.optimizer.generators: there is no such player; did you",
        ),
        ({"generator": "adam"}, "compile.optimizer: player 'discriminator' has none"),
        ({"class_name": "Adam", "config": {"clipnorm": 1.0, "clipvalue": 1.0}}, "compile.optimizer: Adam: "),
    ],
)
def test_an_optimizer_that_does_not_fit(optimizer, message):
    assert refusal({**DCGAN, "compile": {"optimizer": optimizer}}).startswith(f"preset: {message}")


def test_arguments_override_the_preset_s_and_are_checked_alike():
    model = config.build(
        VAE, latent_dim=6, encoder={"network": "conv_encoder", "filters": (2, 2)}, image_shape=(16, 16, 1)
    )
    assert model.latent_dim == 6 and model.image_shape == (16, 16, 1)
    assert model.encoder.output_shape == (None, 12)
    assert refusal(VAE, latent_dims=6) == (
        "preset: arguments.latent_dims: VAE takes no such argument; did you mean 'latent_dim'?"
    )
    assert refusal(VAE, latent_dim="6") == "preset: arguments.latent_dim: expected an integer, got '6'"
    assert refusal(VAE, latent_dim=np.int64(6)).startswith(
        "preset: arguments.latent_dim: expected a value that JSON has"
    )


def test_a_scalar_may_be_a_schedule():
    spec = {"class_name": "CyclicRamp", "config": {"total_steps": 100}}
    for beta in (spec, CyclicRamp(100)):
        model = config.build(VAE, beta=beta)
        assert isinstance(model.beta, CyclicRamp) and model.beta.total_steps == 100


def test_a_network_may_be_a_keras_model():
    encoder = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(8)])
    assert config.build(VAE, encoder=encoder).encoder is encoder
    assert refusal(VAE, encoders=encoder) == (
        "preset: arguments.encoders: VAE takes no such argument; did you mean 'encoder'?"
    )
    assert refusal(VAE, latent_dim=encoder) == "preset: arguments.latent_dim: VAE takes no Model here"
    assert refusal(VAE, encoder=CyclicRamp(9)) == "preset: arguments.encoder: VAE takes no LearningRateSchedule here"


def test_what_the_constructor_refuses_is_said_with_the_preset_s_name(tmp_path):
    file = tmp_path / "vae.json"
    file.write_text(json.dumps(VAE))
    message = refusal(file, image_shape=(10, 10, 3))
    assert message.startswith(f"{file}: arguments: ")
    assert "an image of 10 x 10 pixels cannot be halved 2 times" in message
    assert "cannot be the encoder" in refusal(file, encoder="conv_decoder")


@pytest.mark.slow
def test_a_seed_makes_the_weights():
    first, second, other = (config.build(VAE, seed=seed).get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "0"])
def test_a_seed_out_of_range(seed):
    assert refusal(VAE, seed=seed) == f"seed: expected an integer in [0, 2**32), got {seed!r}"


@pytest.mark.slow
def test_weights_are_loaded(tmp_path):
    model = config.build(VAE, seed=0)
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = config.build(VAE, weights=tmp_path / "model.weights.h5", seed=1)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_that_are_not_there(tmp_path):
    assert refusal(VAE, weights=tmp_path / "no.weights.h5") == f"weights: there is no file '{tmp_path}/no.weights.h5'"
    assert refusal(VAE, weights="model.keras") == (
        "weights: expected a file that ends in .weights.h5, got 'model.keras'"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "saved",
    [
        lambda: config.build(DCGAN),
        lambda: config.build(VAE, latent_dim=5),
        lambda: config.build(VAE, encoder={"network": "conv_encoder", "filters": (4, 8), "normalization": None}),
        lambda: config.build({**VAE, "compile": {"optimizer": "sgd"}}),
        None,
    ],
    ids=["another model", "another shape", "another network", "another optimizer", "an empty file"],
)
def test_weights_of_something_else_are_refused_whole(tmp_path, saved):
    file = tmp_path / "model.weights.h5"
    saved().save_weights(file) if saved else file.touch()
    message = refusal(VAE, weights=file)
    assert message.startswith(f"weights: '{file}' is damaged, or not of such a VAE: ")
    assert len(message) < 500


def test_an_unknown_preset():
    assert refusal("no_such_preset").startswith("there is no preset 'no_such_preset'")


@pytest.mark.parametrize("jit_compile", [True, False])
def test_jit_compile_is_passed_on(jit_compile):
    assert config.build(VAE, jit_compile=jit_compile).jit_compile is jit_compile
