"""EDM: diffusion in the units of the images, with what networks see and say scaled to variance 1."""

from typing import Any

import keras
from keras import ops

from keras_genzoo.layers.geometry import NUMBERS, moved
from keras_genzoo.models.denoising import column, mean_square, normal_quantiles
from keras_genzoo.models.diffusion import Diffusion
from keras_genzoo.networks.conditioning import Numbers
from keras_genzoo.registry import MODELS
from keras_genzoo.samplers import KarrasPath
from keras_genzoo.types import ImageShape, Positive, Share

Tensor = Any
Logs = dict[str, Tensor]


@MODELS.register("edm")
@keras.saving.register_keras_serializable("keras_genzoo")
class EDM(Diffusion):
    """EDM: a denoiser of images with noise of any level, by few steps of Heun's method.

    Use it for samples that cover the data, likelihoods, and as the teacher of a `consistency` model.

    | here | paper |
    | --- | --- |
    | `denoiser` | F_theta |
    | `denoised` | D_theta: c_skip x + c_out F_theta(c_in x; c_noise), equation 7 |
    | t | sigma, the noise level |
    | `loss` | equation 8: 1 at every level for a network that says 0 |

    Reference: Karras et al. 2022, arXiv:2206.00364, section 5 and table 1, last column.

    Differs from the paper: noise levels of a batch are quantiles, evenly spread, of the paper's distribution; the
        augmentation does not rotate.

    Args:
        image_shape: (height, width, channels) of the images.
        sigma_data: number, the standard deviation of the images' numbers.
        sigma_min: number, the lowest noise level of samplers.
        sigma_max: number, the highest.
        log_mean: number, P_mean: the mean of the logarithm of the noise levels in training.
        log_deviation: number, P_std: its standard deviation.
        augmentation: number in [0, 1], the probability that an image is flipped, scaled, stretched or shifted, each by
            itself, in training. The denoiser is told, so that samples show nothing of it; the paper takes 0.12. 0 for
            none.
        kwargs: `denoiser`, `noise_features`, `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `Denoising`.

    Example:
        >>> model = EDM(image_shape=(32, 32, 3), ema_half_life=50_000)
        >>> model.compile()
        >>> model.fit(train, epochs=50)
        >>> model.generate(16, steps=18)
    """

    tiny = {
        "image_shape": (4, 4, 3),
        "denoiser": {"network": "diffusion_unet", "filters": (4,), "blocks": 1, "attention": (), "head_size": 4},
        "noise_features": 8,
        "augmentation": 0.3,
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        sigma_data: Positive = 0.5,
        sigma_min: Positive = 0.002,
        sigma_max: Positive = 80.0,
        log_mean: float = -1.2,
        log_deviation: Positive = 1.2,
        augmentation: Share = 0.0,
        **kwargs: Any,
    ):
        self.sigma_data = sigma_data
        self.sigma_min = sigma_min
        self.sigma_max = sigma_max
        self.log_mean = log_mean
        self.log_deviation = log_deviation
        self.augmentation = augmentation
        self.noise_path = KarrasPath(sigma_min, sigma_max)
        super().__init__(image_shape, **kwargs)

    def given_to(self, network: str) -> dict[str, Any]:
        """The noise level, perhaps the label, and what the augmentation did."""
        given = super().given_to(network)
        return {"conditioning": (*given["conditioning"], Numbers(NUMBERS))} if self.augmentation else given

    def denoised(
        self,
        x: Tensor,
        t: Tensor,
        *code: Tensor,
        network: Any = None,
        training: bool = False,
        done: Tensor | None = None,
    ) -> Tensor:
        """Equation 7; see `Denoising`. `done` is what the augmentation did to images (n, 6), by default nothing."""
        skip, out, into, noise = preconditioning(t, self.sigma_data)
        if self.augmentation:
            code = (*code, ops.zeros((ops.shape(x)[0], NUMBERS)) if done is None else done)
        said = network([column(into) * x, noise, *code], training=training)
        return column(skip) * x + column(out) * said

    def denoising_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """Equation 8, a mean over the images' numbers."""
        done = None
        if self.augmentation and training:
            count = ops.shape(x)[0]
            chosen = keras.random.uniform((count, 5), seed=self.seeds)
            x, done = moved(x, chosen, keras.random.normal((count, 4), seed=self.seeds), self.augmentation)
        t = ops.exp(self.log_mean + self.log_deviation * normal_quantiles(self.uniform_times(x, 0.0, 1.0)))
        noisy, _ = self.noisy(x, t)
        code = self.training_code(y, training)
        said = self.denoised(noisy, t, *code, network=self.denoiser, training=training, done=done)
        _, out, _, _ = preconditioning(t, self.sigma_data)
        loss = mean_square(said - x, 1.0 / ops.square(out))
        return loss, {"loss": loss}


def preconditioning(sigma: Tensor, sigma_data: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """c_skip, c_out, c_in and c_noise of noise levels (n,): table 1 of the paper."""
    squares = ops.square(sigma) + sigma_data**2
    root = ops.sqrt(squares)
    return sigma_data**2 / squares, sigma * sigma_data / root, 1.0 / root, 0.25 * ops.log(sigma)
