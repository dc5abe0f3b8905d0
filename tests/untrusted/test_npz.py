"""Archives of arrays: read within a limit, without pickle, from regular files."""

import os
import zipfile
import zlib

import numpy as np
import pytest

from keras_genzoo.untrusted import UntrustedError, read_npz


def test_arrays_are_read(tmp_path):
    arrays = {"features": np.arange(6, dtype="float32").reshape(2, 3), "logits": np.ones((2, 0), "int8")}
    np.savez(tmp_path / "a.npz", **arrays)
    found = read_npz(tmp_path / "a.npz", 10_000)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def pickled(path):
    np.savez(path, features=np.array([{"a": 1}], object))


def deflated(path):
    np.savez_compressed(path, features=np.zeros(10**6, "uint8"))


def lying(path):
    """Says that it unpacks to a few bytes, and unpacks to a megabyte."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(bytes(10**6)) + packed.flush()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("features.npy", data)
    content = path.read_bytes()
    for header, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.index(header) + place
        content = content[:at] + (8).to_bytes(2, "little") + content[at + 2 :]
        size = at + 14
        content = content[:size] + (200).to_bytes(4, "little") + content[size + 4 :]
    path.write_bytes(content)


def overlapping(path):
    """A hundred members that are the same bytes of the file."""
    np.savez(path, features=np.zeros(1000, "uint8"))
    content = path.read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[start:end].replace(b"features", b"featur%02d")
    directory = b"".join(entry % number for number in range(100))
    tail = bytearray(content[end:])
    tail[8:16] = (100).to_bytes(2, "little") * 2 + len(directory).to_bytes(4, "little")
    path.write_bytes(content[:start] + directory + tail)


def longer(path):
    np.savez(path, features=np.zeros(10**5, "uint8"))


def claims_more(path):
    with zipfile.ZipFile(path, "w") as archive, archive.open("features.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (10**9,)})


def flipped(path):
    np.savez(path, features=np.zeros(1000, "uint8"))
    content = bytearray(path.read_bytes())
    content[600] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (pickled, "pickled objects"),
        (deflated, "is compressed"),
        (lying, "is compressed"),
        (overlapping, "unpack to 112,800; at most 10,000"),
        (longer, "at most 10,000 are read"),
        (claims_more, r"claims an array of shape \(1000000000,\)"),
        (flipped, "is damaged"),
        (lambda path: path.write_bytes(b"no archive"), "is damaged, or not an archive"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.mkdir(), "not a regular file"),
    ],
)
def test_what_is_not_such_a_file_is_refused(tmp_path, make, message):
    make(tmp_path / "a.npz")
    with pytest.raises(UntrustedError, match=message):
        read_npz(tmp_path / "a.npz", 10_000)
