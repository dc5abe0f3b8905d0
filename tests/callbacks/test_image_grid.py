import types

import numpy as np
import pytest
from PIL import Image

from keras_genzoo import callbacks, models  # noqa: F401 - fills the registry
from keras_genzoo.registry import MODELS


@pytest.fixture(scope="module")
def model():
    return MODELS["vae"](**MODELS["vae"].tiny)


def size_of(rows, columns, side=8, gap=2):
    return rows * (side + gap) - gap, columns * (side + gap) - gap, 3


def test_samples_are_laid_out_and_depend_on_the_seed(model):
    sheet = callbacks.samples(model, 10, seed=1)
    assert sheet.shape == size_of(4, 3) and sheet.dtype == np.uint8
    np.testing.assert_array_equal(sheet[:8, :8], model.generate(1, seed=1)[0])
    assert (sheet != callbacks.samples(model, 10, seed=2)).any()


@pytest.mark.parametrize(("side", "num"), [(64, 64), (128, 16)])
def test_large_images_come_in_small_numbers(side, num):
    model = types.SimpleNamespace(
        image_shape=(side, side, 1), generate=lambda num, seed: np.zeros((num, 2, 2, 1), "uint8")
    )
    assert callbacks.samples(model).shape == (*size_of(num**0.5, num**0.5, side=2)[:2], 1)


@pytest.fixture(scope="module")
def labeled():
    return MODELS["cgan"](**MODELS["cgan"].tiny)


def test_labels_get_a_row_each_of_the_same_noise(labeled):
    sheet = callbacks.samples(labeled, 6, seed=1, labels=[2, 0])
    assert sheet.shape == size_of(2, 3)
    for row, label in enumerate((2, 0)):
        images = labeled.generate(3, seed=1, labels=label)
        for column, image in enumerate(images):
            np.testing.assert_array_equal(sheet[10 * row : 10 * row + 8, 10 * column : 10 * column + 8], image)
    assert callbacks.samples(labeled).shape == size_of(3, 8)
    assert callbacks.samples(labeled, 6).shape == size_of(3, 2)


def test_labels_that_are_not_there(labeled, model):
    with pytest.raises(ValueError, match=r"labels lie in \[1, 3\], but this model has 3"):
        callbacks.samples(labeled, labels=[1, 3])
    with pytest.raises(ValueError, match="VAE makes no images of chosen labels"):
        callbacks.samples(model, labels=[1])


def test_points_are_one_picture(tmp_path):
    model = types.SimpleNamespace(image_shape=(1, 1, 2), generate=lambda num, seed: np.zeros((num, 1, 1, 2), "uint8"))
    sheet = callbacks.samples(model)
    assert sheet.shape == (256, 256, 1) and (sheet < 255).sum() == 1
    with Image.open(callbacks.write_sheet(tmp_path / "points.png", sheet, model)) as picture:
        assert picture.size == (512, 512)


def test_reconstructions_stand_below_their_originals(model):
    x = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), "uint8")
    sheet = callbacks.reconstructions(model, x, columns=4)
    assert sheet.shape == size_of(4, 4)
    y = model.reconstruct(x)
    for row, image in enumerate((x[1], y[1], x[5], y[5])):
        np.testing.assert_array_equal(sheet[10 * row : 10 * row + 8, 10:18], image)
    assert (sheet[20:, 20:] == 255).all()  # six images leave two places empty


class Recorder(callbacks.ImageGrid):
    """An ImageGrid that is told its epochs by hand."""

    def training_step(self, model, epochs):
        self.set_model(model)
        self.set_params({"epochs": epochs})
        for epoch in range(epochs):
            self.on_epoch_end(epoch)
        return sorted(path.name for path in self.folder.iterdir())


def test_a_grid_every_few_epochs_and_at_both_ends(model, tmp_path):
    made = Recorder(tmp_path / "samples", every=3, num=4).training_step(model, epochs=7)
    assert made == ["epoch-0001.png", "epoch-0003.png", "epoch-0006.png", "epoch-0007.png"]


def test_small_images_are_enlarged(model, tmp_path):
    Recorder(tmp_path, num=4).training_step(model, epochs=1)
    with Image.open(tmp_path / "epoch-0001.png") as picture:
        assert picture.size == (18 * 12, 18 * 12)
