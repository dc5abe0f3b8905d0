"""Consistency models: images of noise in one step or two, by what a diffusion model has learned."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo.capabilities import SampleOption
from keras_genzoo.models.denoising import Denoising, column, normal_quantiles
from keras_genzoo.models.edm import preconditioning
from keras_genzoo.registry import MODELS
from keras_genzoo.samplers import KarrasPath
from keras_genzoo.types import Images, ImageShape, Positive, Steps

Tensor = Any
Logs = dict[str, Tensor]

_TIMES = 1000.0  # in which the networks of flow matching are told the time
_WIDTH, _SHARPNESS = 8.0, 1.0  # k and b of n(t) = 1 + k sigmoid(-b t)
_LEAST = 0.00054  # c, times the root of the images' numbers


@MODELS.register("consistency")
@keras.saving.register_keras_serializable("keras_genzoo")
class Consistency(Denoising):
    """Consistency: a denoiser that says the same along a whole path from noise to an image, so that one step is enough.

    Use it for samples at the price of a GAN's, after a run of `edm` or `flow_matching` has been trained, whose
    denoiser it begins with (`--from RUN`). At first neighbouring times are far apart, and it trains as diffusion does;
    they come closer as training goes on.

    | here | paper |
    | --- | --- |
    | `denoised` | f(x_t), equation 6 |
    | `gap` | 1 - r / t = n(t) / q^(a + 1), equation 12, where a counts the stages of `stage_images` from 0 |
    | `loss` | equation 11 with the metric of section 3.3: sqrt(squares + c^2) - c, over t - r |

    Reference: Geng et al. 2024, arXiv:2406.14548; Song et al. 2023, arXiv:2303.01469;
        the loss: Song & Dhariwal 2024, arXiv:2310.14189, equation 8.

    Differs from the paper: noise levels of a batch are quantiles, evenly spread, of their distribution.

    Args:
        image_shape: (height, width, channels) of the images.
        formula: "edm" or "flow_matching": the kind of the run that the denoiser comes from.
        sigma_data, sigma_min, sigma_max: numbers, as for `EDM`.
        log_mean, log_deviation: numbers, of the logarithm of noise levels in training.
        shrink: number above 1, q: by which the gap between times shrinks with each stage.
        stage_images: integer, images seen in a stage.
        kwargs: `denoiser`, `noise_features`, `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `Denoising`.

    Example:
        >>> genzoo train consistency_fashion_mnist_32 --from runs/edm --output runs/fast
        >>> keras_genzoo.load("runs/fast").generate(16, steps=2)
    """

    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 1e-4}}
    first_stage = ("denoiser",)
    logs = ("loss", "gap")
    sample_options = {
        "steps": SampleOption(2, "times at which the denoiser is asked: 1 or 2, or more", Steps),
        "middle": SampleOption(0.8, "the noise level that the second of two steps begins at", Positive),
    }
    looking_options = {"steps": 1}
    tiny = {
        "image_shape": (8, 8, 3),
        "denoiser": {"network": "mlp_denoiser", "units": 8, "blocks": 1},
        "noise_features": 8,
        "stage_images": 8,
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        formula: Literal["edm", "flow_matching"] = "edm",
        sigma_data: Positive = 0.5,
        sigma_min: Positive = 0.002,
        sigma_max: Positive = 80.0,
        log_mean: float = -1.1,
        log_deviation: Positive = 2.0,
        shrink: Positive = 2.0,
        stage_images: Images = 200_000,
        **kwargs: Any,
    ):
        self.formula = formula
        self.first_models = (formula, "consistency")
        self.sigma_data = sigma_data
        self.sigma_min = sigma_min
        self.sigma_max = sigma_max
        self.log_mean = log_mean
        self.log_deviation = log_deviation
        self.shrink = shrink
        self.stage_images = stage_images
        self.noise_path = KarrasPath(sigma_min, sigma_max)
        super().__init__(image_shape, **kwargs)

    def denoised(self, x: Tensor, t: Tensor, *code: Tensor, network: Any = None, training: bool = False) -> Tensor:
        """x itself without noise; see `Denoising`."""
        if self.formula == "flow_matching":
            time, line = t / (1.0 + t), x / column(1.0 + t)
            return line - column(time) * network([line, _TIMES * time, *code], training=training)
        skip, out, into, noise = preconditioning(t, self.sigma_data)
        return column(skip) * x + column(out) * network([column(into) * x, noise, *code], training=training)

    def denoising_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """How much what is said at t differs from what is said at r, on the same path."""
        share = self.uniform_times(x, 0.0, 1.0)
        t = ops.exp(self.log_mean + self.log_deviation * normal_quantiles(share))
        stage = ops.floor(ops.cast(self.optimizer.images_seen, "float32") / self.stage_images)
        r, gap = self.neighbour(t, stage)
        noise = keras.random.normal(ops.shape(x), seed=self.seeds)
        said = self.denoised(x + column(t) * noise, t, network=self.denoiser, training=training)
        near = self.denoised(x + column(r) * noise, ops.maximum(r, 1e-6), network=self.denoiser, training=training)
        near = ops.stop_gradient(ops.where(column(r) > 0.0, near, x))
        squares = ops.sum(ops.square(said - near), axis=(1, 2, 3))
        c = _LEAST * math.sqrt(self.latent_dim)
        loss = ops.mean((ops.sqrt(squares + c**2) - c) / (t - r))
        return loss, {"loss": loss, "gap": ops.mean(gap)}

    def neighbour(self, t: Tensor, stage: Tensor) -> tuple[Tensor, Tensor]:
        """r, the time next to t in this stage, and the gap, 1 - r / t."""
        gap = (1.0 + _WIDTH * ops.sigmoid(-_SHARPNESS * t)) / ops.power(float(self.shrink), stage + 1.0)
        gap = ops.minimum(gap, 1.0)
        return t * (1.0 - gap), gap

    # From noise to images

    def sampling_protocol(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """All options, and how often the denoiser is asked for an image."""
        chosen = {name: options.get(name, option.default) for name, option in self.sample_options.items()}
        return {**chosen, "evaluations": int(chosen["steps"])}

    def sample(self, indices: Tensor, seed: Tensor, **options: Any) -> Tensor:
        """Images of the given numbers; options: see `sample_options`."""
        steps = options.get("steps", self.sample_options["steps"].default)
        middle = options.get("middle", self.sample_options["middle"].default)
        denoise = self._denoise(ops.shape(indices)[0], None)

        def again(i: Tensor, x: Tensor) -> Tensor:
            i = ops.convert_to_tensor(i, "int32")
            level = middle * ops.power(0.5, ops.cast(i, "float32") - 1.0)
            return denoise(x + level * self._noise(indices, seed, i), level)

        x = denoise(self.noise_path.last * self._noise(indices, seed, -1), ops.convert_to_tensor(self.noise_path.last))
        return ops.fori_loop(1, ops.cast(ops.convert_to_tensor(steps), "int32"), again, x)

    def images_of(self, z: Tensor, **options: Any) -> Tensor:
        """Images in [-1, 1] of noise (n, latent_dim), in one step: a second one would need more noise."""
        x = self.noise_path.last * ops.reshape(z, (-1, *self.image_shape))
        return self._denoise(ops.shape(x)[0], None)(x, ops.convert_to_tensor(self.noise_path.last))
