"""Diversity, coverage and copies of images whose relation is known."""

import numpy as np
import pytest

from keras_genzoo.diagnosis import classes_covered, copied, coverage, descriptors, diversity, thumbnails

RANDOM = np.random.default_rng(0)
REAL = np.tanh(RANDOM.normal(size=(400, 1, 1, 3)) + RANDOM.normal(size=(400, 4, 4, 3))).repeat(8, 1).repeat(8, 2)
OTHERS = np.tanh(RANDOM.normal(size=(64, 1, 1, 3)) + RANDOM.normal(size=(64, 4, 4, 3))).repeat(8, 1).repeat(8, 2)


def rows(images):
    small = thumbnails(images)
    return small.reshape(len(small), -1)


def noisy(images, size=0.02):
    return images + size * RANDOM.normal(size=images.shape)


def test_thumbnails_are_means_of_pixels():
    images = RANDOM.uniform(-1, 1, (3, 32, 48, 2))
    small = thumbnails(images)
    assert small.shape == (3, 16, 16, 2)
    np.testing.assert_allclose(small, images.reshape(3, 16, 2, 16, 3, 2).mean(axis=(2, 4)), atol=1e-6)
    np.testing.assert_allclose(thumbnails(images[:, :8, :8]), images[:, :8, :8], atol=1e-6)


def test_descriptors_are_the_same_each_time_and_forgive_shifts():
    one = thumbnails(REAL[:20])
    np.testing.assert_array_equal(descriptors(one), descriptors(one.copy()))
    shifted = thumbnails(np.roll(REAL[:20], 1, axis=2))
    far = np.linalg.norm(descriptors(one) - descriptors(thumbnails(OTHERS[:20])), axis=1)
    near = np.linalg.norm(descriptors(one) - descriptors(shifted), axis=1)
    assert near.mean() < 0.25 * far.mean()
    points = RANDOM.normal(size=(5, 1, 1, 2))  # too small for a filter
    np.testing.assert_allclose(descriptors(points), points.reshape(5, 2), rtol=1e-6)


@pytest.mark.parametrize("of", [rows, lambda images: descriptors(thumbnails(images))])
def test_diversity(of):
    real = of(REAL[:64])
    spread, nearest = diversity(of(OTHERS), real)
    assert 0.9 < spread < 1.1 and 0.85 < nearest < 1.15
    spread, nearest = diversity(of(noisy(np.repeat(REAL[:1], 64, axis=0), 1e-3)), real)
    assert spread < 0.01 and nearest < 0.01
    spread, nearest = diversity(of(noisy(REAL[np.arange(64) % 8])), real)
    assert 0.7 < spread < 1.3 and nearest < 0.1  # eight kinds: the mean distance does not tell


def test_diversity_is_of_equal_numbers_of_images():
    one, other = rows(OTHERS), rows(REAL)
    assert diversity(one, other) == diversity(one, other[:64])


def test_diversity_in_closed_form():
    real = np.array([[0.0], [1.0], [3.0]])  # distances 1, 2, 3; nearest 1, 1, 2
    assert diversity(2 * real, real) == pytest.approx((2.0, 2.0))
    assert diversity(np.zeros((3, 1)), real) == (0.0, 0.0)
    assert diversity(real, np.zeros((3, 1))) == (np.inf, np.inf)


def test_coverage():
    real = rows(REAL[:100])
    assert coverage(real, real) == 1.0
    assert coverage(rows(OTHERS), real) > 0.8
    assert coverage(rows(REAL[:1]), real) < 0.2
    assert coverage(rows(np.zeros_like(OTHERS) + 5.0), real) == 0.0


class TestCopies:
    train, held_out = rows(REAL[:200]), rows(REAL[200:])

    def test_who_has_learned_gives_none(self):
        assert abs(copied(rows(OTHERS), self.held_out, self.train)) < 0.1

    def test_who_has_stored_gives_nothing_else(self):
        assert copied(rows(noisy(REAL[:64], 0.1)), self.held_out, self.train) == 1.0
        assert copied(self.train[:64], self.held_out, self.train) == 1.0
        few = self.train[:32]
        assert copied(few + 0.02, self.held_out, few) == 1.0

    def test_half_of_them(self):
        half = np.concatenate([rows(noisy(REAL[:32])), rows(OTHERS[:32])])
        assert copied(half, self.held_out, self.train) == pytest.approx(0.5, abs=0.05)

    def test_smooth_images_are_near_all_others_and_no_copies(self):
        mixed = 0.25 * (self.train[:40] + self.train[40:80] + self.train[80:120] + self.train[120:160])
        assert abs(copied(mixed, self.held_out, self.train)) < 0.05

    def test_images_that_the_data_hold_many_times(self):
        same = np.repeat(self.train[:10], 10, axis=0)
        assert copied(same[:20], same[20:40], same) == 0.0


class TestClasses:
    """Ten classes on a line, a hundred images of each, in random order."""

    labels = np.random.default_rng(1).permutation(np.arange(1000) % 10)
    train = labels[:, None] + 0.05 * RANDOM.normal(size=(1000, 1))

    @pytest.mark.parametrize("covered", [1, 3, 10])
    def test_classes_that_samples_are_of(self, covered):
        samples = np.arange(64)[:, None] % covered + 0.05 * RANDOM.normal(size=(64, 1))
        assert classes_covered(samples, self.train, self.labels) == covered / 10

    def test_few_samples_are_compared_with_as_few_images(self):
        few = len(np.unique(self.labels[:5]))
        assert classes_covered(np.arange(5.0)[:, None], self.train, self.labels) == 5 / few
