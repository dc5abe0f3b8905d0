"""pix2pix: translation learned from pairs of images."""

from typing import Any

import keras
from keras import ops

from keras_genzoo import images
from keras_genzoo.export import Endpoint
from keras_genzoo.models.translator import Array, Direction, Translator
from keras_genzoo.networks.conditioning import Image
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, ArraySpec, ImageShape, Network, NonNegative

Tensor = Any
Logs = dict[str, Tensor]


@MODELS.register("pix2pix")
@keras.saving.register_keras_serializable("keras_genzoo")
class Pix2Pix(Translator):
    """Translates images as pairs show it: label maps to photos, outlines to drawings, day to night.

    Use it where each image has a partner, in register with it; without partners take `CycleGAN` or `CUT`. A
    discriminator that sees input and output together makes up the loss of textures, L1 that of the whole picture.

    | here | paper |
    | --- | --- |
    | x, y | x, y: input and target |
    | `generator` | G, whose noise z is its dropout |
    | `discriminator` | D |
    | `generator_loss` | the part of G in L_cGAN |
    | `l1`, `l1_weight` | L_L1, lambda |

    The ablation of section 4.2: `adversarial_weight=0` is L1 alone, `l1_weight=0` the conditional GAN alone, and
    `conditional=False` a discriminator that does not see the input.

    Reference: Isola et al. 2017, arXiv:1611.07004, equations 1 to 4.

    Differs from the paper: the generator is updated before the discriminator, which gets the same translations, so that
    they are computed once; the discriminator's loss is not halved, which Adam would not notice.

    Args:
        image_shape: (height, width, channels) of the inputs.
        target_shape: those of the targets, of the same height and width; None for the same shape.
        adversarial_loss: name of the losses of both players; as for `Translator`. With "wasserstein" the discriminator
            needs `"spectral": true`.
        adversarial_weight: float, of the generator's adversarial loss; 0 for none, and no discriminator.
        l1_weight: float, of the mean absolute difference from the target.
        conditional: bool, whether the discriminator sees the input beside the output.
        test_time_dropout: bool, whether translations are made as in training, with dropout and, where there is batch
            normalization, the statistics of the batch, as section 3.3 has it: with noise, of a `seed`. Without, they
            are deterministic, and do not depend on the other images of a batch.
        generator: network from inputs to images, such as "unet" or "resnet_translator".
        discriminator: network from images (and inputs) to logits, or to scores if the loss takes such.
        kwargs: `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: both weights are 0, or the shapes do not fit.

    Example:
        >>> train, test = load_data("pairs", path="facades/", size=256, direction="ba", batch_size=1)
        >>> model = Pix2Pix(image_shape=(256, 256, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=200)
        >>> photos = model.translate(labels)
    """

    targets = "target"
    translators = {"ab": "generator"}
    ema_of = "generator"
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 2e-4, "beta_1": 0.5}}
    tiny = {
        "image_shape": (8, 8, 1),
        "target_shape": (8, 8, 3),
        "generator": {"network": "unet", "filters": (4, 8), "dropout": 0.0},
        "discriminator": {"network": "patch_discriminator", "filters": 4, "receptive_field": 16},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        target_shape: ImageShape | None = None,
        adversarial_loss: AdversarialLossName = "non_saturating",
        adversarial_weight: NonNegative = 1.0,
        l1_weight: NonNegative = 100.0,
        conditional: bool = True,
        test_time_dropout: bool = False,
        generator: Network = "unet",
        discriminator: Network = "patch_discriminator",
        **kwargs: Any,
    ):
        super().__init__(image_shape, target_shape, adversarial_loss, **kwargs)
        self.adversarial_weight = adversarial_weight
        self.l1_weight = l1_weight
        self.conditional = conditional
        self.test_time_dropout = test_time_dropout
        if not adversarial_weight and not l1_weight:
            raise ValueError(
                f"{type(self).__name__}: adversarial_weight and l1_weight are 0: nothing would be learned."
            )
        self.generator = self.translator_network("generator", generator)
        self.discriminator = self.network(
            "discriminator", discriminator, image_shape=self.target_shape, outputs=1, **self._condition()
        )
        self.logs = ("generator_loss", "l1", "discriminator_loss") if adversarial_weight else ("l1",)
        if not adversarial_weight:
            self.discriminator.trainable = False  # it is no player's
        self.ready(ArraySpec(self.image_shape))

    def _condition(self) -> dict[str, Any]:
        return {"conditioning": (Image(self.image_shape),)} if self.conditional else {}

    def players(self) -> tuple[Player, ...]:
        """The generator, then the discriminator, which takes the generator's translations."""
        if not self.adversarial_weight:
            return (Player("generator", ("generator",), self.generator_loss),)
        return (
            Player("generator", ("generator",), self.generator_loss, gives=("fake",)),
            Player("discriminator", ("discriminator",), self.discriminator_loss, takes=("fake",)),
        )

    def scores(self, images: Tensor, x: Tensor, training: bool) -> Tensor:
        """The discriminator's scores of targets or translations, given their inputs `x`."""
        return self.discriminator([images, x] if self.conditional else images, training=training)

    def scores_of(self, discriminator: str, made: Tensor, inputs: Tensor, training: bool) -> Tensor:
        """As of `Translator`, given the inputs."""
        return self.scores(made, inputs, training)

    def generator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs, dict[str, Tensor]]:
        """The weighted sum of the adversarial loss and of L1; hands the translations on."""
        fake = self.generator(x, training=training)
        l1 = ops.mean(ops.abs(y - fake))
        if not self.adversarial_weight:
            return self.l1_weight * l1, {"l1": l1}, {}
        real_scores = ops.stop_gradient(self.scores(y, x, training)) if self.compares else None
        adversarial = self.adversarial_term(self.scores(fake, x, training), real_scores)
        loss = self.adversarial_weight * adversarial + self.l1_weight * l1
        return loss, {"generator_loss": adversarial, "l1": l1}, {"fake": fake}

    def discriminator_loss(self, x: Tensor, y: Tensor, training: bool, fake: Tensor = None) -> tuple[Tensor, Logs]:
        """The loss of telling pairs of input and target from pairs of input and translation."""
        fake = ops.stop_gradient(self.generator(x, training=training)) if fake is None else fake
        loss = self.discriminator_term(self.scores(y, x, training), self.scores(fake, x, training))
        return loss, {"discriminator_loss": loss}

    # With noise

    def translations_of(self, x: Tensor, direction: Direction = "ab", seed: Tensor = None) -> Tensor:
        """Translations in [-1, 1]; with `test_time_dropout` with the noise of a seed, an integer scalar."""
        network = self.averaged("generator")
        if not self.test_time_dropout:
            return network(x)
        generators = [generator for layer in network._flatten_layers() for generator in layer._seed_generators]
        words = ops.cast(0 if seed is None else seed, "uint32")
        states = [
            (one.state, ops.cast(ops.stack([words, ops.cast(number, "uint32")]), one.state.dtype))
            for number, one in enumerate(generators)
        ]
        # What it assigns (seeds, running statistics) is dropped.
        with keras.StatelessScope([*states]):
            return network(x, training=True)

    def translate(self, x: Array, direction: Direction = "ab", batch_size: int = 16, seed: int = 0) -> Array:
        """Translates images: see `Translator`.

        Args:
            x, direction, batch_size: as there.
            seed: integer in [0, 2**32), of the noise of a model with `test_time_dropout`; without effect else.
        """
        number = self.seed_number(seed, "translate")
        options = {"seed": number} if self.test_time_dropout else {}
        return images.to_pixels(self._translated(x, direction, batch_size, **options))

    def endpoints(self) -> dict[str, Endpoint]:
        """As of `Translator`; `translate` takes a seed as well where there is `test_time_dropout`."""
        found = super().endpoints()
        if self.test_time_dropout:

            def translate(x: Tensor, seed: Tensor) -> Tensor:
                made = self.padded_translations_of(images.from_pixels(x, ops), direction="ab", seed=seed)
                return images.to_pixels(made, ops)

            inputs = {**found["translate"].inputs, "seed": ArraySpec((), "int64")}
            found["translate"] = Endpoint(translate, inputs)
        return found
