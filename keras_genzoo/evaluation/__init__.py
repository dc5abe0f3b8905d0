"""Evaluation: numbers with their protocols, measured on subjects beside real images, kept in run folders, compared."""

from typing import TYPE_CHECKING

from keras_genzoo.evaluation.compare import CompareError, compare
from keras_genzoo.evaluation.formats import FORMATS, render
from keras_genzoo.evaluation.labels import Label
from keras_genzoo.evaluation.meter import meter, silent
from keras_genzoo.evaluation.naming import EvaluationError, check_named
from keras_genzoo.evaluation.results import Result, ResultError, append, differences, differing_keys, read
from keras_genzoo.evaluation.tables import Column, Table, describe, place_of
from keras_genzoo.lazily import lazily

if TYPE_CHECKING:
    from keras_genzoo.evaluation.front import evaluate
    from keras_genzoo.evaluation.measure import Evaluation
    from keras_genzoo.evaluation.measurements import Reference
    from keras_genzoo.evaluation.metric import Metric
    from keras_genzoo.evaluation.metrics import ALIASES, METRICS
    from keras_genzoo.evaluation.subjects import (
        ModelSubject,
        NoiseSubject,
        SavedModelSubject,
        SourceSubject,
        Subject,
        pixels_of,
    )

__all__ = [
    "ALIASES",
    "FORMATS",
    "METRICS",
    "Column",
    "CompareError",
    "Evaluation",
    "EvaluationError",
    "Label",
    "Metric",
    "ModelSubject",
    "NoiseSubject",
    "Reference",
    "Result",
    "ResultError",
    "SavedModelSubject",
    "SourceSubject",
    "Subject",
    "Table",
    "append",
    "check_named",
    "compare",
    "describe",
    "differences",
    "differing_keys",
    "evaluate",
    "meter",
    "pixels_of",
    "place_of",
    "read",
    "render",
    "silent",
]

# What measures imports Keras; what was measured is read without it.
_HOMES: dict[str, tuple[str, ...]] = {
    "front": ("evaluate",),
    "measure": ("Evaluation",),
    "measurements": ("Reference",),
    "metric": ("Metric",),
}
_OF_SUBJECTS = ("ModelSubject", "NoiseSubject", "SavedModelSubject", "SourceSubject", "Subject", "pixels_of")
_HOMES |= {"metrics": ("ALIASES", "METRICS"), "subjects": _OF_SUBJECTS}
__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names})
