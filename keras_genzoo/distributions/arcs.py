"""Arcs between vectors, whose lengths stay those of samples of N(0, I)."""

import numpy as np


def slerp(a: np.ndarray, b: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Returns the point at `fraction` of the arc from `a` to `b`; the last axis is that of the vectors.

    Where the lengths differ, the length changes along the way; vectors without an arc between them, which point the
    same way or opposite ways, or are zero, are joined by a straight line.

    Reference: Shoemake 1985, doi:10.1145/325334.325242, section 3.3.

    Args:
        a: float array (..., size).
        b: float array (..., size).
        fraction: float array (..., 1) in [0, 1].

    Returns:
        float array (..., size).

    Example:
        >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.5]))
        array([0.70710678, 0.70710678])
    """
    lengths = np.linalg.norm(a, axis=-1, keepdims=True) * np.linalg.norm(b, axis=-1, keepdims=True)
    cosine = np.sum(a * b, axis=-1, keepdims=True) / np.where(lengths > 0, lengths, 1.0)
    angle = np.where(lengths > 0, np.arccos(np.clip(cosine, -1.0, 1.0)), 0.0)
    straight = np.sin(angle) < 1e-4
    sine = np.where(straight, 1.0, np.sin(angle))
    arc = (np.sin((1.0 - fraction) * angle) * a + np.sin(fraction * angle) * b) / sine
    return np.where(straight, (1.0 - fraction) * a + fraction * b, arc)
