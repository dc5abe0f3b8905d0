"""FFHQ from a folder and through TensorFlow Datasets, on generated faces, and on real ones where these are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data.ffhq import aligned_folder, ffhq
from keras_genzoo.data.image_folder import image_folder
from keras_genzoo.data.source import DataError, Source
from keras_genzoo.registry import DATASETS


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))


def faces(root: Path, count: int = 30, side: int = 64, nested: bool = True, suffix: str = "png") -> Path:
    for number in range(count):
        path = root / ("00000" if nested else ".") / f"{number:05d}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (side, side), (number, 100, 200)).save(path)
    return root


def numbers(part: Source) -> list[str]:
    return [Path(name).stem for name in part[np.arange(len(part))]["name"]]


def test_the_same_faces_are_held_out_in_every_layout(tmp_path):
    nested = ffhq(str(faces(tmp_path / "nested")), size=32, held_out=0.2)
    flat = ffhq(str(faces(tmp_path / "flat", nested=False, suffix="jpg")), size=32, held_out=0.2)
    assert numbers(nested.held_out) == numbers(flat.held_out)
    assert len(nested.train) + len(nested.held_out) == 30
    assert nested.train.image_shape == (32, 32, 3)
    assert nested.train.class_names is None
    assert nested.train.manifest()["kind"] == "ffhq"
    assert DATASETS["ffhq"] is ffhq


def test_a_whole_copy_is_read_where_it_serves_best(tmp_path):
    for folder in ("in-the-wild-images", "thumbnails128x128", "images1024x1024"):
        (tmp_path / folder).mkdir()
    assert aligned_folder(tmp_path, 64) == aligned_folder(tmp_path, 128) == tmp_path / "thumbnails128x128"
    assert aligned_folder(tmp_path, 256) == tmp_path / "images1024x1024"
    (tmp_path / "thumbnails128x128").rmdir()
    assert aligned_folder(tmp_path, 64) == tmp_path / "images1024x1024"
    assert aligned_folder(tmp_path / "images1024x1024", 64) == tmp_path / "images1024x1024"


@pytest.mark.parametrize("path", [None, "gone"])
def test_where_ffhq_comes_from(tmp_path, path):
    with pytest.raises(DataError) as error:
        ffhq(path and str(tmp_path / path))
    for words in ("https://github.com/NVlabs/ffhq-dataset", "CC BY-NC-SA 4.0", "00000/00000.png", "thumbnails128x128"):
        assert words in str(error.value)
    assert "gone" in str(error.value) or path is None
    assert "\n" not in str(error.value)


def test_faces_smaller_than_asked(tmp_path):
    path = str(faces(tmp_path))
    with pytest.warns(UserWarning, match=r"30 of 30 images are smaller than size=128 and are enlarged; .* \(64x64\)"):
        ffhq(path, size=128)
    with pytest.raises(DataError, match=r"30 of 30 images are too small for size=256"):
        ffhq(path, size=256, read="headers")


def prepared(tmp_path: Path, manual: Path, config: str):
    """The builder after `download_and_prepare`; no network is used."""
    tfds = pytest.importorskip("tensorflow_datasets")
    from keras_genzoo.data.ffhq_tfds import Ffhq

    builder = Ffhq(data_dir=str(tmp_path / "tfds"), config=config)
    options = tfds.download.DownloadConfig(manual_dir=str(manual), register_checksums=False)
    builder.download_and_prepare(download_config=options)
    return tfds, builder


def test_the_builder_prepares_what_the_folder_gives(tmp_path):
    root = faces(tmp_path / "manual" / "ffhq", count=12)
    tfds, builder = prepared(tmp_path, tmp_path / "manual", "32")
    assert builder.info.splits["train"].num_examples == 12
    assert builder.info.features["image"].shape == (32, 32, 3)
    assert "Karras" in builder.info.citation
    assert "CC BY-NC-SA 4.0" in builder.info.redistribution_info.license
    examples = {row["name"].decode(): row["image"] for row in tfds.as_numpy(builder.as_dataset(split="train"))}
    split = image_folder(str(root), size=32, labels="none")
    for part in split:
        for name, image in zip(numbers(part), part[np.arange(len(part))]["image"], strict=True):
            np.testing.assert_array_equal(examples[name], image)


def test_the_builder_has_a_config_for_each_resolution():
    pytest.importorskip("tensorflow_datasets")
    from keras_genzoo.data.ffhq_tfds import Ffhq

    sides = {name: config.resolution for name, config in Ffhq.builder_configs.items()}
    assert sides == {str(side): side for side in (32, 64, 128, 256, 512, 1024)}


def test_the_builder_tells_where_ffhq_comes_from(tmp_path):
    with pytest.raises(AssertionError, match=r"(?s)manual.*does not exist.*github.com/NVlabs/ffhq-dataset.*BY-NC-SA"):
        prepared(tmp_path, tmp_path / "manual", "32")


def test_the_builder_refuses_small_and_broken_images(tmp_path):
    root = faces(tmp_path / "manual", count=3)
    with pytest.raises(DataError, match=r"00000\.png has 64x64 pixels, fewer than ffhq/128 needs: give larger"):
        prepared(tmp_path, root, "128")
    (root / "00000" / "00001.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"00001\.png is empty \(0 bytes\): replace it"):
        prepared(tmp_path, root, "64")


@pytest.mark.slow
def test_real_faces():
    folder = Path(os.environ.get("GENZOO_TEST_DATA", "")) / "ffhq" / "images256"
    if "GENZOO_TEST_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("GENZOO_TEST_DATA names no folder with ffhq/images256")
    train, held_out = ffhq(str(folder), size=64, held_out=100)
    assert len(held_out) == 100
    pixels = train[np.arange(256)]["image"]
    assert pixels.shape == (256, 64, 64, 3)
    face = pixels.mean(axis=0)  # the mean of aligned faces: reddish, its halves mirror images, a chin no forehead
    assert face[16:48, 16:48, 0].mean() - face[16:48, 16:48, 2].mean() > 30
    assert np.abs(face - face[:, ::-1]).mean() < 6 < 10 < np.abs(face - face[::-1]).mean()
