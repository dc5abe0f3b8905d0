"""Translators are measured by their translations: beside targets, beside the other domain, and after a round trip."""

import numpy as np
import pytest

from keras_genzoo import counter_rng, metrics
from keras_genzoo.data import ArraySource
from keras_genzoo.data.domains import has_pairs, second_domain
from keras_genzoo.data.source import Subset, Targets
from keras_genzoo.evaluation import (
    Evaluation,
    EvaluationError,
    ModelSubject,
    Reference,
    append,
    compare,
    place_of,
    render,
)
from keras_genzoo.models.pix2pix import Pix2Pix
from tests.evaluation.conftest import Channels
from tests.toys import Darkens, ThereAndBack

IMAGES = ("precision", "recall", "frechet", "kernel", "density", "coverage", "authpct")


def pixels(count, channels, seed):
    """Images of one grey level or color each, a little noisy."""
    levels = counter_rng.normal(seed, np.arange(count), channels) * 40 + 127
    grain = counter_rng.normal(seed + 1, np.arange(count), 12 * 12 * channels).reshape(count, 12, 12, channels) * 9
    return np.clip(levels[:, None, None] + grain, 0, 255).astype("uint8")


@pytest.fixture(scope="module")
def pairs():
    return ArraySource(pixels(60, 1, 0), target=pixels(60, 3, 7), name="pairs")


@pytest.fixture(scope="module")
def unpaired():
    return ArraySource(pixels(60, 1, 0), other=ArraySource(pixels(90, 3, 7), name="zebras"), name="horses")


def made(x):
    """What `Darkens` makes of uint8 images."""
    return np.round(np.repeat(0.5 * (x / 127.5 - 1.0), 3, axis=-1) * 127.5 + 127.5).astype("uint8")


def measured(model, source, *names, **arguments):
    evaluation = Evaluation(ModelSubject(model, "mine"), Reference(source, "held_out", source), **arguments)
    return {result.metric: result for result in evaluation.results(names or evaluation.possible())}


def test_the_second_domain(pairs, unpaired):
    assert second_domain(unpaired) is unpaired.other and not has_pairs(unpaired)
    targets = second_domain(pairs)
    assert isinstance(targets, Targets) and targets.image_shape == (12, 12, 3) and len(targets) == 60
    np.testing.assert_array_equal(targets[np.array([3])]["image"], pixels(60, 3, 7)[[3]])
    assert targets.manifest() == {**pairs.manifest(), "column": "target"} and targets.name == "pairs (targets)"
    assert second_domain(ArraySource(pixels(2, 1, 0))) is None and not has_pairs(Subset(pairs, []))
    assert second_domain(Subset(unpaired, [1])) is unpaired.other


def test_translations_beside_their_targets(pairs):
    found = measured(Darkens(), pairs, "target_l1", "psnr", "ssim")
    x, y = pixels(60, 1, 0), pixels(60, 3, 7)
    expected = {"target_l1": metrics.l1, "target_psnr": metrics.psnr, "target_ssim": metrics.ssim}
    assert {name: result.value for name, result in found.items()} == pytest.approx(
        {name: function(y, made(x)).mean() for name, function in expected.items()}
    )
    protocol = found["target_l1"].protocol
    assert protocol["direction"] == "A to B" and protocol["pixels"] == "0..1" and protocol["real"]["count"] == 60
    assert place_of("target_l1").title == place_of("target_psnr").title == "Translation"
    assert place_of("target_l1").label.unit == "pixels of 0..1"


def test_translations_beside_the_other_domain(unpaired):
    """As many as there are inputs, whatever is asked for, and each once."""
    extractor = Channels()
    found = measured(Darkens(), unpaired, *IMAGES, extractor=extractor)
    a, b = extractor(made(pixels(60, 1, 0))), extractor(pixels(90, 3, 7))
    assert found["frechet_channels"].value == pytest.approx(metrics.frechet_distance(b, a))
    assert found["recall_channels"].value == pytest.approx(metrics.precision_recall(b, a, k=3)[1])
    protocol = found["frechet_channels"].protocol
    assert protocol["generated"]["count"] == 60 and protocol["generated"]["direction"] == "A to B"
    assert protocol["generated"]["translated"]["count"] == 60 and protocol["real"]["count"] == 90
    few = measured(Darkens(), unpaired, "frechet", extractor=extractor, num=20, seed=1)["frechet_channels"]
    order = counter_rng.permutation(1, 0, 60)[:20]
    assert few.value == pytest.approx(metrics.frechet_distance(b, extractor(made(pixels(60, 1, 0)[order]))))


def test_both_directions_and_round_trips(pairs, unpaired):
    model = ThereAndBack()
    found = measured(model, pairs, "target_l1", "frechet", "cycle_error", extractor=Channels())
    assert list(found) == [
        *(
            "target_l1",
            "target_l1_b_to_a",
            "frechet_channels",
            "frechet_channels_b_to_a",
            "cycle_error_a",
            "cycle_error_b",
        )
    ]
    x, y = pixels(60, 1, 0), pixels(60, 3, 7)
    grey = y.mean(axis=-1, keepdims=True)
    assert found["target_l1_b_to_a"].value == pytest.approx(np.abs(grey - x).mean() / 255, rel=1e-2)
    assert found["target_l1_b_to_a"].protocol["direction"] == "B to A"
    assert found["cycle_error_a"].value == pytest.approx(np.abs(x / 255 - 0.5).mean() / 2, rel=1e-2)
    half = 0.5 * (grey / 255 - 0.5) + 0.5
    assert found["cycle_error_b"].value == pytest.approx(np.abs(y / 255 - half).mean(), rel=1e-2)
    back = measured(model, unpaired, "frechet", extractor=Channels())["frechet_channels_b_to_a"].protocol
    assert back["generated"]["count"] == 90 and back["real"]["count"] == 60


def test_what_is_possible(pairs, unpaired):
    def possible(model, source, extractor=None):
        return Evaluation(ModelSubject(model, "mine"), Reference(source, "all", source), extractor).possible()

    assert possible(Darkens(), pairs) == ["losses", "target_l1", "target_psnr", "target_ssim"]
    assert possible(Darkens(), pairs, Channels()) == ["losses", "target_l1", "target_psnr", "target_ssim", *IMAGES]
    assert possible(Darkens(), unpaired, Channels()) == list(IMAGES)
    assert possible(ThereAndBack(), unpaired) == ["losses", "cycle_error"]
    assert possible(ThereAndBack(), ArraySource(pixels(9, 1, 0)), Channels()) == ["cycle_error"]


def test_what_is_missing_is_said(pairs, unpaired):
    alone = ArraySource(pixels(9, 1, 0), name="horses alone")
    for model, source, name, message in (
        (
            Darkens(),
            unpaired,
            "target_l1",
            "target_l1 is of translations and their targets, and the images that mine translates have none",
        ),
        (Darkens(), unpaired, "psnr", "psnr: mine does not reconstruct images"),
        (Darkens(), unpaired, "losses", "losses: Darkens learns from pairs, and horses has none: leave it out"),
        (Darkens(), alone, "frechet", "frechet: mine translates images, and horses alone has none of the domain"),
        (Darkens(), alone, "target_l1", "target_l1: mine translates images, and horses alone has none of the domain"),
        (Darkens(), pairs, "cycle_error", "cycle_error: mine does not translate images there and back"),
        (Darkens(), pairs, "mse", "mse: mine does not reconstruct images"),
    ):
        with pytest.raises(EvaluationError, match=message):
            Evaluation(ModelSubject(model, "mine"), Reference(source, "all"), Channels()).check(name)


def test_held_out_inputs_beside_training_images(pairs):
    """--split train: translations of what the model has not seen, beside the training images of B."""
    held_out = ArraySource(pixels(20, 1, 3), target=pixels(20, 3, 4))
    extractor = Channels()
    reference = Reference(pairs, "train", pairs, inputs=held_out)
    (result,) = Evaluation(ModelSubject(Darkens(), "mine"), reference, extractor).results(["frechet"])
    expected = metrics.frechet_distance(extractor(pixels(60, 3, 7)), extractor(made(pixels(20, 1, 3))))
    assert result.value == pytest.approx(expected) and result.protocol["real"]["split"] == "train"


def test_translators_of_all_kinds_stand_in_one_table(pairs, tmp_path):
    for name, model in (("one_way", Darkens()), ("both_ways", ThereAndBack())):
        for result in measured(model, pairs, "target_l1", "psnr", "frechet", "kernel", extractor=Channels()).values():
            append(tmp_path / name, result)
    generation, translation = compare([tmp_path / "one_way", tmp_path / "both_ways"])
    assert [column.metric for column in translation.columns] == [
        "target_l1",
        "target_psnr",
        "target_l1_b_to_a",
        "target_psnr_b_to_a",
    ]
    assert [column.label.heading for column in translation.columns] == ["L1", "PSNR", "L1 B→A", "PSNR B→A"]
    assert generation.title == "Generation, in features of channels"
    assert [column.label.heading for column in generation.columns][-2:] == ["Fréchet B→A", "Kernel ×1000 B→A"]
    text = render([generation, translation])
    assert "L1 in pixels of 0..1" in text and "direction A to B" in text and r"$\to$A" in render([translation], "latex")
    assert place_of("fid_b_to_a").label.heading == "FID B→A" and place_of("fid_clean_b_to_a").features == "clean"


@pytest.mark.slow
def test_noise_is_that_of_the_seed_and_of_each_image_alone(pairs):
    shapes = {"image_shape": (16, 16, 1), "target_shape": (16, 16, 3)}
    generator = {"network": "unet", "filters": (4, 8), "dropout": 0.5}
    model = Pix2Pix(**{**Pix2Pix.tiny, **shapes, "generator": generator, "test_time_dropout": True})
    model.compile(jit_compile=False)
    x = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 1), "uint8")
    subject = ModelSubject(model, "noisy")
    whole = subject.translations(x, "ab", np.arange(3), 5)
    np.testing.assert_array_equal(subject.translations(x[1:], "ab", np.arange(1, 3), 5), whole[1:])
    assert (subject.translations(x[1:], "ab", np.arange(1, 3), 6) != whole[1:]).any()
    same = subject.translations(x[[0, 0]], "ab", np.arange(2), 5)
    assert (same[0] != same[1]).any()
