"""PyTorch state dicts read without PyTorch, and without running what a pickle asks for.

A pickle is a program for a stack machine, and `pickle` obeys one that names any function. Here the opcodes are
interpreted one by one instead: some twenty that build tuples, lists, dictionaries, strings and numbers, and a closed
table of the four names that a dictionary of tensors needs. Nothing is imported, resolved or called on a file's behalf;
every other opcode or name ends the reading. Both formats of `torch.save` are read: the zip archive, and what came
before PyTorch 1.6, in which the published Inception weights are.
"""

import io
import math
import pickletools
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np

LARGEST = 512 * 2**20
"""Bytes of the largest file that is read."""
_LARGEST_PICKLE = 2**20  # that of Inception has a tenth of it
_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}
_MARK = object()
_PUSH = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "SHORT_BINSTRING"}
_CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class StateDictError(ValueError):
    """Raised for a file that is not a sound dictionary of tensors; the message is one line."""


class _Name(NamedTuple):
    """A name in a pickle, which is never resolved."""

    dotted: str


class _Storage(NamedTuple):
    """The place of tensors' numbers in the file."""

    key: str
    dtype: np.dtype
    length: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]


def read_state_dict(data: bytes) -> dict[str, np.ndarray]:
    """Returns the tensors of a state dict that `torch.save` wrote.

    Use it for weights published as `.pth`; it takes nothing but a flat dictionary of contiguous tensors.

    Args:
        data: bytes, the file's content.

    Returns:
        Dictionary of arrays that share the memory of `data`, in the file's order.

    Raises:
        StateDictError: the file is damaged, too large, or asks for anything beyond tensors in a dictionary.

    Example:
        >>> sorted(read_state_dict(Path("weights.pth").read_bytes()))[0]
        'Conv2d_1a_3x3.bn.bias'
    """
    if len(data) > LARGEST:
        raise StateDictError(f"the file has {len(data):,} bytes, but state dicts of at most {LARGEST:,} are read.")
    try:
        tensors, bytes_of = (_read_zip if data[:4] == b"PK\x03\x04" else _read_legacy)(data)
        return {name: _array(name, tensor, bytes_of) for name, tensor in tensors.items()}
    except StateDictError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise _damaged(error) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(error) from None


def _damaged(error: Exception) -> StateDictError:
    found = " ".join(str(error).split())[:120]
    return StateDictError(f"the file is not a sound PyTorch state dict ({found}): download it again.")


def _read_zip(data: bytes) -> tuple[dict, Callable[[_Storage], bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        if sum(sizes.values()) > LARGEST:  # a stored archive has its files' size
            raise StateDictError(f"the archive unpacks to {sum(sizes.values()):,} bytes; at most {LARGEST:,} are read.")
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()) or sum(sizes.values()) > len(
            data
        ):
            raise StateDictError(
                "the archive is compressed, or unpacks to more than its own size, which PyTorch's archives do not."
            )
        (pickled,) = (name for name in sizes if name.endswith("/data.pkl") or name == "data.pkl")
        root = pickled.removesuffix("data.pkl")
        if f"{root}byteorder" in sizes and archive.read(f"{root}byteorder") != b"little":
            raise StateDictError("the numbers in the file are big-endian; only little-endian files are read.")
        contents = {name: archive.read(name) for name in sizes if name == pickled or name.startswith(f"{root}data/")}
    tensors = _load(io.BytesIO(contents[pickled]))
    return _dictionary(tensors), lambda storage: contents[f"{root}data/{storage.key}"]


def _read_legacy(data: bytes) -> tuple[dict, Callable[[_Storage], bytes]]:
    """Five pickles (magic number, version, machine, the dictionary, keys of storages), then each storage's bytes."""
    file = io.BytesIO(data)
    if data[:1] != b"\x80" or _load(file) != _MAGIC or _load(file) != 1001:
        raise StateDictError("the file is not a PyTorch state dict: it is neither a zip archive nor the older format.")
    machine = _load(file)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise StateDictError("the numbers in the file are big-endian; only little-endian files are read.")
    storages: dict[str, _Storage] = {}
    tensors = _dictionary(_load(file, storages))
    places: dict[str, memoryview] = {}
    for key in _load(file):
        count, size = int.from_bytes(file.read(8), "little", signed=True), storages[key].dtype.itemsize
        if count != storages[key].length:
            raise ValueError(f"storage {key} is said to have {storages[key].length} numbers and {count}")
        places[key] = memoryview(data)[file.tell() : file.tell() + count * size]
        file.seek(count * size, io.SEEK_CUR)
    return tensors, lambda storage: places[storage.key]  # type: ignore[return-value]


def _dictionary(found: Any) -> dict[str, _Tensor]:
    if not isinstance(found, dict) or not all(isinstance(tensor, _Tensor) for tensor in found.values()):
        raise StateDictError("the file does not hold a flat dictionary of tensors, as a state dict is.")
    return found


def _array(name: str, tensor: _Tensor, bytes_of: Callable[[_Storage], bytes]) -> np.ndarray:
    storage, count = tensor.storage, math.prod(tensor.shape)
    raw = bytes_of(storage)
    if len(raw) != storage.length * storage.dtype.itemsize or not 0 <= tensor.offset <= storage.length - count:
        raise StateDictError(f"the file is damaged or cut short at the tensor {name!r}: download it again.")
    numbers = np.frombuffer(raw, storage.dtype, storage.length)
    return numbers[tensor.offset : tensor.offset + count].reshape(tensor.shape)


def _load(file: BinaryIO, storages: dict[str, _Storage] | None = None) -> Any:
    """Interprets one pickle; storages that it names are entered into `storages`."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        start = len(stack) - 1
        while stack[start] is not _MARK:
            start -= 1
        found = stack[start + 1 :]
        del stack[start:]
        return found

    start = file.tell()
    argument: Any
    for opcode, argument, _ in pickletools.genops(file):
        name = opcode.name
        if file.tell() - start > _LARGEST_PICKLE:
            raise ValueError("its pickle is too long")
        if name in _PUSH:
            stack.append(argument)
        elif name in _CONSTANT:
            stack.append(_CONSTANT[name])
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "EMPTY_LIST":
            stack.append([])
        elif name in _TUPLES:
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name == "TUPLE":
            stack.append(tuple(since_mark()))
        elif name in ("APPEND", "APPENDS"):
            items = since_mark() if name == "APPENDS" else [stack.pop()]
            stack[-1].extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = since_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
            _require(all(isinstance(key, str) for key in items[::2]), "a key is not a string")
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif name == "GLOBAL":
            stack.append(_resolved(argument))
        elif name == "BINPERSID":
            stack.append(_storage(stack.pop(), storages))
        elif name == "REDUCE":
            arguments = stack.pop()
            stack.append(_rebuilt(stack.pop(), arguments))
        elif name == "BUILD":
            stack.pop()  # the attribute `_metadata` of a state dict: versions of its modules
        elif name == "STOP":
            (result,) = stack
            return result
        elif name != "PROTO":
            raise StateDictError(f"the file is refused: its pickle uses {name}, which no state dict needs.")
    raise ValueError("its pickle has no end")


def _require(sound: bool, otherwise: str) -> None:
    # What the file says is not printed: nested tuples may be longer than memory when written out.
    if not sound:
        raise ValueError(otherwise)


def _resolved(argument: str) -> _Name:
    dotted = argument.replace(" ", ".")
    storage = dotted.removeprefix("torch.")
    if dotted in ("collections.OrderedDict", "torch._utils._rebuild_tensor_v2") or storage in _DTYPES:
        return _Name(dotted)
    raise StateDictError(f"the file is refused: its pickle asks for {dotted!r}, which no state dict needs.")


def _storage(identity: tuple, storages: dict[str, _Storage] | None) -> _Storage:
    kind, storage_type, key, _, count, *_ = identity
    sound = kind == "storage" and isinstance(storage_type, _Name) and isinstance(key, str) and isinstance(count, int)
    _require(sound, "it describes a storage in another way than PyTorch does")
    storage = _Storage(key, np.dtype(_DTYPES[storage_type.dotted.removeprefix("torch.")]), count)
    if storages is not None:
        storages[storage.key] = storage
    return storage


def _rebuilt(name: _Name, arguments: tuple) -> Any:
    """Returns what a call in the pickle stands for."""
    if name.dotted == "collections.OrderedDict" and arguments in ((), ([],)):
        return {}
    _require(name.dotted == "torch._utils._rebuild_tensor_v2", "it makes something else than tensors")
    storage, offset, shape, strides, *_ = arguments
    _require(len(shape) <= 8 and all(isinstance(size, int) and size >= 0 for size in shape), "a shape is unsound")
    contiguous = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    rows = zip(strides, contiguous, shape, strict=True)
    _require(all(stride == expected for stride, expected, size in rows if size > 1), "a tensor is not contiguous")
    return _Tensor(storage, offset, shape)
