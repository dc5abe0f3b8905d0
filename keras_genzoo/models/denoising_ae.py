"""Denoising AE: an autoencoder that restores clean images from corrupted ones."""

import math
from collections.abc import Callable
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo import counter_rng, images
from keras_genzoo.losses.squared_error import squared_error
from keras_genzoo.models.autoencoder import EncoderDecoder, PriorlessAutoencoder
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, Network, Positive

Tensor = Any
Array = Any
Draw = Callable[[tuple], Tensor]

_STREAM = 3  # of noise: `generate` draws from others


@MODELS.register("denoising_ae")
@keras.saving.register_keras_serializable("keras_genzoo")
class DenoisingAE(EncoderDecoder, PriorlessAutoencoder):
    """Denoising autoencoder: learns features of images by removing noise from them.

    Use it to clean images, and to learn features that do not depend on every pixel. `call`, `encode` and `reconstruct`
    take the noisy image as it is; `corrupt` makes noisy images to try them on.

    The corruption keeps the model from copying, so no bottleneck is needed, and for clean details none is wanted: the
    default networks hold an image in feature maps of half its size, 16,384 latents, more than a 64 x 64 image has
    numbers; they begin as a copy, and learn what to remove. 64 latents, as an `ae` has, keep what makes a face and
    lose its details.

    | log | meaning |
    | --- | --- |
    | `loss` | squared error to the clean image, summed over pixels |
    | `psnr_input` | PSNR of the corrupted images, in decibels, mean over images |
    | `psnr_output` | PSNR of their reconstructions; both count 100 dB for an identical pair |

    Reference: Vincent et al. 2008, doi:10.1145/1390156.1390294; Vincent et al. 2010, JMLR 11:3371, sections 3 and 4.1.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, latents of an image; for `map_encoder` a multiple of the pixels of its feature maps.
        corruption: "gaussian" noise; "masking", which turns numbers black; or "salt_and_pepper", which turns them black
            or white. Each number of an image, a channel of a pixel, for itself. Corrupted images are cut to [-1, 1],
            as image files are.
        amount: float, the standard deviation of Gaussian noise in the units of pixels in [-1, 1] (the default is 0.1
            on the scale 0..1: 20 dB), or the fraction in (0, 1] of the numbers that the other two change.
        encoder: network from images to latents.
        decoder: network from latents to images.
        kwargs: `mixture_components`: see `PriorlessAutoencoder`; `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: there is no such corruption, or a fraction is above 1.

    Example:
        >>> model = DenoisingAE(image_shape=(64, 64, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=50)
        >>> clean = model.reconstruct(model.corrupt(images, seed=0))
    """

    logs = ("loss", "psnr_input", "psnr_output")
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 64,
        "encoder": {"network": "map_encoder", "filters": (4,), "blocks": 1},
        "decoder": {"network": "map_decoder", "filters": (4,), "blocks": 1},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 16_384,
        corruption: Literal["gaussian", "masking", "salt_and_pepper"] = "gaussian",
        amount: Positive = 0.2,
        encoder: Network = "map_encoder",
        decoder: Network = "map_decoder",
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, encoder, decoder, **kwargs)
        self.corruption = corruption
        if amount > 1.0 and corruption != "gaussian":
            raise ValueError(
                f"DenoisingAE.amount is {amount:g}, but for '{corruption}' a fraction in (0, 1] is expected."
            )
        self.amount = amount
        self.ready(ArraySpec(self.image_shape))

    def autoencoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The squared error between the clean image and the reconstruction of the corrupted one."""
        corrupted = self._corrupted(
            x,
            normal=lambda shape: keras.random.normal(shape, seed=self.seeds),
            uniform=lambda shape: keras.random.uniform(shape, seed=self.seeds),
        )
        output = self.images_of(self.latents_of(corrupted, training), training)
        loss = squared_error(x, output)
        return loss, {"loss": loss, "psnr_input": _psnr(x, corrupted), "psnr_output": _psnr(x, output)}

    def _corrupted(self, x: Tensor, normal: Draw, uniform: Draw) -> Tensor:
        """Corrupted images; `normal` and `uniform` draw numbers of a shape."""
        if self.corruption == "gaussian":
            return ops.clip(x + self.amount * normal(ops.shape(x)), -1.0, 1.0)
        number = uniform(ops.shape(x))
        if self.corruption == "masking":
            return ops.where(number < self.amount, -1.0, x)
        half = 0.5 * self.amount
        return ops.where(number < half, -1.0, ops.where(number < self.amount, 1.0, x))

    def corrupt(self, x: Array, seed: int = 0, start: int = 0) -> Array:
        """Corrupts images, to show and to measure with: image number i of a seed is the same in every batch.

        Args:
            x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
            seed: integer in [0, 2**32).
            start: integer, the number of the first image.

        Returns:
            uint8 array of the same shape.
        """
        floats = self._floats(x, "corrupt")
        given = seed, range(start, start + len(floats)), math.prod(self.image_shape), _STREAM
        corrupted = self._corrupted(
            ops.convert_to_tensor(floats),
            normal=lambda shape: counter_rng.normal(*given).reshape(shape),
            uniform=lambda shape: counter_rng.uniform(*given).reshape(shape),
        )
        return images.to_pixels(ops.convert_to_numpy(corrupted))


def _psnr(x: Tensor, y: Tensor) -> Tensor:
    """`metrics.psnr` of tensors in [-1, 1], mean over images; an identical pair counts as 100 dB."""
    mse = ops.mean(ops.square(0.5 * (x - y)), axis=(1, 2, 3))
    return ops.mean(-10.0 * ops.log10(ops.maximum(mse, 1e-10)))
