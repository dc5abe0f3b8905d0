"""The options of all adversarial models, on networks simple enough to know the answer."""

import json

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.models.dcgan import DCGAN
from keras_genzoo.models.gan import GAN
from keras_genzoo.models.sngan import SNGAN
from keras_genzoo.models.wgan import WGAN

SHAPE = (4, 4, 1)
ADA = {"augmentation": "ada", "operations": ("color",), "target": 0.6}
X = np.random.default_rng(0).uniform(-1, 1, (32, *SHAPE)).astype("float32")


def linear(model=GAN, normalized=False, **arguments):
    """A model of one dense layer a player."""
    keras.utils.set_random_seed(0)
    z, x = layers.Input((3,)), layers.Input(SHAPE)
    generator = keras.Model(z, layers.Reshape(SHAPE)(layers.Dense(16)(z)))
    flat = layers.Flatten()(x)
    discriminator = keras.Model(x, layers.Dense(1)(layers.BatchNormalization()(flat) if normalized else flat))
    made = model(SHAPE, latent_dim=3, generator=generator, **{model.discriminator_name: discriminator}, **arguments)
    made.compile(keras.optimizers.SGD(0.0))
    return made


def loss_of(model, x=X, training=True):
    """The discriminator's loss, and its logs."""
    loss, logs = model.discriminator_loss(ops.convert_to_tensor(x), None, training=training)
    return float(loss), {name: float(value) for name, value in logs.items()}


def scores(model, images):
    return ops.convert_to_numpy(getattr(model, model.discriminator_name)(images))


def gradient(model):
    """Of a linear discriminator's score, the same everywhere."""
    return getattr(model, model.discriminator_name).get_weights()[0]


def test_without_options_there_is_the_loss_alone():
    model = linear()
    loss, logs = loss_of(model)
    assert logs == {"discriminator_loss": loss} and model.logs == ("discriminator_loss", "generator_loss")
    x = ops.convert_to_tensor(X)
    assert model.augmented(x) is x


def test_smoothed_labels_enter_the_loss():
    one, other = linear(), linear(label_smoothing=0.2)
    assert loss_of(other)[0] - loss_of(one)[0] == pytest.approx(0.2 * scores(one, X).mean(), abs=1e-5)


def test_noise_is_drawn_for_each_image_and_fades():
    schedule = keras.optimizers.schedules.PolynomialDecay(0.5, 10, end_learning_rate=0.0)
    model = linear(instance_noise=schedule)
    x = np.zeros((500, *SHAPE), "float32")
    for step, deviation in ((0, 0.5), (5, 0.25), (10, 0.0)):
        model.optimizer._iterations.assign(step)
        noise = ops.convert_to_numpy(model.augmented(ops.convert_to_tensor(x)))
        assert noise.std() == pytest.approx(deviation, rel=0.05) and abs(noise.mean()) < 0.02
    assert GAN.from_config(model.get_config()).instance_noise.get_config() == schedule.get_config()


def test_both_players_and_both_kinds_of_images_have_the_options(monkeypatch):
    model = linear(adversarial_loss="relativistic_average")
    found = []
    monkeypatch.setattr(
        model, "augmenting", lambda images: lambda images: (found.append(ops.convert_to_numpy(images)), images)[1]
    )
    loss_of(model)
    model.generator_loss(ops.convert_to_tensor(X), None, training=True)
    assert [np.array_equal(images, X) for images in found] == [True, False, False, True]


# R1


def test_r1_of_a_linear_discriminator():
    model = linear(regularizers=[{"regularizer": "r1", "weight": 7.0}])
    loss, logs = loss_of(model)
    square = float((gradient(model) ** 2).sum())
    assert logs["r1"] == pytest.approx(square, rel=1e-4)
    assert loss == pytest.approx(logs["discriminator_loss"] + 0.5 * 7.0 * square, rel=1e-4)


def test_lazy_r1_has_the_same_mean():
    model = linear(regularizers=[{"regularizer": "r1", "weight": 7.0, "every": 4}])
    square, found = float((gradient(model) ** 2).sum()), []
    for step in range(8):
        model.optimizer._iterations.assign(step)
        found.append(loss_of(model)[1]["r1"])
    assert found == pytest.approx([4 * square, 0, 0, 0] * 2, rel=1e-4)
    assert loss_of(model, training=False)[1]["r1"] == pytest.approx(square, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_lazy_r1_makes_the_discriminator_flat(jit_compile):
    """Its gradient is gamma w: at the rate 1 / (every gamma) one step takes away what nothing else changes."""
    r1 = {"regularizer": "r1", "weight": 2.0, "every": 2}
    model = linear(regularizers=[r1], adversarial_loss="wasserstein")
    model.generator.set_weights([np.zeros((3, 16)), np.zeros(16)])
    rates = {"discriminator": keras.optimizers.SGD(0.25), "generator": keras.optimizers.SGD(0.0)}
    model.compile(rates, jit_compile=jit_compile)
    x = np.zeros((8, *SHAPE), "float32")
    history = model.fit(x, batch_size=8, epochs=2, steps_per_epoch=1, verbose=0).history
    assert history["r1"][0] > 0.1 and history["r1"][1] == 0  # in steps 0 and 1
    np.testing.assert_allclose(gradient(model), 0.0, atol=1e-6)


@pytest.mark.parametrize("penalty", ["r1", "gradient_penalty"])
def test_a_penalty_is_refused_where_images_have_no_gradient_of_their_own(penalty):
    """Of batch normalization and a linear layer, the sum of all scores does not depend on the images at all."""
    with pytest.raises(
        ValueError, match=f"'{penalty}' penalizes the gradient .* give the discriminator a 'normalization'"
    ):
        linear(regularizers=[penalty], normalized=True)


@pytest.mark.slow
def test_a_gradient_penalty_may_be_lazy_too():
    """Its random numbers are drawn in every step; a branch of a graph could not draw them."""
    model = linear(regularizers=[{"regularizer": "gradient_penalty", "weight": 2.0, "every": 3}])
    model.compile(keras.optimizers.SGD(0.0))
    history = model.fit(X, batch_size=8, epochs=2, steps_per_epoch=3, verbose=0).history
    norm = float(np.linalg.norm(gradient(model)))
    assert history["gradient_penalty"] == pytest.approx([(norm - 1) ** 2] * 2, rel=1e-4)  # mean of 3, 0 and 0 times


@pytest.mark.slow
def test_the_score_s_gradient_leaves_what_layers_assign_alone():
    keras.utils.set_random_seed(0)
    model = SNGAN(**SNGAN.tiny)
    model.compile()
    before = [ops.convert_to_numpy(variable) for variable in model.discriminator.non_trainable_variables]
    assert before and np.abs(model.score_gradient(ops.zeros((4, 8, 8, 3)) + 0.5, None, training=True)).max() > 0
    for variable, value in zip(model.discriminator.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)


# LeCam


def test_lecam_draws_scores_to_the_other_kind_s_average():
    model = linear(regularizers=[{"regularizer": "lecam", "weight": 3.0}])
    model.generator.set_weights([np.zeros((3, 16)), np.full(16, 0.1)])
    real, fake = scores(model, X), scores(model, np.full_like(X, 0.1))
    average = np.zeros(2)
    for _ in range(2):
        expected = ((real - average[1]) ** 2).mean() + ((fake - average[0]) ** 2).mean()
        loss, logs = loss_of(model)
        assert logs["lecam"] == pytest.approx(expected, rel=1e-4)
        assert loss == pytest.approx(logs["discriminator_loss"] + 3.0 * expected, rel=1e-4)
        average = 0.99 * average + 0.01 * np.array([real.mean(), fake.mean()])
        np.testing.assert_allclose(ops.convert_to_numpy(model.regularizers[0].averages), average, rtol=1e-4)
    loss_of(model, training=False)
    np.testing.assert_allclose(ops.convert_to_numpy(model.regularizers[0].averages), average, rtol=1e-4)


# Augmentation


def test_images_are_augmented():
    model = linear(discriminator_augmentation={"augmentation": "diffaugment", "operations": ("cutout",)})
    holes = ops.convert_to_numpy(model.augmented(ops.ones((64, *SHAPE))))
    assert (holes == 0).any(axis=(1, 2, 3)).all() and (holes.max(axis=(1, 2, 3)) == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize(("score", "overfitting", "probability"), [(5.0, 1.0, 0.32), (-5.0, -1.0, 0.0)])
def test_augmentation_adapts_to_the_scores_of_real_images(score, overfitting, probability):
    model = linear(discriminator_augmentation={**ADA, "images": 1000})
    model.discriminator.set_weights([np.zeros((16, 1)), np.full(1, score)])
    for _ in range(10):
        logs = loss_of(model)[1]
    assert logs["overfitting"] == overfitting
    assert logs["augment_probability"] == pytest.approx(probability, abs=1e-5)
    loss_of(model, training=False)
    assert float(ops.convert_to_numpy(model.augmentation.probability)) == pytest.approx(probability, abs=1e-5)


def test_the_score_that_means_nothing_is_the_loss_s():
    model = linear(adversarial_loss="least_squares", discriminator_augmentation=ADA)
    for score, overfitting in ((0.4, -1.0), (0.6, 1.0)):
        model.discriminator.set_weights([np.zeros((16, 1)), np.full(1, score)])
        assert loss_of(model)[1]["overfitting"] == overfitting


def test_its_probability_is_in_the_checkpoint(tmp_path):
    path = tmp_path / "model.weights.h5"
    arguments = {"discriminator_augmentation": ADA, "regularizers": ["lecam"]}
    model, again = linear(**arguments), linear(**arguments)
    model.augmentation.probability.assign(0.25)
    model.regularizers[0].averages.assign([2.0, -1.0])
    model.save_weights(path)
    again.load_weights(path)
    assert float(ops.convert_to_numpy(again.augmentation.probability)) == 0.25
    np.testing.assert_array_equal(ops.convert_to_numpy(again.regularizers[0].averages), [2.0, -1.0])


@pytest.mark.slow
def test_all_options_at_once_and_two_learning_rates():
    model = linear(
        DCGAN,
        label_smoothing=0.1,
        instance_noise=0.1,
        regularizers=[{"regularizer": "r1", "weight": 1.0, "every": 2}, {"regularizer": "lecam", "weight": 0.1}],
        discriminator_augmentation="ada",
        ema_momentum=0.9,
    )
    model.compile({"discriminator": keras.optimizers.Adam(4e-3), "generator": keras.optimizers.Adam(1e-3)})
    history = model.fit(X, batch_size=8, epochs=2, verbose=0).history
    options = {"r1", "lecam", "overfitting", "augment_probability"}
    assert set(history) == set(model.logs) == {"discriminator_loss", "generator_loss", *options}
    assert np.isfinite([*history.values()]).all()
    assert set(DCGAN.logs) == {"discriminator_loss", "generator_loss"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": WGAN, "label_smoothing": 0.1}, "WGAN.label_smoothing is 0.1, but the loss 'wasserstein' has no"),
        (
            {"model": WGAN, "discriminator_augmentation": "ada"},
            "WGAN.discriminator_augmentation is 'ada', .* but under the loss 'wasserstein' the sign has no meaning",
        ),
        (
            {"discriminator_augmentation": {"augmentation": "diffaugment", "operations": ("flip",)}},
            "there is no operation 'flip'",
        ),
        ({"discriminator_augmentation": "adda"}, "GAN.discriminator_augmentation: there is no augmentation"),
        (
            {"regularizers": ["r3"]},
            r"GAN.regularizers\[0\]: there is no regularizer 'r3'; there are: drift",
        ),
        (
            {"regularizers": ["r1", {"regularizer": "lecam", "every": 4}]},
            r"GAN.regularizers\[1\].every: 'lecam' takes no such argument; there are: weight",
        ),
        ({"regularizers": ["r1", "r1"]}, "GAN.regularizers are r1, r1: give each of them once"),
        ({"regularizers": [{"weight": 3.0}]}, "a mapping with the key 'regularizer', is expected"),
    ],
)
def test_what_it_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        linear(**arguments)


@pytest.mark.slow
def test_augmentation_by_a_schedule_suits_any_loss():
    rise = {
        "class_name": "PolynomialDecay",
        "config": {"initial_learning_rate": 0.0, "decay_steps": 4, "end_learning_rate": 0.4},
    }
    spec = {"augmentation": "ada", "operations": ("color",), "probability": rise}
    model = linear(WGAN, discriminator_augmentation=spec, critic_steps=1)
    assert "overfitting" not in model.logs
    twin = WGAN.from_config(json.loads(json.dumps(model.get_config())))
    assert twin.augmentation.given.end_learning_rate == 0.4
    model.compile(keras.optimizers.Adam(1e-3))
    found = model.fit(X, batch_size=8, epochs=4, verbose=0).history["augment_probability"]
    assert found[0] < found[1] <= found[-1] == pytest.approx(0.4, abs=0.11)
