"""Projection: the styles by which a model makes a given image."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_genzoo import backend, images
from keras_genzoo.metrics.image_quality import psnr
from keras_genzoo.model import GenerativeModel
from keras_genzoo.uses.spaces import with_styles

Tensor = Any

_SMALLEST = 4  # pixels of the coarsest images that are compared
_RISE, _FALL = 0.05, 0.25  # of the steps, in which the learning rate rises at first, and falls at last


class Projection(NamedTuple):
    """What `project` found.

    Args:
        w: float32 array (n, layers, style_dim), the styles.
        images: uint8 array (n, height, width, channels), what the model makes of them.
        psnr: float array (n,), of these against the given images, in dB.
        mean_psnr: float array (n,), the same of the image of the mean style, from which the search began.
    """

    w: np.ndarray
    images: np.ndarray
    psnr: np.ndarray
    mean_psnr: np.ndarray


def project(
    model: GenerativeModel,
    x: np.ndarray,
    steps: int = 500,
    each_layer: bool = True,
    learning_rate: float = 0.1,
    progress: Callable[[int, np.ndarray], None] | None = None,
) -> Projection:
    """Returns styles by which the model makes images that are like the given ones.

    Styles begin at the mean w and follow Adam down the error of pixels, at every size from the image's to 4 pixels,
    each size counting alike: coarse sizes lead the pose, fine ones the details. One w for all layers stays among what
    the model makes; w for each layer comes nearer to any image, and can be edited less well.

    Reference: Abdal et al. 2019, arXiv:1904.03189 (w for each layer); Karras et al. 2020, arXiv:1912.04958, appendix D
        (the start and the learning rate's rise and fall).

    Differs from the papers: the error is of pixels at several sizes; theirs is of VGG's features.

    Args:
        model: a built model with styles, which was trained.
        x: images (n, height, width, channels), uint8 or floats in [-1, 1]: aligned as those of the training.
        steps: integer, of Adam.
        each_layer: bool, whether each layer gets a w of its own.
        learning_rate: float, the highest, in standard deviations of w.
        progress: function of the number of steps done and of w (n, layers, style_dim), called after each step.

    Raises:
        ValueError: the model has no styles or no mean of them yet, or images have another shape.

    Example:
        >>> found = project(model, faces[:4])
        >>> older = mix(model, found.w, other.w, layers_of(model, "coarse"))
    """
    styles = with_styles(model)
    styles.check_style_mean("project")
    target = images.as_floats(x, model.image_shape, "project")
    scale = max(_deviation(model), 1e-6)
    mean = ops.convert_to_numpy(styles.style_mean)
    layers = styles.style_layers if each_layer else 1
    # In units of the deviation of w, so that one learning rate fits every model.
    offset = keras.Variable(np.zeros((len(target), layers, len(mean)), "float32"))

    def styles_of(offset: Tensor) -> Tensor:
        w = mean + scale * offset
        return w if each_layer else ops.repeat(w, styles.style_layers, axis=1)

    def gradient(offset: Tensor, target: Tensor) -> Tensor:
        return backend.input_gradient(
            lambda at: pyramid_error(styles.images_of_styles(styles_of(at)), target), offset, model
        )

    compiled = backend.compiled(gradient, model)
    optimizer = keras.optimizers.Adam(learning_rate)
    target = ops.convert_to_tensor(target)
    for step in range(steps):
        optimizer.learning_rate = learning_rate * _schedule((step + 1) / steps)
        optimizer.apply([compiled(offset.value, target)], [offset])
        if progress is not None:
            progress(step + 1, ops.convert_to_numpy(styles_of(offset.value)))
    w = ops.convert_to_numpy(styles_of(offset.value))
    made, of_mean = styles.synthesize(w), styles.synthesize(mean[None])
    pixels = images.to_pixels(ops.convert_to_numpy(target))
    return Projection(w, made, psnr(pixels, made), psnr(pixels, np.repeat(of_mean, len(pixels), axis=0)))


def pyramid_error(made: Tensor, target: Tensor) -> Tensor:
    """Mean squared errors (n,) of images at every size, halved by means down to 4 pixels, added up.

    Where the target is black or white, what lies beyond is no error: a linear output is clipped there.
    """
    present = ops.stop_gradient(made)
    target = ops.where(target >= 1.0, ops.maximum(target, present), target)
    target = ops.where(target <= -1.0, ops.minimum(target, present), target)
    total, size = 0.0, min(target.shape[1:3])
    while True:
        total = total + ops.mean(ops.square(made - target), axis=(1, 2, 3))
        size //= 2
        if size < _SMALLEST:
            return total
        made, target = (ops.average_pool(part, 2, strides=2, data_format="channels_last") for part in (made, target))


def _schedule(done: float) -> float:
    """The part of the learning rate, as the search goes from 0 to 1: up in a line, and down as a cosine."""
    return min(1.0, done / _RISE) * 0.5 * (1.0 - math.cos(math.pi * min(1.0, (1.0 - done) / _FALL)))


def _deviation(model: GenerativeModel) -> float:
    """The standard deviation of w about its mean, over draws and numbers."""
    w = with_styles(model).map(model.in_batches("sample_latents", np.arange(1_000), 64, np.uint32(0)))
    return float(np.sqrt(np.mean(np.var(w, axis=0))))
