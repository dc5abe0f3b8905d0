"""The accuracy of models that classify, and bits per dimension of those whose likelihood is of grey levels."""

import math

import numpy as np
import pytest

from keras_genzoo import metrics
from keras_genzoo.data import ArraySource
from keras_genzoo.evaluation import Evaluation, EvaluationError, ModelSubject, Reference
from keras_genzoo.models.pixelcnn import PixelCNN
from keras_genzoo.models.sgan import SGAN
from keras_genzoo.models.vae import VAE

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), "uint8")


def evaluation(model, **columns):
    model.compile()
    return Evaluation(ModelSubject(model, "run"), Reference(ArraySource(IMAGES, name="real", **columns), "held_out"))


def test_accuracy_is_the_share_of_labels_that_are_told():
    model = SGAN(**SGAN.tiny)
    told = model.classify(IMAGES).argmax(axis=-1)
    label = np.where(np.arange(20) < 15, told, (told + 1) % 3)
    [result] = evaluation(model, label=label).results(["accuracy"])
    assert result.value == 0.75


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (None, "not every image of real has a label"),
        (np.full(20, 3), "has labels to 3, but"),
        (np.arange(20) % 3 - 1, "not every"),
    ],
)
def test_accuracy_needs_labels_of_the_model(label, message):
    with pytest.raises(EvaluationError, match=message):
        list(evaluation(SGAN(**SGAN.tiny), label=label).results(["accuracy"]))


def test_bits_are_those_of_the_exact_likelihood():
    model = PixelCNN(**PixelCNN.tiny)
    [result] = evaluation(model).results(["bits_per_dimension"])
    assert result.value == pytest.approx(-metrics.elbo(model, IMAGES).mean() / (192 * math.log(2)), rel=1e-6)
    assert result.protocol["samples"] == 1 and result.protocol["exact"] is True


def test_bits_need_a_likelihood_of_grey_levels():
    with pytest.raises(EvaluationError, match="is no probability of pixels of 256 grey levels"):
        list(evaluation(VAE(**VAE.tiny)).results(["bits_per_dimension"]))
