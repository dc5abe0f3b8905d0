"""Files as `torch.save` writes them of a state dict, in both formats, written without PyTorch."""

import io
import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from keras_genzoo.features import inception, inception_weights

_TYPES = {"<f4": "FloatStorage", "<i8": "LongStorage"}
_EMPTY = b"ccollections\nOrderedDict\n)R"


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def integer(value):
    return b"J" + struct.pack("<i", value)


def integers(values):
    return b"(" + b"".join(integer(value) for value in values) + b"t"


def tensor(array, key, view=b""):
    """A tensor whose numbers are those of the storage `key`; `view` is said by the older format alone."""
    strides = [math.prod(array.shape[axis + 1 :]) for axis in range(array.ndim)]
    kind = f"ctorch\n{_TYPES[array.dtype.str]}\n".encode()
    storage = b"(" + text("storage") + kind + text(key) + text("cpu") + integer(array.size) + view + b"tQ"
    parts = (storage, integer(0), integers(array.shape), integers(strides), b"\x89", _EMPTY)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + b"".join(parts) + b"tR"


def pickled(arrays, view=b""):
    """The pickle of a state dict with its attribute `_metadata`."""
    items = b"".join(text(name) + tensor(array, str(key), view) for key, (name, array) in enumerate(arrays.items()))
    return b"\x80\x02" + _EMPTY + b"q\x00(" + items + b"u" + b"}" + text("_metadata") + _EMPTY + b"sb."


def zip_file(arrays, pickle=None):
    """PyTorch's format since 1.6."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(arrays) if pickle is None else pickle)
        archive.writestr("archive/version", "3\n")
        for key, array in enumerate(arrays.values()):
            archive.writestr(f"archive/data/{key}", array.tobytes())
    return file.getvalue()


def legacy_file(arrays, pickle=None):
    """PyTorch's format before 1.6."""
    magic = b"\x80\x02\x8a\x0a" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little") + b"."
    version = b"\x80\x02M\xe9\x03."
    machine = b"\x80\x02}" + text("little_endian") + b"\x88s."
    keys = b"\x80\x02](" + b"".join(text(str(key)) for key in range(len(arrays))) + b"e."
    storages = b"".join(struct.pack("<q", array.size) + array.tobytes() for array in arrays.values())
    return magic + version + machine + (pickled(arrays, b"N") if pickle is None else pickle) + keys + storages


def small(step):
    """A step of the Inception network with few filters."""
    if isinstance(step, inception.Conv):
        return step._replace(filters=max(2, step.filters // 32))
    return step._replace(a=small(step.a), b=small(step.b)) if isinstance(step, inception.Split) else step


def shrink(patch):
    """Makes the Inception network small: four blocks, few filters; what handles its weights cannot tell."""
    blocks = {
        name: tuple(branch._replace(steps=tuple(small(step) for step in branch.steps)) for branch in branches)
        for name, branches in inception.BLOCKS.items()
        if name in ("Mixed_5b", "Mixed_6a", "Mixed_6b", "Mixed_7c")
    }
    patch.setattr(inception, "BLOCKS", blocks)
    patch.setattr(inception, "STEM", {name: (scope, small(step)) for name, (scope, step) in inception.STEM.items()})


def inception_arrays():
    """A state dict of the Inception network, each array a function of its name."""
    arrays = {}
    for (layer, what), shape in inception_weights._due(inception.build_inception()).items():
        name = inception_weights._in_torch(layer, what)
        arrays[name] = values_of(name, (shape[3], shape[2], *shape[:2]) if len(shape) == 4 else shape[::-1])
    return arrays


def values_of(name, shape):
    """Deterministic float32 numbers for a parameter of PyTorch's name and shape, which keep activations sane."""
    normal = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, dtype="float32")
    if len(shape) > 1:
        return normal * np.float32((2 / math.prod(shape[1:])) ** 0.5)
    if name.endswith("running_var"):
        return 1 + 0.2 * np.abs(normal)
    return 0.1 * normal + np.float32(name.endswith("bn.weight"))


def write(path, data):
    Path(path).write_bytes(data)
    return path
