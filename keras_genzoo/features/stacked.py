"""Features of stacked images: those of the grey images that are their channels."""

import itertools

import numpy as np
from scipy import special

from keras_genzoo.features.extractor import Extractor


class StackedExtractor(Extractor):
    """An extractor of grey images, applied to each channel; its classes are all combinations of theirs.

    Args:
        grey: the extractor of grey images.
        stacks: integer, channels.
    """

    def __init__(self, grey: Extractor, stacks: int):
        classes = None if grey.classes is None else grey.classes**stacks
        facts = {name: value for name, value in grey.protocol().items() if name not in ("extractor", "dtype")}
        super().__init__(f"stacked_{grey.name}", stacks * grey.dim, classes, **facts)
        self.grey, self.stacks = grey, stacks
        if classes is not None:
            numbers = itertools.product(range(grey.classes or 0), repeat=stacks)
            self.class_names = tuple("".join(map(str, digits)) for digits in numbers)

    def outputs(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features behind one another, and the logarithms of the probabilities of all combinations."""
        found = [self.grey.outputs(images[..., channel : channel + 1]) for channel in range(self.stacks)]
        features = np.concatenate([features for features, _ in found], axis=1)
        if self.classes is None:
            return features, None
        joint = np.zeros((len(images), 1), "float32")
        for _, logits in found:
            each = special.log_softmax(logits, axis=1).astype("float32")
            joint = (joint[:, :, None] + each[:, None]).reshape(len(images), -1)
        return features, joint
