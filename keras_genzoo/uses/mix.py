"""Style mixing: some layers' styles of one image, the others of another."""

import re
from collections.abc import Sequence

import numpy as np

from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses.spaces import with_styles

GROUPS = {"coarse": (4, 8), "middle": (16, 32), "fine": (64, 4096)}
"""Names of layers, by the least and the largest size of their maps: Karras et al. 2019, section 3.1."""


def layers_of(model: GenerativeModel, text: str) -> list[int]:
    """The layers that a text names.

    Args:
        model: a built model with styles.
        text: names of `GROUPS`, numbers from 0 on and ranges such as "4-7", with commas between them.

    Returns:
        The layers' numbers, in order.

    Raises:
        ValueError: the text names none, or one that the model does not have.

    Example:
        >>> layers_of(model, "coarse")
        [0, 1, 2, 3]
    """
    count = with_styles(model).style_layers
    sizes = [4 * 2 ** (layer // 2) for layer in range(count)]
    found: set[int] = set()
    for word in (part.strip() for part in text.split(",")):
        if word in GROUPS:
            least, largest = GROUPS[word]
            found |= {layer for layer, size in enumerate(sizes) if least <= size <= largest}
            continue
        numbers = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", word)
        first, last = (int(numbers[1]), int(numbers[2] or numbers[1])) if numbers else (1, 0)
        if not first <= last < count:
            raise ValueError(
                f"styles '{text}': expected {', '.join(GROUPS)}, or numbers and ranges of layers from 0 to {count - 1}."
            )
        found |= set(range(first, last + 1))
    if not found:
        raise ValueError(
            f"styles '{text}': this model ends at {sizes[-1]} pixels, and has no such layers: name others, or numbers "
            f"from 0 to {count - 1}."
        )
    return sorted(found)


def mixed_styles(w: np.ndarray, other: np.ndarray, layers: Sequence[int]) -> np.ndarray:
    """Returns styles of w whose layers `layers` are of `other`; both (..., layers, style_dim), which broadcast."""
    chosen = np.isin(np.arange(w.shape[-2]), layers)[:, None]
    return np.where(chosen, other, w)


def mix(model: GenerativeModel, rows: np.ndarray, columns: np.ndarray, layers: Sequence[int]) -> np.ndarray:
    """Returns the table of mixed styles: each row's image with some layers' styles of each column's image.

    Use it to see what the layers have learned: coarse styles bring pose, face shape and glasses, middle ones features
    and hair, fine ones colors.

    Reference: Karras et al. 2019, arXiv:1812.04948, figure 3.

    Args:
        model: a built model with styles.
        rows: w of the rows' images, for all layers (r, style_dim) or for each (r, layers, style_dim).
        columns: w of the columns' images, likewise.
        layers: integers, the layers whose styles are the column's; see `layers_of`.

    Returns:
        uint8 array (r, c, height, width, channels).

    Raises:
        ValueError: the model has no styles, w has another shape, or there is no such layer.

    Example:
        >>> w = model.map(np.random.default_rng(0).standard_normal((8, 512)))
        >>> table = mix(model, w[:4], w[4:], layers_of(model, "coarse"))
    """
    first, second = for_each_layer(model, rows, "mix: rows"), for_each_layer(model, columns, "mix: columns")
    if not set(layers) <= set(range(first.shape[1])):
        raise ValueError(f"mix: layers {sorted(layers)}: this model has layers 0 to {first.shape[1] - 1}.")
    made = mixed_styles(first[:, None], second[None], layers)
    flat = with_styles(model).synthesize(made.reshape(-1, *made.shape[2:]))
    return flat.reshape(*made.shape[:2], *flat.shape[1:])


def for_each_layer(model: GenerativeModel, w: np.ndarray, where: str) -> np.ndarray:
    """Returns w for each layer (n, layers, style_dim); errors are in the name of the caller.

    Raises:
        ValueError: the model has no styles, or w has another shape.
    """
    styles = with_styles(model)
    w, shape = np.asarray(w, "float32"), (styles.style_layers, styles.style_dim)
    if w.ndim == 2 and w.shape[1:] == shape[1:]:
        return np.repeat(w[:, None], shape[0], axis=1)
    if w.ndim != 3 or w.shape[1:] != shape:
        raise ValueError(
            f"{where}: w has shape {w.shape}, but (n, {shape[1]}), or (n, {shape[0]}, {shape[1]}), is expected."
        )
    return w
