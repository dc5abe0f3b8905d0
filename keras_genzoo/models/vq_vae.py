"""VQ-VAE: an autoencoder whose latents are vectors of a learned codebook."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo import backend, images
from keras_genzoo.export import Endpoint
from keras_genzoo.layers.vector_quantizer import VectorQuantizer, perplexity
from keras_genzoo.losses.squared_error import squared_error
from keras_genzoo.models.autoencoder import PriorlessAutoencoder
from keras_genzoo.networks import budget
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, Momentum, Network, Scalar, Share

Tensor = Any
Array = Any


@MODELS.register("vq_vae")
@keras.saving.register_keras_serializable("keras_genzoo")
class VQVAE(PriorlessAutoencoder):
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

    Differs from the paper: the prior, and the networks, whose convolutions have a linear path beside them. The paper
    trains a PixelCNN on the codes, which this zoo does not have: `generate` draws from a mixture of Gaussians that is
    fitted to the latents, and takes the nearest codes. Such samples have the colors and the layout of images and few of
    their details; compare this model by its reconstructions.

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
        super().__init__(**kwargs)
        height, width, _ = self.image_shape = tuple(image_shape)
        self.num_codes = num_codes
        self.code_dim = code_dim
        self.downsampling = downsampling
        self.beta = beta
        self.decay = decay
        self.restart_below = restart_below
        if height % downsampling or width % downsampling:
            raise ValueError(
                f"VQVAE.downsampling is {downsampling}, but it must divide the {height} x {width} pixels of an image."
            )
        self.map_shape = (height // downsampling, width // downsampling, code_dim)
        self.latent_dim = math.prod(self.map_shape)
        if self.latent_dim > 1_000_000:
            raise ValueError(
                f"VQVAE: {self.latent_dim:,} latents, but at most 1,000,000 are expected: lower code_dim, or raise "
                "downsampling."
            )
        if restart_below and decay is None:
            raise ValueError(
                f"VQVAE.restart_below is {restart_below:g}, but decay is None, and restarts go by the moving counts: "
                "leave one of them out."
            )
        self.encoder = self.network("encoder", encoder, image_shape=self.image_shape, outputs=self.latent_dim)
        self.decoder = self.network("decoder", decoder, image_shape=self.image_shape, latent_dim=self.latent_dim)
        last = self.encoder.layers[-1] if self.encoder.layers else None
        before = tuple(last.input.shape[1:]) if isinstance(last, keras.layers.Flatten) else self.map_shape
        if len(before) > 1 and before != self.map_shape:
            raise ValueError(
                f"VQVAE.encoder ends in feature maps {before}, but {self.map_shape} are expected: a code stands for "
                f"{downsampling} x {downsampling} pixels; give as many filters as halvings, or another downsampling."
            )
        with budget.unallocated():
            self.quantizer = VectorQuantizer(num_codes, code_dim, decay, name="quantizer")
            budget.spend("num_codes", self.quantizer)
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

    def sample_latents(self, indices: Tensor, seed: Tensor) -> Tensor:
        """The nearest codes to draws from the mixture, before `fit_prior` from N(0, I), for each (seed, index)."""
        drawn = super().sample_latents(indices, seed)
        return self._flat(self.quantizer(ops.reshape(drawn, (-1, *self.map_shape))))

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
                f"VQVAE.decode_codes: got {codes.dtype} of shape {codes.shape}, but integers of shape "
                f"(n, {self.map_shape[0]}, {self.map_shape[1]}) are expected."
            )
        if codes.min() < 0 or codes.max() >= self.num_codes:
            raise ValueError(
                f"VQVAE.decode_codes: the numbers lie in {codes.min()}..{codes.max()}, but 0..{self.num_codes - 1} is "
                "expected."
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
