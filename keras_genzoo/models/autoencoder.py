"""The bases of autoencoders: the methods encode, decode, reconstruct and generate."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_genzoo import images
from keras_genzoo.export import Endpoint
from keras_genzoo.layers.latent_mixture import LatentMixture
from keras_genzoo.networks.penultimate import penultimate_network
from keras_genzoo.players import Player
from keras_genzoo.sampling import LatentModel
from keras_genzoo.types import ArraySpec, Count, ImageShape, Inputs, Network

Tensor = Any
Array = Any


class Autoencoder(LatentModel):
    """A model between images and latents; a subclass defines `latents_of` and `images_of`, both of tensors.

    Its users' methods take images as uint8 or as floats in [-1, 1], and give images as uint8.
    """

    reconstructs_slowly: ClassVar[bool] = False

    def latents_of(self, x: Tensor) -> Tensor:
        """Latents (n, latent_dim) of images in [-1, 1], without noise."""
        raise NotImplementedError(f"{type(self).__name__} must define latents_of().")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Reconstructions in [-1, 1] of images in [-1, 1]."""
        return self.images_of(self.latents_of(x))

    def reconstructions_of(self, x: Tensor) -> Tensor:
        """Reconstructions in [-1, 1] of images in [-1, 1]."""
        return self(x)

    def encode(self, x: Array, batch_size: int = 64) -> Array:
        """Latents of images.

        Args:
            x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
            batch_size: integer, how many at a time.

        Returns:
            float32 array of shape (n, latent_dim).
        """
        return self.in_batches("latents_of", self._floats(x, "encode"), batch_size)

    def reconstruct(self, x: Array, batch_size: int = 64) -> Array:
        """Reconstructions of images, as uint8; `x` as for `encode`."""
        return images.to_pixels(self.in_batches("reconstructions_of", self._floats(x, "reconstruct"), batch_size))

    def _floats(self, x: Array, method: str) -> Array:
        return images.as_floats(x, self.image_shape, f"{type(self).__name__}.{method}")

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `encode`, `decode` and `reconstruct`, whose images are uint8."""
        pixels = {"images": ArraySpec((None, *self.image_shape), "uint8")}
        latents = {"latents": ArraySpec((None, self.latent_dim))}
        return {
            **super().endpoints(),
            "encode": Endpoint(lambda images_: self.latents_of(images.from_pixels(images_, ops)), pixels),
            "decode": Endpoint(lambda z: images.to_pixels(self.images_of(z), ops), latents),
            "reconstruct": Endpoint(
                lambda x: images.to_pixels(self.reconstructions_of(images.from_pixels(x, ops)), ops), pixels
            ),
        }


class WithEncoder(Autoencoder):
    """An autoencoder whose latents are a network's; a subclass has `encoder`."""

    encoder: keras.Model

    def feature_network(self) -> keras.Model:
        """What enters the encoder's last layer, as a network of images: see `capabilities.HasFeatures`."""
        return penultimate_network(self.encoder, f"{type(self).__name__}.encoder")


class EncoderDecoder(WithEncoder):
    """An autoencoder of two networks without noise between them, which are trained as one player.

    A subclass defines `autoencoder_loss`, and ends its constructor with `self.ready(ArraySpec(self.image_shape))`.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector.
        encoder: network from images to latents.
        decoder: network from latents to images.
        kwargs: those of the next base.
    """

    def __init__(self, image_shape: ImageShape, latent_dim: Count, encoder: Network, decoder: Network, **kwargs: Any):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.encoder = self.network("encoder", encoder, image_shape=self.image_shape, outputs=latent_dim)
        self.decoder = self.network("decoder", decoder, image_shape=self.image_shape, latent_dim=latent_dim)

    def players(self) -> tuple[Player, ...]:
        """One: encoder and decoder together."""
        return (Player("autoencoder", ("encoder", "decoder"), self.autoencoder_loss),)

    def autoencoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of encoder and decoder, and its logs; `y` is None."""
        raise NotImplementedError(f"{type(self).__name__} must define autoencoder_loss().")

    def latents_of(self, x: Tensor, training: bool = False) -> Tensor:
        """The encoder's output."""
        return self.encoder(x, training=training)

    def images_of(self, z: Tensor, training: bool = False) -> Tensor:
        """The decoder's output."""
        return self.decoder(z, training=training)


class PriorlessAutoencoder(Autoencoder):
    """An autoencoder that is trained without a prior of its latents; a mixture is fitted to them afterwards.

    Args:
        mixture_components: integer in 1..1,000, Gaussians in the mixture that `fit_prior` fits.
        kwargs: `dtype`, `name`: see `GenerativeModel`.
    """

    def __init__(self, mixture_components: Count = 10, **kwargs: Any):
        super().__init__(**kwargs)
        self.mixture_components = mixture_components

    def ready(self, inputs: Inputs) -> None:
        """Ends a constructor: see `GenerativeModel`; adds the mixture."""
        self.mixture = LatentMixture(self.latent_dim, self.mixture_components, name="mixture")
        super().ready(inputs)

    def sample_latents(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Latents (n, latent_dim) drawn from the mixture, before `fit_prior` from N(0, I), for each (seed, index)."""
        return self.mixture.sample(indices, seed)

    def fit_prior(self, x: Array, seed: int = 0, batch_size: int = 64) -> None:
        """Fits the mixture to the latents of images, so that `generate` makes images like them.

        Call it after training, with training images; the callback `FitPrior` does so by itself. Weights that are saved
        afterwards hold the mixture.

        Args:
            x: array of shape (n, height, width, channels), uint8 or float in [-1, 1], n at least 2.
            seed: integer in [0, 2**32), of the fit.
            batch_size: integer, images encoded at a time.

        Raises:
            ValueError: too few images, images of another shape, or latents that are not finite.

        Example:
            >>> model.fit_prior(train[np.arange(1000)]["image"])
            >>> model.generate(16)
        """
        self.mixture.fit(self.encode(x, batch_size), seed)
