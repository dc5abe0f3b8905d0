"""The features of a network: what enters its last layer with weights."""

import keras
from keras import layers

_MOST = 4_096  # features, beyond which maps are averaged over squares
_ENDS = 4  # layers that may be the last one


def penultimate(network: keras.Model) -> keras.KerasTensor:
    """Returns the symbolic input of the last layer of a Functional network that has weights.

    In a discriminator it is the vector, or the maps, that the score is a linear function of; in an encoder those that
    the latents are. Where several layers end a network, such as one beside a shortcut from the image, it is the one
    behind the most parameters.

    Args:
        network: a Functional `keras.Model`.
    """
    ends = [layer for layer in network.layers if layer.weights and not isinstance(layer.input, list)][-_ENDS:]
    return max(reversed(ends), key=lambda layer: keras.Model(network.input, layer.input).count_params()).input


def penultimate_network(network: keras.Model, where: str) -> keras.Model:
    """Returns a network from images to the features of another, whose weights it shares.

    Maps are averaged over squares of 2 x 2 places until there are at most 4,096 features.

    Args:
        network: a Functional `keras.Model` of images.
        where: string, how error messages call it.

    Returns:
        model from images to (n, features) in float32.

    Raises:
        ValueError: it takes more than images.
    """
    if isinstance(network.input, list | tuple | dict):
        raise ValueError(
            f"{where} takes more than images, a label for example, so it gives no features of images alone: take a "
            "model without labels."
        )
    x = layers.Activation("linear", dtype="float32")(penultimate(network))
    if len(x.shape) == 4:
        while x.shape[1] * x.shape[2] * x.shape[3] > _MOST and min(x.shape[1:3]) > 1:
            x = layers.AveragePooling2D(2, dtype="float32")(x)
        x = layers.Flatten(dtype="float32")(x)
    return keras.Model(network.input, x, name="features")
