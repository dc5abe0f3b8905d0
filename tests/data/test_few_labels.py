"""Few labels: which images keep theirs, how often they come, and data of which some have none."""

import numpy as np
import pytest
from PIL import Image

from keras_genzoo.data import ArraySource, DataError, Stream, load_data, load_split
from keras_genzoo.data.few_labels import check_every_class, few_labels
from keras_genzoo.data.source import Subset

LABELS = np.arange(60) % 3
PIXELS = np.repeat(np.arange(60, dtype="uint8"), 12).reshape(60, 2, 2, 3)


def source(label=LABELS, **columns):
    return ArraySource(PIXELS, label, name="faces/", **columns)


def test_as_many_of_each_class_keep_their_label_and_more_labels_contain_fewer():
    few, more = (few_labels(source(), count, 5) for count in (7, 30))
    assert np.bincount(few[few >= 0]).tolist() == [3, 2, 2]
    assert (few[few >= 0] == LABELS[few >= 0]).all()
    assert np.bincount(more[more >= 0]).tolist() == [10, 10, 10]
    assert set(np.flatnonzero(few >= 0)) < set(np.flatnonzero(more >= 0))
    np.testing.assert_array_equal(few, few_labels(source(), 7, 5))
    assert (few != few_labels(source(), 7, 6)).any()


def test_images_without_a_label_are_not_chosen():
    own = np.where(np.arange(60) < 30, -1, LABELS)
    kept = few_labels(source(own), 6, 0)
    assert (np.flatnonzero(kept >= 0) >= 30).all()


@pytest.mark.parametrize(
    ("label", "count", "message"),
    [
        (None, 6, "faces/ has no labels of which 6 could be kept"),
        (LABELS, 2, r"3 classes, but labeled=2: give labeled=3 \(genzoo train: --set data.labeled=3\) or more"),
        (LABELS, 61, "takes 21 images of each class, but class 0 has 20"),
    ],
)
def test_what_cannot_be_chosen_is_refused(label, count, message):
    with pytest.raises(DataError, match=message):
        few_labels(source(label), count, 0)


def test_a_class_without_a_label_is_named():
    with pytest.raises(DataError, match="faces/: no image has the label hat: give one"):
        check_every_class(np.array([0, -1, 2]), ("cap", "hat", "none"), "faces/")


class TestStreams:
    def test_the_hidden_labels_are_minus_one(self):
        labels = few_labels(source(), 6, 0)
        stream = Stream(source(), 20, labels=labels)
        batches = [stream.batch(first, targets="label") for first in (0, 20, 40)]
        numbers = np.concatenate([np.rint((x[:, 0, 0, 0] + 1) * 127.5).astype(int) for x, _ in batches])
        assert sorted(numbers) == list(range(60))
        y = np.concatenate([y for _, y in batches])
        assert y.dtype == "int32"
        np.testing.assert_array_equal(y, labels[numbers])
        again = stream.at(10).batch(0, targets="label")
        np.testing.assert_array_equal(again[1], batches[0][1][:10])

    def test_a_share_of_what_is_drawn_has_labels(self):
        stream = Stream(source(), 60, labels=few_labels(source(), 6, 0), labeled_share=0.5)
        y = stream.batch(0, 600, targets="label")[1]
        assert (y >= 0).sum() == 300
        assert np.bincount(y[y >= 0]).tolist() == [100, 100, 100]
        assert (stream.reordered(1).batch(0, 600, targets="label")[1] >= 0).sum() == 300

    def test_weights_stay_in_proportion_within_either_kind(self):
        weights = np.where(np.arange(60) % 2, 3.0, 1.0)
        stream = Stream(source(), 60, labels=few_labels(source(), 6, 0), labeled_share=0.5, weights=weights)
        assert stream._probabilities.sum() == pytest.approx(1)
        for kind in (stream.labels >= 0, stream.labels < 0):
            part = stream._probabilities[kind] / weights[kind]
            assert part.max() == pytest.approx(part.min()) and stream._probabilities[kind].sum() == pytest.approx(0.5)

    @pytest.mark.parametrize(("share", "message"), [(1.0, "must lie above 0"), (0.5, "but 60 of 60 have one")])
    def test_a_share_that_cannot_be_is_refused(self, share, message):
        with pytest.raises(DataError, match=message):
            Stream(source(), 4, labeled_share=share)

    def test_load_data_hides_labels_of_images_to_train_on_alone(self):
        train, held_out = load_data("gaussians_25", num_images=500, held_out=50, labeled=50, labeled_share=0.2)
        assert (train.labels >= 0).sum() == 50 and held_out.labels is None
        assert (train.batch(0, targets="label")[1] < 0).any()


def test_sources_know_their_labels():
    np.testing.assert_array_equal(source().labels, LABELS)
    np.testing.assert_array_equal(Subset(source(), [4, 2]).labels, [1, 2])
    assert source(None).labels is None and Subset(source(None), [4, 2]).labels is None
    for dataset, options in (("drawn_faces", {"size": 16}), ("drawn_outlines", {"size": 16}), ("gaussians_25", {})):
        part = load_split(dataset, num_images=20, held_out=5, **options).held_out
        np.testing.assert_array_equal(part.labels, part[np.arange(5)]["label"])


def test_labels_may_be_missing_but_not_be_others():
    assert source(np.where(LABELS == 1, -1, LABELS)).labels.min() == -1
    with pytest.raises(DataError, match=r"label lies in \[-2, 2\], expected 0 to .*, or -1 for an image without one"):
        source(np.where(LABELS == 1, -2, LABELS))


def test_a_folder_unlabeled_is_no_class(tmp_path):
    for number, name in enumerate(("cats", "dogs", "unlabeled", "unlabeled")):
        (tmp_path / name).mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / name / f"{number}.png")
    split = load_split("image_folder", tmp_path, size=8, held_out=0, cache=str(tmp_path / ".cache"))
    assert split.train.class_names == ("cats", "dogs")
    assert split.train.labels.tolist() == [0, 1, -1, -1]
