"""Metrics of translators: translations beside their targets, and images after a round trip."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from keras_genzoo.evaluation import needs
from keras_genzoo.evaluation.labels import TRANSLATION, Label
from keras_genzoo.evaluation.metric import Metric

if TYPE_CHECKING:
    from keras_genzoo.evaluation.measurements import Measurements, Values
    from keras_genzoo.evaluation.translating import Translations

_UNIT = "pixels of 0..1"


def _quality(name: str, number: str, mean: str) -> Callable[["Measurements"], "Values"]:
    return lambda measured: cast("Translations", measured).quality_of_targets(name, number, mean)


def _cycle_errors(measured: "Measurements") -> "Values":
    from keras_genzoo.evaluation.translating import cycle_errors  # tables name metrics without Keras

    return cycle_errors(measured)


METRICS_OF_TRANSLATIONS = (
    Metric(
        "target_l1",  # pix2pix logs the l1 of its loss, in pixels of -1..1
        "mean absolute difference of translations and their targets",
        _quality("l1", "target_l1", "over images"),
        (needs.pairs,),
        TRANSLATION,
        {"target_l1": Label("L1", -1, unit=_UNIT)},
        aliases=("l1",),
    ),
    Metric(
        "target_psnr",
        "peak signal-to-noise ratio of translations beside their targets, in decibels",
        _quality("psnr", "target_psnr", "over images, without identical pairs"),
        (needs.pairs,),
        TRANSLATION,
        {"target_psnr": Label("PSNR", +1, 2, unit="dB")},
        in_place_of="psnr",
    ),
    Metric(
        "target_ssim",
        "structural similarity of translations and their targets",
        _quality("ssim", "target_ssim", "over images; Gaussian window of 11 pixels, sigma 1.5"),
        (needs.pairs, needs.room_for_a_window),
        TRANSLATION,
        {"target_ssim": Label("SSIM", +1, 3)},
        in_place_of="ssim",
    ),
    Metric(
        "cycle_error",
        "mean absolute difference of images from their round trip, of each domain",
        _cycle_errors,
        (needs.both_directions,),
        TRANSLATION,
        {"cycle_error_a": Label("Cycle A", -1, unit=_UNIT), "cycle_error_b": Label("Cycle B", -1, unit=_UNIT)},
    ),
)
