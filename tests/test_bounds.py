"""Numbers that users give: what is taken, and every public number that is checked where it enters."""

import numpy as np
import pytest

from keras_genzoo import metrics
from keras_genzoo.bounds import integer_in
from keras_genzoo.callbacks import Diagnosis
from keras_genzoo.data import ArraySource, Split
from keras_genzoo.evaluation import Evaluation, EvaluationError, NoiseSubject, Reference, evaluate
from keras_genzoo.features.classifier import train_classifier

FEATURES = np.random.default_rng(0).normal(size=(30, 4))
SOURCE = ArraySource(np.zeros((20, 8, 8, 1), "uint8"), [0, 1] * 10)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_integers_are_taken(value):
    found = integer_in(value, 1, 3, "f: n")
    assert found == 3 and type(found) is int


@pytest.mark.parametrize("value", [0, 4, 1.5, 2.0, "2", None, True, np.array([1, 2])])
def test_what_is_no_integer_within_bounds(value):
    with pytest.raises(ValueError, match=r"^f: n=.*, but an integer from 1 to 3 is expected\.$"):
        integer_in(value, 1, 3, "f: n")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.frechet_infinity(FEATURES, FEATURES, seed=-1), "frechet_infinity: seed=-1, but an integer"),
        (lambda: metrics.kernel_distance_of_subsets(FEATURES, FEATURES, 0), "subsets=0, but an integer of at least 1"),
        (lambda: metrics.kernel_distance_of_subsets(FEATURES, FEATURES, 3, 5, 2**32), "seed=4294967296, but"),
        (lambda: metrics.inception_score(FEATURES, splits=0), "inception_score: splits=0"),
        (lambda: metrics.mutual_information_gap(FEATURES, FEATURES, bins=1), "bins=1, but an integer of at least 2"),
        (lambda: metrics.dci(FEATURES, FEATURES, seed=2**32), "dci: seed=4294967296"),
        (lambda: metrics.DensityCoverage(k=0), "DensityCoverage: k=0"),
        (lambda: metrics.PrecisionRecall(k=1.5), "PrecisionRecall: k=1.5"),
        (lambda: metrics.mode_coverage(FEATURES, FEATURES, -0.1), "mode_coverage: got deviation=-0.1"),
        (lambda: metrics.mode_coverage(FEATURES * np.nan, FEATURES, 0.1), "mode_coverage: got points with NaN"),
        (
            lambda: metrics.mse(np.full((1, 8, 8, 1), np.nan), np.zeros((1, 8, 8, 1))),
            r"mse: images lie in \[nan, nan\]",
        ),
        (lambda: Diagnosis(FEATURES, every=0), "Diagnosis: every=0"),
        (lambda: Diagnosis(FEATURES, time_fraction=0), "Diagnosis: time_fraction=0, but a number above 0"),
        (lambda: train_classifier(Split(SOURCE, SOURCE), "x", epochs=0), "train_classifier: epochs=0"),
        (lambda: train_classifier(Split(SOURCE, SOURCE), "x", seed=2**32), "train_classifier: seed=4294967296"),
        (lambda: train_classifier(Split(SOURCE, SOURCE), "My name"), "name='My name', but lowercase letters"),
    ],
)
def test_numbers_out_of_range_are_named(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"num": 0}, "evaluate: num=0, but an integer of at least 1 is expected"),
        ({"num": "ten"}, "evaluate: num='ten'"),
        ({"batch_size": 0}, "evaluate: batch_size=0"),
        ({"seed": 2**32}, "evaluate: seed=4294967296, but an integer from 0 to 4,294,967,295"),
        ({"split": "test"}, "evaluate: split='test', but 'held_out', 'train' or 'all' is expected"),
        ({"features": 3}, "evaluate: features=3, but the name of an extractor"),
        ({"metrics": 3}, "--metrics: got 3, but names are expected"),
        ({"subject": np.zeros((3, 8, 8, 1))}, "evaluate: subject is of type ndarray, but a Run or a path is expected"),
        ({"subject": None}, "evaluate: subject is of type NoneType"),
    ],
)
def test_evaluate_checks_before_it_loads_anything(words, message):
    with pytest.raises(EvaluationError, match=message):
        evaluate(**{"subject": "noise", "data": "drawn_faces", **words})


def test_an_evaluation_checks_its_numbers():
    for words in ({"num": 0}, {"seed": -1}, {"batch_size": 1.5}):
        with pytest.raises(EvaluationError, match=f"Evaluation: {next(iter(words))}="):
            Evaluation(NoiseSubject((8, 8, 1)), Reference(SOURCE, "all"), **words)
