"""Random numbers addressed by position: a function of (seed, stream, index, position), with no state.

Counter-based numbers (Threefry-2x32-20; Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") are the
same whatever the batch size, the backend, or the compiler, which the backends' own generators are not. `xp` is the
array library: `numpy`, for data on the host, or `keras.ops`, for latents in a graph or in an exported model.
"""

import math
import types
from typing import Any

import numpy as np

Array = Any

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry2x32(key: tuple[Array, Array], counter: tuple[Array, Array], xp: types.ModuleType = np) -> tuple:
    """Two 32-bit random words for each counter.

    Args:
        key: two uint32 arrays or scalars.
        counter: two uint32 arrays; key and counter broadcast against each other.
        xp: `numpy` or `keras.ops`.

    Returns:
        Two uint32 arrays of the broadcast shape.
    """

    def word(value: int) -> Array:
        return xp.array(value, dtype="uint32")

    keys = (key[0], key[1], xp.bitwise_xor(xp.bitwise_xor(key[0], key[1]), word(_PARITY)))
    a, b = counter[0] + keys[0], counter[1] + keys[1]
    for five in range(5):
        for bits in _ROTATIONS[five % 2]:
            a = a + b
            b = xp.bitwise_or(xp.left_shift(b, word(bits)), xp.right_shift(b, word(32 - bits)))
            b = xp.bitwise_xor(a, b)
        a = a + keys[(five + 1) % 3]
        b = b + keys[(five + 2) % 3] + word(five + 1)
    return a, b


def _cast(value: Array, dtype: str, xp: types.ModuleType) -> Array:
    return np.asarray(value).astype(dtype) if xp is np else xp.cast(value, dtype)


def _words(seed: Array, stream: Array, indices: Array, size: int, xp: types.ModuleType) -> tuple:
    """Two words for each of (index, position < size): arrays of shape (indices, size)."""

    def row(value: Array) -> Array:
        return xp.reshape(_cast(value, "uint32", xp), (-1, 1))  # arrays: NumPy warns when a uint32 scalar wraps

    columns = _cast(xp.arange(size), "uint32", xp)[None, :]  # TensorFlow has no uint32 range under XLA
    return threefry2x32((row(seed), row(stream)), (row(indices), columns), xp)


def _unit(words: Array, xp: types.ModuleType) -> Array:
    """Floats in (0, 1), never 0 nor 1, from the upper 23 bits of uint32 words."""
    upper = xp.right_shift(words, xp.array(9, dtype="uint32"))
    return (_cast(upper, "float32", xp) + 0.5) * 2.0**-23


def uniform(seed: Array, indices: Array, size: int, stream: Array = 0, xp: types.ModuleType = np) -> Array:
    """Uniform numbers in (0, 1) for each index.

    Args:
        seed: integer in [0, 2**32).
        indices: integers of shape (n,): the positions (image numbers) to draw for.
        size: integer, how many numbers an index gets.
        stream: integer, or integers of shape (n,), that keeps different uses of one seed apart.
        xp: `numpy` or `keras.ops`.

    Returns:
        float32 array of shape (n, size); row i depends on `indices[i]` alone.
    """
    return _unit(_words(seed, stream, indices, size, xp)[0], xp)


def normal(seed: Array, indices: Array, size: int, stream: Array = 0, xp: types.ModuleType = np) -> Array:
    """Standard normal numbers for each index (Box and Muller 1958); arguments and shape as for `uniform`."""
    first, second = _words(seed, stream, indices, size, xp)
    radius = xp.sqrt(-2.0 * xp.log(_unit(first, xp)))
    return radius * xp.cos(2.0 * math.pi * _unit(second, xp))


def permutation(seed: int, epoch: int, size: int) -> np.ndarray:
    """The order in which epoch number `epoch` visits `size` examples: int64 of shape (size,)."""
    return np.random.default_rng([seed, epoch]).permutation(size)
