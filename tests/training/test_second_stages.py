"""A second stage is trained on a run of the first one; few labels are a property of the data."""

import json

import numpy as np
import pytest

import keras_genzoo
from keras_genzoo.artifacts import RunError
from keras_genzoo.data import DataError
from keras_genzoo.training import Options, Training
from tests.training.conftest import PRESET

VQ = {
    "image_shape": [16, 16, 3],
    "num_codes": 8,
    "code_dim": 4,
    "downsampling": 4,
    "encoder": {"network": "map_encoder", "filters": [4, 4], "blocks": 1},
    "decoder": {"network": "map_decoder", "filters": [4, 4], "blocks": 1},
}
FIRST = {**PRESET, "model": "vq_vae", "arguments": VQ}
PRIOR = {"network": "transformer", "units": 8, "blocks": 1, "heads": 2}
SECOND = {**PRESET, "model": "vq_prior", "arguments": {**VQ, "prior": PRIOR}}
FEW = {
    **PRESET,
    "model": "sgan",
    "data": {**PRESET["data"], "labeled": 7, "labeled_share": 0.25},
    "arguments": {
        "image_shape": [16, 16, 3],
        "num_classes": 7,
        "latent_dim": 4,
        "generator": {"network": "dcgan_generator", "filters": [8, 4]},
        "discriminator": {"network": "dcgan_discriminator", "filters": [4, 8]},
    },
}


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return keras_genzoo.train(FIRST, tmp_path_factory.mktemp("runs") / "first", epochs=1, diagnosis=False)


@pytest.mark.slow
def test_one_run_holds_both_stages_and_makes_images(first, tmp_path):
    run = keras_genzoo.train(SECOND, tmp_path / "second", epochs=1, diagnosis=False, from_run=first.path)
    one, both = keras_genzoo.load(first.path), keras_genzoo.load(run.path)
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), "uint8")
    np.testing.assert_array_equal(one.codes(images), both.codes(images))
    assert both.generate(2, steps=3).shape == (2, 16, 16, 3)
    resumed = keras_genzoo.train(output=run.path, resume=True, epochs=2)
    np.testing.assert_array_equal(one.codes(images), keras_genzoo.load(resumed.path).codes(images))


def test_without_a_first_stage_it_is_refused(tmp_path):
    message = "VQPrior is trained on the encoder, decoder, quantizer of a trained model: name its run by --from RUN"
    with pytest.raises(RunError, match=message):
        Training.prepare(Options(SECOND, tmp_path / "run"))


@pytest.mark.slow
def test_a_run_of_another_codebook_or_another_kind_is_refused(first, trained, tmp_path):
    other = {**SECOND, "arguments": {**SECOND["arguments"], "num_codes": 9}}
    with pytest.raises(RunError, match=r"its quantizer is another: .* is \(8, 4\) there, and \(9, 4\) here: give"):
        Training.prepare(Options(other, tmp_path / "run", from_run=first.path))
    with pytest.raises(RunError, match=r"--from '.*': (it has no|its|none of its)"):
        Training.prepare(Options(SECOND, tmp_path / "run", from_run=trained.path))


DENOISER = {"network": "mlp_denoiser", "units": 8, "blocks": 1}
EDM = {**PRESET, "model": "edm", "arguments": {"image_shape": [16, 16, 3], "denoiser": DENOISER, "noise_features": 8}}


def test_few_steps_are_learned_from_many(tmp_path):
    many = keras_genzoo.train(EDM, tmp_path / "many", epochs=1, diagnosis=False)
    arguments = {**EDM["arguments"], "stage_images": 16}
    few = {**EDM, "model": "consistency", "arguments": arguments}
    run = keras_genzoo.train(few, tmp_path / "few", epochs=1, diagnosis=False, from_run=many.path)
    assert keras_genzoo.load(run.path).generate(2, steps=1).shape == (2, 16, 16, 3)
    other = {**few, "arguments": {**arguments, "formula": "flow_matching"}}
    message = r"it is of edm, but .* of flow_matching or consistency \(arguments.formula=flow_matching in its preset\)"
    with pytest.raises(RunError, match=message):
        Training.prepare(Options(other, tmp_path / "run", from_run=many.path))
    with pytest.raises(RunError, match=r"its denoiser is another: .* there, and .* here: give"):
        wider = {**few, "arguments": {**arguments, "denoiser": {**DENOISER, "units": 9}}}
        Training.prepare(Options(wider, tmp_path / "run", from_run=many.path))


def test_few_labels_are_a_property_of_the_data(tmp_path):
    found = Training.prepare(Options(FEW, tmp_path / "run", seed=1))
    labels = found.train.labels
    assert np.bincount(labels[labels >= 0]).tolist() == 7 * [1]
    assert (found.train.batch(0, 640, "label")[1] >= 0).sum() == pytest.approx(160, abs=16)
    again = Training.prepare(Options(FEW, tmp_path / "run", seed=2))
    assert (again.train.labels != labels).any()
    assert (found.held_out.batch(0, targets="label")[1] >= 0).all()


def test_a_model_that_needs_all_labels_refuses_few(tmp_path):
    arguments = {**FEW["arguments"]}
    preset = {**FEW, "model": "acgan", "data": {**PRESET["data"], "labeled": 7}, "arguments": arguments}
    with pytest.raises(DataError, match=r"57 of 64 images have no label, and ACGAN needs the label of each"):
        Training.prepare(Options(preset, tmp_path / "run"))


def test_fewer_labels_than_classes_are_refused(tmp_path):
    preset = json.loads(json.dumps(FEW))
    preset["data"]["labeled"] = 3
    with pytest.raises(DataError, match="7 classes, but labeled=3"):
        Training.prepare(Options(preset, tmp_path / "run"))
