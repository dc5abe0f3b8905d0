"""Perceptual path length of a model, in z or in w."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_genzoo.metrics.path_length import STEP, perceptual_path_length

if TYPE_CHECKING:
    from keras_genzoo.evaluation.measurements import Measurements, Values

_BATCH = 50  # ways at a time


def path_length(measured: "Measurements", space: str) -> "Values":
    """Measures as many ways as images are made, each at a random place.

    Args:
        measured: of a model and an extractor.
        space: "z", whose ways are arcs, or "w", whose ways are lines.
    """
    model, extractor, ways = measured.needed_model, measured.needed_extractor, measured.num
    random, seed = np.random.default_rng(measured.seed), np.uint32(measured.seed)
    features = np.empty((2, ways, extractor.dim), "float32")
    with measured.watch(f"{ways:,} ways in {space}", ways) as advance:
        for first in range(0, ways, _BATCH):
            numbers = np.arange(2 * first, 2 * min(first + _BATCH, ways))
            z = model.in_batches("sample_latents", numbers, len(numbers), seed)
            place = random.uniform(0.0, 1.0 - STEP, (len(numbers) // 2, 1))
            for end, fraction in enumerate((place, place + STEP)):
                # As floats: uint8 would round the step away.
                pixels = np.clip(127.5 * (_images(model, z, fraction, space) + 1.0), 0.0, 255.0)
                features[end, first : first + len(pixels)] = extractor.outputs(pixels)[0]
            advance(len(place))
    value = perceptual_path_length(*features)
    made = {**measured.generated_protocol(ways), "pixels": "float32"}
    return measured.feature_values(value, f"path_length_{space}", generated=made, step=STEP, features_of_length=1)


def _images(model: Any, z: Any, fraction: np.ndarray, space: str) -> np.ndarray:
    """Images in [-1, 1] on the way between each two latents; a way's label, if there is one, is that of its start."""
    if space == "z":
        from keras_genzoo.distributions.arcs import slerp

        z = np.asarray(z, "float64")
        return model.in_batches("images_of", slerp(z[::2], z[1::2], fraction).astype("float32"), len(fraction))
    if isinstance(z, tuple):
        z = z[0], z[1][::2].repeat(2, axis=0)
    w = np.asarray(model.in_batches("styles_of", z, 2 * len(fraction)), "float64")
    on_the_way = ((1.0 - fraction) * w[::2] + fraction * w[1::2]).astype("float32")
    each = np.repeat(on_the_way[:, None], model.style_layers, axis=1)
    return model.in_batches("images_of_styles", each, len(each))
