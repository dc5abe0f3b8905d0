"""What diffusion models of labeled images share: labels that are dropped in training, and guidance."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
from keras import ops

from keras_genzoo.capabilities import SampleOption
from keras_genzoo.models.diffusion import Diffusion
from keras_genzoo.models.labeled import LabeledSamples
from keras_genzoo.networks.conditioning import Label
from keras_genzoo.types import ArraySpec, Classes, ImageShape, NonNegative, Share

Tensor = Any

GUIDANCE: Mapping[str, SampleOption] = {
    "guidance": SampleOption(
        1.0, "how far from what it would be without a label: above 1 clearer, and less varied", NonNegative
    ),
    "guidance_from": SampleOption(
        0.0, "the noise level, sigma / alpha, from which there is guidance", NonNegative, tensor=False
    ),
    "guidance_to": SampleOption(
        None, "the noise level up to which there is guidance (default: all)", NonNegative, tensor=False
    ),
}


class LabeledDiffusion(LabeledSamples, Diffusion):
    """A `Diffusion` that is given labels, of which some are dropped in training: it denoises without them as well.

    It stands before the unconditional model among a subclass's bases.

    Reference: Ho & Salimans 2022, arXiv:2207.12598, equation 6, as D = D(none) + guidance (D(label) - D(none));
        interval: Kynkäänniemi et al. 2024, arXiv:2404.07724.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        label_dropout: number in [0, 1], the share of labels that are dropped in training; 0 for a model without
            guidance.
        kwargs: those of the next base.
    """

    sample_options: ClassVar[Mapping[str, SampleOption]] = {**Diffusion.sample_options, **GUIDANCE}

    def __init__(self, image_shape: ImageShape, num_classes: Classes = 10, label_dropout: Share = 0.1, **kwargs: Any):
        self.num_classes = num_classes
        self.label_dropout = label_dropout
        super().__init__(image_shape, **kwargs)

    def given_to(self, network: str) -> dict[str, Any]:
        """The noise level, the label, and what else the model without labels gives."""
        level, *more = super(LabeledSamples, self).given_to(network)["conditioning"]
        return {"conditioning": (level, Label(self.num_classes, "every_layer"), *more)}

    @property
    def denoiser_inputs(self) -> tuple[ArraySpec, ...]:
        """What `call` takes: images with noise, times, and codes; a code of zeros stands for no label."""
        return ArraySpec(self.image_shape), ArraySpec(()), ArraySpec((self.num_classes,))

    def training_code(self, y: Tensor, training: bool) -> tuple[Tensor, ...]:
        """The codes of labels, of which some are zeros in training."""
        code = self.one_hot(y)
        if training and self.label_dropout:
            kept = keras.random.uniform((ops.shape(code)[0], 1), seed=self.seeds) >= self.label_dropout
            code = code * ops.cast(kept, code.dtype)
        return (code,)

    def checked_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that a user gave; see `SamplingModel`. Raises a ValueError if they do not go together."""
        self._check_guidance(options.get("guidance", 1.0))
        return super().checked_options(options)

    def _check_guidance(self, guidance: Any) -> None:
        trivial = isinstance(guidance, int | float) and guidance == 1
        if not trivial and not self.label_dropout:
            raise ValueError(
                f"{type(self).__name__}: guidance={guidance}, but no labels were dropped in training "
                "(label_dropout=0), so that there is nothing to guide away from: leave it at 1."
            )

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of the given numbers and labels, integers of shape (n,) both."""
        labels = self.labels_in_turn(indices) if labels is None else labels
        return super(LabeledSamples, self).sample(indices, seed, labels, **options)

    def _denoise(self, count: Tensor, labels: Tensor, **options: Any) -> Any:
        guidance = options.get("guidance", 1.0)
        low, high = options.get("guidance_from", 0.0), options.get("guidance_to")
        network = self.averaged("denoiser")
        none = ops.zeros((count, self.num_classes))
        code = none if labels is None else self.one_hot(labels)

        def once(x: Tensor, t: Tensor, code: Tensor) -> Tensor:
            return self.denoised(x, ops.broadcast_to(t, ops.shape(x)[:1]), code, network=network)

        if isinstance(guidance, int | float) and guidance == 1:
            return lambda x, t: once(x, t, code)
        self._check_guidance(guidance)
        if labels is None:
            raise ValueError(
                f"{type(self).__name__}: guidance={guidance} without labels: give labels, or leave it out."
            )

        def guided(x: Tensor, t: Tensor) -> Tensor:
            both = once(ops.concatenate([x, x], axis=0), t, ops.concatenate([code, none], axis=0))
            given, free = ops.split(both, 2, axis=0)
            level = self.noise_path.sigma(t) / self.noise_path.alpha(t)
            inside = level >= low
            if high is not None:
                inside = ops.logical_and(inside, level <= high)
            return free + ops.where(inside, guidance, 1.0) * (given - free)

        return guided
