"""Translator: the base of models that turn images of one domain into images of another."""

import functools
from typing import Any, ClassVar, Literal

import keras
from keras import ops

from keras_genzoo import images, losses
from keras_genzoo.export import Endpoint
from keras_genzoo.model import GenerativeModel
from keras_genzoo.types import AdversarialLossName, ArraySpec, ImageShape, Network

Tensor = Any
Array = Any
Direction = Literal["ab", "ba"]

_LARGEST_MULTIPLE = 1024
_LEAST = 8  # pixels, a power of two: on smaller images networks could not pad by reflection themselves


class Translator(GenerativeModel):
    """A model between domain A, whose images have `image_shape`, and domain B, whose images have `target_shape`.

    Its translators are networks of convolutions, which translate images of other sizes than those they were trained on
    as well: see `size_multiple`. A subclass names its networks in `translators`.

    Args:
        image_shape: (height, width, channels) of the images of domain A.
        target_shape: those of domain B, of the same height and width; None for the same shape.
        adversarial_loss: name of the losses of translators and discriminators, as for `Adversarial`. As in the papers
            of translation, "least_squares" is the translators' squared error without its factor of 1/2.
        kwargs: `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the shapes have another height or width.
    """

    translators: ClassVar[dict[Direction, str]] = {"ab": "translator"}
    """The network of each direction."""
    discriminators: ClassVar[tuple[str, ...]] = ("discriminator",)
    """The networks that score images, or pairs of images."""

    def __init__(
        self,
        image_shape: ImageShape,
        target_shape: ImageShape | None,
        adversarial_loss: AdversarialLossName,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_shape: ImageShape = tuple(image_shape)  # type: ignore[assignment]
        self.target_shape: ImageShape = tuple(target_shape or image_shape)  # type: ignore[assignment]
        self.adversarial_loss = adversarial_loss
        if self.image_shape[:2] != self.target_shape[:2]:
            raise ValueError(
                f"{type(self).__name__}: images of {_size(self.image_shape)} cannot be translated into images of "
                f"{_size(self.target_shape)}: give shapes of one height and width."
            )

    def translator_network(self, argument: str, value: Network, direction: Direction = "ab") -> keras.Model:
        """Builds the network that translates in this direction."""
        given, made = self.shapes(direction)
        return self.network(argument, value, image_shape=given, target_shape=made)

    def shapes(self, direction: Direction = "ab") -> tuple[ImageShape, ImageShape]:
        """The shapes of what is translated and of what comes out."""
        pair = self.image_shape, self.target_shape
        return pair if direction == "ab" else pair[::-1]

    # Losses

    def adversarial_term(self, fake_scores: Tensor, real_scores: Tensor = None) -> Tensor:
        """The adversarial loss of a translator, by the scores of its translations; those of real images if needed."""
        loss = losses.ADVERSARIAL_LOSSES[self.adversarial_loss].generator(real_scores, fake_scores)
        # Zhu et al. 2017, section 4, have no 1/2 here, which Mao et al. 2017 have: cycle_weight = 10 is beside that.
        return 2.0 * loss if self.adversarial_loss == "least_squares" else loss

    def discriminator_term(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """The loss of a discriminator, by its scores."""
        return losses.ADVERSARIAL_LOSSES[self.adversarial_loss].discriminator(real_scores, fake_scores)

    def scored_direction(self, discriminator: str) -> Direction:
        """The direction whose translations a discriminator scores: into the domain that its name ends in, B if none."""
        return "ba" if discriminator.endswith("_a") else "ab"

    def scores_of(self, discriminator: str, made: Tensor, inputs: Tensor, training: bool) -> Tensor:
        """A discriminator's scores of translations, or of real images; `inputs` are what these are translations of."""
        return getattr(self, discriminator)(made, training=training)

    @property
    def compares(self) -> bool:
        """Whether the translators' adversarial loss depends on the scores of real images."""
        return losses.ADVERSARIAL_LOSSES[self.adversarial_loss].compares

    def check_targets(self, y: Any, count: int, where: str) -> None:
        """Raises a ValueError unless `y` holds an image of domain B for each of `count` images."""
        if y is not None and tuple(y.shape[1:]) != self.target_shape:
            raise ValueError(
                f"{where}: y has shape {tuple(y.shape)}, but {(count, *self.target_shape)} is expected: give images of "
                "the model's target_shape."
            )
        super().check_targets(y, count, where)

    # Images

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The directions in which the model translates: "ab" from domain A to B, "ba" back."""
        return tuple(self.translators)

    @functools.cached_property
    def size_multiple(self) -> int | None:
        """What height and width of an image must be multiples of, for all translators; None if the size is fixed.

        Images of other sizes are padded by `translate`, and cropped back.
        """
        found = [_multiple(getattr(self, name)) for name in self.translators.values()]
        return None if None in found else max(multiple for multiple in found if multiple is not None)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Translations from A to B, in [-1, 1], by the averaged translator where there is one."""
        return self.averaged(self.translators["ab"])(x, training=training)

    def translations_of(self, x: Tensor, direction: Direction = "ab") -> Tensor:
        """Translations in [-1, 1] of images in [-1, 1], whose sizes the networks take; see `size_multiple`."""
        return self.averaged(self.translators[direction])(x)

    def padded_translations_of(self, x: Tensor, **options: Any) -> Tensor:
        """As `translations_of`, of images of any size: they are continued by reflection, and cropped back."""
        if self.size_multiple is None:
            return self.translations_of(x, **options)
        height, width = ops.shape(x)[1:3]
        made = self.translations_of(reflected(x, self.size_multiple), **options)
        return made[:, :height, :width]

    def translate(self, x: Array, direction: Direction = "ab", batch_size: int = 16) -> Array:
        """Translates images, of any size where the networks allow it.

        Args:
            x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
            direction: "ab", or "ba" of a model that translates back.
            batch_size: integer, how many at a time.

        Returns:
            uint8 array of shape (n, height, width, channels).

        Raises:
            ValueError: a direction that the model does not have, or images of another shape.
        """
        return images.to_pixels(self._translated(x, direction, batch_size))

    def _translated(self, x: Array, direction: Direction, batch_size: int, **options: Any) -> Array:
        where = f"{type(self).__name__}.translate"
        if direction not in self.translators:
            raise ValueError(f"{where}: direction={direction!r}, but {', '.join(self.directions)} is what it learned.")
        shape, _ = self.shapes(direction)
        x = images.as_floats(x, shape if self.size_multiple is None else (None, None, shape[-1]), where)
        return self.in_batches("padded_translations_of", x, batch_size, direction=direction, **options)

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `translate`, or of a model of both directions `a_to_b` and `b_to_a`: of uint8 images, of any size where
        the networks allow it."""
        found = super().endpoints()
        names = {"ab": "a_to_b", "ba": "b_to_a"} if len(self.translators) > 1 else {"ab": "translate"}
        for direction, name in names.items():
            shape, _ = self.shapes(direction)  # type: ignore[arg-type]
            size = shape[:2] if self.size_multiple is None else (None, None)

            def translate(x: Tensor, direction: str = direction) -> Tensor:
                return images.to_pixels(
                    self.padded_translations_of(images.from_pixels(x, ops), direction=direction), ops
                )

            found[name] = Endpoint(translate, {"images": ArraySpec((None, *size, shape[-1]), "uint8")})
        return found


def reflected(x: Tensor, multiple: int) -> Tensor:
    """Images continued at the right and below to the next multiples, as between mirrors, however small they are."""
    for axis in (1, 2):
        size = ops.shape(x)[axis]
        period = _at_least(2 * size - 2, 1)
        places = ops.mod(ops.arange(_at_least((size + multiple - 1) // multiple * multiple, _LEAST)), period)
        x = ops.take(x, ops.minimum(places, period - places), axis=axis)
    return x


def _at_least(size: Any, least: int) -> Any:
    """A size that is not below `least`: a number stays one, as JAX needs it for a shape."""
    return max(size, least) if isinstance(size, int) else ops.maximum(size, least)


def _multiple(network: keras.Model) -> int | None:
    """What the sides of a network's images must be multiples of for its output to have their size."""
    if None not in network.input_shape[1:3]:
        return None
    multiple = 1
    while multiple <= _LARGEST_MULTIPLE:
        size = 3 * multiple  # no power of two
        try:
            made = network.compute_output_shape((1, size, size, network.input_shape[-1]))
        except ValueError:  # what is joined has two sizes
            made = ()
        if tuple(made[1:3]) == (size, size):
            return multiple
        multiple *= 2
    return None


def _size(shape: ImageShape) -> str:
    return f"{shape[0]} x {shape[1]} pixels"
