"""What DDPM, EDM and flow matching share: samplers, the way back to noise, and the likelihood along it."""

import functools
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from keras import ops

from keras_genzoo import backend, counter_rng
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.models.autoencoder import Autoencoder
from keras_genzoo.models.denoising import Denoising
from keras_genzoo.samplers import ddim, dpm_solver, euler, heun, log_likelihood, towards_noise
from keras_genzoo.types import NonNegative, Share, Steps

Tensor = Any
Array = Any
Logs = dict[str, Tensor]

DETERMINISTIC = ("ddim", "euler", "heun", "dpm_solver")
STEPS = SampleOption(18, "times at which the denoiser is asked; heun asks twice", Steps)
SAMPLER = SampleOption(
    "heun", "how to go from noise to images", Literal["ddim", "ancestral", "euler", "heun", "dpm_solver"], tensor=False
)
ETA = SampleOption(0.0, "of ddim: how much of the noise is replaced at each step; 1 is ancestral", Share, tensor=False)
CHURN = SampleOption(0.0, "of heun: noise that is added before each step (S_churn of EDM)", NonNegative, tensor=False)
_ENCODING_STEPS = 24
_LIKELIHOOD_STEPS = 24


class Diffusion(Denoising, Autoencoder):
    """A denoiser that makes images in many steps, follows them back to noise, and tells how probable they are.

    A subclass has a `noise_path` and defines `denoised` and `denoising_loss`. The latents of an image are the noise
    that it becomes when the probability flow is followed backwards.

    Args:
        kwargs: see `Denoising`.
    """

    sample_options: ClassVar[Mapping[str, SampleOption]] = {
        "steps": STEPS,
        "sampler": SAMPLER,
        "eta": ETA,
        "churn": CHURN,
    }
    looking_options: ClassVar[Mapping[str, Any]] = {"steps": 8}
    reconstructs_slowly: ClassVar[bool] = True
    clip: bool = False
    """True if what the denoiser says is clipped to [-1, 1] in samplers."""

    # From noise to images

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of the given numbers; options: see `sample_options`."""
        noise = functools.partial(self._noise, indices, seed)
        return self._sampled(noise(-1), noise, labels, **options)

    def images_of(self, z: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images in [-1, 1] of noise (n, latent_dim), by a sampler that adds none."""
        self._check_deterministic(options)
        return self._sampled(ops.reshape(z, (-1, *self.image_shape)), lambda step: 0.0, labels, **options)

    def latents_of(self, x: Tensor, labels: Tensor = None) -> Tensor:
        """The noise (n, latent_dim) that images become along the probability flow, of variance about 1."""
        denoise = self._denoise(ops.shape(x)[0], labels)
        noise = towards_noise(denoise, x, self.noise_path, _ENCODING_STEPS) / self.noise_path.scale
        return ops.reshape(noise, (-1, self.latent_dim))

    def reconstructions_of(self, x: Tensor) -> Tensor:
        """Images made of the noise of images."""
        return self.images_of(self.latents_of(x), steps=_ENCODING_STEPS)

    def sampling_protocol(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """All options, and how often the denoiser is asked for an image."""
        chosen = {name: options.get(name, option.default) for name, option in self.sample_options.items()}
        chosen = {name: value for name, value in chosen.items() if value is not None}
        steps, doubled = int(chosen["steps"]), 2 if chosen.get("guidance", 1.0) != 1.0 else 1
        evaluations = 2 * steps - 1 if chosen["sampler"] == "heun" else steps
        return {**chosen, "evaluations": doubled * evaluations}

    def checked_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that a user gave; see `SamplingModel`. Raises a ValueError if they do not go together."""
        checked = super().checked_options(options)
        sampler = options.get("sampler") or self.sample_options["sampler"].default
        self._check_noise(sampler, options.get("eta", 0.0), options.get("churn", 0.0))
        return checked

    def decode(self, z: Any, batch_size: int = 64, **options: Any) -> Array:
        """Images of noise (n, latent_dim), as uint8 (n, height, width, channels); options: those that add no noise."""
        self._check_deterministic(options)
        return super().decode(z, batch_size, **options)

    def _check_deterministic(self, options: Mapping[str, Any]) -> None:
        if options.get("sampler") == "ancestral" or options.get("eta") or options.get("churn"):
            raise ValueError(
                f"{type(self).__name__}: images of given noise are made without more of it: leave eta and churn at 0, "
                f"and choose among {', '.join(DETERMINISTIC)}."
            )

    def _check_noise(self, sampler: str, eta: float, churn: float) -> None:
        for name, value, owner in (("eta", eta, "ddim"), ("churn", churn, "heun")):
            if value and sampler != owner:
                raise ValueError(f"{type(self).__name__}: {name}={value} is of {owner}, but the sampler is {sampler}.")

    def _sampled(
        self,
        noise: Tensor,
        more: Any,
        labels: Tensor,
        steps: Tensor | None = None,
        sampler: str | None = None,
        eta: float = 0.0,
        churn: float = 0.0,
        **guidance: Any,
    ) -> Tensor:
        steps = self.sample_options["steps"].default if steps is None else steps
        sampler = sampler or self.sample_options["sampler"].default
        self._check_noise(sampler, eta, churn)
        denoise = self._denoise(ops.shape(noise)[0], labels, **guidance)
        # An export takes any number: one step is the least.
        steps = ops.maximum(ops.cast(ops.convert_to_tensor(steps), "int32"), 1)
        if self.clip:
            unclipped = denoise
            denoise = lambda x, t: ops.clip(unclipped(x, t), -1.0, 1.0)  # noqa: E731
        given = denoise, self.noise_path.scale * noise, self.noise_path, steps
        if sampler in ("ddim", "ancestral"):
            return ddim(*given, more, 1.0 if sampler == "ancestral" else eta)
        if sampler == "heun":
            return heun(*given, more, churn)
        return euler(*given) if sampler == "euler" else dpm_solver(*given)

    # Likelihood

    @property
    def pixel_likelihood(self) -> dict[str, Any]:
        """What the likelihood is of: see `capabilities.HasLikelihood`."""
        return {
            "name": "probability flow",
            "density": "a bound on a probability of the 256 grey levels of pixels, by uniform noise, estimated by "
            f"Hutchinson's probes and {_LIKELIHOOD_STEPS} steps of Runge-Kutta",
            "scale": None,
            "normalized": True,
            "grey_levels": True,
            "exact": False,
            "draws": 1,
        }

    def log_importance_weight(self, x: Tensor, indices: Tensor, seed: Tensor, samples: Tensor) -> Tensor:
        """log p(x + u) in nats for draws of the noise u between grey levels: arguments as for `Variational`.

        An estimate: the mean over draws is a bound of log P(x), a logarithm of a mean is not.
        """
        draws = ops.shape(samples)[0]
        numbers, streams = (ops.reshape(part, (-1,)) for part in ops.meshgrid(indices, samples, indexing="ij"))
        shape = (-1, *self.image_shape)
        noise = counter_rng.uniform(seed, numbers, self.latent_dim, 2 * streams + 1, xp=ops)
        signs = counter_rng.uniform(seed, numbers, self.latent_dim, 2 * streams + 2, xp=ops)
        probes = ops.reshape(ops.where(signs < 0.5, -1.0, 1.0), shape)[None]
        levels = ops.round((ops.repeat(x, draws, axis=0) + 1.0) * 127.5)
        between = (levels + ops.reshape(noise, shape)) / 128.0 - 1.0
        nats = self.log_density(between, probes, _LIKELIHOOD_STEPS) - self.latent_dim * math.log(128.0)
        return ops.reshape(nats, (-1, draws))

    def log_density(self, x: Tensor, probes: Tensor, steps: Tensor) -> Tensor:
        """log p(x) of images at all grey levels, a density over [-1, 1], in nats, (n,): see `log_likelihood`."""
        denoise = self._denoise(ops.shape(x)[0], None)

        def product(function: Any, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
            slope = backend.input_gradient(lambda x: function(x) * v, x, self)
            return function(x), ops.sum(slope * v, axis=(1, 2, 3))

        return log_likelihood(denoise, product, x, self.noise_path, steps, probes)
