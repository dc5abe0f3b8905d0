"""Diagnosis: what is wrong with a training, told from a few numbers that are taken now and then while it goes on."""

from keras_genzoo.diagnosis.advice import ADVICE, Advice
from keras_genzoo.diagnosis.chart import Chart, Finding, Look
from keras_genzoo.diagnosis.distances import classes_met, copied, coverage, descriptors, diversity, thumbnails
from keras_genzoo.diagnosis.inputs import range_of
from keras_genzoo.diagnosis.probe import Probe
from keras_genzoo.diagnosis.rules import RULES, Past, Rule
from keras_genzoo.diagnosis.scores import overfitting, told_apart

__all__ = [
    "ADVICE",
    "RULES",
    "Advice",
    "Chart",
    "Finding",
    "Look",
    "Past",
    "Probe",
    "Rule",
    "classes_met",
    "copied",
    "coverage",
    "descriptors",
    "diversity",
    "overfitting",
    "range_of",
    "record",
    "thumbnails",
    "told_apart",
]
