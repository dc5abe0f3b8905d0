"""Minibatch standard deviation: a feature map that tells a discriminator how much images of a batch differ."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class MinibatchDeviation(keras.layers.Layer):
    """Appends a feature map that holds how much the images of a group differ, one number for the whole group.

    Use it near the end of a discriminator, against generators that make few kinds of images.

    The batch of n images is dealt out to `n // group_size` groups, one after the other; where it does not divide, some
    groups have an image more, and a batch smaller than a group is one group.

    Reference: Karras et al. 2018, arXiv:1710.10196, section 3; groups: the authors' code.

    Args:
        group_size: integer, images of a group.
        kwargs: `dtype`, `name`, as for every layer.
    """

    def __init__(self, group_size: int = 4, **kwargs: Any):
        super().__init__(**kwargs)
        self.group_size = group_size

    def call(self, inputs: Tensor) -> Tensor:
        """Feature maps (n, height, width, channels + 1)."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        count, (height, width, channels) = ops.shape(x)[0], x.shape[1:]
        groups = count // self.group_size  # a tensor in a graph of TensorFlow, for batches of any size
        groups = max(groups, 1) if isinstance(groups, int) else ops.maximum(groups, 1)
        numbers = ops.arange(count) % groups
        # (groups, n): the share of each image in the mean of each group.
        belongs = ops.cast(ops.equal(ops.arange(groups)[:, None], numbers[None]), x.dtype)
        share = belongs / ops.sum(belongs, axis=1, keepdims=True)
        flat = ops.reshape(x, (-1, height * width * channels))
        means = ops.matmul(ops.transpose(belongs), ops.matmul(share, flat))  # (n, features): of each image's group
        deviation = ops.sqrt(ops.matmul(share, ops.square(flat - means)) + 1e-8)
        of_group = ops.mean(deviation, axis=1, keepdims=True)  # (groups, 1)
        of_image = ops.reshape(ops.matmul(ops.transpose(belongs), of_group), (-1, 1, 1, 1))
        added = ops.cast(of_image * ops.ones((1, height, width, 1), x.dtype), self.compute_dtype)
        return ops.concatenate([inputs, added], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One channel more than the input."""
        return (*input_shape[:-1], input_shape[-1] + 1)  # type: ignore[operator]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "group_size": self.group_size}
