"""SSVAE: variational autoencoders that learn classes from few labels."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo.distributions import DiagonalGaussian
from keras_genzoo.distributions.likelihoods import GaussianLikelihood
from keras_genzoo.losses import gaussian_kl
from keras_genzoo.models.classifying import SemiSupervised
from keras_genzoo.models.conditional_variational import ConditionalVariational
from keras_genzoo.networks.penultimate import penultimate_network
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Classes, Count, ImageShape, Network, NonNegative

Tensor = Any
Logs = dict[str, Tensor]


@MODELS.register("ssvae")
@keras.saving.register_keras_serializable("keras_genzoo")
class SSVAE(SemiSupervised, ConditionalVariational):
    """Semi-supervised VAE: a classifier and a conditional VAE that train each other, where few images have labels.

    Use it for classes of which a few hundred examples are known beside many images without a label, and to make images
    of a chosen class in the style of another image.

    An image without a label counts under each label, as much as the classifier believes in it, so that a step decodes
    `num_classes` times as many images as a VAE's. y is -1 for such images: see `labeled` of `load_data`.

    | here | paper |
    | --- | --- |
    | `classifier` | q(y given x) |
    | `encoder`, `decoder` | q(z given x, y), p(x given z, y) |
    | `loss` | J^alpha (equation 9) divided by the number of images: U(x) or L(x, y), and `class_loss` |
    | `classification_weight` | alpha / N, 0.1 in the paper |
    | without `feature_dim` | M2 |
    | with `feature_dim` | M1+M2: `feature_encoder` and `feature_decoder` are M1, whose latents M2 models |

    Reference: Kingma et al. 2014, arXiv:1406.5298, equations 6 to 9.

    Differs from the paper: M1 and M2 are trained at the same time, M2 on draws of M1's present posterior. A batch has
    as many images with labels as `labeled_share` of the data says, and the bounds of all images count alike.

    Args:
        image_shape: (height, width, channels) of the images.
        num_classes: integer, how many labels there are, from 0 on.
        latent_dim: integer, the length of z.
        classification_weight: float, of the cross-entropy of images with labels.
        feature_dim: integer, latents of M1, of which M2 is made; None for M2 of the images themselves.
        classifier: network from images, or features (n, 1, 1, feature_dim), to a logit for each class.
        feature_encoder: network from images to M1's posterior.
        feature_decoder: network from M1's latents to images.
        kwargs: `likelihood`, `posterior`, `encoder`, `decoder`: see `Variational`. With `feature_dim` encoder, decoder
            and classifier are networks of vectors, and `likelihood` is that of M1.

    Example:
        >>> model = SSVAE(image_shape=(28, 28, 1), num_classes=10, latent_dim=50)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=100, epochs=50)  # with labels of -1 where there is none
        >>> model.classify(photos).argmax(axis=-1)
    """

    logs: tuple[str, ...] = ("loss", "reconstruction", "kl", "class_loss", "class_accuracy")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 3e-4}}
    tiny = {
        **ConditionalVariational.tiny,
        "classifier": {"network": "mlp_encoder", "hidden": (8,)},
        "feature_dim": 3,
        "feature_encoder": {"network": "mlp_encoder", "hidden": (8,)},
        "feature_decoder": {"network": "mlp_decoder", "hidden": (8,)},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        num_classes: Classes = 10,
        latent_dim: Count = 50,
        classification_weight: NonNegative = 0.1,
        feature_dim: Count | None = None,
        classifier: Network = {"network": "mlp_encoder", "hidden": (500,)},  # noqa: B006 - it is only read
        encoder: Network = {"network": "mlp_encoder", "hidden": (500,)},  # noqa: B006
        decoder: Network = {"network": "mlp_decoder", "hidden": (500,)},  # noqa: B006
        feature_encoder: Network = {"network": "mlp_encoder", "hidden": (600, 600)},  # noqa: B006
        feature_decoder: Network = {"network": "mlp_decoder", "hidden": (600, 600)},  # noqa: B006
        **kwargs: Any,
    ):
        self.classification_weight = classification_weight
        self.feature_dim = feature_dim
        super().__init__(image_shape, num_classes, latent_dim, encoder=encoder, decoder=decoder, **kwargs)
        self.classifier = self.network("classifier", classifier, image_shape=self.modeled_shape, outputs=num_classes)
        self._specs["feature_encoder"], self._specs["feature_decoder"] = feature_encoder, feature_decoder
        if feature_dim is not None:
            self.feature_posterior = DiagonalGaussian(feature_dim)
            self.feature_likelihood = GaussianLikelihood("learned", name="feature_likelihood")
            self.feature_encoder = self.network(
                "feature_encoder",
                feature_encoder,
                image_shape=self.image_shape,
                outputs=self.feature_posterior.size,
            )
            self.feature_decoder = self.network(
                "feature_decoder",
                feature_decoder,
                latent_dim=feature_dim,
                image_shape=self.image_shape,
                activation=self.pixel_distribution.activation,
            )
            self.logs = (*self.logs, "feature_reconstruction", "feature_kl")
        self.ready(ArraySpec(self.image_shape))

    @property
    def modeled_shape(self) -> tuple[int, ...]:
        """The shape of what M2 models: of images, or of M1's latents."""
        return self.image_shape if self.feature_dim is None else (1, 1, self.feature_dim)

    @property
    def output_activation(self) -> str:
        """The activation that M2's decoder ends in."""
        return super().output_activation if self.feature_dim is None else "linear"

    # Training

    def players(self) -> tuple[Player, ...]:
        """M2 with its classifier, and before it M1, if there is one."""
        if self.feature_dim is None:
            return (Player("autoencoder", (*self.trained(), "classifier"), self.semi_supervised_loss),)
        pixels = ("pixel_distribution",) if self.pixel_distribution.trainable_variables else ()
        m1 = ("feature_encoder", "feature_decoder", *pixels)
        m2 = (*(name for name in self.trained() if name not in pixels), "classifier", "feature_likelihood")
        return (
            Player("features", m1, self.feature_loss, gives=("features",)),
            Player("autoencoder", m2, self.semi_supervised_loss, takes=("features",)),
        )

    def feature_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs, Logs]:
        """M1's negative ELBO, and the draws of its posterior, (n, 1, 1, feature_dim)."""
        x = self.observed(x)
        parameters = self.feature_encoder(x, training=training)
        epsilon = keras.random.normal((ops.shape(x)[0], self.feature_dim), seed=self.seeds)
        features, _ = self.feature_posterior.sample(parameters, epsilon)
        output = self.feature_decoder(features, training=training)
        reconstruction = -ops.mean(self.pixel_distribution.log_prob(x, output))
        kl = gaussian_kl(*self.feature_posterior.moments(parameters))
        logs = {"feature_reconstruction": reconstruction, "feature_kl": kl}
        return reconstruction + kl, logs, {"features": ops.reshape(features, (-1, *self.modeled_shape))}

    def semi_supervised_loss(
        self, x: Tensor, y: Tensor, training: bool, features: Tensor = None
    ) -> tuple[Tensor, Logs]:
        """L(x, y) of images with a label, U(x) of those without one, and the classifier's cross-entropy."""
        x = self.observed(x) if self.feature_dim is None else features
        y = ops.reshape(ops.cast(y, "int32"), (-1,))
        logits = self.classifier(x, training=training)
        belief = ops.log_softmax(logits, axis=-1)
        has_label = ops.cast(y >= 0, "float32")[:, None]
        weights = has_label * self.one_hot(y) + (1.0 - has_label) * ops.exp(belief)  # of each label, (n, classes)
        labels = ops.tile(ops.arange(self.num_classes), (ops.shape(x)[0],))
        each = self.bounds(ops.repeat(x, self.num_classes, axis=0), labels, training)
        reconstruction, kl = (
            ops.mean(ops.sum(weights * ops.reshape(nats, (-1, self.num_classes)), axis=-1)) for nats in each
        )
        entropy = -ops.mean((1.0 - has_label[:, 0]) * ops.sum(ops.exp(belief) * belief, axis=-1))
        logs = self.class_logs(logits, y)
        bound = reconstruction + kl + math.log(self.num_classes) - entropy
        loss = bound + self.classification_weight * logs["class_loss"]
        return loss, {"loss": loss, "reconstruction": reconstruction, "kl": kl, **logs}

    def bounds(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """`-log p(x given z, y)` and `KL(q(z given x, y) || p(z))` of images or features, (n,) each, with one draw."""
        parameters = self.encoder([x, self.one_hot(y)], training=training)
        epsilon = keras.random.normal((ops.shape(x)[0], self.latent_dim), seed=self.seeds)
        z, log_q = self.posterior_distribution.sample(parameters, epsilon)
        output = self.decoder([z, self.one_hot(y)], training=training)
        likelihood = self.pixel_distribution if self.feature_dim is None else self.feature_likelihood
        return -likelihood.log_prob(x, output), ops.sum(self.divergence(parameters, z, log_q), axis=-1)

    # What a user calls

    def feature_network(self) -> keras.Model:
        """What enters the last layer of the classifier, or of M1's encoder: see `capabilities.HasFeatures`."""
        name = "classifier" if self.feature_dim is None else "feature_encoder"
        return penultimate_network(getattr(self, name), f"{type(self).__name__}.{name}")

    def features_of(self, x: Tensor) -> Tensor:
        """What M2 models of images: the means of M1's posterior (n, 1, 1, feature_dim), or the images themselves."""
        if self.feature_dim is None:
            return x
        means = self.feature_posterior.center(self.feature_encoder(x))
        return ops.reshape(means, (-1, *self.modeled_shape))

    def logits_of(self, x: Tensor) -> Tensor:
        """The classifier's logits (n, num_classes) of images in [-1, 1]."""
        return self.classifier(self.features_of(x))

    def labels_of(self, x: Tensor) -> Tensor:
        """The most probable label of each image."""
        return ops.cast(ops.argmax(self.logits_of(x), axis=-1), "int32")

    def encoded(self, x: Tensor, y: Tensor = None, training: bool = False) -> Tensor:
        """The parameters of q(z given x, y)."""
        return super().encoded(self.features_of(x), y, training)

    def decoded(self, z: Tensor, y: Tensor = None, training: bool = False) -> Tensor:
        """The parameters of p(x given z, y); M1's are those of the mean of its latents given z and y."""
        return self._pixels(super().decoded(z, y, training))

    def images_of(self, z: tuple[Tensor, Tensor]) -> Tensor:
        """The likelihood's means of a pair of latents and codes."""
        return self.pixel_distribution.mean(self._pixels(self.decoder(list(z))))

    def _pixels(self, output: Tensor) -> Tensor:
        if self.feature_dim is None:
            return output
        return self.feature_decoder(ops.reshape(output, (-1, self.feature_dim)))

    @property
    def noise_dim(self) -> int:
        """The length of the noise of one draw: of z, and of M1's latents before it."""
        return self.latent_dim + (self.feature_dim or 0)

    def log_weights(self, x: Tensor, y: Tensor, epsilon: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """As of `Variational`; of M1+M2 `log p(x given z1)` and `log p(z1, z2 given y) - log q(z1, z2 given x, y)`."""
        if self.feature_dim is None:
            return super().log_weights(x, y, epsilon, training)
        draws = ops.shape(epsilon)[1]
        parameters = self.feature_encoder(x, training=training)[:, None]
        features, log_q = self.feature_posterior.sample(parameters, epsilon[..., : self.feature_dim])
        maps = ops.reshape(features, (-1, *self.modeled_shape))
        codes = self.one_hot(ops.repeat(y, draws, axis=0))
        noise = ops.reshape(epsilon[..., self.feature_dim :], (-1, self.latent_dim))
        z, log_q_z = self.posterior_distribution.sample(self.encoder([maps, codes], training=training), noise)
        log_p = self.feature_likelihood.log_prob(maps, self.decoder([z, codes], training=training))
        inner = ops.reshape(log_p + self.log_prior(z) - log_q_z, (-1, draws))
        output = self.feature_decoder(ops.reshape(features, (-1, self.feature_dim)), training=training)
        output = ops.reshape(output, (-1, draws, *self.image_shape))
        return self.pixel_distribution.log_prob(x[:, None], output), inner - log_q
