"""Translations of files and of pairs: which files come out, of what size, and how far from their targets."""

import csv
import json
import os
import warnings

import numpy as np
import pytest
from PIL import Image

from keras_genzoo import metrics
from keras_genzoo.artifacts import RunError
from keras_genzoo.data import ArraySource, DataError
from keras_genzoo.evaluation.meter import silent
from keras_genzoo.models.cyclegan import CycleGAN
from keras_genzoo.models.pix2pix import Pix2Pix
from keras_genzoo.uses import translate_file, translate_files, translate_source, translation_inputs

RNG = np.random.default_rng(0)


class Inverter:
    """A translator between grey and RGB images, in both directions, without a network; it keeps the shapes it saw."""

    image_shape, target_shape, targets = (16, 16, 1), (16, 16, 3), "target"
    directions: tuple[str, ...] = ("ab", "ba")
    size_multiple: int | None = 4

    def __init__(self):
        self.calls = []

    def shapes(self, direction="ab"):
        return (self.image_shape, self.target_shape)[:: 1 if direction == "ab" else -1]

    def translations_of(self, x, direction="ab"):
        raise NotImplementedError

    def translate(self, x, direction="ab", batch_size=16):
        given, made = self.shapes(direction)
        assert x.dtype == np.uint8 and x.shape[-1] == given[-1] and len(x) <= batch_size
        self.calls.append(x.shape)
        return 255 - (np.repeat(x, 3, axis=-1) if made[-1] == 3 else x[..., :1])


class OneWay(Inverter):
    directions = ("ab",)


class Fixed(OneWay):
    size_multiple = None


class Noisy(OneWay):
    """Adds its seed."""

    test_time_dropout = True

    def translate(self, x, direction="ab", batch_size=16, seed=0):
        return super().translate(x, direction, batch_size) + np.uint8(seed)


def pixels(*shape):
    return RNG.integers(0, 256, shape, "uint8")


@pytest.fixture
def photos(tmp_path):
    """Images of several sizes, modes and formats, some by names that are hard to show."""
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    Image.fromarray(pixels(13, 22)).save(folder / "a.png")
    Image.fromarray(pixels(13, 22, 3)).save(folder / "b.jpg")
    Image.fromarray(pixels(13, 22, 4)).save(folder / "trip" / "ünï cödé.png")
    Image.fromarray(pixels(1, 1)).save(folder / "<b>.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels(13, 22, 3)).save(folder / "turned.jpg", exif=exif)
    (folder / "notes.txt").write_text("no image")
    return folder


def files_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_of_many_sizes(photos, tmp_path):
    model = OneWay()
    made = translate_files(model, photos, tmp_path / "out", watch=silent)
    names = ["<b>.png", "a.png", "b.png", "trip/ünï cödé.png", "turned.png"]
    assert [row.file for row in made.rows] == names
    assert [row.size for row in made.rows] == [(1, 1), (13, 22), (13, 22), (13, 22), (22, 13)]
    expected = {"index.html", "translations.csv", "translations.json"}
    expected |= {f"{column}/{name}" for column in ("input", "output") for name in names}
    assert set(files_below(tmp_path / "out")) == expected
    assert model.calls == [(1, 1, 1, 1), (3, 13, 22, 1), (1, 22, 13, 1)]  # equal sizes at once
    given, found = (Image.open(tmp_path / "out" / column / "a.png") for column in ("input", "output"))
    assert given.mode == "L" and found.mode == "RGB"
    np.testing.assert_array_equal(255 - np.asarray(given), np.asarray(found)[..., 0])
    assert not made.means()


def test_a_resize_comes_first(photos, tmp_path):
    made = translate_files(OneWay(), photos, tmp_path / "out", size=8, gallery=False, watch=silent)
    assert {row.size for row in made.rows} == {(8, 14), (14, 8), (8, 8)}
    assert made.columns == ("output",) and "index.html" not in files_below(tmp_path / "out")
    report = json.loads((tmp_path / "out" / "translations.json").read_text())
    assert report["images"] == "shorter sides resized to 8 pixels" and report["count"] == 5


def test_a_network_of_fixed_size(photos, tmp_path):
    made = translate_files(Fixed(), photos, tmp_path / "out", watch=silent)
    assert {row.size for row in made.rows} == {(16, 16)}
    assert made.prepared == "cropped and resized to 16 x 16 pixels, the size that the network takes"
    with pytest.raises(ValueError, match="size=8, but the network takes images of 16 x 16 pixels alone"):
        translate_files(Fixed(), photos, tmp_path / "other", size=8)


def test_a_round_trip_and_its_error(photos, tmp_path):
    made = translate_files(Inverter(), photos, tmp_path / "out", "ba", watch=silent)
    assert made.columns == ("input", "output", "round_trip")
    there, back = (np.asarray(Image.open(tmp_path / "out" / column / "b.png")) for column in ("input", "round_trip"))
    assert there.shape == back.shape == (13, 22, 3)
    row = next(row for row in made.rows if row.name == "b.jpg")
    assert row.numbers == {"cycle_error": pytest.approx(np.abs(there / 255 - back / 255).mean())}
    mean = made.means()["cycle_error"]
    values = [row.numbers["cycle_error"] for row in made.rows]
    assert mean.value == pytest.approx(np.mean(values)) and mean.images == 5
    assert mean.standard_error == pytest.approx(np.std(values, ddof=1) / np.sqrt(5))
    assert made.in_words() == [("cycle error", f"{mean.value:.4f} ± {mean.standard_error:.4f}")]


def test_pairs_are_measured_in_both_directions(tmp_path):
    x, names = pixels(5, 16, 16, 1), ["a.png", "b.png", "c.png", "d.png", "deep/e.png"]
    exact = np.repeat(255 - x, 3, axis=-1)
    target = np.concatenate([exact[:1], np.clip(exact[1:], 30, 225)])
    source = ArraySource(x, target=target, name="pairs", names=names)
    made = translate_source(OneWay(), source, tmp_path / "out", batch_size=2, watch=silent)
    assert made.columns == ("input", "output", "target")
    numbers = {name: [row.numbers[name] for row in made.rows] for name in ("l1", "re", "psnr", "ssim")}
    for name, function in {"l1": metrics.l1, "re": metrics.mse, "psnr": metrics.psnr, "ssim": metrics.ssim}.items():
        np.testing.assert_allclose(numbers[name], function(exact, target))
    assert numbers["psnr"][0] == np.inf and made.means()["psnr"].images == 4
    assert "dB, of 4 images in which something differs" in dict(made.in_words())["PSNR"]
    with (tmp_path / "out" / "translations.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == names and rows[0]["psnr"] == "inf"
    assert float(rows[4]["l1"]) == pytest.approx(numbers["l1"][4], rel=1e-5)
    report = json.loads((tmp_path / "out" / "translations.json").read_text())
    assert report["measures"]["l1"]["mean"] == pytest.approx(np.mean(numbers["l1"]))
    back = translate_source(Inverter(), source, tmp_path / "back", "ba", watch=silent)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "back" / "target" / "deep" / "e.png")), x[4, ..., 0])
    assert set(back.measures) == {"l1", "re", "psnr", "ssim", "cycle_error"}


def test_sources_without_names_or_targets(tmp_path):
    source = ArraySource(pixels(2, 8, 8, 1).astype("float32") / 255, name="noise")
    made = translate_source(OneWay(), source, tmp_path / "out", watch=silent)
    assert [row.file for row in made.rows] == ["00000.png", "00001.png"] and not made.measures
    with pytest.raises(DataError, match="noise has no images of domain B"):
        translate_source(Inverter(), source, tmp_path / "other", "ba")
    with pytest.raises(DataError, match="there are no images in noise"):
        translate_source(OneWay(), ArraySource(np.zeros((0, 8, 8, 1), "uint8"), name="noise"), tmp_path / "other")
    two = ArraySource(pixels(2, 8, 8, 1), other=ArraySource(pixels(3, 8, 8, 3)))
    assert len(translate_source(Inverter(), two, tmp_path / "ba", "ba", watch=silent).rows) == 3


def test_broken_files_are_named_and_left_out(photos, tmp_path):
    (photos / "broken.png").write_bytes(b"no image")
    cut = (photos / "b.jpg").read_bytes()
    (photos / "cut.jpg").write_bytes(cut[: len(cut) // 2])  # its header is sound
    with pytest.warns(UserWarning, match=r"2 of 7 image files cannot be used: broken.png holds no .*; cut.jpg is dam"):
        made = translate_files(OneWay(), photos, tmp_path / "out", watch=silent)
    assert len(made.rows) == 5 and set(made.broken) == {"broken.png", "cut.jpg"}
    report = json.loads((tmp_path / "out" / "translations.json").read_text())
    assert set(report["left_out"]) == {"broken.png", "cut.jpg"}
    for name in ("broken.png", "cut.jpg"):
        with pytest.raises(DataError, match=f"no image can be read: {name} "):
            translate_files(OneWay(), photos / name, tmp_path / "other", watch=silent)
        with pytest.raises(DataError, match=f"no image can be read: {name} "):
            translate_file(OneWay(), photos / name, tmp_path / "other.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photos"]


def test_nothing_is_overwritten(photos, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("mine")
    with pytest.raises(RunError, match="holds other files: choose a new or an empty folder"):
        translate_files(OneWay(), photos, tmp_path / "taken")
    with pytest.raises(RunError, match=r"letter.txt' is there already: name another file"):
        translate_file(OneWay(), photos / "a.png", tmp_path / "taken" / "letter.txt")


def test_large_images_are_said_to_be(photos, tmp_path, monkeypatch):
    Image.fromarray(pixels(40, 33)).save(photos / "large.png")
    with pytest.warns(UserWarning, match=r"1 of 6 images are more than 2 times as large as the 16 pixels trained on.*"):
        translate_files(OneWay(), photos, tmp_path / "out", watch=silent)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        translate_files(OneWay(), photos, tmp_path / "small", size=16, watch=silent)
    monkeypatch.setattr(translation_inputs, "MOST_PIXELS", 600)
    with pytest.raises(DataError, match=r"1 of 6 images would have more than 600 pixels, .*: large.png \(33x40\): res"):
        translate_files(OneWay(), photos, tmp_path / "other", watch=silent)
    translate_files(OneWay(), photos, tmp_path / "other", size=13, watch=silent)


def test_batches_are_the_smaller_the_larger_images_are(photos, tmp_path, monkeypatch):
    model, source = OneWay(), ArraySource(pixels(5, 16, 16, 1))
    monkeypatch.setattr(translation_inputs, "AT_ONCE", 600)
    translate_files(model, photos, tmp_path / "files", watch=silent)
    translate_source(model, source, tmp_path / "source", watch=silent)
    assert [shape[:3] for shape in model.calls] == [
        (1, 1, 1), (2, 13, 22), (1, 13, 22), (1, 22, 13), (2, 16, 16), (2, 16, 16), (1, 16, 16)
    ]  # fmt: skip


def test_a_file_becomes_a_file(photos, tmp_path):
    assert translate_file(OneWay(), photos / "turned.jpg", tmp_path / "new" / "x.png") == (22, 13)
    assert Image.open(tmp_path / "new" / "x.png").size == (13, 22)


def test_noise_is_that_of_the_seed_whatever_is_beside_an_image(photos, tmp_path):
    model = Noisy()
    translate_files(model, photos, tmp_path / "out", seed=3, watch=silent)
    assert {len(shape) and shape[0] for shape in model.calls} == {1}
    assert json.loads((tmp_path / "out" / "translations.json").read_text())["seed"] == 3
    given, made = (np.asarray(Image.open(tmp_path / "out" / column / "a.png")) for column in ("input", "output"))
    np.testing.assert_array_equal(255 - given + np.uint8(3), made[..., 0])


def test_models_that_do_not_translate_so(photos, tmp_path):
    with pytest.raises(ValueError, match="a dict does not translate images"):
        translate_files({}, photos, tmp_path / "out")
    with pytest.raises(ValueError, match="direction 'ba': this OneWay translates ab alone"):
        translate_files(OneWay(), photos, tmp_path / "out", "ba")


@pytest.mark.skipif(os.name == "nt", reason="names of bytes")
def test_a_name_that_is_no_text(tmp_path):
    (tmp_path / "photos").mkdir()
    Image.fromarray(pixels(8, 8)).save(tmp_path / "photos" / "x.png")
    try:
        os.rename(tmp_path / "photos" / "x.png", os.fsencode(tmp_path / "photos") + b"/\xff\n'&.png")
    except OSError:
        pytest.skip("this file system knows no such names")
    translate_files(OneWay(), tmp_path / "photos", tmp_path / "out", watch=silent)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert 'src="output/%FF%0A%27%26.png"' in page and "\\udcff\\n&#x27;&amp;.png" in page


def test_networks_translate_images_of_any_size(photos, tmp_path):
    model = Pix2Pix(**Pix2Pix.tiny)
    made = translate_files(model, photos, tmp_path / "out", size=8, watch=silent)
    given, found = (np.asarray(Image.open(tmp_path / "out" / column / "b.png")) for column in ("input", "output"))
    expected = model.translate(given[None, ..., None])[0]
    assert given.shape == (8, 14) and len(made.rows) == 5
    np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1)


@pytest.mark.slow
def test_a_cyclegan_translates_there_and_back(photos, tmp_path):
    made = translate_files(CycleGAN(**CycleGAN.tiny), photos, tmp_path / "out", "ba", size=8, watch=silent)
    assert made.columns == ("input", "output", "round_trip") and 0 < made.means()["cycle_error"].value < 1


@pytest.mark.slow
def test_dropout_in_translations(photos, tmp_path):
    generator = {"network": "unet", "filters": (4, 8), "dropout": 0.5}
    model = Pix2Pix(**{**Pix2Pix.tiny, "generator": generator, "test_time_dropout": True})
    for weight in model.averaged("generator").weights:
        if weight.name == "kernel":  # at first the output is nearly grey, whatever is dropped
            weight.assign(30.0 * weight)
    found = []
    for number, seed in enumerate((1, 1, 2)):
        translate_files(model, photos, tmp_path / str(number), size=8, seed=seed, watch=silent)
        found.append((tmp_path / str(number) / "output" / "b.png").read_bytes())
    assert found[0] == found[1] != found[2]
