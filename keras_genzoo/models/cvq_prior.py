"""Conditional VQ prior: the distribution of the codes of a trained VQ-VAE, given a label."""

from typing import Any

import keras

from keras_genzoo.models.labeled import LabeledSamples
from keras_genzoo.models.vq_prior import VQPrior
from keras_genzoo.registry import MODELS
from keras_genzoo.types import Classes, ImageShape, LabelCondition

Tensor = Any


@MODELS.register("cvq_prior")
@keras.saving.register_keras_serializable("keras_genzoo")
class ConditionalVQPrior(LabeledSamples, VQPrior):
    """Conditional VQ prior: the second stage of a VQ-VAE, a model of its codes given the image's label.

    Use it to make images of a class by a VQ-VAE, which needs no labels itself.

    Reference: Chang et al. 2022, arXiv:2202.04200, section 3; van den Oord et al. 2017, arXiv:1711.00937, section 4.2.

    Args:
        image_shape: (height, width, channels) of the images, as of the VQ-VAE.
        num_classes: integer, how many labels there are, from 0 on.
        condition: how the label enters the prior: see `networks.conditioning`.
        kwargs: as for `VQPrior`.

    Example:
        >>> model = ConditionalVQPrior.of(vq_vae, num_classes=10)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=64, epochs=50)
        >>> model.generate(8, labels=3)
    """

    tiny = {
        **VQPrior.tiny,
        "num_classes": 3,
        "order": "autoregressive",
        "prior": {"network": "gated_pixelcnn", "filters": 4, "blocks": 1},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        num_classes: Classes = 10,
        condition: LabelCondition = "every_layer",
        **kwargs: Any,
    ):
        self.num_classes = num_classes
        self.condition = condition
        super().__init__(image_shape, **kwargs)

    def given_to(self, network: str) -> dict[str, Any]:
        """The label, for the prior alone."""
        return super().given_to(network) if network == "prior" else {}

    def with_labels(self, maps: Tensor, y: Tensor) -> list[Tensor]:
        """What the prior takes: maps of vectors, and the codes of labels (n,)."""
        return [maps, self.one_hot(y)]

    def sample_latents(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """The vectors, flattened, of codes drawn from the prior for each (seed, index), and the labels' own."""
        labels = self.labels_in_turn(indices) if labels is None else labels
        return super().sample_latents(indices, seed, labels, **options)

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of the given numbers and labels, integers of shape (n,) both; options: see `sample_options`."""
        return self.images_of(self.sample_latents(indices, seed, labels, **options))
