"""Differentiable augmentation of a discriminator's images, fixed or adaptive."""

from typing import Any

import keras
from keras import ops

from keras_genzoo.registry import DISCRIMINATOR_AUGMENTATIONS, did_you_mean
from keras_genzoo.types import Count, Operations, Share

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
        >>> scores = discriminator(augmentation(x, seed=seeds))
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

    def call(self, images: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Augments each image independently.

        Args:
            images: float32 tensor of shape (n, height, width, channels), in [-1, 1].
            seed: generator of the random numbers.
        """
        for name in self.operations:
            operation, numbers = OPERATIONS[name]
            drawn = keras.random.uniform((ops.shape(images)[0], 1 + numbers), seed=seed)
            images = self.chosen(drawn[:, :1, None, None], operation(images, drawn[:, 1:]), images)
        return images

    def chosen(self, drawn: Tensor, changed: Tensor, images: Tensor) -> Tensor:
        """Returns what an operation made of images: here of each of them.

        Args:
            drawn: uniform numbers in [0, 1), of shape (n, 1, 1, 1).
            changed: the images after the operation.
            images: the images before it.
        """
        return changed

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "operations": list(self.operations)}


@DISCRIMINATOR_AUGMENTATIONS.register("ada")
@keras.saving.register_keras_serializable("keras_genzoo")
class AdaptiveAugment(DiffAugment):
    """Adaptive discriminator augmentation: each operation is applied with a probability p that follows overfitting.

    Use it where it is not known how much augmentation the data need. p is a weight, so checkpoints hold it.

    Reference: Karras et al. 2020, "ADA", arXiv:2006.06676, section 3 and equation 1.

    Differs from the paper: the operations are DiffAugment's, and p is updated after each batch, not each fourth.

    Args:
        operations: names of operations, in their order: "color", "translation", "cutout".
        target: float in [0, 1], the target of r_t, the mean sign of the scores of real images.
        images: integer, images in which p goes from 0 to 1 at most.
        kwargs: `name`, as for every layer.

    Example:
        >>> augmentation = AdaptiveAugment(target=0.6)
        >>> scores = discriminator(augmentation(x, seed=seeds))
        >>> augmentation.adapt(ops.mean(ops.sign(scores)), 64)
    """

    def __init__(
        self,
        operations: Operations = ("color", "translation", "cutout"),
        target: Share = 0.6,
        images: Count = 500_000,
        **kwargs: Any,
    ):
        super().__init__(operations, **kwargs)
        self.target = target
        self.images = images
        self.probability = self.add_weight((), "zeros", trainable=False, aggregation="mean", name="probability")

    def chosen(self, drawn: Tensor, changed: Tensor, images: Tensor) -> Tensor:
        """Returns what an operation made of images, for a random fraction p of them."""
        return ops.where(drawn < self.probability, changed, images)

    def adapt(self, overfitting: Tensor, count: int | Tensor) -> None:
        """Raises p where the discriminator is more confident of real images than the target, and lowers it elsewhere.

        Args:
            overfitting: scalar in [-1, 1], r_t: the mean sign of the scores of real images.
            count: integer, how many images it is the mean of.
        """
        step = ops.cast(count, "float32") / float(self.images)
        updated = self.probability + step * ops.sign(ops.stop_gradient(overfitting) - self.target)
        self.probability.assign(ops.clip(updated, 0.0, 1.0))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "target": self.target, "images": self.images}
