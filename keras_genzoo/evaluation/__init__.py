"""Evaluation: numbers with their protocols, measured on subjects beside real images, kept in run folders, compared."""

from keras_genzoo.evaluation.compare import CompareError, compare
from keras_genzoo.evaluation.formats import FORMATS, render
from keras_genzoo.evaluation.front import evaluate
from keras_genzoo.evaluation.measure import Evaluation
from keras_genzoo.evaluation.measurements import Reference
from keras_genzoo.evaluation.meter import meter, silent
from keras_genzoo.evaluation.metric import Label, Metric
from keras_genzoo.evaluation.metrics import ALIASES, METRICS
from keras_genzoo.evaluation.results import Result, ResultError, append, differences, differing_keys, read
from keras_genzoo.evaluation.subjects import (
    EvaluationError,
    ModelSubject,
    NoiseSubject,
    SavedModelSubject,
    SourceSubject,
    Subject,
    pixels_of,
)
from keras_genzoo.evaluation.tables import Column, Table, describe, place_of

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
