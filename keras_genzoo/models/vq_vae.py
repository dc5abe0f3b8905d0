"""VQ-VAE: an autoencoder whose latents are vectors of a learned codebook."""

from typing import Any

import keras
from keras import ops

from keras_genzoo import backend
from keras_genzoo.layers.vector_quantizer import perplexity
from keras_genzoo.losses.squared_error import squared_error
from keras_genzoo.models.autoencoder import PriorlessAutoencoder
from keras_genzoo.models.vector_quantized import VectorQuantized
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, Momentum, Network, Scalar, Share

Tensor = Any


@MODELS.register("vq_vae")
@keras.saving.register_keras_serializable("keras_genzoo")
class VQVAE(PriorlessAutoencoder, VectorQuantized):
    """Vector-quantized autoencoder: encodes an image as a small map of integers, the indices of codes.

    Use it to compress images into few bits with sharp reconstructions, and to make tokens for a model of sequences:
    `codes` gives the integers, `decode_codes` the images of them. `encode` gives the codes themselves, flattened:
    (n, latent_dim) with `latent_dim = height / downsampling * width / downsampling * code_dim`.

    | log | meaning |
    | --- | --- |
    | `reconstruction` | squared error, summed over pixels: -log p(x given z_q) at a variance of 1/2, up to a constant |
    | `commitment` | squared distance of the encoder's outputs from their codes, summed over latents, without `beta` |
    | `perplexity` | of the codes in the batch: their number if all are used equally |
    | `usage` | fraction of the codebook that the batch uses |

    Differs from the paper: the networks, whose convolutions have a linear path beside them, and the prior. The paper
    trains a PixelCNN on the codes: that is `vq_prior`, which begins with a run of this model. Before it, `generate`
    draws from a mixture of Gaussians that is fitted to the latents, and takes the nearest codes: such samples have the
    colors and the layout of images and few of their details.

    Reference: van den Oord et al. 2017, arXiv:1711.00937, equation 3 and appendix A.1; `restart_below`: Dhariwal et al.
        2020, "Jukebox", arXiv:2005.00341, section 3.1.

    Args:
        image_shape: (height, width, channels) of the images, divisible by `downsampling`.
        num_codes: integer, K, codes in the codebook.
        code_dim: integer, D, the length of a code.
        downsampling: integer, pixels along a side of the square that a code stands for.
        beta: number, or schedule of train steps, that weighs the commitment.
        decay: float in [0, 1) of the moving averages that update the codebook (appendix A.1); None for the second term
            of equation 3, a loss of its own.
        restart_below: float in [0, 1]: a code whose moving count falls below this fraction of the mean count is
            restarted at an encoder output of the batch. With 0, the paper's, none is, and codes that begin far from all
            images stay unused; 0.1 keeps nearly all in use.
        encoder: network from images to latents: feature maps of (height, width) / `downsampling` with `code_dim`
            channels, flattened, as of `map_encoder` with log2(`downsampling`) filters.
        decoder: network from such latents to images.
        kwargs: `mixture_components`: see `PriorlessAutoencoder`; `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the image does not divide, there are too many latents, the encoder halves the image more or less
            often, or codes without moving averages are to be restarted.

    Example:
        >>> model = VQVAE(image_shape=(64, 64, 3), restart_below=0.1)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
        >>> codes = model.codes(images)  # (n, 16, 16) integers below 512
        >>> model.decode_codes(codes)
    """

    logs = ("loss", "reconstruction", "commitment", "perplexity", "usage")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4}}
    tiny = {
        "image_shape": (8, 8, 3),
        "num_codes": 8,
        "code_dim": 4,
        "downsampling": 2,
        "restart_below": 0.99,
        "encoder": {"network": "map_encoder", "filters": (4,), "blocks": 1},
        "decoder": {"network": "map_decoder", "filters": (4,), "blocks": 1},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        num_codes: Count = 512,
        code_dim: Count = 64,
        downsampling: Count = 4,
        beta: Scalar = 0.25,
        decay: Momentum | None = 0.99,
        restart_below: Share = 0.0,
        encoder: Network = {"network": "map_encoder", "filters": (64, 128)},  # noqa: B006 - it is only read
        decoder: Network = {"network": "map_decoder", "filters": (128, 64)},  # noqa: B006
        **kwargs: Any,
    ):
        super().__init__(
            image_shape=image_shape,
            num_codes=num_codes,
            code_dim=code_dim,
            downsampling=downsampling,
            decay=decay,
            encoder=encoder,
            decoder=decoder,
            **kwargs,
        )
        self.beta = beta
        self.restart_below = restart_below
        if restart_below and decay is None:
            raise ValueError(
                f"VQVAE.restart_below is {restart_below:g}, but decay is None, and restarts go by the moving counts: "
                "leave one of them out."
            )
        self.ready(ArraySpec(self.image_shape))

    def players(self) -> tuple[Player, ...]:
        """One: encoder and decoder, and the codebook if it is trained by a loss."""
        networks = ("encoder", "decoder", "quantizer") if self.decay is None else ("encoder", "decoder")
        return (Player("autoencoder", networks, self.autoencoder_loss),)

    def autoencoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """Equation 3, summed over pixels and latents, averaged over images."""
        z = self.outputs_of(x, training)
        indices = self.quantizer.nearest(z)
        codes = self.quantizer.lookup(indices)
        # The codes to the last bit, with the gradient of z: the straight-through estimator.
        through = ops.stop_gradient(codes) + (z - ops.stop_gradient(z))
        reconstruction = squared_error(x, self.decoder(self._flat(through), training=training))
        commitment = squared_error(z, ops.stop_gradient(codes))
        loss = reconstruction + self.scheduled(self.beta) * commitment
        if self.decay is None:
            loss = loss + squared_error(ops.stop_gradient(z), codes)
        elif training:
            self.update_codes(ops.reshape(z, (-1, self.code_dim)), ops.reshape(indices, (-1,)))
        usage = self.quantizer.usage(indices)
        return loss, {
            "loss": loss,
            "reconstruction": reconstruction,
            "commitment": commitment,
            "perplexity": perplexity(usage),
            "usage": ops.mean(ops.cast(usage > 0, "float32")),
        }

    def update_codes(self, z: Tensor, indices: Tensor) -> None:
        """Updates the averages by encoder outputs (n, code_dim), and restarts unused codes at some of them."""
        self.quantizer.update(z, indices)
        if not self.restart_below:
            return
        count = ops.shape(z)[0]
        rows = keras.random.uniform((self.num_codes,), seed=self.seeds) * ops.cast(count, "float32")
        candidates = ops.take(z, ops.minimum(ops.cast(rows, "int32"), count - 1), axis=0)
        if (replicas := backend.replicas()) > 1:
            # The mean over replicas is taken of what is assigned: one replica gives a code its place, the others zero.
            own = ops.arange(self.num_codes) % replicas == backend.replica_id()
            candidates = ops.where(own[:, None], replicas * candidates, 0.0)
        self.quantizer.restart(candidates, self.restart_below)

    def sample_latents(self, indices: Tensor, seed: Tensor) -> Tensor:
        """The nearest codes to draws from the mixture, before `fit_prior` from N(0, I), for each (seed, index)."""
        drawn = super().sample_latents(indices, seed)
        return self._flat(self.quantizer(ops.reshape(drawn, (-1, *self.map_shape))))
