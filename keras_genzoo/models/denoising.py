"""What models share that learn to remove noise: a denoiser, a path from images to noise, and how it is trained."""

import math
from typing import Any, ClassVar

import keras
from keras import ops

from keras_genzoo import counter_rng
from keras_genzoo.networks.conditioning import NoiseLevel
from keras_genzoo.players import Player
from keras_genzoo.samplers import Path
from keras_genzoo.sampling import LatentModel
from keras_genzoo.types import ArraySpec, EvenCount, ImageShape, Network

Tensor = Any
Logs = dict[str, Tensor]


class Denoising(LatentModel):
    """A model that learns to remove noise of any strength.

    A subclass has a `noise_path` and defines `denoised`, `denoising_loss`, `sample` and `images_of`. Its latents are
    the noise that images are made of: as many numbers as an image has, N(0, I).

    Args:
        image_shape: (height, width, channels) of the images.
        denoiser: network from images and noise levels to as many channels, such as `diffusion_unet` or `dit`.
        noise_features: integer, even: sines and cosines that a noise level becomes: see `networks.conditioning`.
        kwargs: `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `GenerativeModel`.
    """

    logs: tuple[str, ...] = ("loss",)
    ema_of: ClassVar[Any] = "denoiser"
    default_optimizer: ClassVar[dict[str, Any]] = {"class_name": "Adam", "config": {"learning_rate": 2e-4}}
    noise_path: Path

    def __init__(
        self,
        image_shape: ImageShape,
        denoiser: Network = "diffusion_unet",
        noise_features: EvenCount = 128,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = math.prod(self.image_shape)
        self.noise_features = noise_features
        given = {"image_shape": self.image_shape, "outputs": self.image_shape[-1], **self.given_to("denoiser")}
        self.denoiser = self.network("denoiser", denoiser, **given)
        self.ready(self.denoiser_inputs)

    def given_to(self, network: str) -> dict[str, Any]:
        """The noise level."""
        return {"conditioning": (NoiseLevel(self.noise_features),)}

    @property
    def denoiser_inputs(self) -> tuple[ArraySpec, ...]:
        """What `call` takes: images with noise, and times."""
        return ArraySpec(self.image_shape), ArraySpec(())

    # What a subclass defines

    def denoised(self, x: Tensor, t: Tensor, *code: Tensor, network: Any = None, training: bool = False) -> Tensor:
        """The mean of the images of which x may have been made.

        Args:
            x: images with noise, (n, height, width, channels).
            t: times (n,).
            code: of a model of labels, their codes (n, num_classes).
            network: the denoiser, or its average.
            training: bool.
        """
        raise NotImplementedError(f"{type(self).__name__} must define denoised().")

    def denoising_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The loss of images, and its logs."""
        raise NotImplementedError(f"{type(self).__name__} must define denoising_loss().")

    # What a model of labels changes

    def training_code(self, y: Tensor, training: bool) -> tuple[Tensor, ...]:
        """What the denoiser is given in training beside times, of labels (n,) or None."""
        return ()

    # Training

    def players(self) -> tuple[Player, ...]:
        """One: the denoiser."""
        return (Player("denoiser", ("denoiser",), self.denoising_loss),)

    def noisy(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Images at the times t (n,), and the noise in them."""
        noise = keras.random.normal(ops.shape(x), seed=self.seeds)
        return column(self.noise_path.alpha(t)) * x + column(self.noise_path.sigma(t)) * noise, noise

    def uniform_times(self, x: Tensor, least: float, last: float) -> Tensor:
        """Numbers (n,) in [least, last], spread evenly over a batch of images, which makes the loss less noisy."""
        count = ops.shape(x)[0]
        start = keras.random.uniform((), seed=self.seeds)
        spread = (ops.cast(ops.arange(count), "float32") + start) / ops.cast(count, "float32")
        return least + (last - least) * spread

    # What a user calls

    def call(self, inputs: Any, training: bool = False) -> Tensor:
        """Images in [-1, 1] of images with noise at times: see `denoised`; by the averaged network if there is one."""
        x, t, *code = inputs
        return self.denoised(x, t, *code, network=self.averaged("denoiser"), training=training)

    # What samplers ask

    def _noise(self, indices: Tensor, seed: Tensor, step: Tensor) -> Tensor:
        """N(0, I) for each number, another one for each step from -1 on."""
        drawn = counter_rng.normal(seed, indices, self.latent_dim, step + 1, xp=ops)
        return ops.reshape(drawn, (-1, *self.image_shape))

    def _denoise(self, count: Tensor, labels: Tensor, **guidance: Any) -> Any:
        """A `Denoise` for samplers."""
        network = self.averaged("denoiser")
        return lambda x, t: self.denoised(x, ops.broadcast_to(t, (count,)), network=network)


def column(t: Tensor) -> Tensor:
    """Numbers (n,) as (n, 1, 1, 1)."""
    return ops.reshape(t, (-1, 1, 1, 1))


def mean_square(difference: Tensor, weights: Tensor | None = None) -> Tensor:
    """The mean over images and numbers of squares, each image's times its weight (n,)."""
    each = ops.mean(ops.square(difference), axis=(1, 2, 3))
    return ops.mean(each if weights is None else weights * each)


def normal_quantiles(shares: Tensor) -> Tensor:
    """The numbers below which N(0, 1) has these shares."""
    return math.sqrt(2.0) * ops.erfinv(2.0 * ops.clip(shares, 1e-6, 1.0 - 1e-6) - 1.0)
