"""The doctor on translators: every discriminator by its name, scores of patches, translations in place of samples."""

import json
import warnings

import keras
import numpy as np
import pytest
from keras import layers

from keras_genzoo.callbacks import Diagnosis
from keras_genzoo.callbacks.observer import Observer
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.diagnosis import Observation, Probe, Timeline, record
from keras_genzoo.models.cyclegan import CycleGAN
from keras_genzoo.models.pix2pix import Pix2Pix
from tests.contracts import helpers

SCORES = ("pairwise_accuracy", "held_out", "overfitting")


def floats(count, channels=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 8, 8, channels)).astype("float32")


def compiled(name, **overrides):
    model = helpers.build(name, **overrides)
    model.compile(jit_compile=False)
    return model


def held_out(channels=3):
    return ArraySource(floats(20, channels, 2), other=ArraySource(floats(30, 3, 3)))


def observed(model, channels=3, source=None):
    data = floats(40, channels), floats(40, 3, 1)
    return Observer(model, data, held_out(channels) if source is None else source).measures()


def names(what, networks):
    return {f"{one}.{network}" for one in what for network in networks}


@pytest.mark.slow
def test_pix2pix_is_measured_on_pairs():
    source = ArraySource(floats(20, 1, 2), target=floats(20, 3, 3))
    model = compiled("pix2pix")
    found = observed(model, 1, source)
    expected = names(SCORES, ["discriminator"]) | names(("dead", "scale"), ["generator", "discriminator"])
    expected |= names(("spread", "nearest", "pixel_spread", "coverage"), ["generator"]) | {"gradient.generator"}
    assert expected <= set(found) and all(np.isfinite(value) for value in found.values())
    assert "change.generator" not in found  # grey images are none of three channels
    # The discriminator sees pairs: with the pairs apart its scores are others.
    mixed = ArraySource(floats(20, 1, 2)[::-1].copy(), target=floats(20, 3, 3))
    assert observed(model, 1, mixed)["held_out.discriminator"] != found["held_out.discriminator"]


@pytest.mark.slow
def test_cyclegan_has_two_discriminators_and_two_translators():
    found = observed(compiled("cyclegan"))
    assert names(SCORES, ["discriminator_a", "discriminator_b"]) <= set(found)
    assert names(("spread", "nearest", "pixel_spread", "coverage", "change"), ["a_to_b", "b_to_a"]) <= set(found)
    assert names(("dead", "scale"), ["a_to_b", "b_to_a", "discriminator_a", "discriminator_b"]) <= set(found)
    assert found["gradient.translators"] > 0 and {"weights.translators", "weights.discriminators"} <= set(found)


@pytest.mark.slow
def test_cut_and_losses_without_a_discriminator():
    found = observed(compiled("cut"))
    assert names(SCORES, ["discriminator"]) | names(("spread", "change", "dead"), ["translator"]) <= set(found)
    assert found["gradient.translator"] > 0
    found = observed(compiled("pix2pix", adversarial_weight=0.0), 1)
    assert "spread.generator" in found and not [name for name in found if "discriminator" in name]


def scoring(image_shape, sign):
    """A discriminator of brightness, for each pixel."""
    images = keras.Input(image_shape)
    scores = layers.Conv2D(1, 1, kernel_initializer=keras.initializers.Constant(sign))(images)
    return keras.Model(images, layers.Activation("linear", dtype="float32")(scores))


def adding(value):
    """A translator that makes images brighter, of any size."""
    images = keras.Input((None, None, 1))
    return keras.Model(images, layers.Rescaling(1.0, value)(images))


@pytest.fixture(scope="module")
def known():
    """A brightens by 1, B darkens by 1/2; both discriminators give bright pixels high scores."""
    networks = {"a_to_b": adding(1.0), "b_to_a": adding(-0.5)}
    shape = (4, 4, 1)
    discriminators = {"discriminator_a": scoring(shape, 1.0), "discriminator_b": scoring(shape, 1.0)}
    model = CycleGAN(shape, pool_size=0, **networks, **discriminators)
    model.compile(jit_compile=False)
    return model


def constant(value, count=6):
    return np.full((count, 4, 4, 1), value, "float32")


@pytest.mark.parametrize("batch", [None, 2, 4])
def test_each_discriminator_scores_its_own_domain(known, batch):
    """Of patches alike on all images, in parts as in training or at once: see how their order comes out."""
    x, y = constant(-1.0), constant(0.5)  # translated: 0, above none of y; and 0, above all of x
    found = Probe(known, batch).measure(x, y, None, constant(-1.0), constant(0.0))
    assert found["pairwise_accuracy.discriminator_a"] == 0.0 and found["pairwise_accuracy.discriminator_b"] == 1.0
    assert found["held_out.discriminator_a"] == 0.5 and found["held_out.discriminator_b"] == 1.0
    assert found["overfitting.discriminator_a"] == 0.0 and found["overfitting.discriminator_b"] == 1.0


def activating():
    """A translator with a unit that never fires, and one that does on the second of two images alone."""
    images = keras.Input((None, None, 1))
    kernel = keras.initializers.Constant(np.array([[[[0.0, 1.0]]]], "float32"))
    x = layers.Conv2D(2, 1, kernel_initializer=kernel, activation="relu")(images)
    return keras.Model(images, layers.Conv2D(1, 1)(x))


def test_a_unit_is_dead_that_does_not_change_on_any_part():
    model = Pix2Pix((4, 4, 1), generator=activating(), discriminator=scoring((4, 4, 1), 1.0), conditional=False)
    model.compile(jit_compile=False)
    x = np.concatenate([constant(-1.0, 1), constant(0.5, 1)])
    for batch in (1, 2):
        found = Probe(model, batch).measure(x, x, None, None)
        assert found["dead.generator"] == 0.5
        assert found["scale.generator"] == pytest.approx(np.sqrt(0.5**2 / 4))


def test_evidence_is_of_the_network_that_fails():
    timeline = Timeline()
    measures = {"overfitting.discriminator_b": 0.9, "held_out.discriminator_a": 0.5, "held_out.discriminator_b": 0.99}
    for iterations in range(0, 1000, 100):
        timeline.add(Observation(1, iterations, measures))
    (finding,) = timeline.findings
    assert finding.evidence == {"overfitting.discriminator_b": 0.9, "held_out.discriminator_b": 0.99}
    assert "the discriminator_b has memorized its training images" in finding.text


@pytest.mark.slow
@pytest.mark.parametrize(("network", "failure"), [("ignores", "input_ignored"), ("copies", "input_copied")])
def test_a_translator_that_fails_is_found(network, failure, tmp_path):
    """One whose weights cannot act, beside a discriminator that learns."""
    images = keras.Input((None, None, 3))
    gain = layers.DepthwiseConv2D(1, depthwise_initializer="zeros", use_bias=False)
    still = layers.Rescaling(1e-9)(gain(images))
    made = layers.Add()([images, still]) if network == "copies" else still
    model = Pix2Pix((8, 8, 3), generator=keras.Model(images, made), discriminator=Pix2Pix.tiny["discriminator"])
    model.compile(keras.optimizers.SGD(1e-4), jit_compile=False)
    x = floats(64)
    doctor = Diagnosis((x, -x), folder=tmp_path, time_fraction=1e6, every=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(x, -x, batch_size=4, epochs=80, callbacks=[doctor], verbose=0)
    assert doctor.timeline.stopped is None
    assert (failure, "generator") in [(one.failure, one.player) for one in record.read(tmp_path).findings]


@pytest.mark.slow
def test_the_record_of_a_training_on_pairs(tmp_path):
    model, source = compiled("pix2pix"), ArraySource(floats(24, 1), target=floats(24, 3, 1))
    data = Stream(source, 1)
    doctor = Diagnosis(data, source, tmp_path, time_fraction=1e6, every=1)
    model.fit(data, epochs=1, steps_per_epoch=3, callbacks=[doctor], verbose=0)
    assert doctor.timeline.observations == 4 and doctor.timeline.stopped is None
    measures = json.loads((tmp_path / record.FILE).read_text().splitlines()[-1])["measures"]
    assert {"pairwise_accuracy.discriminator", "spread.generator", "log.l1"} < set(measures)
