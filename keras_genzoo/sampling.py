"""SamplingModel and LatentModel: the bases of models that make images of noise."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from keras import ops

from keras_genzoo import counter_rng, images
from keras_genzoo.bounds import SEEDS, integer_in, option_of
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.export import Endpoint
from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import did_you_mean
from keras_genzoo.types import ArraySpec, Inputs

Tensor = Any
Array = Any


class SamplingModel(GenerativeModel):
    """A model that makes images of noise: image number i of a seed is the same in every batch.

    A subclass defines `sample`, and declares in `sample_options` the keywords that it takes besides.
    """

    sample_options: ClassVar[Mapping[str, SampleOption]] = {}
    """What `sample` and `generate` may be given by keyword, such as truncation: from names to `SampleOption`s."""

    looking_options: ClassVar[Mapping[str, Any]] = {}
    """Options for pictures and measures while the model trains, where looking must cost little."""

    def sampling_protocol(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What a protocol says about how samples with these options are made: those that differ from their defaults."""
        return {name: value for name, value in options.items() if value != self.sample_options[name].default}

    def sample(self, indices: Tensor, seed: Tensor, **options: Any) -> Tensor:
        """Images in [-1, 1] of the given numbers: image number i of a seed is the same in every batch.

        Args:
            indices: integers of shape (n,).
            seed: integer scalar in [0, 2**32).
            options: see `sample_options`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define sample().")

    def generate(self, num: int, seed: int = 0, batch_size: int = 64, start: int = 0, **options: Any) -> Array:
        """Makes images: number i of a seed is the same whatever `num` and `batch_size` are.

        Args:
            num: integer, how many.
            seed: integer in [0, 2**32).
            batch_size: integer, how many at a time.
            start: integer, the number of the first.
            options: see `sample_options`.

        Returns:
            uint8 array of shape (num, height, width, channels).

        Raises:
            ValueError: a number out of range, or an option that the model does not have.
        """
        num, start = integer_in(num, 1, SEEDS, "generate: num"), integer_in(start, 0, SEEDS, "generate: start")
        integer_in(seed, 0, SEEDS, "generate: seed")
        if start + num > 2**32:
            raise ValueError(f"generate: images {start:,} to {start + num - 1:,}: numbers must lie below 2**32.")
        return images.to_pixels(self.samples(np.arange(start, start + num), seed, batch_size, **options))

    def samples(self, indices: Array, seed: int = 0, batch_size: int = 64, **options: Any) -> Array:
        """Images in [-1, 1] of any numbers, as a float array; arguments as for `sample` and `generate`."""
        return self._in_batches_of_seed("sample", self._numbers(indices), seed, batch_size, options)

    def _numbers(self, indices: Array) -> Array:
        """The numbers of images, which a user gave."""
        indices = np.asarray(indices)
        if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
            raise ValueError(
                f"{type(self).__name__}: indices are {indices.dtype} of shape {indices.shape}, but integers of shape "
                "(n,) are expected."
            )
        if indices.size and not 0 <= indices.min() <= indices.max() < 2**32:
            raise ValueError(
                f"{type(self).__name__}: indices lie in [{indices.min()}, {indices.max()}], but numbers in [0, 2**32) "
                "are expected."
            )
        return indices

    def _in_batches_of_seed(
        self, method: str, inputs: Any, seed: int, batch_size: int, options: Mapping[str, Any]
    ) -> Array:
        number = self.seed_number(seed, method)
        return self.in_batches(method, inputs, batch_size, number, **self.checked_options(options))

    def checked_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of `sample` that a user gave, as `in_batches` takes them.

        Raises:
            ValueError: the model has no such option, or it is out of bounds.
        """
        for name in options:
            if name not in self.sample_options:
                known = self.sample_options
                hint = did_you_mean(name, known) if known else "it has none"
                raise ValueError(f"{type(self).__name__} makes images without the option '{name}'; {hint}")
            option = self.sample_options[name]
            if options[name] is not None or option.default is not None:
                option_of(options[name], option.type, f"{type(self).__name__}: {name}")
        return {
            name: np.float32(value) if self.sample_options[name].tensor and value is not None else value
            for name, value in options.items()
        }

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `generate`, images number 0 to num - 1 of a seed, and `sample`, those of any numbers, as uint8.

        Image number i of a seed is the same in both. Where `sample_options` has options that are tensors,
        `generate_with_options` and `sample_with_options` take them too, as further scalars of float32.
        """
        names = [name for name, option in self.sample_options.items() if option.tensor and option.default is not None]

        def generate(num: Tensor, seed: Tensor, *values: Tensor) -> Tensor:
            return sample(ops.arange(num), seed, *values)

        def sample(indices: Tensor, seed: Tensor, *values: Tensor) -> Tensor:
            options = dict(zip(names, values, strict=False))
            return images.to_pixels(self.sample(indices, seed, **options), ops)

        seed = {"seed": ArraySpec((), "int64")}
        num, indices = {"num": ArraySpec((), "int32"), **seed}, {"indices": ArraySpec((None,), "int32"), **seed}
        found = {**super().endpoints(), "generate": Endpoint(generate, num), "sample": Endpoint(sample, indices)}
        if names:
            options = {name: ArraySpec(()) for name in names}
            found["generate_with_options"] = Endpoint(generate, {**num, **options})
            found["sample_with_options"] = Endpoint(sample, {**indices, **options})
        return found


class LatentModel(SamplingModel):
    """A model that makes images of latents; a subclass has `latent_dim` and defines `images_of`."""

    latent_dim: int

    @property
    def latent_inputs(self) -> Inputs:
        """What `images_of` takes."""
        return ArraySpec((self.latent_dim,))

    def images_of(self, z: Any) -> Tensor:
        """Images in [-1, 1] of latents (n, latent_dim); a model with `sample_options` takes them too."""
        raise NotImplementedError(f"{type(self).__name__} must define images_of().")

    def sample_latents(self, indices: Tensor, seed: Tensor) -> Any:
        """Latents (n, latent_dim) drawn from the prior, here N(0, I), for each (seed, index)."""
        return counter_rng.normal(seed, indices, self.latent_dim, xp=ops)

    def sample(self, indices: Tensor, seed: Tensor, **options: Any) -> Tensor:
        """Images of latents drawn from the prior for each (seed, index)."""
        return self.images_of(self.sample_latents(indices, seed), **options)

    def decode(self, z: Any, batch_size: int = 64, **options: Any) -> Array:
        """Images of latents (n, latent_dim), as uint8 (n, height, width, channels)."""
        return images.to_pixels(self.in_batches("images_of", z, batch_size, **self.checked_options(options)))
