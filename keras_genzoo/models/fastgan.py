"""FastGAN: a GAN for a few hundred images, whose discriminator is its own autoencoder."""

from typing import Any

import keras
from keras import ops

from keras_genzoo.models.adversarial import Adversarial, Logs
from keras_genzoo.networks.fastgan import LARGE, SMALL
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, ImageShape, Network, NonNegative

Tensor = Any


@MODELS.register("fastgan")
@keras.saving.register_keras_serializable("keras_genzoo")
class FastGAN(Adversarial):
    """FastGAN: small networks that learn from 100 to 1,000 images; the discriminator must keep what an image shows.

    Use it for small sets of images on a small machine, with DiffAugment. Real images are decoded from the
    discriminator's feature maps, the whole and a random quarter: it cannot learn them by a few of their details.

    | here | paper |
    | --- | --- |
    | `reconstruction` | L_recons, equation 2, of both maps |
    | `discriminator`'s maps of 8 and 16 places | f_2, f_1 |

    Reference: Liu et al. 2021, arXiv:2101.04775.

    Differs from the paper: reconstructions are compared by the absolute difference of pixels, not by LPIPS; the hinge
    loss has no random margins; one discriminator, without a branch for small images.

    Args:
        image_shape: (height, width, channels) of the images: a square whose side is a power of two from 32 on.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        reconstruction_weight: float, of the reconstructions in the discriminator's loss.
        discriminator_steps: integer, discriminator updates for each generator update.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        generator: network from latents to images.
        discriminator: network from images to scores, and maps of 8 and of 16 places.
        decoder: name of a network from square maps to images: for the small maps, and for a part of the large ones.
        kwargs: `label_smoothing`, `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`;
            `ema_momentum` (0.999 in the authors' code), `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the discriminator gives no such maps.

    Example:
        >>> model = FastGAN(image_shape=(64, 64, 3), discriminator_augmentation="diffaugment", ema_momentum=0.999)
        >>> model.compile()
        >>> model.fit(photos, batch_size=8, epochs=1000)
    """

    logs = ("discriminator_loss", "reconstruction", "generator_loss")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    tiny = {
        "image_shape": (32, 32, 3),
        "latent_dim": 4,
        "generator": {"network": "fast_generator", "filters": (4, 4, 4, 4)},
        "discriminator": {"network": "fast_discriminator", "filters": (4, 4, 4, 4)},
        "decoder": {"network": "fast_decoder", "filters": 4},
        "discriminator_augmentation": "diffaugment",
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 256,
        reconstruction_weight: NonNegative = 1.0,
        discriminator_steps: Count = 1,
        adversarial_loss: AdversarialLossName = "hinge",
        generator: Network = "fast_generator",
        discriminator: Network = "fast_discriminator",
        decoder: Network = "fast_decoder",
        **kwargs: Any,
    ):
        super().__init__(image_shape, latent_dim, adversarial_loss, generator, **kwargs)
        self.reconstruction_weight = reconstruction_weight
        self.discriminator_steps = discriminator_steps
        given = {"image_shape": self.image_shape, "outputs": self.num_outputs}
        self.discriminator = self.network("discriminator", discriminator, **given)
        shapes = [tuple(part.shape[1:3]) for part in self.discriminator.outputs]
        if shapes[1:] != [(SMALL, SMALL), (LARGE, LARGE)]:
            raise ValueError(
                f"{type(self).__name__}.discriminator gives maps of {shapes}, but scores, and maps of {SMALL} and of "
                f"{LARGE} places, are expected: take 'fast_discriminator'."
            )
        small, large = ((SMALL, SMALL, part.shape[-1]) for part in self.discriminator.outputs[1:])
        side, channels = self.image_shape[0] // 2, self.image_shape[-1]
        self.decoder = self.network("decoder", decoder, image_shape=small, target_shape=self.image_shape)
        part = (side, side, channels)
        self.part_decoder = self.network("part_decoder", decoder, image_shape=large, target_shape=part)
        self.ready(self.latent_inputs)

    def players(self) -> tuple[Player, ...]:
        """The discriminator with its decoders, then the generator."""
        discriminator, generator = super().players()
        networks = (*discriminator.networks, "decoder", "part_decoder")
        return Player(discriminator.name, networks, discriminator.loss, discriminator.steps), generator

    def scores_of(self, outputs: list[Tensor]) -> Tensor:
        """The scores of places (n, 5, 5, 1)."""
        return outputs[0]

    def auxiliary_loss(
        self, player: str, images: tuple[Tensor, ...], outputs: tuple[Any, ...], y: Tensor, training: bool
    ) -> tuple[Tensor, Logs]:
        """How badly real images, and a quarter of each, are decoded from the discriminator's maps."""
        if player == "generator":
            return 0.0, {}
        (real, _), ((_, small, large), _) = images, outputs
        drawn = ops.cast(ops.floor(2.0 * keras.random.uniform((2,), seed=self.seeds)), "int32")
        side = self.image_shape[0] // 2
        loss = _difference(real, self.decoder(small, training=training))
        decoded = self.part_decoder(_part(large, drawn, SMALL), training=training)
        loss = loss + _difference(_part(real, drawn, side), decoded)
        return self.reconstruction_weight * loss, {"reconstruction": loss}


def _part(maps: Tensor, drawn: Tensor, side: int) -> Tensor:
    """A quarter of maps (n, 2 side, 2 side, channels): that of row and column `drawn` (2,), 0 or 1."""
    none = ops.zeros((1,), "int32")
    start = ops.concatenate([none, side * drawn, none])
    return ops.slice(maps, start, (ops.shape(maps)[0], side, side, maps.shape[-1]))


def _difference(images: Tensor, decoded: Tensor) -> Tensor:
    """The mean absolute difference of images and smaller decoded ones."""
    times = images.shape[1] // decoded.shape[1]
    if times > 1:
        images = ops.average_pool(images, times, strides=times, data_format="channels_last")
    return ops.mean(ops.abs(ops.cast(images, "float32") - decoded))
