"""Files that were made to do harm when they are opened."""

import io
import json
import os
import struct
import zipfile
import zlib

import h5py
import keras
import numpy as np


class Touch:
    """A pickle that leaves a sentinel when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def huge(file, stranger):
    """10^12 numbers, of which none is stored."""
    file.create_dataset("vars/0", (10**12,), "float32")


def packed(file, stranger):
    """Zeros that take a thousandth of their size."""
    file.create_dataset("vars/0", (10**8,), "float32", chunks=(10**7,), compression="gzip", fillvalue=0.0)


def chunked(file, stranger):
    file.create_dataset("vars/0", (10**6,), "float32", chunks=True)


def external_link(file, stranger):
    h5py.File(stranger.outside.parent / "other.h5", "w").close()
    file["vars"] = h5py.ExternalLink(stranger.outside.parent / "other.h5", "/")


def soft_link(file, stranger):
    file["vars"] = h5py.SoftLink("/elsewhere")


def circle(file, stranger):
    file.create_group("a")["b"] = file["/"]


def external_storage(file, stranger):
    file.create_dataset("vars/0", (4,), "uint8", external=[(str(stranger.outside / "treasure"), 0, 4)])


def virtual(file, stranger):
    layout = h5py.VirtualLayout((4,), "uint8")
    layout[:] = h5py.VirtualSource(str(stranger.outside / "treasure.h5"), "x", (4,))
    file.create_virtual_dataset("vars/0", layout)


def texts(file, stranger):
    file.create_dataset("vars/0", (4,), h5py.string_dtype())


def long_attribute(file, stranger):
    file.create_group("vars").attrs["name"] = ["x" * 1000] * 1000


def many_groups(file, stranger):
    for number in range(70):
        file = file.create_group(f"{number}")


HDF5 = {
    "10^12 numbers without storage": (huge, "bytes of numbers, more than its own"),
    "a compressed bomb": (packed, "compressed, chunked or virtual"),
    "chunks": (chunked, "compressed, chunked or virtual"),
    "an external link": (external_link, "is a link"),
    "a soft link": (soft_link, "is a link"),
    "a group in itself": (circle, "is another name of an object"),
    "external storage": (external_storage, "lie in another file"),
    "a virtual dataset": (virtual, "compressed, chunked or virtual"),
    "texts": (texts, "numbers are expected"),
    "an attribute of many texts": (long_attribute, "is not a single value"),
    "70 groups in groups": (many_groups, "64 levels deep"),
}


def hdf5(path, make, stranger):
    """An HDF5 file of one of the kinds above."""
    with h5py.File(path, "w") as file:
        make(file, stranger)
    return path


def sound_keras(path):
    """A `.keras` file that takes images, and can be changed by `rezipped`."""
    inputs = keras.Input((8, 8, 3))
    outputs = keras.layers.Dense(4, name="dense")(keras.layers.Flatten()(inputs))
    keras.Model(inputs, outputs).save(path)
    return path


def rezipped(path, change=None, packed=False, **more):
    """Changes the config of a `.keras` file by a function of its JSON; `more` are files in the place of its own."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    if change:
        content["config.json"] = json.dumps(change(json.loads(content["config.json"]))).encode()
    content |= {name.replace("__", "/").replace("_json", ".json"): data for name, data in more.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def npy(shape, descr="<f8", data=b""):
    """An array whose header says what it likes."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + data


def zipped(packed=False, **members):
    """The bytes of a zip archive; `a_npy` stands for `a.npy`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_npy", ".npy"), data)
    return file.getvalue()


def png(width, height):
    """A PNG file that claims to be of any size, and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def array_bytes(value):
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()
