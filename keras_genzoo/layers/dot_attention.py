"""Attention by products of queries and keys, which a penalty on gradients may differentiate twice."""

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable("keras_genzoo")
class DotAttention(keras.layers.Layer):
    """`softmax(query key^T) value`, without a scale, for a list [query, key, value].

    Use it in a discriminator with a lazy penalty. `keras.layers.Attention` computes the same, but by transposing, whose
    second derivative in a branch of a graph XLA does not compile (TensorFlow 2.21).

    Reference: Zhang et al. 2019, arXiv:1805.08318, equations 1 and 2.
    """

    def call(self, inputs: list[Tensor]) -> Tensor:
        """The attended values of each of (n, places, size) queries: (n, places, size of values)."""
        query, key, value = inputs
        attention = ops.softmax(ops.einsum("nqd,nkd->nqk", query, key), axis=-1)
        return ops.einsum("nqk,nkd->nqd", attention, value)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The queries' places and the values' size."""
        query, _, value = input_shape
        return (*query[:2], value[2])
