import types
import warnings

import numpy as np
import pytest
from PIL import Image

from keras_genzoo import callbacks, models  # noqa: F401 - fills the registry
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.data import ArraySource
from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import MODELS
from tests.toys import Darkens, ThereAndBack, Toy, Translating


@pytest.fixture(scope="module")
def model():
    return MODELS["vae"](**MODELS["vae"].tiny)


def sampling(image_shape, generate):
    methods = dict.fromkeys(("generate", "sample", "samples", "sampling_protocol"), generate)
    return types.SimpleNamespace(image_shape=image_shape, sample_options={}, looking_options={}, **methods)


def size_of(rows, columns, side=8, gap=2):
    return rows * (side + gap) - gap, columns * (side + gap) - gap, 3


@pytest.mark.slow
def test_samples_are_laid_out_and_depend_on_the_seed(model):
    sheet = callbacks.samples(model, 10, seed=1)
    assert sheet.shape == size_of(4, 3) and sheet.dtype == np.uint8
    np.testing.assert_array_equal(sheet[:8, :8], model.generate(1, seed=1)[0])
    assert (sheet != callbacks.samples(model, 10, seed=2)).any()


@pytest.mark.parametrize(("side", "num"), [(64, 64), (128, 16)])
def test_large_images_come_in_small_numbers(side, num):
    model = sampling((side, side, 1), lambda num, seed: np.zeros((num, 2, 2, 1), "uint8"))
    assert callbacks.samples(model).shape == (*size_of(num**0.5, num**0.5, side=2)[:2], 1)


@pytest.fixture(scope="module")
def labeled():
    return MODELS["cgan"](**MODELS["cgan"].tiny)


@pytest.mark.slow
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
    model = sampling((1, 1, 2), lambda num, seed: np.zeros((num, 1, 1, 2), "uint8"))
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
    """An ImageGrid whose epochs end by hand."""

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


class Truncated(Toy):
    """A toy whose samples take an option."""

    sample_options = {"truncation": SampleOption(1.0, "scale of the noise")}

    def sample(self, indices, seed, truncation=1.0):
        return truncation * super().sample(indices, seed)


def test_options_are_passed_on(tmp_path):
    model = Truncated()
    whole, half = callbacks.samples(model, 4), callbacks.samples(model, 4, truncation=0.0)
    assert (whole != half).any() and set(np.unique(half)) == {128, 255}  # grey, on white
    Recorder(tmp_path, num=4, options={"truncation": 0.0}).training_step(model, epochs=1)
    with Image.open(tmp_path / "epoch-0001.png") as picture:
        assert set(np.unique(picture)) == {128, 255}
    with pytest.warns(UserWarning, match="the image grid of epoch 1 could not be made: .* without the option 'steps'"):
        Recorder(tmp_path, num=4, options={"steps": 3}).training_step(model, epochs=1)


def test_a_model_without_samples_trains_with_a_grid_of_what_it_can(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (4, 2, 2, 1), "uint8")
    model = Translating()
    model.compile(jit_compile=False)
    floats = x / np.float32(127.5) - 1
    grids = [callbacks.ImageGrid(tmp_path / "pairs", x=x), callbacks.ImageGrid(tmp_path / "nothing")]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(floats, -floats, batch_size=4, epochs=1, callbacks=grids, verbose=0)
    sheet = callbacks.translations(model, x)
    np.testing.assert_array_equal(sheet[:2, :2], x[0])
    np.testing.assert_array_equal(sheet[4:6, :2], model.translate(x)[0])
    assert [path.name for path in tmp_path.rglob("*.png")] == ["epoch-0001.png"] and not (tmp_path / "nothing").exists()
    with pytest.raises(ValueError, match="samples: Translating makes no images of noise"):
        callbacks.samples(model)


class Denoising(GenerativeModel):
    """A toy that reconstructs images with noise, and has no images of noise."""

    logs = ("loss",)
    corruption, amount, reconstructs_slowly = "zero", 1.0, False

    def __init__(self):
        super().__init__()
        self.image_shape = (2, 2, 1)

    def corrupt(self, x, seed=0, start=0):
        return np.zeros_like(x)

    def reconstructions_of(self, x):
        return x

    def reconstruct(self, x, batch_size=64):
        return x + np.uint8(7)


def test_reconstructions_are_of_images_with_noise(tmp_path):
    Recorder(tmp_path, x=np.full((1, 2, 2, 1), 99, "uint8")).training_step(Denoising(), epochs=1)
    with Image.open(tmp_path / "epoch-0001.png") as picture:
        assert set(np.unique(picture)) == {0, 7, 255}


def pixels(count, channels, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 12, 12, channels), "uint8")


def firsts(sheet, rows):
    """The first image of each row of a sheet."""
    return [sheet[14 * row : 14 * row + 12, :12] for row in range(rows)]


def colored(x):
    return np.repeat(x, 3, axis=-1)


def test_inputs_translations_and_targets_of_other_channels():
    model, x, y = Darkens(), pixels(9, 1, 0), pixels(9, 3, 1)
    sheet = callbacks.translations(model, x, y)
    assert sheet.shape == size_of(6, 8, side=12)
    made = model.translate(x)
    for tile, image in zip(firsts(sheet, 6), (x[0], made[0], y[0], x[8], made[8], y[8]), strict=True):
        np.testing.assert_array_equal(tile, colored(image) if image.shape[-1] == 1 else image)
    assert callbacks.translations(model, x).shape == size_of(4, 8, side=12)


def test_both_directions_there_and_back():
    model, x, y = ThereAndBack(), pixels(3, 1, 0), pixels(3, 3, 1)
    sheet = callbacks.translations(model, x, other=y)
    there, back = model.translate(x), model.translate(y, "ba")
    expected = x, there, model.translate(there, "ba"), y, back, model.translate(back)
    for tile, images in zip(firsts(sheet, 6), expected, strict=True):
        np.testing.assert_array_equal(tile, colored(images[0]) if images.shape[-1] == 1 else images[0])
    assert sheet.shape == size_of(6, 8, side=12)
    np.testing.assert_array_equal(callbacks.translations(model, x, y), sheet)
    assert callbacks.translations(model, x).shape == size_of(3, 8, side=12)


def test_sheets_take_images_from_sources(tmp_path):
    """Partners stay partners; domains without pairs may have different numbers of images."""
    x, y = pixels(40, 1, 0), pixels(40, 3, 1)
    pairs = ArraySource(x, target=y)
    chosen = np.linspace(0, 39, 4).astype(int)
    expected = callbacks.translations(Darkens(), x[chosen], y[chosen])
    np.testing.assert_array_equal(callbacks.sheet_of_translations(Darkens(), pairs, 4), expected)
    unpaired = ArraySource(x, other=ArraySource(y[:3]))
    few = callbacks.translations(ThereAndBack(), x[[0, 19, 39]], other=y[:3])
    np.testing.assert_array_equal(callbacks.sheet_of_translations(ThereAndBack(), unpaired, 4), few)
    assert callbacks.sheet_of_translations(Darkens(), unpaired, 4).shape == size_of(2, 8, side=12)
    assert callbacks.sheet_of_translations(ThereAndBack(), ArraySource(x), 4).shape == size_of(3, 8, side=12)
    Recorder(tmp_path, x=pairs).training_step(Darkens(), epochs=1)
    with Image.open(tmp_path / "epoch-0001.png") as picture:
        assert picture.size == (8 * size_of(6, 8, side=12)[1], 8 * size_of(6, 8, side=12)[0])
