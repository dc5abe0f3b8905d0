import keras
import numpy as np
import pytest

from keras_genzoo.data import AUGMENTATIONS, ArraySource, DataError, Stream
from keras_genzoo.images import from_pixels

SHAPE = (16, 8, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (23, *SHAPE), dtype="uint8")
PIXELS[:, 0, 0, 0] = np.arange(23)  # an image's number is in its corner


def source(**columns):
    return ArraySource(PIXELS, name="faces/", **columns)


def stream(batch_size=4, **arguments):
    return Stream(source(), batch_size, **arguments)


def numbers(x):
    """Which images these are, if they are not augmented."""
    return np.rint((x[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist()


def epoch(one, number, turns=1):
    """The numbers of the images of an epoch of as many steps as fill no more than a pass, in order."""
    size = turns * one.batch_size
    first = number * one.steps(turns) * size
    return [n for step in range(one.steps(turns)) for n in numbers(one.batch(first + step * size, size)[0])]


def test_batches_are_floats_of_the_pixels():
    (x,) = stream(shuffle=False).batch(4)
    assert x.dtype == "float32" and x.flags.c_contiguous
    np.testing.assert_array_equal(x, from_pixels(PIXELS[4:8]))


def test_float_sources_pass_through():
    images = from_pixels(PIXELS)
    (x,) = Stream(ArraySource(images), 4, shuffle=False).batch(0)
    np.testing.assert_array_equal(x, images[:4])


def test_an_epoch_visits_an_image_once_in_an_order_of_its_own():
    one = stream(batch_size=1)
    orders = [epoch(one, number) for number in range(3)]
    for order in orders:
        assert sorted(order) == list(range(23))
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert epoch(stream(batch_size=1, seed=1), 0) != orders[0]


def test_what_does_not_fill_a_step_comes_first_in_the_next_epoch():
    one = stream(batch_size=4)
    assert (one.steps(), one.steps(turns=5)) == (5, 1)
    assert len(set(epoch(one, 0))) == 20
    assert set(epoch(one, 0)) | set(epoch(one, 1)[:3]) == set(range(23))


def test_the_row_of_images_is_the_same_in_batches_of_any_size():
    row = numbers(stream(batch_size=1).batch(0, 60)[0])
    assert [sorted(row[first : first + 23]) for first in (0, 23)] == [list(range(23))] * 2
    small, large = stream(batch_size=3), stream(batch_size=3).at(batch_size=7)
    assert [n for first in range(0, 60, 3) for n in numbers(small.batch(first)[0])] == row
    assert [n for first in range(0, 56, 7) for n in numbers(large.batch(first)[0])] == row[:56]
    np.testing.assert_array_equal(small.indices(5, 30), row[5:35])


def test_a_batch_is_a_function_of_its_position():
    one, other = (
        stream(augment=("flip", "shift", "brightness_contrast")),
        stream(augment=("flip", "shift", "brightness_contrast")),
    )
    forward = [one.batch(4 * step)[0] for step in range(12)]
    for step in reversed(range(12)):
        np.testing.assert_array_equal(other.batch(4 * step)[0], forward[step])


def test_turns_take_the_images_of_as_many_batches():
    one = stream(batch_size=2)
    turns = np.concatenate([one.batch(first)[0] for first in range(40, 50, 2)])
    np.testing.assert_array_equal(one.batch(40, 10)[0], turns)


def test_held_out_images_come_once_in_order_and_keep_the_remainder():
    one = stream(batch_size=5, shuffle=False, augment=("flip",))
    assert one.steps() == 5
    batches = [one.batch(first)[0] for first in range(0, 25, 5)]
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(np.concatenate(batches), from_pixels(PIXELS))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.data is TensorFlow's")
class TestTfData:
    def test_carries_the_same_batches_from_any_start(self):
        one = stream(augment=("flip", "brightness_contrast"))
        data = one.batches(turns=2, start=5)
        for first, (x,) in zip(range(5, 53, 8), data, strict=False):  # over the ends of two passes
            np.testing.assert_array_equal(x, one.batch(first, 8)[0])

    def test_has_static_shapes_and_no_end(self):
        data = stream().batches(turns=2)
        assert data.element_spec[0].shape == (8, *SHAPE)
        assert int(data.cardinality()) < 0

    def test_passes_once_over_held_out_images(self):
        data = stream(batch_size=5, shuffle=False).batches()
        assert data.element_spec[0].shape == (None, *SHAPE) and int(data.cardinality()) == 5
        for _ in range(2):
            np.testing.assert_array_equal(np.concatenate([x for (x,) in data]), from_pixels(PIXELS))

    def test_carries_targets(self):
        one = Stream(source(label=np.arange(23)), 4)
        x, y = next(iter(one.batches(targets="label", start=1)))
        np.testing.assert_array_equal(y, numbers(x))
        assert y.dtype == "int32" and y.shape == (4,)


class TestElsewhere:
    @pytest.fixture(autouse=True)
    def another_backend(self, monkeypatch):
        monkeypatch.setattr(keras.backend, "backend", lambda: "jax")

    def test_a_generator_carries_the_same_batches_from_any_start(self):
        one = stream(augment=("flip", "brightness_contrast"))
        for first, (x,) in zip(range(5, 53, 8), one.batches(turns=2, start=5), strict=False):
            np.testing.assert_array_equal(x, one.batch(first, 8)[0])

    def test_a_pass_can_be_read_again(self):
        data = stream(batch_size=5, shuffle=False).batches()
        assert isinstance(data, keras.utils.PyDataset) and len(data) == 5
        for _ in range(2):
            batches = [data[position][0] for position in range(5)]
            np.testing.assert_array_equal(np.concatenate(batches), from_pixels(PIXELS))


def test_labels_and_pairs_go_with_their_images():
    one = Stream(source(label=np.arange(23), target=PIXELS[::-1]), 4)
    x, y = one.batch(8, targets="label")
    np.testing.assert_array_equal(y, numbers(x))
    x, y = one.batch(8, targets="target")
    np.testing.assert_array_equal(y, from_pixels(PIXELS[::-1][numbers(x)]))


class TestAugmentation:
    def augmented(self, *augment, seed=0, batch_size=1, **columns):
        """Images by their number, from one epoch of batches of that size; numbers are found by the order."""
        plain = Stream(source(**columns), batch_size, seed=seed)
        one = Stream(source(**columns), batch_size, seed=seed, augment=augment)
        targets = "target" if columns else None
        found = {}
        for first in range(0, 23, batch_size):
            parts = one.batch(first, targets=targets)
            for row, number in enumerate(numbers(plain.batch(first)[0])):
                found[number] = tuple(part[row] for part in parts)
        return found

    def test_does_not_depend_on_the_rest_of_the_batch(self):
        alone = self.augmented("shift", "flip", "brightness_contrast", batch_size=1)
        together = self.augmented("shift", "flip", "brightness_contrast", batch_size=23)
        for number, (image,) in alone.items():
            np.testing.assert_array_equal(together[number][0], image)

    def test_changes_from_epoch_to_epoch_and_with_the_seed(self):
        one = Stream(ArraySource(PIXELS[:1]), 1, augment=("shift", "brightness_contrast"))
        draws = {one.batch(first)[0].tobytes() for first in range(20)}
        assert len(draws) == 20
        other = Stream(ArraySource(PIXELS[:1]), 1, seed=1, augment=("shift", "brightness_contrast"))
        assert other.batch(0)[0].tobytes() not in draws

    def test_a_paired_image_gets_the_same_geometry_and_its_own_colors(self):
        found = self.augmented("flip", "shift", "brightness_contrast", target=PIXELS)
        plain = self.augmented("flip", "shift", target=PIXELS)
        for number, (image, target) in found.items():
            np.testing.assert_array_equal(target, plain[number][0])
            np.testing.assert_array_equal(target, plain[number][1])
            assert np.abs(image - target).max() > 0

    def test_does_not_depend_on_what_else_is_registered(self, monkeypatch):
        one = stream(augment=("flip", "brightness_contrast"))
        before = one.batch(0)[0]
        monkeypatch.setitem(AUGMENTATIONS._entries, "a_first_one", lambda images, numbers: images)
        np.testing.assert_array_equal(one.batch(0)[0], before)

    def test_flips_about_half(self):
        one = Stream(ArraySource(np.repeat(PIXELS[:1], 400, axis=0)), 400, augment=("flip",))
        flipped = [(x == from_pixels(PIXELS[0])[:, ::-1]).all() for x in one.batch(0)[0]]
        kept = [(x == from_pixels(PIXELS[0])).all() for x in one.batch(0)[0]]
        assert 150 < sum(flipped) < 250 and sum(flipped) + sum(kept) == 400

    def test_shifts_by_whole_pixels_either_way_with_mirrored_borders(self):
        ramp = np.broadcast_to(np.arange(64, dtype="float32")[:, None, None] / 64, (64, 64, 1))
        one = Stream(ArraySource(np.repeat(ramp[None], 300, axis=0)), 300, augment=("shift",))
        rows = np.rint(one.batch(0)[0][:, :, 0, 0] * 64).astype(int)
        offsets = rows[:, 32] - 32
        assert set(offsets) == set(range(-4, 5))  # 1/16 of 64
        for row, offset in zip(rows, offsets, strict=True):
            expected = np.abs(np.arange(64) + offset)
            np.testing.assert_array_equal(row, np.where(expected > 63, 126 - expected, expected))

    def test_colors_stay_in_range_and_near(self):
        found = self.augmented("brightness_contrast")
        for number, (image,) in found.items():
            assert image.min() >= -1 and image.max() <= 1
            assert 0 < np.abs(image - from_pixels(PIXELS[number])).max() <= 0.2 + 1e-5

    @pytest.mark.parametrize("name", list(AUGMENTATIONS))
    def test_gives_what_it_takes(self, name):
        images = from_pixels(PIXELS)
        result = AUGMENTATIONS[name](images, np.random.default_rng(0).random((23, 4), dtype="float32"))
        assert result.shape == images.shape and result.dtype == "float32"
        np.testing.assert_array_equal(images, from_pixels(PIXELS))  # not in place


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: stream(batch_size=24),
            "batch_size=24 is larger than the data: faces/ has 23 images; give a batch_size of at most 23",
        ),
        (lambda: stream(batch_size=0), "batch_size=0 must be at least 1"),
        (
            lambda: stream(batch_size=8).steps(turns=5),
            "5 turns of batch_size=8, 40 images, but faces/ has 23; give a batch_size of at most 4",
        ),
        (lambda: stream().batch(0, targets="label"), "faces/ has no labels, and this model needs them as y"),
        (lambda: stream().batch(0, targets="target"), "faces/ has no targets, and this model needs them as y"),
    ],
)
def test_data_that_cannot_be_used(make, message):
    with pytest.raises(DataError, match=message):
        make()


def test_an_unknown_augmentation():
    with pytest.raises(ValueError, match="there is no augmentation 'flp': did you mean 'flip'"):
        stream(augment=("flp",))


def test_a_held_out_part_may_be_smaller_than_a_batch():
    one = stream(batch_size=64, shuffle=False)
    assert one.steps() == 1 and len(one.batch(0)[0]) == 23


def test_it_tells_what_it_streams():
    one = stream()
    assert (len(one), one.image_shape, one.batch_size) == (23, SHAPE, 4)


def test_images_are_reduced_by_the_mean_of_blocks():
    small = stream(shuffle=False).at(image_size=4)
    assert small.image_shape == (4, 2, 3)
    expected = from_pixels(PIXELS[:4]).reshape(4, 4, 4, 2, 4, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small.batch(0)[0], expected, atol=1e-6)
    with pytest.raises(DataError, match=r"images of 16 x 8 pixels cannot be reduced to a height of 5 by whole blocks"):
        stream().at(image_size=5)
