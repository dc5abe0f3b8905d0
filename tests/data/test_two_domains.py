"""Sources of two domains, and streams of unpaired images: two rows side by side, each with an order of its own."""

import keras
import numpy as np
import pytest

from keras_genzoo.data import ArraySource, DataError, Stream
from keras_genzoo.data.source import Source, Subset, Targets, hold_out
from keras_genzoo.data.weighting import content_of
from keras_genzoo.images import from_pixels
from keras_genzoo.training.streams import some_of


def numbered(count, first=0, channels=3):
    """Images whose number is in their corner."""
    images = np.random.default_rng(first).integers(0, 256, (count, 8, 8, channels), dtype="uint8")
    images[:, 0, 0, 0] = first + np.arange(count)
    return images


def source(a=7, b=5, **columns):
    return ArraySource(numbered(a), name="A/", other=ArraySource(numbered(b, 100), name="B/"), **columns)


def numbers(x):
    return np.rint((x[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist()


def test_each_domain_has_passes_of_its_own():
    stream = Stream(source(), 5)
    x, y = stream.batch(0, 35, targets="other")
    a, b = numbers(x), numbers(y)
    for first in range(0, 35, 7):
        assert sorted(a[first : first + 7]) == list(range(7))
    for first in range(0, 35, 5):
        assert sorted(b[first : first + 5]) == list(range(100, 105))
    passes = [tuple(b[first : first + 5]) for first in range(0, 35, 5)]
    assert len(set(passes)) > 1


def test_the_orders_are_not_the_same():
    same = ArraySource(numbered(20), other=ArraySource(numbered(20)))
    x, y = Stream(same, 20).batch(0, targets="other")
    assert sorted(numbers(x)) == sorted(numbers(y)) and numbers(x) != numbers(y)


@pytest.mark.parametrize(("a", "b"), [(7, 5), (5, 7)])
def test_an_epoch_is_the_longer_of_the_two(a, b):
    stream = Stream(source(a, b), 2)
    assert (len(stream), stream.steps(), stream.steps(2)) == (7, 3, 1)
    assert len(stream.at(batch_size=3)) == 7 and stream.at(batch_size=3).steps() == 2
    held_out = Stream(source(a, b), 3, shuffle=False)
    assert (len(held_out), held_out.steps()) == (7, 3)


@pytest.mark.parametrize(("a", "b"), [(7, 5), (5, 7)])
def test_validation_is_one_pass_over_the_longer_and_the_shorter_wraps(a, b):
    stream = Stream(source(a, b), 3, shuffle=False)
    batches = [stream.batch(first, targets="other") for first in (0, 3, 6)]
    assert [len(x) for x, _ in batches] == [3, 3, 1]
    found = [[n for batch in batches for n in numbers(batch[side])] for side in (0, 1)]
    assert found == [[n % a for n in range(7)], [100 + n % b for n in range(7)]]
    assert len(stream.batch(9, targets="other")[0]) == 0
    np.testing.assert_array_equal(stream.indices(6, 9), [6 % a])


def test_batches_of_any_size_are_the_same_two_rows():
    stream = Stream(source(7, 5), 2, augment=("flip", "jitter"))
    whole = stream.batch(0, 24, targets="other")
    for size in (3, 4):
        parts = [stream.at(batch_size=size).batch(first, targets="other") for first in range(0, 24, size)]
        for side in (0, 1):
            np.testing.assert_array_equal(np.concatenate([part[side] for part in parts]), whole[side])


def test_each_domain_is_augmented_by_draws_of_its_own():
    same = np.repeat(numbered(1), 64, axis=0)
    x, y = Stream(ArraySource(same, other=ArraySource(same)), 64, augment=("flip",)).batch(0, targets="other")
    flipped = [(side == from_pixels(same)[:, :, ::-1]).all(axis=(1, 2, 3)) for side in (x, y)]
    assert 16 < flipped[0].sum() < 48 and 16 < flipped[1].sum() < 48 and (flipped[0] != flipped[1]).any()
    colored = Stream(ArraySource(same, other=ArraySource(same)), 64, augment=("brightness_contrast",))
    y = colored.batch(0, targets="other")[1]
    assert np.abs(y - from_pixels(same)).max() > 0  # as x: it is not a target that must keep its colors


def test_another_order_is_another_of_both():
    stream = Stream(source(20, 20), 20)
    x, y = stream.batch(0, targets="other")
    u, v = stream.reordered(1).batch(0, targets="other")
    assert numbers(x) != numbers(u) and numbers(y) != numbers(v)
    np.testing.assert_array_equal(stream.batch(0, targets="other")[1], y)


def test_both_domains_are_reduced():
    x, y = Stream(source(), 2).at(image_size=4).batch(0, targets="other")
    assert x.shape == y.shape == (2, 4, 4, 3)


def test_weights_are_of_the_first_domain():
    stream = Stream(source(), 5, weights=np.array([1, 0, 0, 0, 0, 0, 0]))
    x, y = stream.batch(0, targets="other")
    assert set(numbers(x)) == {0} and sorted(numbers(y)) == list(range(100, 105))


def test_targets_are_a_second_domain_in_an_order_of_their_own():
    pairs = ArraySource(numbered(20), target=numbered(20, 100, channels=1), name="pairs/")
    stream = Stream(pairs, 20)
    x, y = stream.batch(0, targets="other")
    assert y.shape == (20, 8, 8, 1) and sorted(numbers(y)) == list(range(100, 120))
    assert [n - 100 for n in numbers(y)] != numbers(x)
    assert len(stream) == 20
    view = Targets(pairs)
    assert (len(view), view.image_shape, view.name) == (20, (8, 8, 1), "pairs/ (targets)")
    assert view.manifest() != pairs.manifest() and isinstance(view, Source)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.data is TensorFlow's")
@pytest.mark.parametrize(("a", "b"), [(7, 5), (5, 7)])
def test_tf_data_carries_the_same_batches(a, b):
    stream = Stream(source(a, b), 2)
    for first, (x, y) in zip(range(1, 40, 4), stream.batches(2, "other", start=1), strict=False):
        for found, expected in zip((x, y), stream.batch(first, 4, "other"), strict=True):
            np.testing.assert_array_equal(found, expected)
    held_out = Stream(source(a, b), 3, shuffle=False).batches(targets="other")
    assert int(held_out.cardinality()) == 3
    assert sum(len(y) for _, y in held_out) == 7


def test_a_pass_elsewhere_has_the_same_batches(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    stream = Stream(source(5, 7), 3, shuffle=False)
    data = stream.batches(targets="other")
    assert len(data) == 3
    assert [n for place in range(3) for n in numbers(data[place][0])] == [0, 1, 2, 3, 4, 0, 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Stream(source(7, 5), 6), "batch_size=6 is larger than the data: B/ has 5 images"),
        (lambda: Stream(source(5, 7), 6), "batch_size=6 is larger than the data: A/ has 5 images"),
        (lambda: Stream(source(7, 5), 3).steps(2), "2 turns of batch_size=3, 6 images, but B/ has 5; give a batch_"),
        (lambda: Stream(source(7, 0), 3, shuffle=False), "B/ has no images, but the other domain has 7"),
        (
            lambda: Stream(ArraySource(numbered(4), name="faces/"), 2).batch(0, targets="other"),
            "faces/ has no images of a second domain, and this model needs them as y: take a dataset of two domains, "
            r"such as 'unpaired' \(a folder\) or 'drawn_smiles'; or take a dataset of pairs",
        ),
        (
            lambda: Stream(ArraySource(numbered(4), name="faces/"), 2).batch(0, targets="target"),
            "faces/ has no targets, and this model needs them as y: take a dataset of pairs, such as 'pairs'",
        ),
    ],
)
def test_data_that_cannot_be_used(make, message):
    with pytest.raises(DataError, match=message):
        make()


class TestParts:
    def test_a_subset_keeps_the_second_domain_or_takes_a_part_of_it(self):
        whole = source()
        assert Subset(whole, [1, 2]).other is whole.other
        part = Subset(whole.other, [0, 1])
        assert Subset(whole, [1, 2], part).other is part
        assert Subset(Subset(whole, [1, 2], part), [0]).other is part

    def test_holding_out_splits_both(self):
        split = hold_out(source(40, 30), [f"{n}.png" for n in range(40)], 0.25)
        for a, b in ((split.train, split.train.other), (split.held_out, split.held_out.other)):
            assert len(a) and len(b)
        whole = [
            set(part[np.arange(len(part))]["image"][:, 0, 0, 0]) for part in (split.train.other, split.held_out.other)
        ]
        assert not whole[0] & whole[1] and len(whole[0] | whole[1]) == 30
        numbered_split = hold_out(source(40, 30), [f"{n}.png" for n in range(40)], 3, [f"b{n}" for n in range(30)])
        assert (len(numbered_split.held_out), len(numbered_split.held_out.other)) == (3, 3)
        with pytest.raises(DataError, match="B/: held_out=30 leaves none of the 30 images"):
            hold_out(source(40, 30), [f"{n}.png" for n in range(40)], 30)

    def test_some_of_them_are_some_of_both(self):
        some = some_of(source(7, 5), 4)
        assert (len(some), len(some.other)) == (4, 4)
        assert len(some_of(source(3, 5), 4)) == 3 and len(some_of(source(3, 5), 4).other) == 4
        few = source(3, 2)
        assert some_of(few, 4) is few

    def test_a_manifest_holds_both_and_its_content_no_names(self):
        manifest = source().manifest()
        assert manifest["other"]["count"] == 5
        assert Subset(source(), [0]).manifest()["other"]["count"] == 5
        content = content_of({"kind": "x", "name": "A/", "other": {"kind": "x", "name": "B/", "pillow": "1"}})
        assert content == {"kind": "x", "other": {"kind": "x"}}
        other = ArraySource(numbered(7), name="A/", other=ArraySource(numbered(5, 50), name="B/"))
        assert manifest != other.manifest()
