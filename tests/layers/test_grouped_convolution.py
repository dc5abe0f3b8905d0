import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo import backend
from keras_genzoo.layers.grouped_convolution import GroupedConv2D

X = np.random.default_rng(0).standard_normal((2, 6, 5, 24)).astype("float32")


class Joined(GroupedConv2D):
    """As it computes where XLA does so on a CPU."""

    def convolution_op(self, inputs, kernel):
        return self.joined(inputs, kernel)


def pair(kind, groups, filters=12, **kwargs):
    made = [one(filters, 3, padding="same", groups=groups, **kwargs) for one in (layers.Conv2D, kind)]
    for layer in made:
        layer.build(X.shape)
    made[1].set_weights(made[0].get_weights())
    return made


@pytest.mark.parametrize("kind", [GroupedConv2D, Joined])
@pytest.mark.parametrize(("groups", "strides"), [(1, 1), (3, 1), (12, 2)])
def test_it_is_keras_s_convolution(kind, groups, strides):
    one, other = pair(kind, groups, strides=strides)
    for given in ({}, {"training": True}):
        np.testing.assert_allclose(ops.convert_to_numpy(other(X, **given)), ops.convert_to_numpy(one(X)), atol=1e-5)


@pytest.mark.parametrize("kind", [GroupedConv2D, Joined])
def test_its_gradients_are_the_same_twice(kind):
    found = []
    for layer in pair(kind, 3):
        nothing = keras.Sequential([layer])

        def norm(x, layer=layer, nothing=nothing):
            first = backend.input_gradient(
                lambda x: ops.square(layer(x, **({"training": True} if isinstance(layer, GroupedConv2D) else {}))),
                x,
                nothing,
            )
            return ops.square(first)

        found.append(ops.convert_to_numpy(backend.input_gradient(norm, ops.convert_to_tensor(X), nothing)))
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-3)


def test_groups_wider_than_those_that_are_joined():
    x = np.random.default_rng(0).standard_normal((1, 3, 3, 160)).astype("float32")
    one, other = (kind(4, 3, padding="same", groups=2) for kind in (layers.Conv2D, Joined))
    one(x), other(x)
    other.set_weights(one.get_weights())
    np.testing.assert_allclose(ops.convert_to_numpy(other(x)), ops.convert_to_numpy(one(x)), atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_it_learns_in_every_precision(dtype):
    """float16 has kernels on some CPUs only: there groups are joined."""
    layer = GroupedConv2D(4, 3, groups=2, dtype=f"mixed_{dtype}" if dtype != "float32" else dtype)
    nothing = keras.Sequential([layer])
    x = ops.cast(X[..., :4], dtype)
    found = backend.input_gradient(lambda x: layer(x, training=True), x, nothing)
    assert found.dtype == x.dtype and np.isfinite(ops.convert_to_numpy(ops.cast(found, "float32"))).all()
