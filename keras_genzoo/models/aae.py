"""AAE: the adversarial autoencoder."""

from typing import Any

import keras
from keras import ops

from keras_genzoo import losses
from keras_genzoo.models.autoencoder import EncoderDecoder
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, Network

Tensor = Any


@MODELS.register("aae")
@keras.saving.register_keras_serializable("keras_genzoo")
class AAE(EncoderDecoder):
    """Adversarial autoencoder: a discriminator of latents matches their distribution, over all images, with the prior.

    Use it where a VAE's latents collapse, or where latents are to fill the prior without gaps: the latent of an image
    is a point without noise, and only all of them together are N(0, I). It has no likelihood.

    A train step has the paper's two phases: reconstruction, by encoder and decoder; then regularization, by the
    discriminator, and by the encoder as the generator of latents. The encoder has an optimizer in each phase.

    Reference: Makhzani et al. 2016, arXiv:1511.05644, section 2 (deterministic encoder) and figure 1; the adversarial
        losses are Goodfellow et al. 2014, arXiv:1406.2661.

    Differs from the paper: the optimizers are Adam, not SGD with momentum.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector.
        encoder: network from images to latents.
        decoder: network from latents to images.
        discriminator: network from latents to logits of their being drawn from N(0, I).
        kwargs: `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = AAE(image_shape=(64, 64, 3), latent_dim=64)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs = ("reconstruction", "discriminator_loss", "encoder_loss")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": (4, 8)},
        "decoder": {"network": "conv_decoder", "filters": (8, 4)},
        "discriminator": {"network": "latent_discriminator", "hidden": (8,)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 64,
        encoder: Network = "conv_encoder",
        decoder: Network = "conv_decoder",
        discriminator: Network = "latent_discriminator",
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, encoder, decoder, **kwargs)
        self.discriminator = self.network("discriminator", discriminator, latent_dim=latent_dim, outputs=1)
        self.ready(ArraySpec(self.image_shape))

    def players(self) -> tuple[Player, ...]:
        """The autoencoder, then the discriminator, then the encoder against it."""
        return (
            *super().players(),
            Player("discriminator", ("discriminator",), self.discriminator_loss),
            Player("encoder", ("encoder",), self.encoder_loss),
        )

    def autoencoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The squared error, summed over pixels, averaged over images."""
        z = self.latents_of(x, training)
        loss = losses.squared_error(x, self.images_of(z, training))
        return loss, {"reconstruction": loss}

    def discriminator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy of latents drawn from the prior and those of images."""
        z = ops.stop_gradient(self.latents_of(x, training))
        drawn = keras.random.normal((ops.shape(x)[0], self.latent_dim), seed=self.seeds)
        of_prior, of_images = (self.discriminator(latents, training=training) for latents in (drawn, z))
        loss = losses.logistic_discriminator(of_prior, of_images)
        return loss, {"discriminator_loss": loss}

    def encoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The non-saturating loss of the encoder, whose latents are to be taken for draws from the prior."""
        z = self.latents_of(x, training)
        loss = losses.non_saturating_generator(self.discriminator(z, training=training))
        return loss, {"encoder_loss": loss}

    def latent_statistics(self, x: Tensor) -> Tensor:
        """The latents alone, as there is no posterior to diverge from a prior: (n, 1, latent_dim)."""
        return self.latents_of(x)[:, None]
