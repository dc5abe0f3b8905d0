"""Zhang et al. 2019, equations 1 to 3."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy import special

from keras_genzoo.layers.gain import Gain
from keras_genzoo.networks.attention import self_attention
from keras_genzoo.networks.dcgan import dcgan_discriminator, dcgan_generator
from keras_genzoo.networks.resnet import resnet_critic, resnet_generator

X = np.random.default_rng(0).standard_normal((2, 3, 4, 16)).astype("float32")


def attending():
    """A model that is self-attention alone, and its convolutions f, g, h and v."""
    keras.utils.set_random_seed(0)
    made = []

    def convolution(count, size):
        made.append(layers.Conv2D(count, size))
        return made[-1]

    inputs = keras.Input(X.shape[1:])
    return keras.Model(inputs, self_attention(inputs, convolution)), made


def test_it_begins_as_the_identity():
    np.testing.assert_array_equal(ops.convert_to_numpy(attending()[0](X)), X)


def test_it_is_the_paper_s():
    model, (f, g, h, v) = attending()
    (gain,) = (layer for layer in model.layers if isinstance(layer, Gain))
    gain.gamma.assign(0.5)
    assert [layer.filters for layer in (f, g, h, v)] == [2, 2, 2, 16]
    flat = X.reshape(2, 12, 16)
    query, key, value = (flat @ ops.convert_to_numpy(layer.kernel)[0, 0] for layer in (f, g, h))
    attention = special.softmax(query @ key.transpose(0, 2, 1), axis=-1)
    expected = flat + 0.5 * (attention @ value) @ ops.convert_to_numpy(v.kernel)[0, 0]
    np.testing.assert_allclose(ops.convert_to_numpy(model(X)), expected.reshape(X.shape), atol=1e-5)


@pytest.mark.parametrize(
    ("builder", "arguments", "heights"),
    [
        (dcgan_generator, {"latent_dim": 4, "filters": (8, 8)}, "4, 8"),
        (dcgan_discriminator, {"filters": (8, 8)}, "4, 8"),
        (resnet_generator, {"latent_dim": 4, "filters": (8, 8)}, "8, 16"),
        (resnet_critic, {"filters": (8, 8)}, "4, 8"),
    ],
)
def test_networks_attend_at_one_size(builder, arguments, heights):
    network = builder(image_shape=(16, 16, 1), attention=8, **arguments)
    (gain,) = (layer for layer in network.layers if isinstance(layer, Gain))
    assert gain.output.shape[1:3] == (8, 8)
    assert not [layer for layer in builder(image_shape=(16, 16, 1), **arguments).layers if isinstance(layer, Gain)]
    with pytest.raises(ValueError, match=f"{builder.__name__}: attention=7, but .* the heights {heights}: choose one"):
        builder(image_shape=(16, 16, 1), attention=7, **arguments)
