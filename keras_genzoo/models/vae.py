"""VAE: the variational autoencoder."""

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
