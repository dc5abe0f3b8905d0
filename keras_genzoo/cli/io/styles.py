"""Images that a user names by a seed, or by a file of styles."""

from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from keras_genzoo.artifacts import RunError
from keras_genzoo.uses import StyleSpace, draw, read_styles


def styles_of_words(model: Any, words: list[str], truncation: float = 1.0) -> tuple[np.ndarray, list[str]]:
    """The styles that words name, and a name for each.

    Args:
        model: a model with styles.
        words: seeds, whose styles are truncated; files of styles, or FILE:N for number N in it, from 0, as they are.
        truncation: float, psi.

    Returns:
        float32 array (n, layers, style_dim), and n names.

    Raises:
        RunError: there is no such file, or it does not hold styles of this model.
        ValueError: the model has no mean to truncate towards.
    """
    if truncation != 1.0:
        model.check_style_mean("truncation")
    parts, found = [], []
    for word in words:
        if word.isdecimal() and int(word) < 2**32:
            w = draw(StyleSpace(model), np.arange(1), int(word))
            parts.append(ops.convert_to_numpy(model.truncated(ops.convert_to_tensor(w), truncation)))
            found.append(f"seed {word}")
            continue
        name, _, number = word.rpartition(":")
        name, chosen = (name, int(number)) if name and number.isdecimal() and not Path(word).exists() else (word, None)
        w = read_styles(name, model)
        if chosen is not None and chosen >= len(w):
            raise RunError(f"'{word}': the file has {len(w)} images, counted from 0.")
        numbers = range(len(w)) if chosen is None else [chosen]
        parts.append(w[list(numbers)])
        found += [f"{name}:{at}" for at in numbers]
    return np.concatenate(parts), found
