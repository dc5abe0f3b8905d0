"""Dense encoder and decoder, for small images and points; without hidden layers they are linear."""

import math
from typing import Literal

import keras
from keras import layers

from keras_genzoo.networks.blocks import Normalization, linear
from keras_genzoo.networks.conditioning import Conditioning, condition, normalized, score
from keras_genzoo.networks.convolutional import Activation
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count, ImageShape, Momentum

HiddenActivation = Literal["relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid"]


@NETWORKS.register("mlp_encoder")
def mlp_encoder(
    image_shape: ImageShape,
    outputs: Count,
    hidden: tuple[Count, ...] = (200, 200),
    hidden_activation: HiddenActivation = "relu",
    dropout: Momentum = 0.0,
    spectral: bool = False,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Dense layers on flattened images; it serves as a discriminator too.

    The default widths are those of Burda et al. 2016, arXiv:1509.00519, section 5, who take tanh.

    Args:
        image_shape: (height, width, channels).
        outputs: integer, the length of the vector for each image.
        hidden: units of each hidden layer; none makes a linear network.
        hidden_activation: of the hidden layers.
        dropout: float in [0, 1), the share of hidden units that is left out in training.
        spectral: bool, whether to normalize all kernels spectrally, as Miyato et al. 2018 do, arXiv:1802.05957.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from images (n, height, width, channels) to (n, outputs) in float32.
    """
    images = keras.Input(image_shape, name="images")
    inputs, x, codes = condition(images, layers.Flatten()(images), conditioning, spectral)
    for units in hidden:
        x = layers.Activation(hidden_activation)(linear(layers.Dense, units, spectral=spectral)(x))
        x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model(inputs, score(x, outputs, codes, spectral))


@NETWORKS.register("mlp_decoder")
def mlp_decoder(
    latent_dim: Count,
    image_shape: ImageShape,
    activation: Activation = "tanh",
    hidden: tuple[Count, ...] = (200, 200),
    hidden_activation: HiddenActivation = "relu",
    normalization: Normalization = None,
    conditioning: Conditioning = (),
) -> keras.Model:
    """Dense layers, the last of which makes the pixels: `mlp_encoder` the other way round.

    Args:
        latent_dim: integer, the length of a latent vector.
        image_shape: (height, width, channels).
        activation: of the output: "tanh" for images in [-1, 1], "linear" for logits, or for a linear network.
        hidden: units of each hidden layer, from the latents to the image.
        hidden_activation: of the hidden layers.
        normalization: "batch", "layer" or None, in each hidden layer before its activation.
        conditioning: what the network is given beside its main input, an input each: see `networks.conditioning`.

    Returns:
        model from latents (n, latent_dim) to (n, height, width, channels) in float32.
    """
    latents = keras.Input((latent_dim,), name="latents")
    inputs, x, codes = condition(latents, latents, conditioning)
    for units in hidden:
        x = normalized(layers.Dense(units, use_bias=normalization is None)(x), normalization, codes)
        x = layers.Activation(hidden_activation)(x)
    x = layers.Dense(math.prod(image_shape), activation=activation, dtype="float32")(x)
    return keras.Model(inputs, layers.Reshape(image_shape, dtype="float32")(x))
