"""Differentiable augmentation of a discriminator's images."""

from typing import Any

import keras
from keras import ops

from keras_genzoo.registry import DISCRIMINATOR_AUGMENTATIONS, did_you_mean
from keras_genzoo.types import Operations

Tensor = Any

_SHIFT = 0.125  # of a side, at most
_HOLE = 0.5  # of a side


def color(images: Tensor, drawn: Tensor) -> Tensor:
    """Changes brightness, saturation and contrast, in this order.

    Args:
        images: tensor of shape (n, height, width, channels), in [-1, 1]; what is returned may leave it.
        drawn: tensor of shape (n, 3), uniform in [0, 1).
    """
    brightness, saturation, contrast = (drawn[:, i, None, None, None] for i in range(3))
    images = images + (brightness - 0.5)
    gray = ops.mean(images, axis=3, keepdims=True)
    images = gray + 2.0 * saturation * (images - gray)
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (contrast + 0.5) * (images - mean)


def translation(images: Tensor, drawn: Tensor) -> Tensor:
    """Translates images by whole pixels, by up to an eighth of a side each way; the border becomes 0, middle gray.

    Args:
        images: tensor of shape (n, height, width, channels).
        drawn: tensor of shape (n, 2), uniform in [0, 1): down, and to the right.
    """

    def shifts(axis: int) -> Tensor:
        """(n, side, side) matrices that shift along an axis; unlike a gather's, a product's derivative is a product."""
        side = images.shape[axis + 1]
        most = int(_SHIFT * side + 0.5)
        shift = _whole(drawn[:, axis, None, None], 2 * most + 1) - most
        place = ops.arange(side)
        return ops.cast(ops.equal(place[None, None, :], place[None, :, None] - shift), images.dtype)

    images = ops.einsum("nij,njkc->nikc", shifts(0), images)
    return ops.einsum("nlk,nikc->nilc", shifts(1), images)


def cutout(images: Tensor, drawn: Tensor) -> Tensor:
    """Sets a rectangle of half the height and half the width to 0, anywhere, also partly outside.

    Args:
        images: tensor of shape (n, height, width, channels).
        drawn: tensor of shape (n, 2), uniform in [0, 1): where the rectangle is, from top and left.
    """

    def within(axis: int) -> Tensor:
        side = images.shape[axis + 1]
        size = int(_HOLE * side + 0.5)
        start = _whole(drawn[:, axis, None], side + 1 - size % 2) - size // 2
        place = ops.arange(side)[None]
        return ops.logical_and(place >= start, place < start + size)

    hole = ops.logical_and(within(0)[:, :, None, None], within(1)[:, None, :, None])
    return ops.where(hole, ops.zeros_like(images), images)


def _whole(drawn: Tensor, count: int) -> Tensor:
    """Turns uniform numbers in [0, 1] into int32 numbers in 0..count - 1."""
    return ops.cast(ops.minimum(ops.floor(drawn * count), count - 1), "int32")


OPERATIONS = {"color": (color, 3), "translation": (translation, 2), "cutout": (cutout, 2)}
"""Each operation, and the number of uniform random numbers that an image needs for it."""


@DISCRIMINATOR_AUGMENTATIONS.register("diffaugment")
@keras.saving.register_keras_serializable("keras_genzoo")
class DiffAugment(keras.layers.Layer):
    """Augments all images of a discriminator, real and generated alike; gradients flow through it to the generator.

    Use it where there are few training images (thousands), which a discriminator would memorize.

    Reference: Zhao et al. 2020, "DiffAugment", arXiv:2006.10738, section 3.

    Args:
        operations: names of operations, in their order: "color", "translation", "cutout".
        kwargs: `name`, as for every layer.

    Raises:
        ValueError: there is no such operation.

    Example:
        >>> augmentation = DiffAugment(("color", "translation"))
        >>> scores = discriminator(augmentation(x, augmentation.draw(x, seeds)))
    """

    def __init__(self, operations: Operations = ("color", "translation", "cutout"), **kwargs: Any):
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=kwargs.pop("trainable", False), autocast=False, **kwargs)
        for name in operations:
            if name not in OPERATIONS:
                raise ValueError(
                    f"{type(self).__name__}: there is no operation {name!r}; {did_you_mean(name, OPERATIONS)}"
                )
        self.operations = tuple(operations)
        self.built = True

    def draw(self, images: Tensor, seed: keras.random.SeedGenerator) -> list[Tensor]:
        """The random numbers of each operation for as many images as these: what is done to them.

        Args:
            images: tensor of shape (n, height, width, channels).
            seed: generator of the random numbers.
        """
        counts = [OPERATIONS[name][1] for name in self.operations]
        return [keras.random.uniform((ops.shape(images)[0], count), seed=seed) for count in counts]

    def call(self, images: Tensor, drawn: list[Tensor]) -> Tensor:
        """Augments each image independently.

        Args:
            images: float32 tensor of shape (n, height, width, channels), in [-1, 1].
            drawn: what `draw` gave for them.
        """
        for name, numbers in zip(self.operations, drawn, strict=True):
            images = OPERATIONS[name][0](images, numbers)
        return images

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "operations": list(self.operations)}
