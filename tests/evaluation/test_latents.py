"""Measuring latents: of the images named, beside those of their factors that vary, and only where there are any."""

import numpy as np
import pytest

from keras_genzoo import metrics
from keras_genzoo.data import ArraySource
from keras_genzoo.evaluation import Evaluation, EvaluationError, ModelSubject, NoiseSubject, Reference, measurements
from keras_genzoo.metrics import disentanglement
from keras_genzoo.models.dcgan import DCGAN
from keras_genzoo.models.vae import VAE

ALL = ("mig", "sap", "dci", "latent_correlation")


@pytest.fixture(scope="module")
def vae():
    model = VAE(**VAE.tiny)
    model.encoder.set_weights([3 * weight + 0.1 for weight in model.encoder.get_weights()])  # so that latents vary
    return model


@pytest.fixture(scope="module")
def faces():
    """Images whose color is their first factor; the second is noise, and the third does not vary."""
    draws = np.random.default_rng(0)
    factors = np.stack([draws.uniform(0, 1, 90), draws.integers(0, 3, 90), np.ones(90)], axis=1)
    x = np.clip(factors[:, 0, None, None, None] * 200 + draws.normal(0, 9, (90, 8, 8, 3)), 0, 255).astype("uint8")
    return ArraySource(x, name="faces", factors=factors, factor_names=("color", "dice", "constant"))


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(disentanglement, "TREES", 3)


def test_they_are_of_the_encoded_images_and_the_factors_that_vary(vae, faces):
    evaluation = Evaluation(ModelSubject(vae, "vae"), Reference(faces, "held_out"), seed=4)
    found = {result.metric: result for result in evaluation.results(ALL)}
    examples = faces[np.arange(90)]
    z, factors = vae.encode(examples["image"]), examples["factors"][:, :2]
    dci = metrics.dci(z, factors, seed=4)
    expected = {
        "mig": metrics.mutual_information_gap(z, factors).value,
        "sap": metrics.separated_attribute_predictability(z, factors).value,
        "dci_disentanglement": dci.disentanglement,
        "dci_completeness": dci.completeness,
        "dci_informativeness": dci.informativeness,
        "latent_correlation": metrics.latent_correlation(z),
    }
    assert {name: result.value for name, result in found.items()} == pytest.approx(expected, rel=1e-4)
    assert found["mig"].protocol["factors"] == "color, dice" and found["mig"].protocol["bins"] == 20
    assert "factors" not in found["latent_correlation"].protocol and "images" not in found["mig"].protocol
    assert found["sap"].protocol["real"]["count"] == 90 and found["dci_completeness"].subject["seed"] == 4


def test_of_many_images_some_are_encoded(vae, faces, monkeypatch):
    monkeypatch.setattr(measurements, "MOST_ENCODED", 40)
    (result,) = Evaluation(ModelSubject(vae, "vae"), Reference(faces, "all")).results(["mig"])
    examples = faces[np.linspace(0, 89, 40).astype(int)]
    expected = metrics.mutual_information_gap(vae.encode(examples["image"]), examples["factors"][:, :2]).value
    assert result.value == pytest.approx(expected) and result.protocol["images"] == 40


def test_they_are_not_measured_by_default(vae, faces):
    assert not set(ALL) & set(Evaluation(ModelSubject(vae, "vae"), Reference(faces, "all")).possible())


def test_where_there_is_nothing_to_measure(vae, faces):
    gan = DCGAN(**DCGAN.tiny)
    plain = ArraySource(faces[np.arange(90)]["image"], name="plain")
    for subject, source, name, message in (
        (NoiseSubject((8, 8, 3)), faces, "mig", "mig: white noise is no run"),
        (
            ModelSubject(gan, "gan"),
            ArraySource(np.zeros((9, *gan.image_shape), "uint8")),
            "latent_correlation",
            "DCGAN has no encoder",
        ),
        (ModelSubject(vae, "vae"), plain, "dci", "dci: it is not known what the images of plain show"),
    ):
        with pytest.raises(EvaluationError, match=message):
            list(Evaluation(subject, Reference(source, "all")).results([name]))
