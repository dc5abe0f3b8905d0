"""The arithmetic of positions, for any length of a source, size of a batch, number of turns and seed."""

import itertools
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_genzoo import counter_rng
from keras_genzoo.data import ArraySource, DataError, Stream
from keras_genzoo.data.source import hold_out

few = settings(derandomize=True, deadline=None, max_examples=50)


class Case(NamedTuple):
    """A stream, of which a step plays so many turns; an image's number is its label."""

    stream: Stream
    turns: int

    def numbers(self, position: int) -> list[int]:
        size = self.turns * self.stream.batch_size
        return self.stream.batch(position * size, size, targets="label")[1].tolist()

    def epoch(self, number: int) -> list[list[int]]:
        steps = self.stream.steps(self.turns)
        return [self.numbers(number * steps + step) for step in range(steps)]


def source(length: int) -> ArraySource:
    return ArraySource(np.zeros((length, 1, 1, 1), "uint8"), label=np.arange(length))


seeds = st.integers(0, 2**32 - 1)
positions = st.integers(0, 200) | st.sampled_from([2**31, 2**32])


@st.composite
def cases(draw: Any, shuffle: bool = True) -> Case:
    turns, batch_size = draw(st.integers(1, 5)), draw(st.integers(1, 8))
    length = draw(st.integers(turns * batch_size if shuffle else 1, 80))
    augment = draw(st.sampled_from([(), ("brightness_contrast",), ("flip", "shift", "brightness_contrast")]))
    return Case(Stream(source(length), batch_size, draw(seeds), shuffle, augment), turns)


@pytest.mark.slow
@few
@given(case=cases(), number=st.integers(0, 50))
def test_a_pass_is_every_image_once(case, number):
    length = len(case.stream)
    labels = case.stream.batch(number * length, length, targets="label")[1]
    assert sorted(labels) == list(range(length))


@few
@given(case=cases(), start=positions, size=st.integers(1, 20))
def test_the_row_of_images_does_not_depend_on_the_size_of_batches(case, start, size):
    whole = case.stream.batch(start, 40, targets="label")
    parts = [case.stream.batch(first, min(size, start + 40 - first)) for first in range(start, start + 40, size)]
    np.testing.assert_array_equal(np.concatenate([x for (x,) in parts]), whole[0])
    np.testing.assert_array_equal(case.stream.indices(start, 40), whole[1])


@few
@given(case=cases(shuffle=False))
def test_without_shuffling_an_epoch_is_every_image_once_in_order(case):
    batches = case.epoch(0)
    assert [image for batch in batches for image in batch] == list(range(len(case.stream)))
    assert {len(batch) for batch in batches[:-1]} <= {case.turns * case.stream.batch_size}


@few
@given(data=st.data(), case=cases(), at=st.lists(positions, min_size=1, max_size=6))
def test_a_batch_is_a_function_of_its_position(data, case, at):
    stream, turns = case
    again = Stream(stream.source, stream.batch_size, stream.seed, augment=stream.augment)
    size = turns * stream.batch_size
    found = {first: stream.batch(first, size, targets="label") for first in at}
    for first in data.draw(st.permutations(at)):
        for one, other in zip(found[first], again.batch(first, size, targets="label"), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "examples"), [("tensorflow", 8), ("jax", 50)])
def test_a_stream_from_a_position_on_is_that_from_0_less_what_came_before(backend, examples, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)

    @settings(few, max_examples=examples)
    @given(case=cases(), start=st.integers(0, 12))
    def check(case, start):
        size = case.turns * case.stream.batch_size
        first, later = (case.stream.batches(case.turns, "label", begin) for begin in (0, start * size))
        for batch, other in zip(itertools.islice(first, start, start + 4), later, strict=False):
            for one, same in zip(batch, other, strict=True):
                np.testing.assert_array_equal(one, same)

    check()


@few
@given(length=st.integers(1, 40), batch_size=st.integers(-1, 50), turns=st.integers(1, 5))
def test_a_stream_has_a_step_or_says_why_not(length, batch_size, turns):
    try:
        steps = Stream(source(length), batch_size).steps(turns)
    except DataError as error:
        assert batch_size < 1 or turns * batch_size > length
        assert len(str(error).splitlines()) == 1
    else:
        assert steps >= 1


@few
@given(seed=seeds, epoch=st.integers(0, 2**40), size=st.integers(0, 300))
def test_a_permutation_is_one_and_the_same_again(seed, epoch, size):
    order = counter_rng.permutation(seed, epoch, size)
    assert order.dtype == "int64" and sorted(order) == list(range(size))
    np.testing.assert_array_equal(counter_rng.permutation(seed, epoch, size), order)


@few
@given(data=st.data(), new=st.lists(st.text(max_size=8), min_size=1, max_size=40), share=st.floats(0.05, 0.95))
def test_new_files_move_no_others_between_the_parts_of_a_share(data, new, share):
    old = [f"face {number}.png" for number in range(200)]  # so many that no share of them leaves a part empty
    files = data.draw(st.permutations(sorted({*old, *new})))

    def held_out(names: list[str]) -> set[str]:
        train, held = (
            [names[place] for place in part.positions] for part in hold_out(source(len(names)), names, share)
        )
        assert sorted(train + held) == sorted(names)
        return set(held)

    assert held_out(files) & set(old) == held_out(old)
