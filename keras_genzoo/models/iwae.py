"""IWAE: the importance-weighted autoencoder."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo.models.variational import Variational
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, Draws, ImageShape

Tensor = Any


@MODELS.register("iwae")
@keras.saving.register_keras_serializable("keras_genzoo")
class IWAE(Variational):
    """Importance-weighted autoencoder: maximizes a bound on the likelihood that is tighter with each draw.

    Use it for higher likelihoods and more active latents than a VAE's, at the cost of decoding every image k times.

    | here | paper |
    | --- | --- |
    | `importance_samples` | k |
    | `loss` | -L_k |
    | `reconstruction`, `kl` | -log p(x given z) and log q(z given x) - log p(z), in the mean over draws |

    Reference: Burda et al. 2016, arXiv:1509.00519, equation 8.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z.
        importance_samples: integer, draws from the posterior of each image; with 1 the bound is the VAE's.
        kwargs: `likelihood`, `prior`, `posterior`, `encoder`, `decoder`, ...: see `Variational`.

    Example:
        >>> black_and_white = {"likelihood": "bernoulli", "binarize": True}
        >>> model = IWAE(image_shape=(28, 28, 1), latent_dim=50, likelihood=black_and_white)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs = ("loss", "reconstruction", "kl")
    # Few pixels: the weights of draws are differences of log-likelihoods, whose last bits grow with the pixels.
    tiny = {
        "image_shape": (4, 4, 1),
        "latent_dim": 4,
        "importance_samples": 3,
        "likelihood": {"likelihood": "discretized_logistic", "scale": "learned"},
        "posterior": {"posterior": "iaf", "steps": 2},
        "encoder": {"network": "mlp_encoder", "hidden": (8,)},
        "decoder": {"network": "mlp_decoder", "hidden": (8,)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 50,
        importance_samples: Draws = 50,
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, **kwargs)
        self.importance_samples = importance_samples
        self.ready(ArraySpec(self.image_shape))

    def players(self) -> tuple[Player, ...]:
        """One: encoder and decoder, with the distributions that have trainable weights."""
        return (Player("autoencoder", self.trained(), self.negative_bound),)

    def negative_bound(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """`-log 1/k sum_i p(x, z_i) / q(z_i given x)`, in nats an image."""
        x = self.observed(x)
        shape = (ops.shape(x)[0], self.importance_samples, self.latent_dim)
        likelihood, prior_to_posterior = self.log_weights(x, y, keras.random.normal(shape, seed=self.seeds), training)
        bound = ops.logsumexp(likelihood + prior_to_posterior, axis=1) - math.log(self.importance_samples)
        loss = -ops.mean(bound)
        return loss, {"loss": loss, "reconstruction": -ops.mean(likelihood), "kl": -ops.mean(prior_to_posterior)}
