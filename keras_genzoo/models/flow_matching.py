"""Flow matching: straight lines between noise and images, and the mean velocity along them."""

from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo.losses.assignment import assignment
from keras_genzoo.models.denoising import column, mean_square, normal_quantiles
from keras_genzoo.models.diffusion import CHURN, ETA, SAMPLER, STEPS, Diffusion
from keras_genzoo.registry import MODELS
from keras_genzoo.samplers import LinearPath
from keras_genzoo.types import ImageShape

Tensor = Any
Logs = dict[str, Tensor]

_TIMES = 1000.0  # in which networks are told the time, as those of DDPM are


@MODELS.register("flow_matching")
@keras.saving.register_keras_serializable("keras_genzoo")
class FlowMatching(Diffusion):
    """Flow matching: learns the velocity at which noise becomes an image on a straight line.

    Use it as the simplest of these models, and where few steps must do.

    | here | papers |
    | --- | --- |
    | t | 1 - t: 1 is noise, 0 an image |
    | `denoiser` | minus v: the velocity from image to noise, n - x_0 |
    | `loss` | equation 9 of Lipman et al., a mean over the images' numbers |
    | `coupling="optimal_transport"` | Tong et al., algorithm 3, with the batch as its minibatch |

    Reference: Lipman et al. 2023, arXiv:2210.02747; Liu et al. 2023 (rectified flow, which is the same without
        reflow), arXiv:2209.03003; Tong et al. 2024, arXiv:2302.00482; logit-normal times: Esser et al. 2024,
        arXiv:2403.03206, section 3.1.

    Differs from the papers: times of a batch are quantiles, evenly spread, of their distribution; the transport of a
        batch is optimal up to 1 % of the mean cost.

    Args:
        image_shape: (height, width, channels) of the images.
        times: "uniform", or "logit_normal", which asks more often for times in the middle.
        coupling: "independent", or "optimal_transport": images of a batch get the noise of the batch that makes lines
            short, so that they cross less and fewer steps do.
        kwargs: `denoiser`, `noise_features`, `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `Denoising`.

    Example:
        >>> model = FlowMatching(image_shape=(32, 32, 3), ema_half_life=50_000)
        >>> model.compile()
        >>> model.fit(train, epochs=50)
        >>> model.generate(16, steps=20)
    """

    sample_options = {
        "steps": STEPS._replace(default=20),
        "sampler": SAMPLER,
        "eta": ETA,
        "churn": CHURN,
    }
    tiny = {
        "image_shape": (4, 4, 3),
        "coupling": "optimal_transport",
        "times": "logit_normal",
        "denoiser": {"network": "dit", "patch_size": 2, "units": 8, "blocks": 1, "heads": 2},
        "noise_features": 8,
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        times: Literal["uniform", "logit_normal"] = "uniform",
        coupling: Literal["independent", "optimal_transport"] = "independent",
        **kwargs: Any,
    ):
        self.times = times
        self.coupling = coupling
        self.noise_path = LinearPath()
        super().__init__(image_shape, **kwargs)

    def denoised(self, x: Tensor, t: Tensor, *code: Tensor, network: Any = None, training: bool = False) -> Tensor:
        """x less what the noise has added on its line; see `Denoising`."""
        return x - column(t) * network([x, _TIMES * t, *code], training=training)

    def denoising_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The mean square of the velocity's error."""
        t = self.uniform_times(x, 0.0, 1.0)
        t = ops.sigmoid(normal_quantiles(t)) if self.times == "logit_normal" else t
        noise = keras.random.normal(ops.shape(x), seed=self.seeds)
        if self.coupling == "optimal_transport":
            flat, of_images = (ops.reshape(part, (-1, self.latent_dim)) for part in (noise, x))
            noise = ops.take(noise, assignment(-ops.matmul(of_images, ops.transpose(flat))), axis=0)
        noisy = column(1.0 - t) * x + column(t) * noise
        said = self.denoiser([noisy, _TIMES * t, *self.training_code(y, training)], training=training)
        loss = mean_square(said - (noise - x))
        return loss, {"loss": loss}
