"""Metrics and features by their names, as users write them."""

from collections.abc import Iterable

from keras_genzoo.artifacts import classifier_of
from keras_genzoo.evaluation.metrics import ALIASES, METRICS
from keras_genzoo.evaluation.subjects import EvaluationError
from keras_genzoo.features.extractors import Extractor, ExtractorError, load_extractor
from keras_genzoo.registry import did_you_mean


def metrics_and_extractor(
    metrics: str | Iterable[str] | None, features: str | None, inception_weights: str | None, samples: bool = True
) -> tuple[list[str] | None, Extractor | None]:
    """The metrics by their names in `METRICS`, and the extractor, if one of them needs it.

    Args:
        metrics: names, or a string of names with commas between them; None for all that are possible.
        features: as for `load_extractor`, or the name of a pretrained classifier; Inception by default.
        inception_weights: optional path of Inception's weights.
        samples: bool, whether the subject makes images; else metrics of features are not possible.

    Raises:
        EvaluationError: there is no such metric, or it has another name in these features.
        ExtractorError: the extractor cannot be had.
    """
    given = names_of(metrics)
    names = None if given is None else [ALIASES.get(name, name) for name in given]
    extractor = None
    if (samples and names is None) or any(METRICS[name].of_features for name in names or ()):
        try:
            extractor = load_extractor(str(classifier_of(features or "") or features or "inception"), inception_weights)
        except ExtractorError as error:
            if features or given:
                raise
            raise ExtractorError(f"{error} Or name other features by --features.") from error
        for name in given or ():
            if name not in METRICS and METRICS[ALIASES[name]].of_features:
                called = extractor.metric_name(ALIASES[name])
                if not called.startswith(name):
                    raise EvaluationError(
                        f"--metrics: {name} is measured in the features of Inception; in those of '{extractor.name}' "
                        f"ask for {ALIASES[name]}, which is reported as {called}."
                    )
    return names, extractor


def names_of(metrics: str | Iterable[str] | None) -> list[str] | None:
    """Names of metrics in a list, checked; arguments and errors as for `metrics_and_extractor`."""
    if metrics is None:
        return None
    words = metrics.split(",") if isinstance(metrics, str) else metrics
    words = list(words) if isinstance(words, Iterable) else [words]
    if not all(isinstance(word, str) for word in words):
        raise EvaluationError(f"--metrics: got {metrics!r}, but names are expected, such as losses,mse.")
    names = [name.strip().lower() for name in words if name.strip()]
    known = [*METRICS, *ALIASES]
    for name in names:
        if name not in known:
            raise EvaluationError(f"--metrics: there is no metric '{name}'; {did_you_mean(name, known)}")
    if not names:
        raise EvaluationError(f"--metrics names none; there are: {', '.join(known)}.")
    return names
