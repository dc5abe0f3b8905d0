"""DDPM: images that become noise in many small steps, and a network that goes back."""

from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo.models.denoising import column, mean_square
from keras_genzoo.models.diffusion import CHURN, ETA, SAMPLER, STEPS, Diffusion
from keras_genzoo.registry import MODELS
from keras_genzoo.samplers import VariancePreservingPath
from keras_genzoo.types import ImageShape, Positive

Tensor = Any
Logs = dict[str, Tensor]

_TIMES = 1000.0  # steps of the paper, in which the network is told the time


@MODELS.register("ddpm")
@keras.saving.register_keras_serializable("keras_genzoo")
class DDPM(Diffusion):
    """DDPM: learns the noise in images with noise, or the image, or a mixture of both.

    Use it for what its paper is known for, and to compare schedules, predictions and weights.

    | here | papers |
    | --- | --- |
    | `noise_path.alpha`, `noise_path.sigma` | the square roots of alpha bar and of 1 - alpha bar |
    | `denoiser`, `prediction="noise"` | epsilon_theta |
    | `prediction="v"` | alpha epsilon - sigma x_0: Salimans & Ho 2022, section 4 |
    | `loss` | L_simple, equation 14, a mean over the images' numbers; weighted by `min_snr_gamma` if that is given |
    | sampler "ancestral" | algorithm 2, with the smaller of the two variances |

    Reference: Ho et al. 2020, arXiv:2006.11239; cosine schedule: Nichol & Dhariwal 2021, arXiv:2102.09672; predictions:
        Salimans & Ho 2022, arXiv:2202.00512; weights: Hang et al. 2023, arXiv:2303.09556, equation 10.

    Differs from the papers: time is continuous (Kingma et al. 2021, arXiv:2107.00630), so that samplers stop where they
        like; times of a batch are spread evenly.

    Args:
        image_shape: (height, width, channels) of the images.
        schedule: "cosine" or "linear".
        zero_terminal_snr: bool, whether nothing of the image is left at the last time; not with `prediction="noise"`.
        prediction: "noise", "image" or "v": what the network says.
        min_snr_gamma: optional number: the loss of an image is weighted by min(SNR, gamma) in units of the image.
        clip: bool, whether images within samplers are clipped to [-1, 1], as in the authors' code.
        kwargs: `denoiser`, `noise_features`, `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `Denoising`.

    Raises:
        ValueError: noise is to be predicted where there is nothing else.

    Example:
        >>> model = DDPM(image_shape=(32, 32, 3), ema_half_life=50_000)
        >>> model.compile()
        >>> model.fit(train, epochs=50)
        >>> model.generate(16, sampler="ancestral", steps=250)
    """

    sample_options = {
        "steps": STEPS._replace(default=50),
        "sampler": SAMPLER._replace(default="ddim"),
        "eta": ETA,
        "churn": CHURN,
    }
    looking_options = {"steps": 16}
    tiny = {
        "image_shape": (8, 8, 3),
        "prediction": "v",
        "min_snr_gamma": 5.0,
        "denoiser": {"network": "mlp_denoiser", "units": 8, "blocks": 1},
        "noise_features": 8,
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        schedule: Literal["cosine", "linear"] = "cosine",
        zero_terminal_snr: bool = False,
        prediction: Literal["noise", "image", "v"] = "noise",
        min_snr_gamma: Positive | None = None,
        clip: bool = True,
        **kwargs: Any,
    ):
        self.schedule = schedule
        self.zero_terminal_snr = zero_terminal_snr
        self.prediction = prediction
        self.min_snr_gamma = min_snr_gamma
        self.clip = clip
        if zero_terminal_snr and prediction == "noise":
            raise ValueError(
                f"{type(self).__name__}: with zero_terminal_snr=True there is nothing but noise at the last time, and "
                "no image can be computed from it: give prediction='v' or 'image'."
            )
        self.noise_path = VariancePreservingPath(schedule, zero_terminal_snr)
        super().__init__(image_shape, **kwargs)

    def denoised(self, x: Tensor, t: Tensor, *code: Tensor, network: Any = None, training: bool = False) -> Tensor:
        """The image that follows from what the network says; see `Denoising`."""
        said = network([x, _TIMES * t, *code], training=training)
        alpha, sigma = column(self.noise_path.alpha(t)), column(self.noise_path.sigma(t))
        if self.prediction == "image":
            return said
        return alpha * x - sigma * said if self.prediction == "v" else (x - sigma * said) / alpha

    def denoising_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """L_simple, or its weighted form."""
        t = self.uniform_times(x, self.noise_path.least, self.noise_path.last)
        noisy, noise = self.noisy(x, t)
        said = self.denoiser([noisy, _TIMES * t, *self.training_code(y, training)], training=training)
        alpha, sigma = column(self.noise_path.alpha(t)), column(self.noise_path.sigma(t))
        targets = {"noise": noise, "image": x, "v": alpha * noise - sigma * x}
        loss = mean_square(said - targets[self.prediction], self.snr_weights(t))
        return loss, {"loss": loss}

    def snr_weights(self, t: Tensor) -> Tensor | None:
        """The weight of the network's error at times (n,); None for 1."""
        if self.min_snr_gamma is None:
            return None
        snr = ops.square(self.noise_path.alpha(t) / self.noise_path.sigma(t))
        of_image = ops.minimum(snr, self.min_snr_gamma)
        # The error of the image is that of the noise divided by sqrt(SNR), and that of v by sqrt(SNR + 1).
        return {"image": of_image, "noise": of_image / ops.maximum(snr, 1e-12), "v": of_image / (snr + 1.0)}[
            self.prediction
        ]
