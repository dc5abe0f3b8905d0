"""Weights of strangers: HDF5, `.keras`, `.pth`, `.npz`, classifiers."""

import json
import os
import pickle
import shutil

import numpy as np
import pytest

from keras_genzoo import build
from keras_genzoo.metrics.moments import Moments
from keras_genzoo.untrusted import UntrustedError, check_hdf5, check_npz
from tests.cli.conftest import PRESET
from tests.features.torch_files import pickled, zip_file
from tests.security import files
from tests.security.conftest import NESTED, changed

ARRAYS = {"a": np.zeros(4, "float32")}


@pytest.fixture
def measured(refusal, trained):
    """What is said when a run is to be measured by features of a stranger."""
    return lambda features, *more: refusal("evaluate", trained, "--metrics", "frechet", "--features", features, *more)


# HDF5


@pytest.mark.slow
@pytest.mark.parametrize("case", files.HDF5)
def test_hdf5_for_a_model(case, stranger):
    make, expected = files.HDF5[case]
    path = files.hdf5(stranger.folder / "evil.weights.h5", make, stranger)
    with pytest.raises(UntrustedError, match=expected):
        check_hdf5(path)
    before = stranger.seen()
    with pytest.raises(ValueError, match=rf"weights: '{path}' is damaged, or not of such a VAE: .*{expected}"):
        build(PRESET, weights=path)
    assert stranger.seen() == before


def test_hdf5_for_inception(stranger, measured):
    path = files.hdf5(stranger.folder / "evil.weights.h5", files.huge, stranger)
    assert "more than its own" in measured("inception", "--inception-weights", path)


def test_pipes_as_weights(stranger, measured):
    os.mkfifo(stranger.folder / "evil.weights.h5")
    assert "not a regular file" in measured("inception", "--inception-weights", stranger.folder / "evil.weights.h5")
    os.mkfifo(stranger.folder / "evil.pth")
    assert "not a regular file" in measured("inception", "--inception-weights", stranger.folder / "evil.pth")
    os.mkfifo(stranger.folder / "evil.keras")
    assert "there is no file" in measured(stranger.folder / "evil.keras")


# .keras


def layer(**changes):
    """The Dense layer of the sound file, with changes."""

    def change(config):
        (dense,) = [one for one in config["config"]["layers"] if one["class_name"] == "Dense"]
        dense["config"] |= changes.pop("config", {})
        dense |= changes
        return config

    return change


def function(module, name):
    return layer(
        config={"activation": {"module": module, "class_name": "function", "config": name, "registered_name": name}}
    )


CODE = {
    "a Lambda layer": (layer(class_name="Lambda"), "holds a Lambda, which is code"),
    "a lambda": (
        layer(config={"activation": {"class_name": "__lambda__", "config": {"value": "4wEAAAAA"}}}),
        "holds a __lambda__, which is code",
    ),
    "a SavedModel as layer": (layer(class_name="TFSMLayer"), "holds a TFSMLayer"),
    "a PyTorch module as layer": (layer(class_name="TorchModuleWrapper"), "holds a TorchModuleWrapper"),
    "a class of another module": (layer(module="os", class_name="system"), "names 'os.system'"),
    "a class by its registered name": (layer(module="evil", registered_name="evil>Layer"), "names 'evil.Dense'"),
    "a function of another module": (function("os", "system"), "names 'os.function system'"),
    "a function of Keras that is no layer": (function("keras.utils", "get_file"), "keras"),
    "units without end": (layer(config={"units": 10**12}), "bytes of weights, but brings only"),
    "units beyond their weights": (layer(config={"units": 10**7}), "bytes of weights, but brings only"),
    "images without end": (
        lambda config: json.loads(json.dumps(config).replace("[null, 8, 8, 3]", "[null, 1000000, 1000000, 3]")),
        "sent/evil.keras",
    ),
    "a model of the zoo that is too large": (
        lambda config: {
            "module": "keras_genzoo",
            "class_name": "DCGAN",
            "registered_name": "keras_genzoo>DCGAN",
            "config": {"image_shape": [64, 64, 3], "generator": {"network": "dcgan_generator", "filters": [8192] * 4}},
        },
        "parameters, but at most",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CODE)
def test_keras_files(case, stranger, measured):
    change, expected = CODE[case]
    assert expected in measured(files.rezipped(files.sound_keras(stranger.folder / "evil.keras"), change))


@pytest.mark.slow
def test_a_sound_keras_file_is_taken(stranger, genzoo, trained):
    path = files.rezipped(files.sound_keras(stranger.folder / "good.keras"), layer())
    code, text, _ = genzoo(
        "evaluate", trained, "--metrics", "frechet", "--features", path, "--num", "16", "--output", stranger.folder
    )
    assert code == 0 and "frechet_good" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("packed", "more", "expected"),
    [
        (False, {"config_json": b" " * (17 * 2**20)}, "config.json: 17,825,792 bytes; at most 16,777,216 are read"),
        (False, {"config_json": b"[" * NESTED}, "nested deeper than 200 levels"),
        (False, {"config_json": b"\xff"}, "is not UTF-8"),
        (True, {"assets__zeros": bytes(20 * 2**20)}, "is compressed"),
        (False, {"..__..__evil": b"x"}, "holds '../../evil', which Keras does not write"),
        (False, {"assets__..__evil": b"x"}, "holds 'assets/../evil', which Keras does not write"),
        (False, {"evil.py": b"x"}, "holds 'evil.py', which Keras does not write"),
        (False, {"model.weights.h5": b"x"}, "model.weights.h5: is damaged, or not an HDF5 file"),
    ],
    ids=["a config of 17 MB", "nesting", "no UTF-8", "a bomb", "../../", "assets/../", "code", "no HDF5"],
)
def test_archives(packed, more, expected, stranger, measured):
    path = files.rezipped(files.sound_keras(stranger.folder / "evil.keras"), packed=packed, **more)
    assert expected in measured(path)


@pytest.mark.slow
@pytest.mark.parametrize("case", files.HDF5)
def test_hdf5_in_a_keras_file(case, stranger, measured):
    make, expected = files.HDF5[case]
    weights = files.hdf5(stranger.folder / "evil.h5", make, stranger).read_bytes()
    path = files.rezipped(files.sound_keras(stranger.folder / "evil.keras"), **{"model.weights.h5": weights})
    assert expected in measured(path)


# .pth


def evil(stranger):
    return pickle.dumps({"a": files.Touch(stranger.sentinel)}, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (lambda stranger: zip_file(ARRAYS, evil(stranger)), "its pickle asks for"),
        (evil, "its pickle asks for"),
        (
            lambda stranger: files.zipped(True, **{"a/data.pkl": pickled(ARRAYS), "a/data/0": bytes(10**7)}),
            "compressed",
        ),
        (lambda stranger: zip_file(ARRAYS, b"\x80\x02" + b"}" * (2 * 2**20)), "its pickle is too long"),
    ],
    ids=["a pickle that runs a program", "a bare pickle", "a compressed bomb", "a pickle without end"],
)
def test_state_dicts(content, expected, stranger, refusal):
    path = stranger.file("evil.pth", content(stranger))
    output = stranger.folder / "out.weights.h5"
    assert expected in refusal("convert-inception", path, "--output", output, "--allow-other-weights")
    assert not output.exists()


# .npz


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (lambda s: files.zipped(a_npy=files.npy("()", "|O", pickle.dumps(files.Touch(s.sentinel)))), "pickled objects"),
        (lambda s: pickle.dumps(files.Touch(s.sentinel)), "not an archive"),
        (lambda s: files.zipped(a_npy=files.npy("(1000000000000,)")), "claims an array of shape"),
        (lambda s: files.zipped(True, a_npy=files.npy("(12500000,)", data=bytes(10**8))), "is compressed"),
        (lambda s: files.zipped(a_npy=files.npy("(" * 2000)), "is damaged"),
        (lambda s: files.zipped(evil=b"x"), "is not an array"),
    ],
    ids=["pickled objects", "a bare pickle", "10^12 numbers", "a bomb", "a header of brackets", "no array"],
)
def test_arrays(content, expected, stranger):
    path = stranger.file("evil.npz", content(stranger))
    before = stranger.seen()
    with pytest.raises(UntrustedError, match=expected):
        check_npz(path)
    with pytest.raises(ValueError, match=r"not written by Moments\.save"):
        Moments.load(path)
    assert stranger.seen() == before


# Classifiers


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    from keras_genzoo.features.classifier import Head, Trained, build_classifier, save_classifier

    heads = (Head("label", ("a", "b")),)
    record = {"schema": 1, "name": "tiny", "image_shape": [16, 16, 3], "heads": [heads[0]._asdict()]}
    folder = tmp_path_factory.mktemp("classifiers") / "tiny"
    save_classifier(Trained(build_classifier((16, 16, 3), heads), record), folder)
    return folder


@pytest.mark.parametrize(
    "changes",
    [
        {"image_shape": [16, 16, 10**12]},
        {"image_shape": [10**300, 10**300, 3]},
        {"name": "../../evil"},
        {"name": "\x1b[31m"},
        {"heads": [{"name": "label", "__class__": "os.system"}]},
        {"heads": []},
        {"weights_sha256": 5},
    ],
    ids=str,
)
def test_what_a_classifier_says(changes, classifier, stranger, measured):
    folder = shutil.copytree(classifier, stranger.folder / "classifier")
    changed(folder / "classifier.json", **changes)
    assert "classifier.json is damaged" in measured(folder)


@pytest.mark.parametrize("text", ["[" * NESTED, '{"schema": 1, "schema": 1}', '{"schema": NaN}', " " * 10**7])
def test_what_is_no_record_of_a_classifier(text, classifier, stranger, measured):
    folder = shutil.copytree(classifier, stranger.folder / "classifier")
    (folder / "classifier.json").write_text(text)
    assert "classifier.json is damaged" in measured(folder)


def test_weights_of_a_classifier(classifier, stranger, measured):
    folder = shutil.copytree(classifier, stranger.folder / "classifier")
    files.hdf5(folder / "classifier.weights.h5", files.huge, stranger)
    assert "more than its own" in measured(folder)
