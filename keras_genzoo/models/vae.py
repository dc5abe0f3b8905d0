"""VAE: the variational autoencoder."""

from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo import losses
from keras_genzoo.models.variational import Variational
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, NonNegative, Scalar

Tensor = Any


@MODELS.register("vae")
@keras.saving.register_keras_serializable("keras_genzoo")
class VAE(Variational):
    """Variational autoencoder: maximizes a lower bound on the likelihood of images, the ELBO.

    Use it to compress images into latents with a known distribution, to interpolate between images, and to detect
    outliers. Its samples are smooth.

    | here | paper |
    | --- | --- |
    | `encoder`, `posterior_distribution` | q(z given x) |
    | `decoder`, `pixel_distribution` | p(x given z) |
    | `prior_distribution` | p(z) |
    | `reconstruction` | -log p(x given z) |
    | `kl` | KL(q(z given x) to p(z)), in closed form for a Gaussian and N(0, I), else of the draw |
    | `loss` at `beta` = 1 | minus the ELBO |

    Reference: Kingma & Welling 2014, arXiv:1312.6114, equation 10; `beta`: Higgins et al. 2017 (beta-VAE), its schedule
        Fu et al. 2019, arXiv:1903.10145; `free_bits`: Kingma et al. 2016, arXiv:1606.04934, equation 15; `capacity`:
        Burgess et al. 2018, arXiv:1804.03599, equation 8; `decorrelation`: Kumar et al. 2018, arXiv:1711.00848 (DIP),
        and Chen et al. 2018, arXiv:1802.04942 (beta-TCVAE).

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z.
        beta: number, or schedule of train steps, that weighs the KL divergence; 1 is the ELBO.
        free_bits: number, the nats that a latent may carry at no cost, in the mean over a batch. Where the divergence
            has no closed form, `latent_dim * free_bits` for all of them together.
        capacity: number, or schedule, C in nats: the second term is then `beta * |kl - C|`, with the paper's gamma as
            `beta`; None for `beta * kl`.
        decorrelation: penalty on latents that depend on one another, for a Gaussian posterior: "dip_i" (covariance of
            the means; weighs the diagonal 10 times, as the paper does), "dip_ii" (covariance of the draws),
            "total_correlation"; or "none". It is logged as `decorrelation`, without its weight.
        decorrelation_weight: number, or schedule; lambda_od of DIP, and of the total correlation the paper's beta less
            the 1 that `beta` has of it.
        kwargs: `likelihood`, `prior`, `posterior`, `encoder`, `decoder`, ...: see `Variational`.

    Example:
        >>> model = VAE(image_shape=(64, 64, 3), latent_dim=64)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs: tuple[str, ...] = ("loss", "reconstruction", "kl")

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 64,
        beta: Scalar = 1.0,
        free_bits: NonNegative = 0.0,
        capacity: Scalar | None = None,
        decorrelation: Literal["none", "dip_i", "dip_ii", "total_correlation"] = "none",
        decorrelation_weight: Scalar = 5.0,
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, **kwargs)
        self.beta = beta
        self.free_bits = free_bits
        self.capacity = capacity
        self.decorrelation = decorrelation
        self.decorrelation_weight = decorrelation_weight
        where = type(self).__name__
        if free_bits and capacity is not None:
            raise ValueError(f"{where}: free_bits={free_bits} and a capacity contradict each other: leave one out.")
        if decorrelation != "none":
            self.require_gaussian_posterior(f"decorrelation '{decorrelation}'")
            self.logs = (*self.logs, "decorrelation")
        self.ready(ArraySpec(self.image_shape))

    def players(self) -> tuple[Player, ...]:
        """One: encoder and decoder, with the distributions that have trainable weights."""
        return (Player("autoencoder", self.trained(), self.negative_elbo),)

    def negative_elbo(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """`reconstruction + beta * kl`, changed as the arguments ask, in nats an image, with one draw."""
        x = self.observed(x)
        parameters = self.encoded(x, y, training)
        epsilon = keras.random.normal((ops.shape(x)[0], self.latent_dim), seed=self.seeds)
        z, log_q = self.posterior_distribution.sample(parameters, epsilon)
        reconstruction = -ops.mean(self.pixel_distribution.log_prob(x, self.decoded(z, y, training)))
        nats = self.divergence(parameters, z, log_q)
        kl = ops.mean(ops.sum(nats, axis=-1))
        loss = reconstruction + self.scheduled(self.beta) * self.cost_of(nats, kl)
        logs = {"loss": loss, "reconstruction": reconstruction, "kl": kl}
        if self.decorrelation != "none":
            penalty = self.dependence(z, *self.posterior_distribution.moments(parameters))
            loss = loss + self.scheduled(self.decorrelation_weight) * penalty
            logs = {**logs, "loss": loss, "decorrelation": penalty}
        return loss, logs

    def cost_of(self, nats: Tensor, kl: Tensor) -> Tensor:
        """The term that `beta` weighs: the divergence, its part beyond free bits, or its distance from the capacity."""
        if self.capacity is not None:
            return ops.abs(kl - self.scheduled(self.capacity))
        return losses.free_bits(nats, self.free_bits * self.latent_dim / nats.shape[-1]) if self.free_bits else kl

    def dependence(self, z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
        """The penalty that `decorrelation` selects."""
        if self.decorrelation == "total_correlation":
            return losses.total_correlation(z, mean, log_var)
        if self.decorrelation == "dip_i":
            return losses.dip_penalty(losses.covariance(mean), diagonal_weight=10.0)
        variances = ops.diag(ops.mean(ops.exp(log_var), axis=0))
        return losses.dip_penalty(losses.covariance(mean) + variances, diagonal_weight=1.0)
