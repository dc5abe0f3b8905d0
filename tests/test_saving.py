"""What is written of a model; that training goes on exactly is a contract (tests/contracts)."""

import json

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.models.dcgan import DCGAN
from keras_genzoo.models.vae import VAE
from keras_genzoo.registry import MODELS
from tests.toys import Toy, images

X = images(8)
RISING = keras.optimizers.schedules.PolynomialDecay(0.5, 10, 1.0)


def paths_and_values(model):
    return [(v.path, ops.convert_to_numpy(v)) for v in [*model.weights, *model.optimizer.variables]]


class Noisy(keras.layers.Layer):
    """A layer with a seed generator, as Dropout has one."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = keras.random.SeedGenerator(1)

    def call(self, x):
        return x + keras.random.normal(ops.shape(x), seed=self.generator)


def noisy_toy():
    inputs = layers.Input((2, 2, 1))
    model = Toy(first=keras.Model(inputs, layers.Dense(1)(layers.Flatten()(Noisy()(inputs)))))
    model.compile("sgd")
    return model


def test_arguments_of_the_bases_belong_to_a_model():
    names = set(VAE.constructor_arguments())
    assert {"image_shape", "latent_dim", "beta", "encoder", "ema_momentum", "dtype", "name"} <= names
    assert "self" not in names and "kwargs" not in names
    assert set(DCGAN.constructor_arguments()) >= {"generator", "discriminator", "latent_dim", "dtype"}


def test_config_of_other_than_the_tiny_arguments():
    arguments = {
        "beta": RISING,
        "likelihood": {"likelihood": "gaussian", "scale": 0.5},
        "dtype": "mixed_bfloat16",
        "name": "mine",
        "latent_dim": 3,
    }
    model = VAE(**{**VAE.tiny, **arguments})
    config = json.loads(json.dumps(model.get_config()))
    twin = VAE.from_config(config)
    assert twin.get_config() == config
    assert twin.beta.get_config() == RISING.get_config()
    assert (twin.pixel_distribution.scale, twin.latent_dim, twin.name) == (0.5, 3, "mine")
    assert twin.dtype_policy.name == "mixed_bfloat16"


def test_a_network_s_name_becomes_its_spec():
    model = VAE(image_shape=(16, 16, 1), latent_dim=2)
    assert model.get_config()["encoder"] == {"network": "conv_encoder"}


@pytest.mark.slow
def test_a_network_given_as_a_model_goes_through_a_keras_file(tmp_path):
    inputs = layers.Input((4,))
    x = layers.Reshape((8, 8, 3))(layers.Dense(8 * 8 * 3, activation="tanh")(inputs))
    own = keras.Model(inputs, x, name="own_generator")
    model = DCGAN(**{**DCGAN.tiny, "generator": own})
    model.compile()
    model.fit(np.zeros((4, 8, 8, 3), "float32"), batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.generator.name == "own_generator"
    for (path, value), (_, twin) in zip(paths_and_values(model), paths_and_values(loaded), strict=True):
        np.testing.assert_array_equal(twin, value, err_msg=path)
    np.testing.assert_array_equal(loaded.generate(3), model.generate(3))


@pytest.mark.slow
def test_optimizers_come_back_with_their_schedules_and_slots(tmp_path):
    model = DCGAN(**DCGAN.tiny)
    model.compile({"discriminator": keras.optimizers.SGD(RISING, momentum=0.5), "generator": "adam"})
    model.fit(np.zeros((4, 8, 8, 3), "float32"), batch_size=4, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    players = loaded.optimizer.players
    assert type(players["generator"]) is keras.optimizers.Adam
    assert players["discriminator"]._learning_rate.get_config() == RISING.get_config()
    assert (loaded.iterations, int(players["generator"].iterations)) == (2, 2)
    for (path, value), (_, twin) in zip(paths_and_values(model), paths_and_values(loaded), strict=True):
        np.testing.assert_array_equal(twin, value, err_msg=path)


@pytest.mark.slow
def test_the_order_of_a_user_s_dictionary_does_not_matter(tmp_path):
    slow, fast = keras.optimizers.SGD(0.125, momentum=0.5), keras.optimizers.SGD(0.5, momentum=0.5)
    one, other = DCGAN(**DCGAN.tiny), DCGAN(**DCGAN.tiny)
    one.compile({"discriminator": slow, "generator": fast})
    one.fit(np.zeros((4, 8, 8, 3), "float32"), batch_size=4, verbose=0)
    one.save_weights(tmp_path / "one.weights.h5")
    copies = {"generator": fast.from_config(fast.get_config()), "discriminator": slow.from_config(slow.get_config())}
    other.compile(copies)
    other.load_weights(tmp_path / "one.weights.h5")
    for (path, value), (_, twin) in zip(paths_and_values(one), paths_and_values(other), strict=True):
        np.testing.assert_array_equal(twin, value, err_msg=path)


def test_seeds_of_layers_are_saved_too(tmp_path):
    model, other = noisy_toy(), noisy_toy()
    model.fit(X, batch_size=4, verbose=0)
    model.save_weights(tmp_path / "noisy.weights.h5")
    other.load_weights(tmp_path / "noisy.weights.h5")
    states = [[ops.convert_to_numpy(state) for state in one._seed_states()] for one in (model, other)]
    assert len(states[0]) == 2  # the layer's and the model's own
    assert all(state[1] > 0 for state in states[0])
    np.testing.assert_array_equal(*states)


def test_a_file_of_a_model_with_other_seeds_is_refused(tmp_path):
    noisy_toy().save_weights(tmp_path / "noisy.weights.h5")
    plain = Toy()
    plain.compile("sgd")
    with pytest.raises(
        ValueError, match="file holds the state of 2 seed generators, this model has 1: it was saved by"
    ):
        plain.load_weights(tmp_path / "noisy.weights.h5")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(MODELS))
def test_weights_of_a_model_that_was_never_compiled(name, tmp_path):
    keras.utils.set_random_seed(0)
    model = MODELS[name](**MODELS[name].tiny)
    model.save_weights(tmp_path / "model.weights.h5")
    keras.utils.set_random_seed(1)
    other = MODELS[name](**MODELS[name].tiny)
    other.load_weights(tmp_path / "model.weights.h5")
    for weight, twin in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(twin, weight)


@pytest.mark.parametrize("name", ["model.h5", "model.hdf5", "model"])
def test_formats_that_could_not_be_loaded_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"Toy.save: '.*' must end in .keras"):
        Toy().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": 64}, "VAE.image_shape is 64: input should be a valid tuple"),
        ({"image_shape": (64, 64)}, r"VAE.image_shape is \(64, 64\): field required"),
        ({"image_shape": (64, 64, 7)}, "input should be less than or equal to 4"),
        ({"image_shape": (8, 8, 1), "latent_dim": 0}, "VAE.latent_dim is 0: input should be greater than or equal to"),
        ({"image_shape": (8, 8, 1), "latent_dim": "many"}, "VAE.latent_dim is 'many': input should be a valid integer"),
        ({"image_shape": (8, 8, 1), "beta": -1.0}, "VAE.beta is -1.0: input should be greater than or equal to 0"),
        ({"image_shape": (8, 8, 1), "name": 3}, "VAE.name is 3: input should be a valid string"),
    ],
)
def test_arguments_are_checked_before_they_are_used(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        VAE(**arguments)
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    small = {"encoder": {"network": "mlp_encoder", "hidden": ()}, "decoder": {"network": "mlp_decoder", "hidden": ()}}
    shape = tuple(np.array([2, 2, 1]))
    assert VAE(shape, np.int64(3), beta=np.float32(2.0), **small).latent_dim == 3


def test_a_model_that_was_never_compiled_goes_through_a_keras_file(tmp_path):
    model = MODELS["vae"](**MODELS["vae"].tiny)
    model.save(tmp_path / "model.keras")
    found = keras.saving.load_model(tmp_path / "model.keras")
    assert getattr(found, "optimizer", None) is None
    np.testing.assert_array_equal(found.generate(2), model.generate(2))
