"""Files of styles, which stand for images: commands take them in the place of a seed."""

import os
from pathlib import Path

import numpy as np

from keras_genzoo.files import RunError, staged
from keras_genzoo.model import GenerativeModel
from keras_genzoo.untrusted import UntrustedError, read_npz
from keras_genzoo.uses.mix import for_each_layer

_MOST_BYTES = 2**28


def write_styles(path: str | os.PathLike, w: np.ndarray, model: GenerativeModel) -> None:
    """Writes styles as an `.npz` file.

    Args:
        path: of the file.
        w: for all layers (n, style_dim) or for each (n, layers, style_dim).
        model: whose they are.
    """
    with staged(Path(path)) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, w=for_each_layer(model, w, "write_styles"))


def read_styles(path: str | os.PathLike, model: GenerativeModel) -> np.ndarray:
    """Reads what `write_styles` wrote: float32 array (n, layers, style_dim).

    Raises:
        RunError: the file is missing, is none of styles, or holds those of another model.
    """
    try:
        found = read_npz(path, _MOST_BYTES)["w"]
    except FileNotFoundError:
        raise RunError(
            f"'{path}': there is no such file: give a seed, or a file that `genzoo project` wrote."
        ) from None
    except UntrustedError as error:
        raise RunError(f"'{path}' is no file of styles ({error.reason}): `genzoo project` writes them.") from None
    except KeyError:
        raise RunError(f"'{path}' holds no styles 'w': give a file that `genzoo project` wrote.") from None
    w = for_each_layer(model, found, f"'{path}'")
    if not len(w) or not np.isfinite(w).all():
        raise RunError(f"'{path}': the styles are empty, or not finite: project the images anew.")
    return w
