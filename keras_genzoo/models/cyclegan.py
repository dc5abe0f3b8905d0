"""CycleGAN: translation between two sets of images, without pairs.

| here | paper |
| --- | --- |
| x, y: images of the domains A and B | x of X, y of Y |
| `a_to_b`, `b_to_a` | G: X -> Y, F: Y -> X |
| `discriminator_b`, `discriminator_a` | D_Y, D_X |
| `a_to_b_loss`, `b_to_a_loss` | what G has of L_GAN(G, D_Y, X, Y), and F of L_GAN(F, D_X, Y, X) |
| `cycle_a`, `cycle_b`: their sum, `cycle_weight` | L_cyc(G, F), lambda |
| `identity`, `identity_weight` | L_identity(G, F) of section 5.2, 0.5 lambda there |
| `pool_a`, `pool_b`, of `pool_size` images | the history of 50 images of section 4 |
"""

from typing import Any

import keras
from keras import ops

from keras_genzoo.layers.image_pool import ImagePool
from keras_genzoo.models.translator import Translator
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, ArraySpec, ImageShape, Network, NonNegative, PoolSize

Tensor = Any
Logs = dict[str, Tensor]


@MODELS.register("cyclegan")
@keras.saving.register_keras_serializable("keras_genzoo")
class CycleGAN(Translator):
    """Translates between two sets of images that have no pairs: there and back, an image must come home.

    Use it for horses and zebras, photos and paintings: changes of color and texture; shapes mostly stay. `CUT` learns
    one direction alone, in less time.

    Reference: Zhu et al. 2017, arXiv:1703.10593, equations 1 to 3, section 4 and appendix 7.

    Differs from the paper: discriminators get the translations that the translators made before their update, as in the
    authors' code; the learning rate stays, where the paper's falls to 0 over the second 100 of 200 epochs.

    Args:
        image_shape: (height, width, channels) of the images of domain A.
        target_shape: those of domain B, of the same height and width; None for the same shape.
        adversarial_loss: name of the losses of translators and discriminators.
        cycle_weight: float, of the mean absolute difference of an image from its round trip, in each domain.
        identity_weight: float, of the mean absolute difference of an image of B from what `a_to_b` makes of it, and of
            one of A from what `b_to_a` does: it keeps colors. 0 for none; 5 for paintings to photos in the paper.
        pool_size: integer, past translations of each kind that discriminators are shown; 0 for none.
        a_to_b: network from A to B.
        b_to_a: network from B to A.
        discriminator_a: network from images of A to scores.
        discriminator_b: network from images of B to scores.
        kwargs: `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the shapes do not fit, or an identity loss of domains with another number of channels.

    Example:
        >>> train, test = load_data("unpaired", path="horse2zebra/", size=256, batch_size=1)
        >>> model = CycleGAN(image_shape=(256, 256, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=200)
        >>> zebras = model.translate(horses, "ab")
    """

    targets = "other"
    translators = {"ab": "a_to_b", "ba": "b_to_a"}
    discriminators = ("discriminator_a", "discriminator_b")
    ema_of = ("a_to_b", "b_to_a")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    tiny = {
        "image_shape": (8, 8, 3),
        "identity_weight": 0.5,
        "pool_size": 6,
        "a_to_b": {"network": "resnet_translator", "filters": 2, "blocks": 1},
        "b_to_a": {"network": "resnet_translator", "filters": 2, "blocks": 1},
        "discriminator_a": {
            "network": "patch_discriminator",
            "filters": 4,
            "receptive_field": 16,
            "normalization": "instance",
        },
        "discriminator_b": {"network": "patch_discriminator", "filters": 4, "receptive_field": 1},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        target_shape: ImageShape | None = None,
        adversarial_loss: AdversarialLossName = "least_squares",
        cycle_weight: NonNegative = 10.0,
        identity_weight: NonNegative = 0.0,
        pool_size: PoolSize = 50,
        a_to_b: Network = "resnet_translator",
        b_to_a: Network = "resnet_translator",
        discriminator_a: Network = {"network": "patch_discriminator", "normalization": "instance"},  # noqa: B006
        discriminator_b: Network = {"network": "patch_discriminator", "normalization": "instance"},  # noqa: B006
        **kwargs: Any,
    ):
        super().__init__(image_shape, target_shape, adversarial_loss, **kwargs)
        self.cycle_weight = cycle_weight
        self.identity_weight = identity_weight
        self.pool_size = pool_size
        if identity_weight and self.image_shape != self.target_shape:
            raise ValueError(
                f"{type(self).__name__}.identity_weight is {identity_weight:g}, but images of {self.image_shape[-1]} "
                f"channels are none of {self.target_shape[-1]}: leave it out."
            )
        self.a_to_b = self.translator_network("a_to_b", a_to_b, "ab")
        self.b_to_a = self.translator_network("b_to_a", b_to_a, "ba")
        shapes = {"discriminator_a": self.image_shape, "discriminator_b": self.target_shape}
        self.discriminator_a, self.discriminator_b = (
            self.network(name, value, image_shape=shapes[name], outputs=1)
            for name, value in (("discriminator_a", discriminator_a), ("discriminator_b", discriminator_b))
        )
        self.pool_a = ImagePool(pool_size, self.image_shape, name="pool_a") if pool_size else None
        self.pool_b = ImagePool(pool_size, self.target_shape, name="pool_b") if pool_size else None
        self.logs = (
            *("a_to_b_loss", "b_to_a_loss", "cycle_a", "cycle_b"),
            *(("identity",) if identity_weight else ()),
            *("discriminator_a_loss", "discriminator_b_loss"),
        )
        self.ready(ArraySpec(self.image_shape))

    def players(self) -> tuple[Player, ...]:
        """Both translators together, then both discriminators, which take what the translators made."""
        fakes = ("fake_a", "fake_b")
        return (
            Player("translators", ("a_to_b", "b_to_a"), self.translators_loss, gives=fakes),
            Player("discriminators", self.discriminators, self.discriminators_loss, takes=fakes),
        )

    def translators_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs, dict[str, Tensor]]:
        """Equation 3 as the translators have it, with the identity loss; hands the translations on."""
        fake_b, fake_a = self.a_to_b(x, training=training), self.b_to_a(y, training=training)
        logs = {
            "a_to_b_loss": self._adversarial(self.discriminator_b, y, fake_b, training),
            "b_to_a_loss": self._adversarial(self.discriminator_a, x, fake_a, training),
            "cycle_a": _l1(x, self.b_to_a(fake_b, training=training)),
            "cycle_b": _l1(y, self.a_to_b(fake_a, training=training)),
        }
        loss = logs["a_to_b_loss"] + logs["b_to_a_loss"] + self.cycle_weight * (logs["cycle_a"] + logs["cycle_b"])
        if self.identity_weight:
            same_a, same_b = self.b_to_a(x, training=training), self.a_to_b(y, training=training)
            logs["identity"] = _l1(x, same_a) + _l1(y, same_b)
            loss = loss + self.identity_weight * logs["identity"]
        return loss, logs, {"fake_a": fake_a, "fake_b": fake_b}

    def _adversarial(self, discriminator: keras.Model, real: Tensor, fake: Tensor, training: bool) -> Tensor:
        real_scores = ops.stop_gradient(discriminator(real, training=training)) if self.compares else None
        return self.adversarial_term(discriminator(fake, training=training), real_scores)

    def discriminators_loss(
        self, x: Tensor, y: Tensor, training: bool, fake_a: Tensor = None, fake_b: Tensor = None
    ) -> tuple[Tensor, Logs]:
        """The sum of both discriminators' losses, in training of images out of the pools."""
        if fake_a is None:
            fake_a, fake_b = self.b_to_a(y, training=training), self.a_to_b(x, training=training)
        logs = {}
        for name, real, fake, pool in (
            ("discriminator_a", x, fake_a, self.pool_a),
            ("discriminator_b", y, fake_b, self.pool_b),
        ):
            fake = ops.stop_gradient(fake)
            if pool is not None and training:
                fake = pool(fake, keras.random.uniform((ops.shape(fake)[0], 2), seed=self.seeds))
            discriminator = getattr(self, name)
            scores = discriminator(real, training=training), discriminator(fake, training=training)
            logs[f"{name}_loss"] = self.discriminator_term(*scores)
        return logs["discriminator_a_loss"] + logs["discriminator_b_loss"], logs


def _l1(one: Tensor, other: Tensor) -> Tensor:
    return ops.mean(ops.abs(one - other))
