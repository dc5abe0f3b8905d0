"""The doctor on conditional models: generators that ignore the label, and such that use it."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_genzoo.callbacks.observer import Observer
from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.models.cgan import CGAN
from tests.callbacks.test_diagnosis import LATENTS, SEEDS, SHAPE, examined, failures, gan


def cgan(uses_label, rate=1e-3):
    """Perceptrons, of two classes; a generator that ignores the label gets it, times zero."""
    z, code = keras.Input((LATENTS,)), keras.Input((2,))
    x = layers.Concatenate()([z, layers.Rescaling(1.0 if uses_label else 0.0)(code)])
    for _ in range(2):
        x = layers.LeakyReLU(0.2)(layers.Dense(64)(x))
    generator = keras.Model([z, code], layers.Reshape(SHAPE)(layers.Dense(192, activation="tanh")(x)))
    inputs, code = keras.Input(SHAPE), keras.Input((2,))
    x = layers.Concatenate()([layers.Flatten()(inputs), code])
    for _ in range(2):
        x = layers.Dropout(0.3)(layers.LeakyReLU(0.2)(layers.Dense(64)(x)))
    model = CGAN(SHAPE, 2, "one_hot", LATENTS, generator, keras.Model([inputs, code], layers.Dense(1)(x)))
    model.compile(keras.optimizers.Adam(rate, beta_1=0.5), jit_compile=False)
    return model


def halves(count=1000):
    """Images, the half of which that their class names is bright."""
    labels, images = np.arange(count) % 2, np.random.default_rng(0).integers(0, 120, (count, *SHAPE), "uint8")
    images[labels == 0, :4] += 130
    images[labels == 1, 4:] += 130
    return ArraySource(images, label=labels)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_generator_that_ignores_the_label(seed):
    keras.utils.set_random_seed(seed)
    findings = examined(cgan(uses_label=False), Stream(halves(), 32, seed), 1600, held_out=halves(200))
    (ignored,) = (one for one in findings if one.failure == "label_ignored")
    assert ignored.evidence["label_effect"] == 0.0 and ignored.evidence["label_share"] > 0.5
    assert ignored.player == "generator" and "hardly changes the samples" in ignored.words


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_generator_that_uses_the_label(seed):
    keras.utils.set_random_seed(seed)
    findings = examined(cgan(uses_label=True), Stream(halves(), 32, seed), 1600, held_out=halves(200))
    assert "label_ignored" not in failures(findings)


@pytest.mark.slow
def test_the_effect_of_the_label_is_measured():
    """Every latent vector is drawn with every label; of models without labels nothing is."""
    effects = {}
    for uses_label in (False, True):
        model = cgan(uses_label)
        measures = Observer(model, Stream(halves(), 32), None).measures()
        effects[uses_label] = measures["label_effect"]
        assert 0.5 < measures["label_share"] < 1.0
    made = model.samples(np.repeat([0, 1], 2), labels=[0, 1, 0, 1]).reshape(2, 2, *SHAPE)
    assert effects[False] == 0.0 < effects[True] < 0.5
    assert not np.allclose(made[:, 0], made[:, 1], atol=1e-4)
    assert "label_effect" not in Observer(gan(), Stream(halves(), 32), None).measures()
