"""25 Gaussians: points by position, with the moments that the paper gives them."""

import numpy as np

from keras_genzoo import images
from keras_genzoo.data import Source, Stream
from keras_genzoo.data.gaussians import CENTERS, DEVIATION, gaussians_25


def test_source_and_split():
    split = gaussians_25(num_images=50, held_out=7)
    assert isinstance(split.train, Source) and (len(split.train), len(split.held_out)) == (50, 7)
    record = split.train[np.arange(5)]
    assert record["image"].shape == (5, *split.train.image_shape) == (5, 1, 1, 2)
    assert record["image"].dtype == np.float32 and record["label"].dtype == np.int32
    other = split.held_out[np.arange(7)]["image"]
    assert not np.isin(other, split.train[np.arange(50)]["image"]).any()
    np.testing.assert_array_equal(split.train[np.array([3, 1])]["image"], record["image"][[3, 1]])
    assert split.train.manifest() != gaussians_25(num_images=50, seed=1).train.manifest()


def test_all_modes_are_alike():
    record = gaussians_25().train[np.arange(50_000)]
    points, label = record["image"].reshape(-1, 2), record["label"]
    counts = np.bincount(label, minlength=25)
    assert counts.min() > 1_800 and counts.max() < 2_200
    for mode, center in enumerate(CENTERS):
        own = points[label == mode] - center
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=DEVIATION / 10)
        np.testing.assert_allclose(np.cov(own.T), np.eye(2) * DEVIATION**2, atol=1.2e-5)
    assert np.abs(points).max() < 1


def test_a_stream_gives_them_as_they_are():
    train = gaussians_25(num_images=64).train
    x, y = Stream(train, 8, shuffle=False).batch(0, targets="label")
    record = train[np.arange(8)]
    np.testing.assert_array_equal(x, record["image"])
    np.testing.assert_array_equal(y, record["label"])


def test_their_picture_is_the_plane():
    sheet = images.grid(np.array([[[[0, 0]]], [[[255, 255]]], [[[255, 255]]]], "uint8"))
    assert sheet.shape == (256, 256, 1)
    assert sheet[255, 0] > sheet[0, 255] == 0  # y goes upwards, and two points are darker than one
    assert (sheet < 255).sum() == 2
