"""The base of models that encode images as maps of integers, the indices of vectors in a codebook."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo import images
from keras_genzoo.export import Endpoint
from keras_genzoo.layers.vector_quantizer import VectorQuantizer
from keras_genzoo.models.autoencoder import WithEncoder
from keras_genzoo.networks import budget
from keras_genzoo.types import ArraySpec, Count, ImageShape, Momentum, Network

Tensor = Any
Array = Any


class VectorQuantized(WithEncoder):
    """An encoder, a codebook and a decoder; a subclass trains them, or what stands behind them.

    A subclass ends its constructor with `self.ready(ArraySpec(self.image_shape))`.

    Args:
        image_shape: (height, width, channels) of the images, divisible by `downsampling`.
        num_codes: integer, K, codes in the codebook.
        code_dim: integer, D, the length of a code.
        downsampling: integer, pixels along a side of the square that a code stands for.
        decay: float in [0, 1) of the moving averages that update the codebook; None for a codebook that is trained by
            gradients.
        encoder: network from images to latents: feature maps of (height, width) / `downsampling` with `code_dim`
            channels, flattened.
        decoder: network from such latents to images.
        kwargs: `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the image does not divide, there are too many latents, or the encoder halves the image more or less
            often.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        num_codes: Count = 512,
        code_dim: Count = 64,
        downsampling: Count = 4,
        decay: Momentum | None = 0.99,
        encoder: Network = {"network": "map_encoder", "filters": (64, 128)},  # noqa: B006 - it is only read
        decoder: Network = {"network": "map_decoder", "filters": (128, 64)},  # noqa: B006
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        where = type(self).__name__
        height, width, _ = self.image_shape = tuple(image_shape)
        self.num_codes = num_codes
        self.code_dim = code_dim
        self.downsampling = downsampling
        self.decay = decay
        if height % downsampling or width % downsampling:
            raise ValueError(
                f"{where}.downsampling is {downsampling}, but it must divide the {height} x {width} pixels of an image."
            )
        self.map_shape = (height // downsampling, width // downsampling, code_dim)
        self.latent_dim = math.prod(self.map_shape)
        if self.latent_dim > 1_000_000:
            raise ValueError(
                f"{where}: {self.latent_dim:,} latents, but at most 1,000,000 are expected: lower code_dim, or raise "
                "downsampling."
            )
        self.encoder = self.network("encoder", encoder, image_shape=self.image_shape, outputs=self.latent_dim)
        self.decoder = self.network("decoder", decoder, image_shape=self.image_shape, latent_dim=self.latent_dim)
        last = self.encoder.layers[-1] if self.encoder.layers else None
        before = tuple(last.input.shape[1:]) if isinstance(last, keras.layers.Flatten) else self.map_shape
        if len(before) > 1 and before != self.map_shape:
            raise ValueError(
                f"{where}.encoder ends in feature maps {before}, but {self.map_shape} are expected: a code stands "
                f"for {downsampling} x {downsampling} pixels; give as many filters as halvings, or another "
                "downsampling."
            )
        with budget.unallocated():
            self.quantizer = VectorQuantizer(num_codes, code_dim, decay, name="quantizer")
            budget.spend("num_codes", self.quantizer)

    def outputs_of(self, x: Tensor, training: bool = False) -> Tensor:
        """The encoder's output as maps (n, height, width, code_dim), before it is quantized."""
        return ops.reshape(self.encoder(x, training=training), (-1, *self.map_shape))

    def _flat(self, maps: Tensor) -> Tensor:
        return ops.reshape(maps, (-1, self.latent_dim))

    def latents_of(self, x: Tensor) -> Tensor:
        """The codes of images, flattened."""
        return self._flat(self.quantizer(self.outputs_of(x)))

    def images_of(self, z: Tensor) -> Tensor:
        """The decoder's output; latents that are no codes are decoded as they are."""
        return self.decoder(z)

    # Integers

    def codes_of(self, x: Tensor) -> Tensor:
        """The codes' numbers, int32 (n, height, width) / `downsampling`, of images in [-1, 1]."""
        return self.quantizer.nearest(self.outputs_of(x))

    def images_of_codes(self, codes: Tensor) -> Tensor:
        """Images in [-1, 1] of codes' numbers; those out of range count as the first or the last."""
        return self.images_of(self._flat(self.quantizer.lookup(ops.clip(codes, 0, self.num_codes - 1))))

    def codes(self, x: Array, batch_size: int = 64) -> Array:
        """Images as integers.

        Args:
            x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
            batch_size: integer, how many at a time.

        Returns:
            int32 array of shape (n, height / downsampling, width / downsampling), each in 0..num_codes - 1.
        """
        return self.in_batches("codes_of", self._floats(x, "codes"), batch_size)

    def decode_codes(self, codes: Array, batch_size: int = 64) -> Array:
        """Images of integers.

        Args:
            codes: integer array of shape (n, height / downsampling, width / downsampling), as `codes` gives them.
            batch_size: integer, how many at a time.

        Returns:
            uint8 array of shape (n, height, width, channels).

        Raises:
            ValueError: another shape, or numbers that no code has.
        """
        codes = ops.convert_to_numpy(codes)
        if codes.shape[1:] != self.map_shape[:2] or codes.dtype.kind not in "iu" or not len(codes):
            raise ValueError(
                f"{type(self).__name__}.decode_codes: got {codes.dtype} of shape {codes.shape}, but integers of shape "
                f"(n, {self.map_shape[0]}, {self.map_shape[1]}) are expected."
            )
        if codes.min() < 0 or codes.max() >= self.num_codes:
            raise ValueError(
                f"{type(self).__name__}.decode_codes: the numbers lie in {codes.min()}..{codes.max()}, but "
                f"0..{self.num_codes - 1} is expected."
            )
        return images.to_pixels(self.in_batches("images_of_codes", codes.astype("int32"), batch_size))

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `codes` and `decode_codes`."""
        pixels = {"images": ArraySpec((None, *self.image_shape), "uint8")}
        numbers = {"codes": ArraySpec((None, *self.map_shape[:2]), "int32", below=self.num_codes)}
        return {
            **{name: endpoint._replace(jumps=True) for name, endpoint in super().endpoints().items()},
            "codes": Endpoint(lambda x: self.codes_of(images.from_pixels(x, ops)), pixels, jumps=True),
            "decode_codes": Endpoint(lambda codes: images.to_pixels(self.images_of_codes(codes), ops), numbers),
        }
