"""VAE-GAN: a variational autoencoder whose reconstruction error is of a discriminator's features."""

from typing import Any

import keras
from keras import ops

from keras_genzoo import distributions, losses
from keras_genzoo.models.autoencoder import WithEncoder
from keras_genzoo.networks.penultimate import penultimate
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Count, ImageShape, Network, Scalar

Tensor = Any


@MODELS.register("vae_gan")
@keras.saving.register_keras_serializable("keras_genzoo")
class VAEGAN(WithEncoder):
    """VAE and GAN in one: the decoder is the generator, and the reconstruction error is of discriminator features.

    Use it where a VAE's images are too smooth and a GAN's cannot be encoded. Its reconstructions are sharp and alike in
    kind, not in each pixel, so a pixel error (PSNR) finds them worse; and no likelihood of pixels is defined.

    | here | paper |
    | --- | --- |
    | `kl` | L_prior, in closed form |
    | `feature_reconstruction` | L_llike of Dis_l, without the constant of its unit Gaussian, in nats |
    | `discriminator_loss` | minus L_GAN of real, reconstructed and generated images |
    | `feature_weight` | gamma |

    Reference: Larsen et al. 2016, arXiv:1512.09300, algorithm 1 and equation 8.

    Differs from the paper: the decoder's adversarial loss is the non-saturating one of Goodfellow et al. 2014, where
    algorithm 1 has the discriminator's loss negated, whose gradient vanishes once the discriminator wins (the authors'
    code then pauses the discriminator). The players are updated in turn, each with draws of its own. The optimizers are
    Adam, not RMSProp, and the discriminator's has a smaller learning rate.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z.
        feature_weight: number, or schedule of train steps, that weighs `feature_reconstruction` against the adversarial
            term in the decoder's loss: more for likeness, less for style.
        feature_layer: the layer of the discriminator whose output are the features: its index in
            `discriminator.layers`, from the end if negative; or its name, in a discriminator given as a `keras.Model`.
            None for what enters the last layer with weights.
        encoder: network from images to mean and log variance of q(z given x).
        decoder: network from latents to images.
        discriminator: Functional network from images to logits, with a normalization: without one its features are so
            small that `kl` outweighs them, and the posterior collapses. "layer" made better samples than "batch" in
            short trainings of ours.
        kwargs: `ema_momentum`, `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the discriminator has no such layer.

    Example:
        >>> model = VAEGAN(image_shape=(64, 64, 3), latent_dim=128)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
    """

    logs = ("kl", "feature_reconstruction", "generator_loss", "discriminator_loss")
    ema_of = "decoder"
    default_optimizer = {
        player: {"class_name": "Adam", "config": {"learning_rate": rate, "beta_1": 0.5}}
        for player, rate in (("encoder", 5e-4), ("decoder", 5e-4), ("discriminator", 1e-4))
    }
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": (4, 8)},
        "decoder": {"network": "conv_decoder", "filters": (8, 4)},
        "discriminator": {"network": "dcgan_discriminator", "filters": (4, 8)},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 128,
        feature_weight: Scalar = 0.1,
        feature_layer: int | str | None = None,
        encoder: Network = "conv_encoder",
        decoder: Network = "dcgan_generator",
        discriminator: Network = "dcgan_discriminator",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.feature_weight = feature_weight
        self.feature_layer = feature_layer
        self.posterior = distributions.DiagonalGaussian(latent_dim)
        self.encoder = self.network("encoder", encoder, image_shape=self.image_shape, outputs=self.posterior.size)
        self.decoder = self.network("decoder", decoder, latent_dim=latent_dim, image_shape=self.image_shape)
        self.discriminator = self.network("discriminator", discriminator, image_shape=self.image_shape, outputs=1)
        both = keras.Model(self.discriminator.input, [self._features(), self.discriminator.output])
        # As a function, not as a model: Keras would save the discriminator's layers under its name.
        self._features_and_logits = lambda x, training: both(x, training=training)
        self.ready(ArraySpec(self.image_shape))

    def _features(self) -> keras.KerasTensor:
        """The symbolic output of `feature_layer`."""
        layers, chosen = self.discriminator.layers, self.feature_layer
        if chosen is None:
            return penultimate(self.discriminator)
        if isinstance(chosen, int) and -len(layers) <= chosen < len(layers):
            return layers[chosen].output
        names = [layer.name for layer in layers]
        # Names that Keras has given are numbered anew in each process: a saved model would not find its layer again.
        if chosen in names and "discriminator" not in self._specs:
            return layers[names.index(chosen)].output
        known = ", ".join(f"{number} ({name})" for number, name in enumerate(names))
        raise ValueError(
            f"{type(self).__name__}.feature_layer is {chosen!r}, but the index of a layer of the discriminator is "
            f"expected, or its name in one given as a keras.Model; there are: {known}"
        )

    def players(self) -> tuple[Player, ...]:
        """Encoder, decoder and discriminator, in this order."""
        return (
            Player("encoder", ("encoder",), self.encoder_loss),
            Player("decoder", ("decoder",), self.decoder_loss),
            Player("discriminator", ("discriminator",), self.discriminator_loss),
        )

    def forward_pass(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor, list[Tensor]]:
        """`kl`, `feature_reconstruction`, and the logits of images: real, reconstructed, of latents from the prior.

        All images are one batch of the discriminator, so that batch normalization cannot hide how features differ.
        """
        parameters = self.encoder(x, training=training)
        epsilon, prior = (keras.random.normal((ops.shape(x)[0], self.latent_dim), seed=self.seeds) for _ in range(2))
        z, _ = self.posterior.sample(parameters, epsilon)
        made = self.decoder(ops.concatenate([z, prior]), training=training)
        features, logits = self._features_and_logits(ops.concatenate([x, made]), training)
        real, reconstructed, _ = ops.split(ops.cast(features, "float32"), 3)  # sums of squares overflow float16
        kl = losses.gaussian_kl(*self.posterior.moments(parameters))
        return kl, 0.5 * losses.squared_error(real, reconstructed), ops.split(logits, 3)

    def encoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """`kl + feature_reconstruction`: the encoder has no adversarial loss."""
        kl, error, _ = self.forward_pass(x, training)
        return kl + error, {"kl": kl, "feature_reconstruction": error}

    def decoder_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """`feature_weight * feature_reconstruction`, and the non-saturating loss of both kinds of fakes."""
        _, error, (_, reconstructed, generated) = self.forward_pass(x, training)
        loss = losses.non_saturating_generator(reconstructed) + losses.non_saturating_generator(generated)
        return self.scheduled(self.feature_weight) * error + loss, {"generator_loss": loss}

    def discriminator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy of real images, reconstructed and generated ones: 3 log 2 = 2.08 at chance."""
        _, _, (real, reconstructed, generated) = self.forward_pass(x, training)
        loss = losses.logistic_discriminator(real, reconstructed) + ops.mean(ops.softplus(generated))
        return loss, {"discriminator_loss": loss}

    def latents_of(self, x: Tensor) -> Tensor:
        """The posterior's means."""
        return self.posterior.center(self.encoder(x))

    def images_of(self, z: Tensor) -> Tensor:
        """The decoder's output, by its average where there is one."""
        return (self.ema or self.decoder)(z)

    def latent_statistics(self, x: Tensor) -> Tensor:
        """The posteriors' means, and the KL divergence of each latent in nats: (n, 2, latent_dim)."""
        mean, log_var = self.posterior.moments(self.encoder(x))
        return ops.stack([mean, losses.gaussian_kl_per_latent(mean, log_var)], axis=1)
