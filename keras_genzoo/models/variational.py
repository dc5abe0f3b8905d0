"""What the variational autoencoders share: a posterior, a prior, a likelihood, and the weights that compare them."""

from collections.abc import Callable
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo import counter_rng, distributions, losses
from keras_genzoo.distributions import Scale
from keras_genzoo.models.autoencoder import Autoencoder
from keras_genzoo.networks import budget
from keras_genzoo.types import Components, Count, FlowSteps, ImageShape, Network

Tensor = Any

_PIXELS = 2**32 - 1  # the stream of noise that makes pixels black or white


class Variational(Autoencoder):
    """A model of images x by latents z: p(x given z), p(z), and q(z given x), each chosen by an argument.

    A subclass says what is maximized, and ends its constructor with `self.ready(...)`.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z.
        likelihood: of pixels: "gaussian"; "bernoulli" for black and white images, whose pixels are then taken as
            probabilities; "discretized_logistic" for the probability of 256 grey levels.
        scale: float, the likelihood's standard deviation (the logistic's own scale), in the units of pixels in [-1, 1];
            smaller values weigh the reconstruction more. "learned" makes it a weight.
        binarize: bool, whether "bernoulli" is told of black and white pixels, drawn anew in each step with the grey
            levels as probabilities; else the grey levels stand for themselves. `encode`, `reconstruct` and
            `latent_statistics` take grey levels as they are.
        prior: "normal", N(0, I); or "vamp", a mixture of posteriors (Tomczak & Welling 2018), for a Gaussian one.
        prior_components: integer, of "vamp".
        posterior: "gaussian"; or what bends it: "planar" (Rezende & Mohamed 2015), "iaf" (Kingma et al. 2016).
        flow_steps: integer, of "planar" and "iaf".
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
        likelihood: Literal["gaussian", "bernoulli", "discretized_logistic"] = "gaussian",
        scale: Scale = 0.2,
        binarize: bool = False,
        prior: Literal["normal", "vamp"] = "normal",
        prior_components: Components = 500,
        posterior: Literal["gaussian", "planar", "iaf"] = "gaussian",
        flow_steps: FlowSteps = 4,
        encoder: Network = "conv_encoder",
        decoder: Network = "conv_decoder",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        height, width, channels = image_shape
        self.image_shape = (height, width, channels)
        self.latent_dim = latent_dim
        self.likelihood = likelihood
        self.scale = scale
        self.binarize = binarize
        self.prior = prior
        self.prior_components = prior_components
        self.posterior = posterior
        self.flow_steps = flow_steps
        if binarize and likelihood != "bernoulli":
            raise self._refusal(f"binarize=True, but likelihood is '{likelihood}': black and white pixels", "bernoulli")
        if prior == "vamp" and posterior != "gaussian":
            raise self._refusal(f"prior is 'vamp', but posterior is '{posterior}': a mixture of them", "gaussian")
        self.pixel_distribution = self._one_of(
            "likelihood",
            gaussian=lambda: distributions.GaussianLikelihood(scale),
            bernoulli=lambda: distributions.BernoulliLikelihood(binarize),
            discretized_logistic=lambda: distributions.DiscretizedLogisticLikelihood(scale),
        )
        self.prior_distribution = self._one_of(
            "prior",
            normal=lambda: distributions.StandardNormal(latent_dim),
            vamp=lambda: distributions.VampPrior(prior_components, self.image_shape, latent_dim),
        )
        self.posterior_distribution = self._one_of(
            "posterior",
            gaussian=lambda: distributions.DiagonalGaussian(latent_dim),
            planar=lambda: distributions.PlanarFlow(latent_dim, flow_steps),
            iaf=lambda: distributions.InverseAutoregressiveFlow(latent_dim, flow_steps),
        )
        self.encoder = self.network(
            "encoder",
            encoder,
            image_shape=self.image_shape,
            outputs=self.posterior_distribution.size,
            **self.conditioning_of("encoder"),
        )
        self.decoder = self.network(
            "decoder",
            decoder,
            latent_dim=latent_dim,
            image_shape=self.image_shape,
            activation=self.pixel_distribution.activation,
            **self.conditioning_of("decoder"),
        )

    def _refusal(self, what: str, expected: str) -> ValueError:
        return ValueError(f"{type(self).__name__}: {what} is only for '{expected}'.")

    def _one_of(self, argument: str, **makers: Callable[[], keras.layers.Layer]) -> keras.layers.Layer:
        """The distribution that an argument names; its weights are counted before they take memory."""
        name = getattr(self, argument)
        if name not in makers:
            *others, last = map(repr, makers)
            raise ValueError(
                f"{type(self).__name__}.{argument} is {name!r}, but {', '.join(others)} or {last} is expected."
            )
        with budget.unallocated():
            made = makers[name]()
            budget.spend(argument, made)
        return made

    # What a model of labeled images changes

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
        """The names of the networks and distributions that have something to learn."""
        names = ("encoder", "decoder", "posterior_distribution", "prior_distribution", "pixel_distribution")
        return tuple(name for name in names if getattr(self, name).trainable_variables)

    def observed(self, x: Tensor) -> Tensor:
        """The images that a loss is of: black and white ones, drawn anew, if `binarize` says so."""
        return distributions.binarize(x, keras.random.uniform(ops.shape(x), seed=self.seeds)) if self.binarize else x

    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) of latents (..., latent_dim), in nats, of shape (...)."""
        return self.prior_distribution.log_prob(z, self._moments_of)

    def _moments_of(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # By the running statistics of batch normalization: pseudo-inputs are no part of the batch, and the prior that
        # is trained is the one that is drawn from.
        return self.posterior_distribution.moments(self.encoded(x))

    def divergence(self, parameters: Tensor, z: Tensor, log_q: Tensor) -> Tensor:
        """KL(q(z given x) || p(z)) in nats: of each latent in closed form (n, latent_dim), else of the draw (n, 1)."""
        if self.prior == "normal" and self.posterior == "gaussian":
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

    # What a user asks

    def log_importance_weight(self, x: Tensor, indices: Tensor, seed: Tensor, samples: Tensor) -> Tensor:
        """`log p(x given z) + log p(z) - log q(z given x)` in nats, for draws z of the posterior q(z given x).

        Its mean over z is the ELBO, and the mean of its exponential the likelihood p(x): see
        `keras_genzoo.metrics.likelihood`, which takes these means. With `binarize` it is of black and white images,
        which depend on (seed, index) alone too.

        Reference: Burda et al. 2016, arXiv:1509.00519, equation 8.

        Args:
            x: images in [-1, 1], of shape (n, height, width, channels).
            indices: integers of shape (n,), the images' numbers: a draw depends on (seed, index, sample) alone.
            seed: integer scalar in [0, 2**32).
            samples: integers >= 0 of shape (k,), the draws' numbers; images are encoded once for all of them.

        Returns:
            float32 tensor of shape (n, k).
        """
        if self.binarize:
            height, width, channels = self.image_shape
            numbers = counter_rng.uniform(seed, indices, height * width * channels, _PIXELS, xp=ops)
            x = distributions.binarize(x, ops.reshape(numbers, (-1, *self.image_shape)))
        numbers, streams = ops.meshgrid(indices, samples + 1, indexing="ij")  # stream 0 is that of `sample`
        epsilon = counter_rng.normal(seed, numbers, self.latent_dim, streams, xp=ops)
        epsilon = ops.reshape(epsilon, (-1, ops.shape(samples)[0], self.latent_dim))
        likelihood, prior_to_posterior = self.log_weights(x, self.labels_of(x), epsilon, training=False)
        return likelihood + prior_to_posterior

    def latent_statistics(self, x: Tensor) -> Tensor:
        """The posteriors' means and, where it has a closed form, the KL of each latent: (n, 2 or 1, latent_dim)."""
        parameters = self.encoded(x, self.labels_of(x))
        center = self.posterior_distribution.center(parameters)
        parts = [center]
        if self.prior == "normal" and self.posterior == "gaussian":
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
