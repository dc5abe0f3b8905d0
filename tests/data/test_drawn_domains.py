"""Drawn pairs and drawn domains: what belongs to what, what lines show, and that no face is in two domains."""

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.artifacts.run_data import on_data, reads_folder
from keras_genzoo.config import load_preset
from keras_genzoo.data import DataError, Stream, load_data, load_split
from keras_genzoo.data.drawing import OutlineCanvas, circle
from keras_genzoo.data.drawn_domains import drawn_outlines, drawn_smiles
from keras_genzoo.data.drawn_faces import FACTORS, draw_faces, drawn_faces
from keras_genzoo.data.source import Source
from keras_genzoo.registry import DATASETS, folder_dataset, read_as

COLUMN = {name: column for column, name in enumerate(FACTORS)}


class TestOutlines:
    def test_targets_are_the_drawn_faces(self):
        split = drawn_outlines(size=32, num_images=20, held_out=5)
        faces = drawn_faces(size=32, num_images=20, held_out=5)
        for part, same in zip(split, faces, strict=True):
            assert isinstance(part, Source)
            record, face = part[np.arange(5)], same[np.arange(5)]
            np.testing.assert_array_equal(record["target"], face["image"])
            np.testing.assert_array_equal(record["factors"], face["factors"])
            np.testing.assert_array_equal(record["label"], face["label"])
        assert split.train.manifest() != split.held_out.manifest()
        assert split.train.manifest()["kind"] == "drawn_outlines"

    @pytest.mark.parametrize(("channels", "target_channels"), [(1, 3), (3, None), (3, 1)])
    def test_channels(self, channels, target_channels):
        train = drawn_outlines(size=16, channels=channels, target_channels=target_channels, num_images=4).train
        record = train[np.arange(3)]
        assert record["image"].shape == (3, *train.image_shape) == (3, 16, 16, channels)
        assert record["target"].shape == (3, 16, 16, target_channels or channels)
        if channels == 3:
            assert (record["image"] == record["image"][..., :1]).all()

    def test_are_black_on_white(self):
        drawings = drawn_outlines(size=64, channels=1, num_images=30).train[np.arange(30)]["image"]
        assert 0.6 < (drawings > 200).mean() < 0.9 and 0.05 < (drawings < 100).mean() < 0.3

    @pytest.mark.parametrize(
        ("factor", "values"),
        [("hair_style", (0, 5)), ("smile", (-1, 1)), ("glasses", (0, 1)), ("hat", (0, 3)), ("yaw", (-30, 30))],
    )
    def test_show_the_shapes(self, factor, values):
        drawings = self.drawings(factor, values)
        assert np.abs(drawings[0] - drawings[1]).mean() > 1

    @pytest.mark.parametrize("factor", ["skin_tone", "hair_color", "eye_color", "background", "outfit"])
    def test_show_no_colors(self, factor):
        drawings = self.drawings(factor, (0, 1))
        np.testing.assert_array_equal(drawings[0], drawings[1])

    def drawings(self, factor, values):
        factors = np.repeat(drawn_faces(num_images=1).train.factors(np.arange(1)), 2, axis=0)
        factors[:, [COLUMN["glasses"], COLUMN["hat"]]] = 0
        factors[:, COLUMN[factor]] = values
        return draw_faces(factors, 48, 1, OutlineCanvas).astype(int)

    def test_a_shape_hides_what_is_behind_it(self):
        canvas = OutlineCanvas(1, 64)
        canvas.paint(circle(canvas.x, canvas.y, 0.3), (1, 0, 0))
        alone = canvas.images(1)
        canvas.paint(circle(canvas.x, canvas.y, 0.6), (1, 0, 0))
        both = canvas.images(1)
        other = OutlineCanvas(1, 64)
        other.paint(circle(other.x, other.y, 0.6), (1, 0, 0))
        np.testing.assert_array_equal(both, other.images(1))
        assert alone[0, 32, 32, 0] == both[0, 32, 32, 0] == 255 and both[0, 32].min() < 128

    @pytest.mark.parametrize("size", [32, *(pytest.param(size, marks=pytest.mark.slow) for size in (16, 57, 300))])
    def test_a_drawing_is_the_same_in_any_batch(self, size):
        factors = drawn_faces(num_images=32).train.factors(np.arange(32))
        together = draw_faces(factors, size, 1, OutlineCanvas)
        alone = np.concatenate([draw_faces(factors[[index]], size, 1, OutlineCanvas) for index in range(32)])
        np.testing.assert_array_equal(alone, together)

    def test_reach_training(self):
        train, held_out = load_data("drawn_outlines", batch_size=4, size=16, num_images=8, held_out=4, augment=["flip"])
        x, y = train.batch(0, targets="target")
        assert x.shape == y.shape == (4, 16, 16, 3) and len(held_out) == 4
        other = train.batch(0, targets="other")[1]
        assert other.shape == (4, 16, 16, 3)


class TestSmiles:
    def smiles(self, source):
        return source[np.arange(len(source))]["factors"][:, COLUMN["smile"]]

    @pytest.mark.parametrize("direction", ["ab", "ba"])
    def test_the_first_domain_is_serious_and_the_second_smiles(self, direction):
        split = drawn_smiles(size=16, num_images=40, held_out=20, direction=direction)
        for part in split:
            assert isinstance(part, Source)
            serious, smiling = (part, part.other) if direction == "ab" else (part.other, part)
            assert self.smiles(serious).min() >= -0.5 and self.smiles(serious).max() <= 0
            assert self.smiles(smiling).min() >= 0.5 and self.smiles(smiling).max() <= 1
            assert (serious.name, smiling.name) == ("drawn_smiles (serious)", "drawn_smiles (smiling)")

    def test_nobody_is_in_two_domains_or_two_parts(self):
        split = drawn_smiles(size=16, num_images=40, held_out=20)
        parts = [source.factors(np.arange(len(source))) for part in split for source in (part, part.other)]
        assert [len(part) for part in parts] == [40, 40, 20, 20]
        rest = np.delete(np.concatenate(parts), COLUMN["smile"], axis=1)
        assert len(np.unique(rest, axis=0)) == 120

    def test_all_else_is_alike(self):
        part = drawn_smiles(size=16, num_images=4000).train
        a, b = (source.factors(np.arange(4000)).mean(axis=0) for source in (part, part.other))
        spread = part.factors(np.arange(4000)).std(axis=0) + 1e-9
        others = [column for name, column in COLUMN.items() if name != "smile"]
        assert (np.abs(a - b) / spread)[others].max() < 0.08

    def test_reach_training(self):
        train, held_out = load_data("drawn_smiles", batch_size=4, size=16, num_images=8, held_out=4)
        x, y = train.batch(0, targets="other")
        assert x.shape == y.shape == (4, 16, 16, 3) and len(held_out) == 4
        assert train.source.manifest()["other"]["first"] == 8
        assert Stream(load_split("drawn_smiles", held_out=0).held_out, 4, shuffle=False).steps() == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: drawn_outlines(size=8), "drawn_outlines: size=8 is out of range"),
        (lambda: drawn_outlines(target_channels=2), "drawn_outlines: channels=2 cannot be drawn"),
        (lambda: drawn_smiles(size=2000), "drawn_smiles: size=2000 is out of range"),
        (lambda: drawn_smiles(num_images=0), "drawn_smiles: num_images=0 and held_out=500 must be at least 1 and 0"),
    ],
)
def test_what_cannot_be_drawn(make, message):
    with pytest.raises(DataError, match=message):
        make()


class TestFolders:
    """A folder in the place of a dataset's images is read as that dataset's form says."""

    @pytest.mark.parametrize(
        ("dataset", "expected"),
        [
            ("drawn_faces", "image_folder"),
            ("drawn_outlines", "pairs"),
            ("drawn_smiles", "unpaired"),
            ("pairs", "pairs"),
            ("ffhq", "ffhq"),
        ],
    )
    def test_each_dataset_says_how(self, dataset, expected):
        assert folder_dataset(dataset) == expected
        assert reads_folder(dataset) == (dataset == expected)

    def test_every_form_is_a_dataset(self):
        assert {folder_dataset(name) for name in DATASETS} <= set(DATASETS)
        assert folder_dataset("drawn_outlines") == read_as("pairs")(lambda: None).read_as

    def test_load_split_and_presets_agree(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GENZOO_CACHE", str(tmp_path / "cache"))
        for folder in ("A", "B"):
            (tmp_path / "d" / folder).mkdir(parents=True)
            for number in range(4):
                Image.new("RGB", (16, 16)).save(tmp_path / "d" / folder / f"{number}.png")
        assert "target" in load_split("drawn_outlines", tmp_path / "d", size=8).train[np.arange(1)]
        assert len(load_split("drawn_smiles", tmp_path / "d", size=8, held_out=1).train.other) == 3
        preset = load_preset("vae_drawn_faces_32")
        preset["data"] = {"dataset": "drawn_smiles", "batch_size": 2, "augment": ["flip", "jitter"]}
        found, path = on_data(preset, str(tmp_path / "d"))
        assert path == tmp_path / "d" and found["data"] == {**preset["data"], "dataset": "unpaired"}
