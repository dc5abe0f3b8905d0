"""A discriminator of latents: dense layers."""

import keras
from keras import layers

from keras_genzoo.networks.mlp import HiddenActivation
from keras_genzoo.registry import NETWORKS
from keras_genzoo.types import Count


@NETWORKS.register("latent_discriminator")
def latent_discriminator(
    latent_dim: Count,
    outputs: Count = 1,
    hidden: tuple[Count, ...] = (1000, 1000),
    hidden_activation: HiddenActivation = "relu",
) -> keras.Model:
    """Dense layers from a latent to scores.

    The default widths and activation are those of Makhzani et al. 2016, arXiv:1511.05644, appendix A.1.

    Args:
        latent_dim: integer, the length of a latent vector.
        outputs: integer, scores for each latent.
        hidden: units of each hidden layer; none makes a linear network.
        hidden_activation: of the hidden layers.

    Returns:
        model from latents (n, latent_dim) to scores (n, outputs) in float32.
    """
    x = inputs = keras.Input((latent_dim,), name="latents")
    for units in hidden:
        x = layers.Dense(units, activation=hidden_activation)(x)
    return keras.Model(inputs, layers.Dense(outputs, dtype="float32")(x))
