"""What every autoencoder shares: the vocabulary encode, decode, reconstruct."""

from typing import Any

from keras import ops

from keras_genzoo import images
from keras_genzoo.export import Endpoint, Inputs
from keras_genzoo.model import GenerativeModel

Tensor = Any
Array = Any


class Autoencoder(GenerativeModel):
    """A model between images and latents; a subclass defines `latents_of` and `images_of`, both of tensors.

    Its users' methods take images as uint8 or as floats in [-1, 1], and give images as uint8.
    """

    def latents_of(self, x: Tensor) -> Tensor:
        """Latents (n, latent_dim) of images in [-1, 1], without noise."""
        raise NotImplementedError(f"{type(self).__name__} must define latents_of().")

    def images_of(self, z: Tensor) -> Tensor:
        """Images in [-1, 1] of latents (n, latent_dim)."""
        raise NotImplementedError(f"{type(self).__name__} must define images_of().")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Reconstructions in [-1, 1] of images in [-1, 1]."""
        return self.images_of(self.latents_of(x))

    def encode(self, x: Array, batch_size: int = 64) -> Array:
        """Latents of images.

        Args:
            x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
            batch_size: integer, how many at a time.

        Returns:
            float32 array of shape (n, latent_dim).
        """
        return self.in_batches("latents_of", self._floats(x, "encode"), batch_size)

    def decode(self, z: Array, batch_size: int = 64) -> Array:
        """Images of latents (n, latent_dim), as uint8 (n, height, width, channels)."""
        return images.to_pixels(self.in_batches("images_of", z, batch_size))

    def reconstruct(self, x: Array, batch_size: int = 64) -> Array:
        """What the model makes of images, as uint8; `x` as for `encode`."""
        return images.to_pixels(self.in_batches("call", self._floats(x, "reconstruct"), batch_size))

    def _floats(self, x: Array, method: str) -> Array:
        return images.as_floats(x, self.image_shape, f"{type(self).__name__}.{method}")

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `encode`, `decode` and `reconstruct`, whose images are uint8."""
        pixels: Inputs = {"images": ((None, *self.image_shape), "uint8")}
        latents: Inputs = {"latents": ((None, self.latent_dim), "float32")}
        return {
            **super().endpoints(),
            "encode": Endpoint(lambda images_: self.latents_of(images.from_pixels(images_, ops)), pixels),
            "decode": Endpoint(lambda z: images.to_pixels(self.images_of(z), ops), latents),
            "reconstruct": Endpoint(lambda x: images.to_pixels(self(images.from_pixels(x, ops)), ops), pixels),
        }
