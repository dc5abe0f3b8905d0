"""Diagnosis: detects failures of a training by a few numbers that are measured now and then."""

from typing import TYPE_CHECKING

from keras_genzoo.diagnosis.advice import ADVICE, Advice
from keras_genzoo.diagnosis.conditions import label_effect, label_share
from keras_genzoo.diagnosis.inputs import range_of
from keras_genzoo.diagnosis.rules import RULES, Past, Rule
from keras_genzoo.diagnosis.scores import overfitting, pairwise_accuracy
from keras_genzoo.diagnosis.timeline import Finding, Observation, Timeline
from keras_genzoo.lazily import lazily

if TYPE_CHECKING:
    from keras_genzoo.diagnosis.distances import classes_covered, copied, coverage, descriptors, diversity, thumbnails
    from keras_genzoo.diagnosis.probe import Probe
    from keras_genzoo.diagnosis.roles import translators_of

__all__ = [
    "ADVICE",
    "RULES",
    "Advice",
    "Finding",
    "Observation",
    "Past",
    "Probe",
    "Rule",
    "Timeline",
    "classes_covered",
    "copied",
    "coverage",
    "descriptors",
    "diversity",
    "label_effect",
    "label_share",
    "overfitting",
    "pairwise_accuracy",
    "range_of",
    "record",
    "thumbnails",
    "translators_of",
]

_DISTANCES = ("classes_covered", "copied", "coverage", "descriptors", "diversity", "thumbnails")
_HOMES = {"Probe": "probe", "translators_of": "roles", **dict.fromkeys(_DISTANCES, "distances")}
__getattr__ = lazily(__name__, _HOMES)  # they compute by Keras
