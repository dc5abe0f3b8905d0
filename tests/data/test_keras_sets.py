"""MNIST and Fashion-MNIST through Keras: shapes, padding, the official split, and words for a missing network."""

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_genzoo.data.keras_sets import FASHION_FILES, fashion_mnist, mnist
from keras_genzoo.data.source import DataError
from keras_genzoo.registry import DATASETS

X = np.random.default_rng(0).integers(0, 256, (50, 28, 28), "uint8")
Y = (np.arange(50) % 10).astype("uint8")


@pytest.fixture
def small_sets(monkeypatch):
    for name in ("mnist", "fashion_mnist"):
        monkeypatch.setattr(getattr(keras.datasets, name), "load_data", lambda: ((X[:30], Y[:30]), (X[30:], Y[30:])))


@pytest.mark.parametrize("dataset", [fashion_mnist, mnist])
def test_the_official_split_padded(small_sets, dataset):
    train, held_out = dataset()
    assert (len(train), len(held_out), train.image_shape) == (30, 20, (32, 32, 1))
    assert len(train.class_names) == 10
    batch = held_out[np.arange(20)]
    np.testing.assert_array_equal(batch["label"], Y[30:])
    np.testing.assert_array_equal(batch["image"][:, 2:-2, 2:-2, 0], X[30:])
    assert batch["image"].sum() == X[30:].sum()
    assert DATASETS[train.manifest()["kind"]] is dataset
    assert train.manifest() != held_out.manifest()


def test_names_of_classes(small_sets):
    assert fashion_mnist().train.class_names[9] == "Ankle boot"
    assert mnist().train.class_names[9] == "9"


def test_other_sizes_and_channels(small_sets):
    original = fashion_mnist(size=28, channels=3).train[np.arange(30)]["image"]
    np.testing.assert_array_equal(original, np.repeat(X[:30, ..., None], 3, axis=-1))
    half = fashion_mnist(size=14).train[np.arange(30)]["image"][..., 0]
    pooled = X[:30].reshape(30, 14, 2, 14, 2).mean((2, 4))
    assert half.shape == (30, 14, 14)
    assert np.corrcoef(half.ravel(), pooled.ravel())[0, 1] > 0.9


def test_a_part_of_the_test_split(small_sets):
    part = mnist(held_out=7).held_out
    assert len(part) == 7
    assert len(mnist(held_out=20).held_out) == 20
    np.testing.assert_array_equal(part[np.arange(7)]["image"], mnist(held_out=7).held_out[np.arange(7)]["image"])
    assert list(part.positions) != list(range(7))


def test_some_classes_alone(small_sets):
    train, held_out = fashion_mnist(classes=(8, 1, 9))
    assert train.class_names == held_out.class_names == ("Trouser", "Bag", "Ankle boot")
    for part, images, labels in ((train, X[:30], Y[:30]), (held_out, X[30:], Y[30:])):
        kept = np.isin(labels, (1, 8, 9))
        batch = part[np.arange(len(part))]
        np.testing.assert_array_equal(batch["image"][:, 2:-2, 2:-2, 0], images[kept])
        np.testing.assert_array_equal(np.array([1, 8, 9])[batch["label"]], labels[kept])
        assert part.manifest()["classes"] == [1, 8, 9]
    assert train.manifest()["sha256"] != fashion_mnist().train.manifest()["sha256"]
    assert fashion_mnist(classes=range(10)).train.manifest() == fashion_mnist().train.manifest()
    assert len(mnist(classes=(3,), held_out=1).held_out) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": ()}, r"mnist: classes=\(\): expected labels from 0 to 9, one or more"),
        ({"classes": (3, 10)}, r"classes=\(3, 10\): expected labels"),
        ({"classes": (True,)}, r"classes=\(True,\): expected labels"),
        ({"held_out": 21}, "mnist test: held_out=21: expected a number of images from 0 to 20"),
        ({"held_out": 0.1}, "held_out=0.1: expected a number"),
        ({"size": 0}, "mnist: size=0, channels=1: expected size >= 1"),
        ({"channels": 2}, "mnist: size=32, channels=2: expected size >= 1 and channels 1 or 3"),
    ],
)
def test_arguments_that_are_none(small_sets, arguments, message):
    with pytest.raises(DataError, match=message):
        mnist(**arguments)


def idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


OFFLINE = """
import socket
import numpy as np

def refuse(*_):
    raise OSError("no network here")

socket.getaddrinfo = socket.socket.connect = refuse
from keras_genzoo.data.keras_sets import fashion_mnist, mnist
for part in fashion_mnist():
    batch = part[np.arange(len(part))]
    print(len(part), np.bincount(batch["label"]).tolist(), part.image_shape)
try:
    mnist()
except ValueError as error:
    print(error)
"""


def without_a_network(home: Path) -> list[str]:
    """What a process without a network prints that finds Fashion-MNIST, but not MNIST, in Keras' directory `home`."""
    run = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"KERAS_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip().splitlines()


@pytest.mark.slow
def test_without_a_network(tmp_path):
    folder = tmp_path / "datasets"
    (folder / "fashion-mnist").mkdir(parents=True)
    for name, array in zip(FASHION_FILES, (X[:30], Y[:30], X[30:], Y[30:]), strict=True):
        idx(folder / name, array)
    train, held_out, *_, message = without_a_network(tmp_path)
    assert train == f"30 {[3] * 10} (32, 32, 1)"
    assert held_out == f"20 {[2] * 10} (32, 32, 1)"
    assert message.startswith("mnist: Keras can neither read nor download it (URL fetch failure on https://")
    assert message.endswith(f"without one put mnist.npz into {folder}; remove damaged files from there first.")


def test_a_damaged_file_names_all_files(monkeypatch):
    def damaged():
        raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", damaged)
    with pytest.raises(DataError, match=r"neither read nor download it.*end-of-stream") as error:
        fashion_mnist()
    assert all(name in str(error.value) for name in FASHION_FILES)


@pytest.mark.slow
def test_real_clothes(tmp_path):
    folder = Path(os.environ.get("GENZOO_TEST_DATA", "")) / "fashion-mnist"
    if "GENZOO_TEST_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("GENZOO_TEST_DATA names no folder with fashion-mnist")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "fashion-mnist").symlink_to(folder)
    train, held_out, *_ = without_a_network(tmp_path)
    assert train == f"60000 {[6000] * 10} (32, 32, 1)"
    assert held_out == f"10000 {[1000] * 10} (32, 32, 1)"


def test_sizes_that_fill_the_memory_are_refused():
    from keras_genzoo.data import DataError
    from keras_genzoo.data.keras_sets import mnist

    with pytest.raises(DataError, match=r"mnist: size=4096: 70,000 images .* at most 247 will do"):
        mnist(size=4096)
    with pytest.raises(DataError, match="at most 143 will do"):
        mnist(size=144, channels=3)
