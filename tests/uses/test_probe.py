"""Probes: classifiers of few labels on a model's features, beside the same network from scratch and PCA."""

import keras
import numpy as np
import pytest

from keras_genzoo.data import ArraySource, DataError
from keras_genzoo.models.ae import AE
from keras_genzoo.models.cgan import CGAN
from keras_genzoo.models.pixelcnn import PixelCNN
from keras_genzoo.uses.probe import Probed, check_probe, probe

RNG = np.random.default_rng(0)


def source(count, shape=(8, 8, 1)):
    """Images whose class is their brightness."""
    label = np.arange(count) % 2
    pixels = 100 + 60 * label[:, None, None, None] + RNG.integers(-20, 20, (count, *shape))
    return ArraySource(pixels.astype("uint8"), label, name="lights")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    mlp = {"network": "mlp_encoder", "hidden": (16,)}, {"network": "mlp_decoder", "hidden": (16,)}
    return AE(image_shape=(8, 8, 1), latent_dim=2, encoder=mlp[0], decoder=mlp[1])


def test_classes_are_told_and_the_model_stays_as_it_is(model):
    before = model.get_weights()
    found = probe(model, source(60), source(40), [4, None], seeds=2, steps=60, batch_size=16, learning_rate=1e-2)
    assert [(row.method, row.labels) for row in found.rows] == [
        (method, count) for count in (4, 60) for method in ("linear", "fine_tuned", "scratch", "pca")
    ]
    assert all(len(row.accuracies) == 2 and row.mean > 0.9 for row in found.rows), found.rows
    assert found.test_images == 40
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    predicted = found.classifier.predict_on_batch((source(10)[np.arange(10)]["image"] / 127.5 - 1).astype("float32"))
    assert (np.asarray(predicted).argmax(axis=-1) == np.arange(10) % 2).all()


def test_the_standard_error_is_that_of_the_mean():
    row = Probed("linear", 10, (0.5, 0.7, 0.9))
    assert row.mean == pytest.approx(0.7) and row.standard_error == pytest.approx(0.2 / np.sqrt(3))
    assert Probed("linear", 10, (0.5,)).standard_error is None


def test_what_cannot_be_probed_is_refused(model):
    with pytest.raises(ValueError, match="PixelCNN has no network of features"):
        check_probe(PixelCNN(**PixelCNN.tiny), ["linear"])
    with pytest.raises(ValueError, match=r"CGAN\.discriminator takes more than images"):
        check_probe(CGAN(**CGAN.tiny), ["linear"])
    with pytest.raises(ValueError, match="there is no method 'lineal'"):
        check_probe(model, ["lineal"])
    with pytest.raises(DataError, match="has no labels"):
        probe(model, ArraySource(np.zeros((4, 8, 8, 1), "uint8")), source(4))
    with pytest.raises(DataError, match=r"images of shape \(4, 4, 1\), but the model's are \(8, 8, 1\)"):
        probe(model, source(4, (4, 4, 1)), source(4))
