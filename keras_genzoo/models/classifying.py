"""What models share that tell the class of an image, and those of them that learn it from few labels."""

from typing import Any

from keras import ops

from keras_genzoo import images
from keras_genzoo.data.labels import as_labels
from keras_genzoo.data.source import UNLABELED
from keras_genzoo.export import Endpoint
from keras_genzoo.model import GenerativeModel
from keras_genzoo.types import ArraySpec

Tensor = Any
Array = Any


class Classifying(GenerativeModel):
    """A model that classifies; a subclass has `num_classes` and defines `logits_of`."""

    num_classes: int

    def logits_of(self, x: Tensor) -> Tensor:
        """The logit of each class (n, num_classes) for images in [-1, 1]."""
        raise NotImplementedError(f"{type(self).__name__} must define logits_of().")

    def probabilities_of(self, x: Tensor) -> Tensor:
        """The probability of each class (n, num_classes) for images in [-1, 1]."""
        return ops.softmax(self.logits_of(x), axis=-1)

    def classify(self, x: Array, batch_size: int = 64) -> Array:
        """The probability of each class.

        Args:
            x: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
            batch_size: integer, how many at a time.

        Returns:
            float32 array of shape (n, num_classes), whose rows sum to 1.

        Example:
            >>> labels = model.classify(photos).argmax(axis=-1)
        """
        x = images.as_floats(x, self.image_shape, f"{type(self).__name__}.classify")
        return self.in_batches("probabilities_of", x, batch_size)

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `classify`: probabilities of uint8 images."""
        pixels = {"images": ArraySpec((None, *self.image_shape), "uint8")}
        classify = Endpoint(lambda x: self.probabilities_of(images.from_pixels(x, ops)), pixels)
        return {**super().endpoints(), "classify": classify}


class SemiSupervised(Classifying):
    """A model that learns classes from images of which few have labels; y is -1 for the others.

    It stands before the unsupervised model among a subclass's bases.
    """

    targets = "label"
    targets_may_lack = True

    def check_targets(self, y: Any, count: int, where: str) -> None:
        """Raises a ValueError unless `y` holds a label of this model, or -1, for each of `count` images."""
        super().check_targets(y, count, where)
        as_labels(y[:, 0] if y.shape[1:] == (1,) else y, count, self.num_classes, where, UNLABELED)

    def class_logs(self, logits: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The cross-entropy and the accuracy of images with a label; both are 0 in a batch without such.

        Args:
            logits: (n, num_classes).
            y: labels (n,), -1 for none.
        """
        y = ops.reshape(ops.cast(y, "int32"), (-1,))
        labeled = ops.cast(y >= 0, "float32")
        count = ops.maximum(ops.sum(labeled), 1.0)
        nats = ops.sparse_categorical_crossentropy(ops.maximum(y, 0), logits, from_logits=True)
        right = ops.cast(ops.equal(ops.argmax(logits, axis=-1), y), "float32")
        return {"class_loss": ops.sum(labeled * nats) / count, "class_accuracy": ops.sum(labeled * right) / count}
