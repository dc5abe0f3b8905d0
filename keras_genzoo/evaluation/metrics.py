"""The table of metrics, each of which is declared once."""

from collections.abc import Mapping

from keras_genzoo.evaluation.metric import Metric
from keras_genzoo.evaluation.of_models import METRICS_OF_MODELS
from keras_genzoo.evaluation.of_samples import METRICS_OF_SAMPLES
from keras_genzoo.evaluation.of_translations import METRICS_OF_TRANSLATIONS

METRICS: Mapping[str, Metric] = {
    metric.name: metric for metric in METRICS_OF_MODELS + METRICS_OF_TRANSLATIONS + METRICS_OF_SAMPLES
}
"""All metrics by name, in the order in which they are measured and in which their columns stand."""
ALIASES: Mapping[str, str] = {alias: metric.name for metric in METRICS.values() for alias in metric.aliases}
"""The field's names for some of them; "fid" and "kid" are right for Inception's features alone."""
