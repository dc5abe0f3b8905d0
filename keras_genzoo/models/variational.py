"""The base of variational autoencoders: a posterior, a prior, a likelihood, and the weights that compare them."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo import counter_rng, losses
from keras_genzoo.distributions import DiagonalGaussian, StandardNormal, VampPrior
from keras_genzoo.distributions.likelihoods import DiscretizedLogisticLikelihood
from keras_genzoo.models.autoencoder import WithEncoder
from keras_genzoo.registry import LIKELIHOODS
from keras_genzoo.types import LIKELIHOOD, POSTERIOR, PRIOR, Count, ImageShape, Likelihood, Network, Posterior, Prior

Tensor = Any

_PIXELS = 2**32 - 1  # the stream of noise that makes pixels black or white


class Variational(WithEncoder):
    """A model of images x by latents z: p(x given z), p(z), and q(z given x), each chosen by an argument.

    A subclass defines the bound that is maximized, and ends its constructor with `self.ready(...)`.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z.
        likelihood: of pixels, a name or `{"likelihood": name, **arguments}`: "gaussian" with `scale`; "bernoulli" for
            black and white images, with `binarize`; "discretized_logistic" for the probability of 256 grey levels, with
            `scale`. With `binarize` a loss is of black and white pixels, but `encode`, `reconstruct` and
            `latent_statistics` take grey levels as they are.
        prior: a name or `{"prior": name, **arguments}`: "normal", N(0, I); or "vamp", a mixture of `components`
            posteriors (Tomczak & Welling 2018), for a Gaussian one.
        posterior: a name or `{"posterior": name, **arguments}`: "gaussian"; or a normalizing flow of `steps`
            transformations, "planar" (Rezende & Mohamed 2015) or "iaf" (Kingma et al. 2016), which has `units` too.
        encoder: network from images to the posterior's parameters.
        decoder: network from latents to images, or to logits for "bernoulli".
        kwargs: `dtype`, `name`: see `GenerativeModel`.
    """

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
        likelihood: Likelihood = "gaussian",
        prior: Prior = "normal",
        posterior: Posterior = "gaussian",
        encoder: Network = "conv_encoder",
        decoder: Network = "conv_decoder",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        height, width, channels = image_shape
        self.image_shape = (height, width, channels)
        self.latent_dim = latent_dim
        given = {"image_shape": self.image_shape, "latent_dim": latent_dim}
        self.pixel_distribution = self.component("likelihood", LIKELIHOOD, likelihood)
        self.prior_distribution = self.component("prior", PRIOR, prior, **given)
        self.posterior_distribution = self.component("posterior", POSTERIOR, posterior, **given)
        if isinstance(self.prior_distribution, VampPrior):
            self.require_gaussian_posterior("prior 'vamp', a mixture of posteriors,")
        self.encoder = self.network(
            "encoder",
            encoder,
            image_shape=self.modeled_shape,
            outputs=self.posterior_distribution.size,
            **self.given_to("encoder"),
        )
        self.decoder = self.network(
            "decoder",
            decoder,
            latent_dim=latent_dim,
            image_shape=self.modeled_shape,
            activation=self.output_activation,
            **self.given_to("decoder"),
        )

    def require_gaussian_posterior(self, what: str) -> None:
        """Raises a ValueError that names `what` needs it, unless the posterior is Gaussian."""
        if not isinstance(self.posterior_distribution, DiagonalGaussian):
            raise ValueError(
                f"{type(self).__name__}: the {what} needs the posterior 'gaussian', but the posterior is "
                f"'{self._specs['posterior']['posterior']}'."
            )

    # What a model of labeled images, or of features of images, changes

    @property
    def modeled_shape(self) -> tuple[int, ...]:
        """The shape of what the encoder takes and the decoder gives: that of images."""
        return self.image_shape

    @property
    def output_activation(self) -> str:
        """The activation that the decoder ends in."""
        return self.pixel_distribution.activation

    @property
    def noise_dim(self) -> int:
        """The length of the noise that one draw of the latents takes."""
        return self.latent_dim

    def encoded(self, x: Tensor, y: Tensor = None, training: bool = False) -> Tensor:
        """The parameters of q(z given x), of shape (n, size); y are labels, for models that have them."""
        return self.encoder(x, training=training)

    def decoded(self, z: Tensor, y: Tensor = None, training: bool = False) -> Tensor:
        """The parameters of p(x given z), images of shape (n, height, width, channels)."""
        return self.decoder(z, training=training)

    def labels_of(self, x: Tensor) -> Tensor:
        """Labels of images whose labels are not given; None where there are none."""
        return None

    # What a loss uses

    def trained(self) -> tuple[str, ...]:
        """The names of the networks and distributions that have trainable weights."""
        names = ("encoder", "decoder", "posterior_distribution", "prior_distribution", "pixel_distribution")
        return tuple(name for name in names if getattr(self, name).trainable_variables)

    def observed(self, x: Tensor) -> Tensor:
        """The images that a loss is of: where the likelihood binarizes, black and white ones, drawn anew."""
        return self.pixel_distribution.observed(x, lambda: keras.random.uniform(ops.shape(x), seed=self.seeds))

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) of latents (..., latent_dim), in nats, of shape (...)."""
        return self.prior_distribution.log_prob(z, self._moments_of)

    def _moments_of(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # By the running statistics of batch normalization: pseudo-inputs are no part of the batch, and the prior that
        # is trained is the one that is drawn from.
        return self.posterior_distribution.moments(self.encoded(x))

    @property
    def has_closed_form(self) -> bool:
        """Whether the KL divergence of the posterior from the prior has a closed form."""
        prior, posterior = self.prior_distribution, self.posterior_distribution
        return isinstance(prior, StandardNormal) and isinstance(posterior, DiagonalGaussian)

    def divergence(self, parameters: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        """KL(q(z given x) || p(z)) in nats: of each latent in closed form (n, latent_dim), else of the draw (n, 1)."""
        if self.has_closed_form:
            return losses.gaussian_kl_per_latent(*self.posterior_distribution.moments(parameters))
        return (log_q - self.log_prior(z))[:, None]

    def log_weights(self, x: Tensor, y: Tensor, epsilon: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """`log p(x given z)` and `log p(z) - log q(z given x)`, each (n, k), of draws by noise (n, k, latent_dim)."""
        z, log_q = self.posterior_distribution.sample(self.encoded(x, y, training)[:, None], epsilon)
        draws = ops.shape(epsilon)[1]
        labels = None if y is None else ops.repeat(y, draws, axis=0)
        output = self.decoded(ops.reshape(z, (-1, self.latent_dim)), labels, training)
        output = ops.reshape(output, (-1, draws, *self.image_shape))
        return self.pixel_distribution.log_prob(x[:, None], output), self.log_prior(z) - log_q

    # What a user calls

    @property
    def pixel_likelihood(self) -> dict[str, Any]:
        """What the likelihood is of: see `capabilities.HasLikelihood`."""
        pixels = self.pixel_distribution
        return {
            "name": LIKELIHOODS.name_of(type(pixels)),
            "density": pixels.density,
            "scale": pixels.given_scale,
            "normalized": pixels.normalized,
            "grey_levels": isinstance(pixels, DiscretizedLogisticLikelihood),
            "exact": False,
        }

    def log_importance_weight(self, x: Tensor, indices: Tensor, seed: Tensor, samples: Tensor) -> Tensor:
        """`log p(x given z) + log p(z) - log q(z given x)` in nats, for draws z of the posterior q(z given x).

        Its mean over z is the ELBO, and the mean of its exponential the likelihood p(x): see
        `keras_genzoo.metrics.likelihood`, which takes these means. Where the likelihood binarizes it is of black and
        white images, which depend on (seed, index) alone too.

        Reference: Burda et al. 2016, arXiv:1509.00519, equation 8.

        Args:
            x: images in [-1, 1], of shape (n, height, width, channels).
            indices: integers of shape (n,), the images' numbers: a draw depends on (seed, index, sample) alone.
            seed: integer scalar in [0, 2**32).
            samples: integers >= 0 of shape (k,), the draws' numbers; images are encoded once for all of them.

        Returns:
            float32 tensor of shape (n, k).
        """

        def uniform() -> Tensor:
            numbers = counter_rng.uniform(seed, indices, math.prod(self.image_shape), _PIXELS, xp=ops)
            return ops.reshape(numbers, (-1, *self.image_shape))

        x = self.pixel_distribution.observed(x, uniform)
        numbers, streams = ops.meshgrid(indices, samples + 1, indexing="ij")  # stream 0 is that of `sample`
        epsilon = counter_rng.normal(seed, numbers, self.noise_dim, streams, xp=ops)
        epsilon = ops.reshape(epsilon, (-1, ops.shape(samples)[0], self.noise_dim))
        likelihood, prior_to_posterior = self.log_weights(x, self.labels_of(x), epsilon, training=False)
        return likelihood + prior_to_posterior

    def latent_statistics(self, x: Tensor) -> Tensor:
        """The posteriors' means and, where it has a closed form, the KL of each latent: (n, 2 or 1, latent_dim)."""
        parameters = self.encoded(x, self.labels_of(x))
        center = self.posterior_distribution.center(parameters)
        parts = [center]
        if self.has_closed_form:
            parts.append(self.divergence(parameters, center, center))
        return ops.stack(parts, axis=1)

    def latents_of(self, x: Tensor) -> Tensor:
        """The posterior's means."""
        return self.posterior_distribution.center(self.encoded(x))

    def images_of(self, z: Tensor) -> Tensor:
        """The likelihood's means."""
        return self.pixel_distribution.mean(self.decoder(z))

    def sample_latents(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Latents drawn from the prior for each (seed, index)."""
        return self.prior_distribution.sample(indices, seed, self._moments_of)
