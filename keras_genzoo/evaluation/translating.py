"""Translating: a translator in each direction, its translations beside images of the domain that they should be of.

Metrics of samples are measured of translations; those of pairs are measured of translations and their targets.
"""

import functools
from typing import Any, cast

import numpy as np

from keras_genzoo import counter_rng, metrics
from keras_genzoo.capabilities import Translates
from keras_genzoo.data.domains import has_pairs, second_domain
from keras_genzoo.data.source import Source
from keras_genzoo.evaluation.labels import BACK
from keras_genzoo.evaluation.measurements import AT_ONCE, Measurements, Reference, Values, mean_value
from keras_genzoo.evaluation.subjects import ModelSubject, Subject, pixels_of
from keras_genzoo.images import as_pixels
from keras_genzoo.metrics.image_quality import WINDOW

IN_WORDS = {"ab": "A to B", "ba": "B to A"}
"""The directions as protocols have them."""
_BACK = {"ab": "ba", "ba": "ab"}


class TranslationSubject(Subject):
    """Translations of images in one direction: number i is that of the i-th input, in an order drawn by the seed.

    Args:
        translator: the subject whose model translates.
        inputs: the images to translate.
        direction: "ab" or "ba".
    """

    translates = True

    def __init__(self, translator: ModelSubject, inputs: Source, direction: str):
        shape = cast(Translates, translator.model).shapes(direction)[1]
        super().__init__(translator.name, shape, count=len(inputs), model=translator.model)
        self.translator = translator
        self.inputs = inputs
        self.direction = direction

    def images(self, start: int, stop: int, seed: int = 0) -> np.ndarray:
        numbers = counter_rng.permutation(seed, 0, len(self.inputs))[start:stop]  # so that a part is a fair sample
        return self.translated(pixels_of(self.inputs, numbers), numbers, seed)

    def translated(self, x: np.ndarray, numbers: np.ndarray, seed: int) -> np.ndarray:
        """Translations, uint8, of images; `numbers` are their places in their source."""
        return self.translator.pixels(self.translator.translations(x, self.direction, numbers, seed))

    def identity(self) -> dict[str, Any]:
        """That of the model, its direction, and the manifest of what it translates."""
        return {**self.translator.identity(), "direction": self.direction, "inputs": self.inputs.manifest()}


class Translations(Measurements):
    """Measurements of a translator in one direction.

    Args:
        whole: the translator beside the images of domain A and, paired or not, of domain B.
        direction: "ab" or "ba".
    """

    def __init__(self, whole: Measurements, direction: str):
        reference = whole.reference
        inputs = _domains(reference.inputs or reference.source, direction)[0]
        real = _domains(reference.source, direction)[1]
        train = None if reference.train is None else _domains(reference.train, direction)[1]
        subject = TranslationSubject(cast(ModelSubject, whole.subject), cast(Source, inputs), direction)
        super().__init__(
            subject,
            Reference(cast(Source, real), reference.split, train),
            whole.extractor,
            num=min(whole.num, len(subject.inputs)),
            seed=whole.seed,
            batch_size=whole.batch_size,
            watch=whole.watch,
            cache=whole.cache,
            keep=whole.keep,
        )
        self.subject: TranslationSubject = subject
        self.direction = direction
        self.suffix = "" if direction == "ab" else BACK
        self.pairs = reference if has_pairs(reference.source) else None

    def generated_protocol(self, count: int) -> dict[str, Any]:
        inputs = {**self.subject.inputs.manifest(), "count": len(self.subject.inputs)}
        protocol = super().generated_protocol(count)
        return {**protocol, "direction": IN_WORDS[self.direction], "translated": inputs}

    @functools.cached_property
    def target_quality(self) -> dict[str, np.ndarray]:
        """L1, PSNR and SSIM of the translation and the target of each input that has one."""
        assert self.pairs is not None  # as `needs.pairs` has checked
        source, functions = self.pairs.source, {"l1": metrics.l1, "psnr": metrics.psnr}
        if min(self.subject.image_shape[:2]) >= WINDOW:
            functions["ssim"] = metrics.ssim
        found: dict[str, list[np.ndarray]] = {name: [] for name in functions}
        with self.watch(f"translations of {len(source):,} images", len(source)) as advance:
            for first in range(0, len(source), AT_ONCE):
                numbers = np.arange(first, min(first + AT_ONCE, len(source)))
                record = source[numbers]
                x, y = (as_pixels(record[column]) for column in ("image", "target"))
                x, y = (x, y) if self.direction == "ab" else (y, x)
                made = self.subject.translated(x, numbers, self.seed)
                for name, function in functions.items():
                    found[name].append(function(y, made))
                advance(len(numbers))
        return {name: np.concatenate(values) for name, values in found.items()}

    def quality_of_targets(self, name: str, number: str, mean: str) -> Values:
        """The mean of a measure of translations and their targets.

        Args:
            name: string, a key of `target_quality`.
            number: string, the name of the value.
            mean: string, what the mean is over, for the protocol.
        """
        assert self.pairs is not None
        protocol = {"real": self.pairs.protocol(), "direction": IN_WORDS[self.direction], "pixels": "0..1"}
        return mean_value(number, self.target_quality[name], {**protocol, "mean": mean})


def directions_of(whole: Measurements) -> list[Measurements]:
    """Measurements of a translator in each of its directions; none without images of both domains."""
    found: list[Measurements] = []
    for direction in cast(Translates, whole.subject.model).directions:
        inputs = _domains(whole.reference.inputs or whole.reference.source, direction)[0]
        real = _domains(whole.reference.source, direction)[1]
        if inputs and real:  # neither None nor empty
            found.append(Translations(whole, direction))
    return found


def cycle_errors(whole: Measurements) -> Values:
    """The mean absolute difference of an image from its round trip, of the images of each domain."""
    values: Values = {}
    subject = cast(ModelSubject, whole.subject)
    for direction, name in (("ab", "cycle_error_a"), ("ba", "cycle_error_b")):
        source = _domains(whole.reference.source, direction)[0]
        if not source:
            continue
        found = []
        with whole.watch(f"round trips of {len(source):,} images", len(source)) as advance:
            for first in range(0, len(source), AT_ONCE):
                numbers = np.arange(first, min(first + AT_ONCE, len(source)))
                x = pixels_of(source, numbers)
                there = subject.translations(x, direction, numbers, whole.seed)
                back = subject.translations(there, _BACK[direction], numbers, whole.seed)
                found.append(metrics.l1(x, subject.pixels(back)))
                advance(len(numbers))
        real = {**source.manifest(), "count": len(source), "split": whole.reference.split}
        values |= mean_value(name, np.concatenate(found), {"real": real, "pixels": "0..1", "mean": "over images"})
    return values


def _domains(source: Source, direction: str) -> tuple[Source | None, Source | None]:
    """The images that are translated in a direction, and those of the domain that translations should be of."""
    pair = source, second_domain(source)
    return pair if direction == "ab" else pair[::-1]
