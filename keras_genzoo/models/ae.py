"""AE: the undercomplete autoencoder."""

from typing import Any

import keras

from keras_genzoo.losses.squared_error import squared_error
from keras_genzoo.models.autoencoder import EncoderDecoder, PriorlessAutoencoder
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, Network

Tensor = Any


@MODELS.register("ae")
@keras.saving.register_keras_serializable("keras_genzoo")
class AE(EncoderDecoder, PriorlessAutoencoder):
    """Autoencoder: copies images through a bottleneck.

    Use it to compress images, and as the baseline of all other autoencoders. With linear networks (`mlp_encoder` and
    `mlp_decoder` without hidden layers, and with a linear output) its latents span what principal component analysis
    finds.

    Reference: Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647; linear: Baldi & Hornik 1989,
    doi:10.1016/0893-6080(89)90014-2.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector.
        encoder: network from images to latents.
        decoder: network from latents to images.
        kwargs: `mixture_components`: see `PriorlessAutoencoder`; `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = AE(image_shape=(64, 64, 3), latent_dim=64)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
        >>> model.fit_prior(train.source[np.arange(1000)]["image"])
        >>> images = model.generate(16)
    """

    logs = ("loss",)
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": (4, 8)},
        "decoder": {"network": "conv_decoder", "filters": (8, 4)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 64,
        encoder: Network = "conv_encoder",
        decoder: Network = "conv_decoder",
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, encoder, decoder, **kwargs)
        self.ready(ArraySpec(self.image_shape))

    def autoencoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The squared error, summed over pixels, averaged over images."""
        z = self.latents_of(x, training)
        loss = squared_error(x, self.images_of(z, training))
        return loss, {"loss": loss}
