"""Conditional PixelCNN: the probability of images given their labels."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo.models.classifying import Classifying
from keras_genzoo.models.labeled import LabeledSamples
from keras_genzoo.models.pixelcnn import PixelCNN
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Classes, ImageShape, LabelCondition

Tensor = Any


@MODELS.register("cpixelcnn")
@keras.saving.register_keras_serializable("keras_genzoo")
class ConditionalPixelCNN(LabeledSamples, Classifying, PixelCNN):
    """Conditional PixelCNN: the probability of each pixel given those before it and the image's label.

    Use it to draw images of a class, and to classify by likelihood: the class of an image is the one under which it is
    most probable, all being as frequent. Its likelihood is that of images alone, the mean over labels.

    Reference: van den Oord et al. 2016, arXiv:1606.05328, equations 3 and 4.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        condition: how the label enters: "every_layer", as in the paper, or "one_hot": see `networks.conditioning`.
        kwargs: as for `PixelCNN`.

    Example:
        >>> model = ConditionalPixelCNN(image_shape=(28, 28, 1), num_classes=10)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=64, epochs=20)
        >>> model.generate(8, labels=3)
    """

    tiny = {**PixelCNN.tiny, "num_classes": 3}

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

    @property
    def network_inputs(self) -> tuple[ArraySpec, ArraySpec]:
        """Images, and the codes of labels."""
        return ArraySpec(self.image_shape), ArraySpec((self.num_classes,))

    def with_labels(self, x: Tensor, y: Tensor) -> list[Tensor]:
        """What the network takes: images, and the codes of labels (n,)."""
        return [x, self.one_hot(y)]

    def call(self, inputs: Any, training: bool = False) -> Tensor:
        """The numbers of each pixel's mixture, (n, height, width, size), of images and codes."""
        return super().call(list(inputs), training)

    def logits_of(self, x: Tensor) -> Tensor:
        """log p(x given y) of each label (n, num_classes), in nats."""
        # One label after the other: all at once would take as many times the memory.
        count = ops.shape(x)[0]
        nats = ops.map(lambda label: self.log_prob(x, ops.full((count,), label, "int32")), ops.arange(self.num_classes))
        return ops.transpose(nats)

    def log_probs(self, x: Tensor) -> Tensor:
        """log p(x) of images, in nats, (n,): the mean probability over labels, all as frequent."""
        return ops.logsumexp(self.logits_of(x), axis=-1) - math.log(self.num_classes)

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of the given numbers and labels, integers of shape (n,) both."""
        return super(LabeledSamples, self).sample(
            indices, seed, self.labels_in_turn(indices) if labels is None else labels, **options
        )
