"""Convolutions of groups of channels, fast on every compiler."""

from typing import Any

import keras
from keras import ops

from keras_genzoo import backend

Tensor = Any

_WIDTH = 64
"""Channels that are convolved at once where groups are joined: fewer cost time in overhead, more in zeros."""


@keras.saving.register_keras_serializable("keras_genzoo")
class GroupedConv2D(keras.layers.Conv2D):
    """`Conv2D(groups=...)`, which Keras lets XLA compute: on a CPU a hundred times as slowly as a dense convolution.

    In training TensorFlow's own kernels are taken where they know groups. Elsewhere, and in exports, which may run
    where they do not, a few groups at a time are convolved as one, by a kernel that is zero outside of their blocks:
    the same function of the same weights. `benchmarks/README.md` has what either takes.

    Args:
        filters, kernel_size, groups: as for `keras.layers.Conv2D`.
        kwargs: as for `keras.layers.Conv2D`, but for `dilation_rate` and `data_format`.
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """The convolution, with bias and activation."""
        self._in_training = training
        return super().call(inputs)

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The convolution, without bias."""
        if self.groups == 1:
            return super().convolution_op(inputs, kernel)
        found = None
        if self._in_training:
            found = backend.grouped_convolution(inputs, ops.convert_to_tensor(kernel), self.strides, self.padding)
        return self.joined(inputs, kernel) if found is None else found

    def joined(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """The same convolution, by dense ones of a few groups each."""
        height, width, wide, filters = kernel.shape
        divisors = [count for count in range(1, self.groups + 1) if self.groups % count == 0]
        joined = max((count for count in divisors if count * wide <= _WIDTH), default=1)
        parts, high = self.groups // joined, filters // self.groups
        blocks = ops.reshape(kernel, (height, width, wide, parts, joined, high))
        own = ops.eye(joined, dtype=kernel.dtype)
        dense = ops.einsum("hwcpgf,ge->phwecgf", blocks, own)  # zero where input and output are of other groups
        dense = ops.reshape(dense, (parts, height, width, joined * wide, joined * high))
        found = [
            super(GroupedConv2D, self).convolution_op(part, dense[number])
            for number, part in enumerate(ops.split(inputs, parts, axis=-1))
        ]
        return ops.concatenate(found, axis=-1)
