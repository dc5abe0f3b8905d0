"""Declarations of metrics: whatever names them follows, and what is missing is said in one line."""

import numpy as np
import pytest

from keras_genzoo.data import ArraySource
from keras_genzoo.evaluation import (
    ALIASES,
    METRICS,
    Evaluation,
    EvaluationError,
    Metric,
    ModelSubject,
    Reference,
    Subject,
    choosing,
    measure,
    needs,
    place_of,
)
from keras_genzoo.evaluation.choosing import metrics_and_extractor
from keras_genzoo.features.extractors import FIELD_NAMES, ExtractorError
from tests.evaluation.conftest import Channels
from tests.test_sampling import Truncating
from tests.toys import Translating, images


def test_the_names_of_the_field_are_those_of_inception():
    of_features = {alias: name for alias, name in ALIASES.items() if METRICS[name].of_features}
    assert {name: alias for alias, name in of_features.items()} == FIELD_NAMES
    assert not set(ALIASES) & set(METRICS)
    assert ALIASES["re"] == "mse" and ALIASES["l1"] == "target_l1"


def test_every_number_of_a_metric_has_a_label():
    """But the losses, which are not compared unless they are asked for."""
    for name, metric in METRICS.items():
        assert metric.name == name
        numbers = {FIELD_NAMES.get(name, name), name} if metric.of_features else set(metric.labels)
        assert set(metric.labels) == numbers and (metric.labels or name == "losses")
        for number, label in metric.labels.items():
            assert place_of(number).label == label and place_of(number).title == metric.table


def test_columns_are_in_the_order_of_declaration_tables_in_their_own():
    numbers = ["mig", "psnr", "mse", "modes", "kid_clean", "kid", "fid_infinity", "recall", "precision", "val_loss"]
    assert sorted(numbers, key=lambda number: place_of(number).rank) == [
        "precision",
        "recall",
        "fid_infinity",
        "kid",
        "kid_clean",
        "modes",
        "mse",
        "psnr",
        "mig",
        "val_loss",
    ]


def test_which_way_is_better():
    better = {number: label.better for metric in METRICS.values() for number, label in metric.labels.items()}
    less = {"fid", "frechet", "fid_infinity", "frechet_infinity", "kid", "kernel", "mse", "latent_correlation"}
    less |= {"target_l1", "cycle_error_a", "cycle_error_b", "path_length_z", "path_length_w", "bits_per_dimension"} | {
        "class_divergence"
    }
    assert {number for number, sign in better.items() if sign < 0} == less
    assert {number for number, sign in better.items() if sign == 0} == {"density"}


@pytest.fixture
def real():
    return ArraySource(images(30, (2, 2, 3)), target=images(30, (2, 2, 3)), name="real")


def test_a_metric_of_ones_own_is_a_declaration(real, monkeypatch):
    def brightness(measured):
        made = measured.subject.images(0, measured.num, measured.seed)
        return {"brightness": (float(made.mean()), {"generated": measured.generated_protocol(measured.num)})}

    declared = Metric("brightness", "mean grey level", brightness, (needs.samples,))
    monkeypatch.setattr(measure, "METRICS", {"brightness": declared})
    model = Truncating(image_shape=(2, 2, 3))
    evaluation = Evaluation(ModelSubject(model, "toy"), Reference(real, "all"), num=6)
    assert evaluation.possible() == ["brightness"] and evaluation.name_of("brightness") == "brightness"
    (result,) = evaluation.results(["brightness"])
    assert result.value == pytest.approx(model.generate(6).mean())


class Errs(Translating):
    """A model that makes no images of any kind, and has a loss."""

    translate = None


def test_a_model_without_samples_is_measured_by_its_losses(real):
    model = Errs(image_shape=(2, 2, 3))
    model.compile()
    evaluation = Evaluation(ModelSubject(model, "translator"), Reference(real, "all", real), Channels())
    assert evaluation.possible() == ["losses"]
    (result,) = evaluation.results(["losses"])
    expected = np.mean((np.asarray(model.translator(images(30, (2, 2, 3)))) - images(30, (2, 2, 3))) ** 2)
    assert result.metric == "val_loss" and result.value == pytest.approx(expected, rel=1e-4)
    for name in ("frechet", "precision", "label_accuracy"):
        with pytest.raises(EvaluationError, match=f"^{name}: translator makes no images of noise: leave it out.$"):
            evaluation.check(name)


def test_options_of_samples_are_a_part_of_the_protocol_and_of_the_cache(real):
    model, extractor = Truncating(image_shape=(2, 2, 3)), Channels()
    model.first.set_weights([np.ones((12, 1)), np.zeros(1)])  # whose mean is the contrast of its images
    found = {}
    for options in ({}, {"truncation": 0.5}, {"truncation": 1.0}):
        subject = ModelSubject(model, "toy", options=options)
        (result,) = Evaluation(subject, Reference(real, "all"), extractor, num=20).results(["frechet"])
        found[str(options)] = result
    plain, truncated, default = found.values()
    assert plain.protocol["generated"] == {"count": 20, "pixels": "uint8"}
    assert truncated.protocol["generated"] == {"count": 20, "pixels": "uint8", "options": {"truncation": 0.5}}
    assert default.protocol == plain.protocol and default.value == plain.value != truncated.value
    assert extractor.asked == 30 + 20 + 20  # what was computed without options is found again


def test_without_samples_no_extractor_is_loaded_by_default(monkeypatch):
    def refused(features, inception_weights):
        raise ExtractorError("no weights.")

    monkeypatch.setattr(choosing, "load_extractor", refused)
    assert metrics_and_extractor(None, None, None, samples=False) == (None, None)
    assert metrics_and_extractor(["re", "losses"], None, None) == (["mse", "losses"], None)
    with pytest.raises(ExtractorError, match=r"no weights\. Or name other features by --features\."):
        metrics_and_extractor(None, None, None)
    with pytest.raises(ExtractorError, match=r"^no weights\.$"):
        metrics_and_extractor("fid", None, None, samples=False)


def test_each_need_says_what_is_missing(real):
    class Returned(Subject):
        reconstructs = True

    evaluation = Evaluation(Returned("copies", (2, 2, 3)), Reference(real, "all"), Channels())
    assert {"mse", "psnr", "frechet"} <= set(evaluation.possible())
    for name, message in (
        ("ssim", "ssim needs images of at least 11 x 11 pixels"),
        ("modes", "modes: it is not known where the modes of real are"),
        ("losses", "losses: copies is no run, so it has no model to measure"),
        ("mig", "mig: copies is no run"),
        ("label_accuracy", "label_accuracy: copies makes no images of chosen labels"),
    ):
        with pytest.raises(EvaluationError, match=message):
            evaluation.check(name)
