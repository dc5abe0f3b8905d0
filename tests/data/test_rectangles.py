"""Rectangular images: cropped to their proportions, prepared once, and refused where only squares are drawn."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data import load_data
from keras_genzoo.data.image_folder import image_folder
from keras_genzoo.data.source import DataError
from tests.data.test_image_folder import TWENTY, fill


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))


class TestRectangles:
    def test_are_cropped_centrally_to_their_proportions(self, tmp_path):
        """Of an image of 40 x 60 pixels (width x height), rows 20 to 39 are the middle in the proportions 2:1."""
        pixels = np.zeros((60, 40, 3), "uint8")
        pixels[20:40] = 200
        Image.fromarray(pixels).save(tmp_path / "portrait.png")
        wide = np.zeros((20, 100, 3), "uint8")
        wide[:, 30:70] = 200
        Image.fromarray(wide).save(tmp_path / "wide.png")
        train, _ = load_data("image_folder", path=tmp_path, size=(20, 40), batch_size=1, held_out=0)
        assert train.image_shape == (20, 40, 3)
        np.testing.assert_array_equal(train.source[np.arange(2)]["image"], np.full((2, 20, 40, 3), 200))

    def test_come_out_of_a_list_and_out_of_the_cache(self, tmp_path, monkeypatch):
        path = fill(tmp_path, TWENTY, (40, 30))
        first = image_folder(path, size=[8, 16], held_out=5)
        assert first.train.image_shape == (8, 16, 3) and first.train.manifest()["image_shape"] == [8, 16, 3]
        (entry,) = Path(os.environ["GENZOO_CACHE"]).glob("*.npy")
        assert "-8x16x3-" in entry.name
        monkeypatch.setattr("keras_genzoo.data.prepared.decode_all", None)
        again = image_folder(path, size=(8, 16), held_out=5)
        assert again.train.manifest() == first.train.manifest()
        assert image_folder(path, size=(4, 8), read="headers", held_out=5).train[np.arange(3)]["image"].shape == (
            3,
            4,
            8,
            3,
        )

    def test_of_equal_sides_are_squares_as_ever(self, tmp_path, monkeypatch):
        path = fill(tmp_path, TWENTY)
        square = image_folder(path, size=8).train.manifest()
        monkeypatch.setattr("keras_genzoo.data.prepared.decode_all", None)
        assert image_folder(path, size=(8, 8)).train.manifest() == square

    @pytest.mark.parametrize(("sides", "kind"), [((32, 16), None), ((31, 40), "enlarged"), ((15, 40), "left out")])
    def test_small_is_what_the_crop_leaves_too_little_of(self, tmp_path, sides, kind):
        path = fill(tmp_path, TWENTY, (64, 64))
        Image.new("RGB", sides).save(tmp_path / "00.png")
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            split = image_folder(path, size=(16, 32))
        assert [kind in str(warning.message) for warning in found] == ([True] if kind else [])
        assert "size=[16, 32]" in str(found[0].message) if kind else not found
        assert len(split.train) + len(split.held_out) == (19 if kind == "left out" else 20)

    def test_are_not_of_every_dataset(self):
        with pytest.raises(DataError, match="dataset 'drawn_faces' gives squares: size=16 x 32 pixels cannot be had"):
            load_data("drawn_faces", size=(16, 32))
