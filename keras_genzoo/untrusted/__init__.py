"""Readers of files from strangers: a file is checked before it is opened, JSON is read strictly."""

from typing import TYPE_CHECKING

from keras_genzoo.lazily import lazily
from keras_genzoo.untrusted.files import UntrustedError, check_regular, opened, read_bytes

if TYPE_CHECKING:
    from keras_genzoo.untrusted.weights import KerasFile, check_hdf5, check_keras_file, check_npz, read_npz

__all__ = [
    "KerasFile",
    "UntrustedError",
    "check_hdf5",
    "check_keras_file",
    "check_npz",
    "check_regular",
    "opened",
    "read_bytes",
    "read_npz",
]

_OF_WEIGHTS = ("KerasFile", "check_hdf5", "check_keras_file", "check_npz", "read_npz")
__getattr__ = lazily(__name__, dict.fromkeys(_OF_WEIGHTS, "weights"))  # which imports h5py
