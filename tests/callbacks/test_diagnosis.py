"""The doctor at work: trainings that fail on purpose, and healthy ones."""

import json
import warnings

import keras
import numpy as np
import pytest
from keras import layers

from keras_genzoo.callbacks import Diagnosis
from keras_genzoo.callbacks.observer import Observer
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.diagnosis import record
from keras_genzoo.models.adversarial import Adversarial
from keras_genzoo.models.dcgan import DCGAN
from keras_genzoo.models.vae import VAE
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from tests.contracts import helpers
from tests.toys import Translating

SHAPE = (8, 8, 3)
ALWAYS = 1e6
"""A fraction of the time at which no observation waits."""
LATENTS = 8
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in (1, 2, 3, 4))]


def blobs(count, seed=0):
    """Soft disks of any color and place on any ground: uint8 images of 8 x 8."""
    random = np.random.default_rng(seed)
    place, size = random.uniform(1, 6, (2, count, 1, 1)), random.uniform(1.0, 2.5, (count, 1, 1))
    y, x = np.mgrid[:8, :8]
    soft = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * size**2))[..., None]
    ground, color = random.uniform(0, 255, (2, count, 1, 1, 3))
    return (ground + soft * (color - ground)).astype("uint8")


HELD_OUT = ArraySource(blobs(200, seed=1))


def stream(count=1000, batch_size=32, seed=0):
    return Stream(ArraySource(blobs(count)), batch_size, seed)


def generator(varies=True, width=64):
    """A perceptron; one that cannot vary is independent of its latents."""
    z = keras.Input((LATENTS,))
    x = layers.Dense(width, use_bias=False)(layers.Rescaling(1.0 if varies else 0.0)(z))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(2 * width, use_bias=False)(x)))
    return keras.Model(z, layers.Reshape(SHAPE)(layers.Dense(192, activation="tanh")(x)))


def discriminator(width=64, dropout=0.3):
    x = inputs = keras.Input(SHAPE)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dropout(dropout)(layers.LeakyReLU(0.2)(layers.Dense(width)(x)))
    return keras.Model(inputs, layers.Dense(1)(x))


def dcgan(rate):
    """A small convolutional one, with the paper's initial weights."""
    networks = {
        "generator": {"network": "dcgan_generator", "filters": (16, 8)},
        "discriminator": {"network": "dcgan_discriminator", "filters": (16, 32)},
    }
    model = DCGAN(SHAPE, LATENTS, **networks)
    model.compile(keras.optimizers.Adam(rate, beta_1=0.5), jit_compile=False)
    return model


def gan(rate=2e-4, discriminator_rate=None, varies=True, **network):
    model = DCGAN(SHAPE, LATENTS, generator=generator(varies), discriminator=discriminator(**network))
    adam = {
        name: keras.optimizers.Adam(one, beta_1=0.5)
        for name, one in (("generator", rate), ("discriminator", discriminator_rate or rate))
    }
    model.compile(adam, jit_compile=False)
    return model


def vae(**arguments):
    networks = {"encoder": {"network": "mlp_encoder", "hidden": (64,)}, "decoder": {"network": "mlp_decoder"}}
    model = VAE(SHAPE, LATENTS, **{**networks, **arguments})
    model.compile(jit_compile=False)
    return model


ACTIVE = {
    "dcgan": ("generator", "discriminator"),
    "cgan": ("generator", "discriminator"),
    "vae": ("encoder", "decoder"),
    "cvae": ("encoder", "decoder"),
}
"""By model, networks of whose activations something is known."""
UNLIKE = dict.fromkeys(("cgan", "sngan", "wgan_gp", "acgan", "vae_gan", "vq_vae"), pytest.mark.slow)
"""Models in which an observation might leave a trace of its own kind."""


def examined(model, data, steps, held_out=HELD_OUT, **arguments):
    """The doctor's findings of a training, and what was caught."""
    doctor = Diagnosis(data, held_out, time_fraction=ALWAYS, every=40, **arguments)
    epochs = -(-steps // 100)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(data, epochs=epochs, steps_per_epoch=100, callbacks=[doctor], verbose=0)
    caught = [str(one.message) for one in caught if one.filename.endswith("diagnosis.py")]
    assert [one for one in caught if " is over in epoch " not in one] == [one.text for one in doctor.timeline.findings]
    assert doctor.timeline.observations >= steps / 80, "an observation failed"
    return doctor.timeline.findings


def failures(findings):
    return {finding.failure for finding in findings}


@pytest.mark.slow
class TestFailing:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_generator_that_cannot_vary(self, seed):
        keras.utils.set_random_seed(seed)
        findings = examined(gan(varies=False), stream(seed=seed), 700)
        (collapse,) = (one for one in findings if one.failure == "mode_collapse")
        assert "complete" in collapse.words and collapse.evidence["spread"] < 0.01
        assert collapse.since[0] == 1 and collapse.player == "generator"

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_discriminator_that_is_far_too_strong(self, seed):
        keras.utils.set_random_seed(seed)
        findings = examined(gan(1e-6, discriminator_rate=2e-3, width=256, dropout=0.0), stream(seed=seed), 600)
        (won,) = (one for one in findings if one.failure == "discriminator_wins")
        assert won.player == "discriminator" and won.evidence["pairwise_accuracy.discriminator"] == 1.0

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_learning_rate_a_hundred_times_too_large(self, seed):
        keras.utils.set_random_seed(seed)
        findings = examined(dcgan(2e-2), stream(seed=seed), 500)
        assert {one.player for one in findings if one.failure == "divergence"} == {"discriminator", "generator"}

    @pytest.mark.parametrize("seed", SEEDS)
    def test_few_images(self, seed):
        keras.utils.set_random_seed(seed)
        findings = examined(gan(1e-3, width=128, dropout=0.0), stream(32, 16, seed), 1500)
        assert failures(findings) & {"overfitting", "memorization"}

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_posterior_that_collapses(self, seed):
        keras.utils.set_random_seed(seed)
        assert failures(examined(vae(beta=1000.0), stream(seed=seed), 700)) == {"posterior_collapse"}


@pytest.mark.slow
class TestHealthy:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_gan(self, seed):
        keras.utils.set_random_seed(seed)
        assert examined(dcgan(2e-4), stream(seed=seed), 1000) == []

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_vae(self, seed):
        keras.utils.set_random_seed(seed)
        assert examined(vae(), stream(seed=seed), 800) == []


def test_what_is_not_finite_is_reported(tmp_path):
    model, data = vae(), stream(100, 10)
    model.compile(keras.optimizers.SGD(1e30), jit_compile=False)
    with pytest.warns(UserWarning) as caught:
        doctor = Diagnosis(data, HELD_OUT, tmp_path, time_fraction=ALWAYS, every=1)
        model.fit(data, epochs=1, callbacks=[doctor], verbose=0, guard=False)
    messages = [str(one.message).partition(",")[0] for one in caught if one.category is UserWarning]
    assert messages == ["convergence failure: a loss is NaN or infinite"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [one if one in ACTIVE else pytest.param(one, marks=UNLIKE.get(one, pytest.mark.matrix)) for one in MODELS],
)
def test_it_leaves_no_trace_in_any_model(name, tmp_path):
    alone, watched = helpers.build(name), helpers.build(name)
    data, held_out = helpers.training(watched), helpers.source(watched, 20)
    for model, callbacks in (
        (alone, []),
        (watched, [Diagnosis(data, held_out, tmp_path, time_fraction=ALWAYS, every=1)]),
    ):
        model.compile(jit_compile=False)
        model.fit(data, epochs=2, steps_per_epoch=helpers.STEPS, callbacks=callbacks, verbose=0)
    helpers.assert_same_training(helpers.state(alone), helpers.state(watched))
    lines = (tmp_path / record.FILE).read_text().splitlines()
    assert [json.loads(line)["iterations"] for line in lines] == list(range(2 * helpers.STEPS + 1))
    measures = json.loads(lines[-1])["measures"]
    players = {player.name for player in watched.players()}
    expected = {f"weights.{player}" for player in players} | {f"log.{log}" for log in watched.logs}
    expected |= {f"{what}.{network}" for network in ACTIVE.get(name, ()) for what in ("dead", "scale")}
    if isinstance(watched, Adversarial):
        discriminator = watched.discriminator_name
        expected |= {"spread", "nearest", "pixel_spread", "coverage", "copied", "gradient.generator"}
        expected |= {f"held_out.{discriminator}", f"overfitting.{discriminator}"}
    assert expected <= set(measures)
    assert "input.low" in json.loads(lines[0])["measures"]


@pytest.mark.slow
@pytest.mark.slow
def test_it_goes_on_where_a_training_stopped(tmp_path):
    model, data = vae(), stream(100, 10)
    for epochs, first in ((2, 0), (4, 2)):
        doctor = Diagnosis(data, HELD_OUT, tmp_path, time_fraction=ALWAYS, every=1)
        model.fit(data, epochs=epochs, initial_epoch=first, steps_per_epoch=5, callbacks=[doctor], verbose=0)
    assert doctor.timeline == record.read(tmp_path) and doctor.timeline.observations == 21
    model.optimizer.iterations.assign(10)  # it went back to a checkpoint
    doctor = Diagnosis(data, HELD_OUT, tmp_path)
    doctor.set_model(model)
    doctor.on_train_begin()
    assert doctor.timeline.observations == 11


def test_it_keeps_to_its_fraction_of_the_time():
    model, data = vae(), stream(100, 10)
    doctor = Diagnosis(data, HELD_OUT, time_fraction=1e-9, every=1)
    model.fit(data, epochs=2, callbacks=[doctor], verbose=0)
    assert (
        doctor.timeline.observations == 3
    )  # the input; the first, which is free; and another, to learn what they cost


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["array", "dataset", "generator"])
def test_what_can_be_trained_on(kind):
    import tensorflow as tf

    array = (blobs(40) / 127.5 - 1).astype("float32")
    data = {
        "array": lambda: array,
        "dataset": lambda: tf.data.Dataset.from_tensor_slices(array).batch(8).map(lambda x: (x,)),
        "generator": lambda: ((array[:8],) for _ in range(5)),
    }[kind]()
    model, doctor = vae(), Diagnosis(data, blobs(20), time_fraction=ALWAYS, every=1)
    if kind == "generator":
        with pytest.warns(
            UserWarning, match=r"the diagnosis could not be made: .* a generator, and what is read from it"
        ):
            model.fit(data, steps_per_epoch=5, callbacks=[doctor], verbose=0)
        assert doctor.timeline.observations == 0
    else:
        model.fit(data, batch_size=8 if kind == "array" else None, callbacks=[doctor], verbose=0)
        assert doctor.timeline.observations == 6 and doctor.timeline.findings == []


def test_an_observation_that_fails_is_the_last_one(monkeypatch):
    model, data = vae(), stream(100, 10)
    doctor = Diagnosis(data, HELD_OUT, time_fraction=ALWAYS, every=1)

    def fail(*_):
        raise MemoryError("no room")

    monkeypatch.setattr("keras_genzoo.callbacks.observer.Observer.measures", fail)
    with pytest.warns(
        UserWarning,
        match="the diagnosis ends here: an observation could not be made: no room. The training continues",
    ) as w:
        model.fit(data, epochs=1, callbacks=[doctor], verbose=0)
    assert (
        len([one for one in w if one.category is UserWarning]) == 1
        and doctor.timeline.observations == 1
        and model.iterations == 10
    )
    assert doctor.timeline.summary == "nothing was found in 1 observation; then observation failed: no room"


@pytest.mark.slow
def test_labels_come_with_arrays(tmp_path):
    model = helpers.build("cgan")
    model.compile(jit_compile=False)
    x = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 3)).astype("float32")
    labels = np.arange(64) % 3
    doctor = Diagnosis((x, labels), folder=tmp_path, time_fraction=ALWAYS, every=2)
    model.fit(x, labels, batch_size=16, callbacks=[doctor], verbose=0)
    assert doctor.timeline.observations == 3 and doctor.timeline.stopped is None
    assert 0.0 < json.loads((tmp_path / record.FILE).read_text().splitlines()[-1])["measures"]["classes"] <= 1.0
    with pytest.warns(UserWarning, match="CGAN needs a label for each image: give a Stream, or a tuple"):
        model.fit(x, labels, batch_size=16, callbacks=[Diagnosis(x, time_fraction=ALWAYS)], verbose=0)


@pytest.mark.slow
def test_classes_are_counted_for_models_without_them():
    """Each class is a color, and a generator that cannot vary makes one."""
    colors = np.random.default_rng(0).integers(0, 256, (5, 1, 1, 3))
    labels = np.random.default_rng(1).integers(0, 5, 200)
    images = np.broadcast_to(colors[labels], (200, *SHAPE)).astype("uint8")
    model = gan(varies=False)
    measures = Observer(model, Stream(ArraySource(images, label=labels), 50), None).measures()
    assert measures["classes"] == 1 / 5
    assert "classes" not in Observer(model, Stream(ArraySource(images), 50), None).measures()


@pytest.mark.slow
def test_a_spike_is_forgotten_by_the_next_observation():
    """Keras' logs are means since the epoch began: one step's loss of a million would stay in them for thousands."""
    model, data = vae(), stream(1000, 10)
    doctor = Diagnosis(data, HELD_OUT, time_fraction=ALWAYS, every=10)

    class Spike(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 5:
                next(one for one in self.model.metrics if one.name == "loss").total.assign_add(1e6)

    losses = []
    add = doctor._add
    doctor._add = lambda found: (losses.append(found.measures.get("log.loss")), add(found))
    model.fit(data, epochs=1, callbacks=[Spike(), doctor], verbose=0)
    losses = [value for value in losses if value is not None]
    assert max(losses) > 5e4 and all(value < 2e3 for value in losses[2:])


class TranslatingGame(Translating):
    """A toy of a translator and a discriminator of its images, without images of noise."""

    logs = ("translator_loss", "discriminator_loss")

    def __init__(self):
        super().__init__((8, 8, 1))

    def ready(self, *inputs):
        images = keras.Input(self.image_shape)
        self.discriminator = keras.Model(images, layers.Dense(1)(layers.Flatten()(images)))
        super().ready(*inputs)

    def players(self):
        return (
            Player("translator", ("translator",), self.translator_loss),
            Player("discriminator", ("discriminator",), self.discriminator_loss),
        )

    def translator_loss(self, x, y, training):
        loss = -keras.ops.mean(self.discriminator(self.translator(x), training=training))
        return loss, {"translator_loss": loss}

    def discriminator_loss(self, x, y, training):
        loss = keras.ops.mean(self.discriminator(self.translator(x)) - self.discriminator(y, training=training))
        return loss, {"discriminator_loss": loss}


def test_a_model_without_samples_is_measured_without_them(tmp_path):
    images = blobs(40)[..., :1]
    source = ArraySource(images, target=255 - images)
    data, model = Stream(source, 10), TranslatingGame()
    model.compile(jit_compile=False)
    doctor = Diagnosis(data, source, tmp_path, time_fraction=ALWAYS, every=1)
    model.fit(data, epochs=1, callbacks=[doctor], verbose=0)
    assert doctor.timeline.observations == 5 and doctor.timeline.stopped is None
    measures = json.loads((tmp_path / record.FILE).read_text().splitlines()[-1])["measures"]
    assert {"gradient.translator", "weights.translator", "weights.discriminator", "held_out.discriminator"} < set(
        measures
    )
    assert measures["gradient.translator"] > 0.0 and "log.translator_loss" in measures
    assert not {"spread", "copied", "pairwise_accuracy.discriminator", "overfitting.discriminator"} & set(measures)
