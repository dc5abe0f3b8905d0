"""VAE: the variational autoencoder."""

import math
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo import losses, noise
from keras_genzoo.arguments import Count, ImageShape, Network, Positive, Scalar
from keras_genzoo.models.autoencoder import Autoencoder
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS

Tensor = Any


@MODELS.register("vae")
@keras.saving.register_keras_serializable("keras_genzoo")
class VAE(Autoencoder):
    """Variational autoencoder: maximizes a lower bound on the likelihood of images, the ELBO.

    Use it to compress images into latents with a known distribution, to walk between images, and to score how usual an
    image is. Its samples are smooth.

    | here | paper |
    | --- | --- |
    | `encoder` | q(z given x) |
    | `decoder` | p(x given z) |
    | `reconstruction` | -log p(x given z) |
    | `loss` at `beta` = 1 | minus the ELBO |

    Reference: Kingma & Welling 2014, arXiv:1312.6114, equation 10; `beta`: Higgins et al. 2017 (beta-VAE).

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z.
        beta: number, or schedule of train steps, that weighs the KL divergence; 1 is the ELBO.
        likelihood: "gaussian", or "bernoulli" for black and white images, whose pixels are then taken as
            probabilities.
        scale: float, standard deviation of the Gaussian likelihood, in the units of pixels in [-1, 1]; smaller values
            weigh the reconstruction more.
        encoder: network from images to the posterior's mean and log variance.
        decoder: network from latents to images, or to logits for "bernoulli".
        kwargs: `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = VAE(image_shape=(64, 64, 3), latent_dim=64)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs = ("loss", "reconstruction", "kl")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 1e-3}}
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": (4, 8)},
        "decoder": {"network": "conv_decoder", "filters": (8, 4)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 64,
        beta: Scalar = 1.0,
        likelihood: Literal["gaussian", "bernoulli"] = "gaussian",
        scale: Positive = 0.2,
        encoder: Network = "conv_encoder",
        decoder: Network = "conv_decoder",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.beta = beta
        if likelihood not in ("gaussian", "bernoulli"):
            raise ValueError(f"VAE.likelihood is {likelihood!r}, but 'gaussian' or 'bernoulli' is expected.")
        self.likelihood = likelihood
        self.scale = scale
        self.encoder = self.network("encoder", encoder, image_shape=self.image_shape, outputs=2 * latent_dim)
        self.decoder = self.network(
            "decoder",
            decoder,
            latent_dim=latent_dim,
            image_shape=self.image_shape,
            activation="tanh" if likelihood == "gaussian" else "linear",
        )
        self.ready(*self.image_shape)

    def players(self) -> tuple[Player, ...]:
        """Encoder and decoder together."""
        return (Player("autoencoder", ("encoder", "decoder"), self.negative_elbo),)

    def negative_elbo(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """`reconstruction + beta * kl`, in nats an image, with one draw from the posterior."""
        mean, log_var = self.posterior(x, training)
        z = mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seeds)
        output = self.decoder(z, training=training)
        if self.likelihood == "gaussian":
            reconstruction = losses.gaussian_nll(x, output, self.scale)
        else:
            reconstruction = losses.bernoulli_nll(x, output)
        kl = losses.gaussian_kl(mean, log_var)
        loss = reconstruction + self.scheduled(self.beta) * kl
        return loss, {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    def posterior(self, x: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z given x), each (n, latent_dim)."""
        mean, log_var = ops.split(self.encoder(x, training=training), 2, axis=-1)
        return mean, log_var

    def log_importance_weight(self, x: Tensor, indices: Tensor, seed: Tensor, samples: Tensor) -> Tensor:
        """`log p(x given z) + log p(z) - log q(z given x)` in nats, for draws z of the posterior q(z given x).

        Its mean over z is the ELBO, and the mean of its exponential the likelihood p(x): see
        `keras_genzoo.metrics.likelihood`, which takes these means.

        Reference: Burda et al. 2016, arXiv:1509.00519, equation 8.

        Args:
            x: images in [-1, 1], of shape (n, height, width, channels).
            indices: integers of shape (n,), the images' numbers: a draw depends on (seed, index, sample) alone.
            seed: integer scalar in [0, 2**32).
            samples: integers >= 0 of shape (k,), the draws' numbers; images are encoded once for all of them.

        Returns:
            float32 tensor of shape (n, k).
        """
        mean, log_var = (part[:, None] for part in self.posterior(x))
        numbers, streams = ops.meshgrid(indices, samples + 1, indexing="ij")  # stream 0 is that of `sample`
        shape = (-1, ops.shape(samples)[0], self.latent_dim)
        epsilon = ops.reshape(noise.normal(seed, numbers, self.latent_dim, streams, xp=ops), shape)
        z = mean + ops.exp(0.5 * log_var) * epsilon
        output = self.decoder(ops.reshape(z, (-1, self.latent_dim)))
        output = ops.reshape(output, (*shape[:2], *self.image_shape))
        prior_to_posterior = 0.5 * ops.sum(ops.square(epsilon) + log_var - ops.square(z), axis=-1)
        return self._log_likelihood(x[:, None], output) + prior_to_posterior

    def _log_likelihood(self, x: Tensor, output: Tensor) -> Tensor:
        """`log p(x given z)` of each image: of the decoder's output, summed over the last three axes."""
        if self.likelihood == "gaussian":
            constant = math.log(self.scale) + 0.5 * math.log(2.0 * math.pi)
            nats = -0.5 * ops.square((x - output) / self.scale) - constant
        else:
            nats = 0.5 * (x + 1.0) * output - ops.softplus(output)
        return ops.sum(nats, axis=(-3, -2, -1))

    def latents_of(self, x: Tensor) -> Tensor:
        """The posterior's means."""
        return self.posterior(x)[0]

    def images_of(self, z: Tensor) -> Tensor:
        """The likelihood's means."""
        output = self.decoder(z)
        return output if self.likelihood == "gaussian" else ops.tanh(0.5 * output)  # 2 sigmoid(logits) - 1

    def sample(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Images of latents drawn from the prior for each (seed, index)."""
        return self.images_of(noise.normal(seed, indices, self.latent_dim, xp=ops))
