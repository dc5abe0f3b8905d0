"""What is sound passes; `tests/security` has what does not."""

import os

import h5py
import keras
import numpy as np
import pytest

from keras_genzoo import config, untrusted
from keras_genzoo.printable import printable
from keras_genzoo.untrusted import UntrustedError, check_hdf5, check_keras_file, check_npz, read_bytes, strict_json
from tests.config.test_building import DCGAN


@pytest.fixture(scope="module")
def model():
    return config.build(DCGAN, ema_momentum=0.9, dtype="mixed_bfloat16")


def test_the_weights_of_a_training(model, tmp_path):
    model.save_weights(tmp_path / "a.weights.h5")
    check_hdf5(tmp_path / "a.weights.h5")
    model.save(tmp_path / "a.keras")
    check_keras_file(tmp_path / "a.keras")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64", "int8", "bool"])
def test_every_type_that_keras_writes(dtype, tmp_path):
    class Holder(keras.layers.Layer):
        def build(self, shape):
            self.held = self.add_weight(shape=(8, 8), dtype=dtype, initializer="zeros", autocast=False)

        def call(self, x):
            return x

    inputs = keras.Input((3,))
    keras.Model(inputs, Holder()(inputs)).save_weights(tmp_path / "a.weights.h5")
    check_hdf5(tmp_path / "a.weights.h5")


def test_a_file_of_nothing_but_numbers_is_the_limit(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", (10_000,), "float32")  # without storage
    size = (tmp_path / "a.h5").stat().st_size
    with pytest.raises(UntrustedError, match=rf"a\.h5: holds 40,000 bytes of numbers, more than its own {size:,}"):
        check_hdf5(tmp_path / "a.h5")
    with (tmp_path / "a.h5").open("ab") as file:
        file.write(bytes(40_000 - size))
    check_hdf5(tmp_path / "a.h5")


def test_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.arange(10), b=np.float32(3), c=np.random.default_rng(0).normal(size=(9, 9)).T)
    check_npz(tmp_path / "a.npz")


def test_layers_of_others_are_known_by_their_registration(tmp_path):
    @keras.saving.register_keras_serializable("tests_untrusted")
    class Halved(keras.layers.Layer):
        def call(self, x):
            return x / 2

    inputs = keras.Input((3,))
    keras.Model(inputs, Halved()(inputs)).save(tmp_path / "a.keras")
    check_keras_file(tmp_path / "a.keras")


@pytest.mark.parametrize("check", [check_hdf5, check_keras_file, check_npz])
def test_what_is_no_file(check, tmp_path):
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "nothing")
    with pytest.raises(UntrustedError, match="is not a path"):
        check("a\0b")
    for place in (tmp_path, "/dev/null"):
        with pytest.raises(UntrustedError, match="not a regular file"):
            check(place)
    (tmp_path / "empty").touch()
    with pytest.raises(UntrustedError, match="is damaged, or no"):
        check(tmp_path / "empty")


def test_reading_up_to_a_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", 5) == b"12345"
    with pytest.raises(UntrustedError, match=r"a: a file of 5 bytes; at most 4 are read"):
        read_bytes(tmp_path / "a", 4)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UntrustedError, match="not a regular file"):
        read_bytes(tmp_path / "pipe", 4)


def test_messages_are_one_line():
    error = UntrustedError("a\nb", "\x1b[31m\u202e")
    assert (str(error), error.reason) == (r"a\nb: \x1b[31m\u202e", r"\x1b[31m\u202e")
    assert printable("Fréchet∞ ± 3 – a/b") == "Fréchet∞ ± 3 – a/b"
    assert printable(os.fsdecode(b"\xff")) == r"\udcff"


def test_strict_json():
    assert strict_json.plain(strict_json.parse('{"a": [1, 2.5, null, "x"]}', "f"), "f") == {"a": [1, 2.5, None, "x"]}
    with pytest.raises(UntrustedError, match="f: a: the key 'b' stands here twice"):
        strict_json.plain(strict_json.parse('{"a": {"b": 1, "b": 2}}', "f"), "f")
    assert {"check_hdf5", "check_keras_file", "check_npz", "UntrustedError"} <= set(untrusted.__all__)
