"""Differentiable augmentation of what a discriminator sees, fixed or adaptive."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_genzoo.registry import did_you_mean

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
    """Moves images by whole pixels, by up to an eighth of a side each way; what comes in is 0, the middle gray.

    Args:
        images: tensor of shape (n, height, width, channels).
        drawn: tensor of shape (n, 2), uniform in [0, 1): down, and to the right.
    """

    def moved(axis: int) -> Tensor:
        """(n, side, side) matrices that move an axis: unlike gathering's, a product's derivative is a product."""
        side = images.shape[axis + 1]
        most = int(_SHIFT * side + 0.5)
        shift = _whole(drawn[:, axis, None, None], 2 * most + 1) - most
        place = ops.arange(side)
        return ops.cast(ops.equal(place[None, None, :], place[None, :, None] - shift), images.dtype)

    images = ops.einsum("nij,njkc->nikc", moved(0), images)
    return ops.einsum("nlk,nikc->nilc", moved(1), images)


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
    """int32 numbers in 0..count - 1 of uniform ones in [0, 1]."""
    return ops.cast(ops.minimum(ops.floor(drawn * count), count - 1), "int32")


OPERATIONS = {"color": (color, 3), "translation": (translation, 2), "cutout": (cutout, 2)}
"""Each operation, and how many uniform numbers an image needs for it."""


@keras.saving.register_keras_serializable("keras_genzoo")
class Augmentation(keras.layers.Layer):
    """Changes images, real and generated alike, before a discriminator sees them, and lets gradients through.

    Use it where there are few images to train on (thousands), which a discriminator would learn by heart. With a
    `target` an image undergoes each operation with a probability p, which `adapt` moves; it is a weight, so checkpoints
    hold it.

    Reference: Zhao et al. 2020, "DiffAugment", arXiv:2006.10738, section 3; `target`: Karras et al. 2020, "ADA",
    arXiv:2006.06676, section 3 and equation 1.

    Differs from the paper: ADA's operations are DiffAugment's three, and p is moved after each batch, not each fourth.

    Args:
        operations: names of operations, in their order: "color", "translation", "cutout".
        target: float in [0, 1], of r_t, the mean sign of the scores of real images; None for p = 1.
        images: integer, images in which p goes from 0 to 1 at most.
        kwargs: `name`, as for every layer.

    Raises:
        ValueError: there is no such operation.

    Example:
        >>> augmentation = Augmentation(target=0.6)
        >>> scores = discriminator(augmentation(x, seed=seeds))
        >>> augmentation.adapt(ops.mean(ops.sign(scores)), 64)
    """

    def __init__(
        self,
        operations: Sequence[str] = ("color", "translation", "cutout"),
        target: float | None = None,
        images: int = 500_000,
        **kwargs: Any,
    ):
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=kwargs.pop("trainable", False), autocast=False, **kwargs)
        for name in operations:
            if name not in OPERATIONS:
                raise ValueError(f"Augmentation: there is no operation {name!r}; {did_you_mean(name, OPERATIONS)}")
        self.operations = tuple(operations)
        self.target = target
        self.images = images
        if target is not None:
            self.probability = self.add_weight((), "zeros", trainable=False, aggregation="mean", name="probability")
        self.built = True

    def call(self, images: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Changes each image in its own way.

        Args:
            images: float32 tensor of shape (n, height, width, channels), in [-1, 1].
            seed: what the random numbers are drawn with.
        """
        for name in self.operations:
            operation, numbers = OPERATIONS[name]
            drawn = keras.random.uniform((ops.shape(images)[0], 1 + numbers), seed=seed)
            changed = operation(images, drawn[:, 1:])
            if self.target is None:
                images = changed
            else:
                images = ops.where(drawn[:, :1, None, None] < self.probability, changed, images)
        return images

    def adapt(self, overfitting: Tensor, count: int | Tensor) -> None:
        """Raises p where the discriminator is too sure of real images, and lowers it where it is not.

        Args:
            overfitting: scalar in [-1, 1], r_t: the mean sign of the scores of real images.
            count: integer, how many images that was the mean of.

        Raises:
            ValueError: there is no target.
        """
        if self.target is None:
            raise ValueError("Augmentation.adapt: target is None, so p is 1 for good: give a target, 0.6 for example.")
        step = ops.cast(count, "float32") / float(self.images)
        moved = self.probability + step * ops.sign(ops.stop_gradient(overfitting) - self.target)
        self.probability.assign(ops.clip(moved, 0.0, 1.0))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"operations": list(self.operations), "target": self.target, "images": self.images}
        return {**super().get_config(), **own}
