"""Adaptive discriminator augmentation: what is done to images, and how often."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo.layers.augmentation import cutout
from keras_genzoo.layers.warp import warped
from keras_genzoo.registry import DISCRIMINATOR_AUGMENTATIONS, did_you_mean
from keras_genzoo.types import AdaOperations, Count, Schedule, Share

Tensor = Any

_SHIFT = 0.125  # of a side: the most of integer shifts, the deviation of others
_SCALE = 0.2  # deviation of scales, as of brightness; the scales' as logarithms to base 2
_CONTRAST = 0.5  # as logarithm
_SATURATION = 1.0
_KNOWN = ("blit", "geometry", "color", "cutout")
_UNIFORM, _NORMAL = 24, 7  # numbers that an image needs


class _Drawn:
    """Numbers of each image, handed out one after another; each operation decides with one whether it is done."""

    def __init__(self, drawn: tuple[Tensor, Tensor], probability: Tensor):
        self.numbers = {kind: iter(ops.unstack(part, axis=1)) for kind, part in zip("un", drawn, strict=True)}
        self.probability = probability
        self.touched = ops.zeros_like(drawn[0][:, 0]) > 0

    def uniform(self) -> Tensor:
        """(n,), in [0, 1)."""
        return next(self.numbers["u"])

    def normal(self) -> Tensor:
        """(n,), N(0, 1)."""
        return next(self.numbers["n"])

    def chosen(self, value: Tensor, neutral: float, probability: Tensor = None) -> Tensor:
        """A value for the images to which this is done, and the neutral one for the others."""
        done = self.uniform() < (self.probability if probability is None else probability)
        self.touched = ops.logical_or(self.touched, done)
        return ops.where(done, value, ops.full_like(value, neutral))


def blit(drawn: _Drawn, size: int) -> Tensor:
    """Inverse maps (n, 3, 3) that flip, turn by quarters and shift by whole pixels."""
    flip = drawn.chosen(ops.floor(2.0 * drawn.uniform()), 0.0)
    quarters = drawn.chosen(ops.floor(4.0 * drawn.uniform()), 0.0)
    right, down = 2.0 * drawn.uniform() - 1.0, 2.0 * drawn.uniform() - 1.0
    shift = drawn.chosen(ops.round(_SHIFT * size * ops.stack([right, down])), 0.0)
    turned = _rotation(ops.round(ops.cos(quarters * (math.pi / 2))), ops.round(ops.sin(quarters * (math.pi / 2))))
    return _scaling(1.0 - 2.0 * flip, ops.ones_like(flip)) @ turned @ _translation(-shift[0], -shift[1])


def geometry(drawn: _Drawn, size: int) -> Tensor:
    """Inverse maps (n, 3, 3) that scale, turn, stretch, turn again and shift.

    Each of the two turns has the probability 1 - sqrt(1 - p), so that p of the images are turned.
    """
    scale = ops.power(2.0, drawn.chosen(_SCALE * drawn.normal(), 0.0))
    share = 1.0 - ops.sqrt(1.0 - drawn.probability)
    before = drawn.chosen((2.0 * drawn.uniform() - 1.0) * math.pi, 0.0, share)
    stretch = ops.power(2.0, drawn.chosen(_SCALE * drawn.normal(), 0.0))
    after = drawn.chosen((2.0 * drawn.uniform() - 1.0) * math.pi, 0.0, share)
    shift = drawn.chosen(_SHIFT * size * ops.stack([drawn.normal(), drawn.normal()]), 0.0)
    return (
        _scaling(1.0 / scale, 1.0 / scale)
        @ _rotation(ops.cos(before), ops.sin(before))
        @ _scaling(1.0 / stretch, stretch)
        @ _rotation(ops.cos(after), ops.sin(after))
        @ _translation(-shift[0], -shift[1])
    )


def color(drawn: _Drawn, images: Tensor) -> Tensor:
    """Images whose brightness, contrast, luma, hue and saturation are changed: a map of each pixel's color.

    Of gray images hue and saturation are left alone.
    """
    luma = ops.mean(images, axis=-1, keepdims=True)  # along the gray diagonal
    brightness = drawn.chosen(_SCALE * drawn.normal(), 0.0)
    contrast = ops.power(2.0, drawn.chosen(_CONTRAST * drawn.normal(), 0.0))
    flip = 1.0 - 2.0 * drawn.chosen(ops.floor(2.0 * drawn.uniform()), 0.0)
    angle = drawn.chosen((2.0 * drawn.uniform() - 1.0) * math.pi, 0.0)
    saturation = ops.power(2.0, drawn.chosen(_SATURATION * drawn.normal(), 0.0))
    brightness, contrast, flip, angle, saturation = (
        part[:, None, None, None] for part in (brightness, contrast, flip, angle, saturation)
    )
    changed = flip * contrast * (luma + brightness)
    if images.shape[-1] == 1:
        return changed
    chroma = contrast * saturation * (images - luma)
    # A turn about the gray diagonal: the cross product with it stands at right angles to the chroma.
    cross = (ops.roll(chroma, 1, axis=-1) - ops.roll(chroma, 2, axis=-1)) / math.sqrt(3.0)
    return changed + ops.cos(angle) * chroma + ops.sin(angle) * cross


def _map(rows: list[list[Tensor]]) -> Tensor:
    """(n, 3, 3) matrices of a list of rows."""
    return ops.stack([ops.stack(row, axis=-1) for row in rows], axis=-2)


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    none, one = ops.zeros_like(x), ops.ones_like(x)
    return _map([[x, none, none], [none, y, none], [none, none, one]])


def _rotation(cosine: Tensor, sine: Tensor) -> Tensor:
    none, one = ops.zeros_like(cosine), ops.ones_like(cosine)
    return _map([[cosine, -sine, none], [sine, cosine, none], [none, none, one]])


def _translation(x: Tensor, y: Tensor) -> Tensor:
    none, one = ops.zeros_like(x), ops.ones_like(x)
    return _map([[one, none, x], [none, one, y], [none, none, one]])


@DISCRIMINATOR_AUGMENTATIONS.register("ada")
@keras.saving.register_keras_serializable("keras_genzoo")
class AdaptiveAugment(keras.layers.Layer):
    """Adaptive discriminator augmentation (ADA): each operation has a probability p that follows overfitting.

    Use it where there are few training images, and it is not known how much augmentation they need. Below p = 0.8
    nothing of it shows in generated images. p is a weight, so checkpoints hold it.

    | `operations` | what is done, each with probability p |
    | --- | --- |
    | "blit" | a flip, a turn by quarters, a shift by whole pixels of up to an eighth of a side |
    | "geometry" | scale, turn, stretch, turn, a shift of deviation an eighth; interpolated |
    | "color" | brightness, contrast, luma flip, hue, saturation |
    | "cutout" | a square of half the size becomes gray |

    Reference: Karras et al. 2020, "ADA", arXiv:2006.06676, section 3, equation 1 and appendix B.

    Differs from the paper: images are interpolated linearly, without a wavelet filter; no filtering of frequencies and
    no noise, which the authors leave out by default; p is updated after each batch, not each fourth.

    Args:
        operations: names of operations, which come in the order of the table.
        target: float in [0, 1], the target of r_t, the mean sign of the scores of real images.
        images: integer, images in which p goes from 0 to 1 at most.
        probability: number, or schedule: p, which then does not adapt; None for p that does.
        kwargs: `name`, as for every layer.

    Raises:
        ValueError: there is no such operation.

    Example:
        >>> augmentation = AdaptiveAugment(target=0.6)
        >>> scores = discriminator(augmentation(x, augmentation.draw(x, seeds)))
        >>> augmentation.adapt(ops.mean(ops.sign(scores)), 64)
    """

    def __init__(
        self,
        operations: AdaOperations = ("blit", "geometry", "color"),
        target: Share = 0.6,
        images: Count = 500_000,
        probability: Share | Schedule | None = None,
        **kwargs: Any,
    ):
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=kwargs.pop("trainable", False), autocast=False, **kwargs)
        for name in operations:
            if name not in _KNOWN:
                raise ValueError(f"AdaptiveAugment: there is no operation {name!r}; {did_you_mean(name, _KNOWN)}")
        self.operations = tuple(operations)
        self.target = target
        self.images = images
        self.given = probability
        begin = probability if isinstance(probability, int | float) else 0.0
        start = keras.initializers.Constant(begin)
        self.probability = self.add_weight((), start, trainable=False, aggregation="mean", name="probability")
        self.built = True

    @property
    def adapts(self) -> bool:
        """Whether p follows the discriminator."""
        return self.given is None

    def draw(
        self, images: Tensor, seed: keras.random.SeedGenerator, probability: Tensor = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What is done to as many images as these: uniform random numbers, normal ones, and p.

        Args:
            images: tensor of shape (n, height, width, channels).
            seed: generator of the random numbers.
            probability: scalar, p; None for the weight's value.

        Raises:
            ValueError: the images are not square, and would be turned.
        """
        height, width = images.shape[1:3]
        if height != width and set(self.operations) & {"blit", "geometry"}:
            raise ValueError(
                f"AdaptiveAugment: images of {height} x {width} pixels, but 'blit' and 'geometry' turn images, which "
                "must be square: give other operations, or 'diffaugment'."
            )
        count = ops.shape(images)[0]
        uniform = keras.random.uniform((count, _UNIFORM), seed=seed)
        normal = keras.random.normal((count, _NORMAL), seed=seed)
        return uniform, normal, ops.convert_to_tensor(self.probability if probability is None else probability)

    def call(self, images: Tensor, drawn: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Augments each image independently.

        Args:
            images: float32 tensor of shape (n, height, width, channels), in [-1, 1]; what is returned may leave it.
            drawn: what `draw` gave for them.
        """
        numbers = _Drawn(drawn[:2], drawn[2])
        size = images.shape[1]
        inverses = [_GEOMETRIC[name](numbers, size) for name in _GEOMETRIC if name in self.operations]
        if inverses:
            moved = warped(images, inverses[0] if len(inverses) == 1 else inverses[0] @ inverses[1])
            images = ops.where(numbers.touched[:, None, None, None], moved, images)
        if "color" in self.operations:
            numbers.touched = ops.zeros_like(numbers.touched)
            colored = color(numbers, images)
            images = ops.where(numbers.touched[:, None, None, None], colored, images)
        if "cutout" in self.operations:
            places = ops.stack([numbers.uniform(), numbers.uniform()], axis=-1)
            done = numbers.chosen(ops.ones_like(places[:, 0]), 0.0)[:, None, None, None]
            images = ops.where(done > 0, cutout(images, places), images)
        return images

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
        given = self.given
        if isinstance(given, Schedule):
            given = keras.saving.serialize_keras_object(given)
        own = {"operations": list(self.operations), "target": self.target, "images": self.images}
        return {**super().get_config(), **own, "probability": given}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "AdaptiveAugment":
        """The inverse of `get_config`."""
        given = config.get("probability")
        if isinstance(given, dict):
            config = {**config, "probability": keras.saving.deserialize_keras_object(given)}
        return cls(**config)


_GEOMETRIC = {"blit": blit, "geometry": geometry}
