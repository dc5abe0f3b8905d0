"""What models of labeled images share: images of chosen labels, and latents that go with a label."""

from typing import Any

from keras import ops

from keras_genzoo import images
from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.data.labels import as_labels
from keras_genzoo.data.source import UNLABELED
from keras_genzoo.export import Endpoint
from keras_genzoo.networks.conditioning import Label
from keras_genzoo.sampling import LatentModel, SamplingModel
from keras_genzoo.types import ArraySpec, LabelCondition

Tensor = Any
Array = Any


class LabeledSamples(SamplingModel):
    """A model that is trained with a label for each image; a subclass has `num_classes` and `condition`.

    Where no labels are given, they take turns: image number i has label `i % num_classes`.

    It stands before the unconditional model among a subclass's bases; the subclass's `sample` takes `labels`.
    """

    targets = "label"
    num_classes: int
    condition: LabelCondition

    def given_to(self, network: str) -> dict[str, Any]:
        """The label, for every network."""
        return {"conditioning": (Label(self.num_classes, self.condition),)}

    def one_hot(self, labels: Tensor) -> Tensor:
        """Labels (n,) as float32 (n, num_classes)."""
        return ops.one_hot(ops.reshape(ops.cast(labels, "int32"), (-1,)), self.num_classes, dtype="float32")

    def labels(self, labels: Any, num: int, method: str) -> Array:
        """Labels that a user gave to `method`, as integers of shape (num,); see `as_labels`."""
        return as_labels(labels, num, self.num_classes, f"{type(self).__name__}.{method}")

    def check_targets(self, y: Any, count: int, where: str) -> None:
        """Raises a ValueError unless `y` holds a label of this model for each of `count` images."""
        super().check_targets(y, count, where)
        column = y[:, 0] if y.shape[1:] == (1,) else y
        least = UNLABELED if self.targets_may_lack else 0
        as_labels(column, count, self.num_classes, where, least)  # the code of a label out of range would be zeros

    # Images

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of the given numbers and labels, integers of shape (n,) both."""
        raise NotImplementedError(f"{type(self).__name__} must define sample().")

    def labels_in_turn(self, indices: Tensor) -> Tensor:
        """The label of each number where none is given."""
        return ops.mod(indices, self.num_classes)

    def generate(
        self, num: int, seed: int = 0, batch_size: int = 64, start: int = 0, labels: Any = None, **options: Any
    ) -> Array:
        """Makes images, as `SamplingModel.generate` does, of chosen labels.

        Args:
            num, seed, batch_size, start, options: as there.
            labels: optional integer for all images, or integers of shape (num,); by default they take turns.

        Raises:
            ValueError: labels out of range, or not as many as images.
        """
        if labels is not None:
            options["labels"] = self.labels(labels, integer_in(num, 1, SEEDS, "generate: num"), "generate")
        return super().generate(num, seed, batch_size, start, **options)

    def samples(
        self, indices: Array, seed: int = 0, batch_size: int = 64, labels: Array = None, **options: Any
    ) -> Array:
        """Images in [-1, 1] of any numbers and labels, as a float array."""
        if labels is None:
            return super().samples(indices, seed, batch_size, **options)
        indices = self._numbers(indices)
        labels = self.labels(labels, len(indices), "samples")
        return self._in_batches_of_seed("_sample_pairs", (indices, labels), seed, batch_size, options)

    def draw(self, indices: Array, labels: Array, seed: int = 0, batch_size: int = 64) -> Array:
        """Images of any numbers and labels, integers of shape (n,) both, as uint8."""
        return images.to_pixels(self.samples(indices, seed, batch_size, labels))

    def _sample_pairs(self, pairs: tuple[Tensor, Tensor], seed: Tensor, **options: Any) -> Tensor:
        return self.sample(pairs[0], seed, pairs[1], **options)

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `draw`: images of any numbers and labels, as uint8."""

        def draw(indices: Tensor, labels: Tensor, seed: Tensor) -> Tensor:
            return images.to_pixels(self.sample(indices, seed, labels), ops)

        inputs = {
            "indices": ArraySpec((None,), "int32"),
            "labels": ArraySpec((None,), "int32", below=self.num_classes),
            "seed": ArraySpec((), "int64"),
        }
        return {**super().endpoints(), "draw": Endpoint(draw, inputs)}


class Labeled(LabeledSamples, LatentModel):
    """A `LabeledSamples` whose latents are pairs: z (n, latent_dim), and the labels' one-hot codes (n, num_classes).

    So a mixture of two labels can be decoded as well.
    """

    @property
    def latent_inputs(self) -> tuple[ArraySpec, ArraySpec]:
        """A pair of latents and codes."""
        return ArraySpec((self.latent_dim,)), ArraySpec((self.num_classes,))

    def sample_latents(self, indices: Tensor, seed: Tensor, labels: Tensor = None) -> tuple[Tensor, Tensor]:
        """Latents drawn from the prior for each (seed, index), and the codes of `labels` (n,)."""
        labels = self.labels_in_turn(indices) if labels is None else labels
        return super().sample_latents(indices, seed), self.one_hot(labels)

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of the given numbers and labels, integers of shape (n,) both."""
        return self.images_of(self.sample_latents(indices, seed, labels), **options)

    def decode(self, z: Any, batch_size: int = 64, labels: Any = None, **options: Any) -> Array:
        """Images of latents, as uint8 (n, height, width, channels).

        Args:
            z: a pair of latents (n, latent_dim) and codes (n, num_classes); or the former alone, with `labels`.
            batch_size: integer, how many at a time.
            labels: optional integer for all images, or integers of shape (n,), in the place of the codes.
            options: see `sample_options`.

        Raises:
            ValueError: no labels, or labels out of range.
        """
        if labels is not None:
            z = z[0] if isinstance(z, tuple) else z
            z = z, ops.convert_to_numpy(self.one_hot(self.labels(labels, len(z), "decode")))
        if not isinstance(z, tuple):
            raise ValueError(
                f"{type(self).__name__}.decode: an image depends on its label: give a pair of latents and codes, or "
                "labels=..."
            )
        return super().decode(z, batch_size, **options)
