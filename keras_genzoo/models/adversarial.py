"""The base of adversarial models: a generator, the losses of both players, and their options."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from keras_genzoo import backend, losses
from keras_genzoo.layers.adaptive_augmentation import AdaptiveAugment
from keras_genzoo.networks.penultimate import penultimate_network
from keras_genzoo.players import Player
from keras_genzoo.sampling import LatentModel
from keras_genzoo.types import (
    DISCRIMINATOR_AUGMENTATION,
    REGULARIZER,
    AdversarialLossName,
    Count,
    DiscriminatorAugmentation,
    ImageShape,
    Inputs,
    Momentum,
    Network,
    Regularizers,
    Scalar,
)

Tensor = Any
Logs = dict[str, Tensor]


class Adversarial(LatentModel):
    """A generator that is trained against a discriminator or critic, a network that the subclass builds.

    The options below are off by default. Two learning rates (Heusel et al. 2017, arXiv:1706.08500) need none:
    `compile` takes an optimizer for each player.

    | `regularizers` | arguments | reference |
    | --- | --- | --- |
    | "gradient_penalty" | `weight`, `every` | Gulrajani et al. 2017, arXiv:1704.00028 |
    | "r1", "r2" | `weight`, `every` | Mescheder et al. 2018, arXiv:1801.04406 |
    | "lecam" | `weight` | Tseng et al. 2021, arXiv:2104.03310 |
    | "drift" | `weight` | Karras et al. 2018, arXiv:1710.10196 |

    | `discriminator_augmentation` | arguments | reference |
    | --- | --- | --- |
    | "diffaugment" | `operations` | Zhao et al. 2020, arXiv:2006.10738 |
    | "ada" | `operations`, `target`, `images`, `probability` | Karras et al. 2020, arXiv:2006.06676 |

    Reference: instance noise: Sønderby et al. 2017, arXiv:1610.04490, section 3.3; label smoothing: Salimans et al.
        2016, arXiv:1606.03498.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        adversarial_loss: name of the losses of both players: "minimax", "non_saturating", "least_squares", "hinge",
            "wasserstein", "relativistic_average" or "relativistic".
        generator: network of images: from latents, or from what `generator_inputs` says.
        label_smoothing: float in [0, 1), s: the discriminator's target for real images is 1 - s, where the loss has
            one.
        instance_noise: number, or schedule of train steps: the standard deviation of noise on all images of the
            discriminator, in units of pixels in [-1, 1].
        regularizers: terms that are added to the discriminator's loss, each a name or
            `{"regularizer": name, **arguments}`: see the table.
        discriminator_augmentation: augmentation of all images of the discriminator, a name or
            `{"augmentation": name, **arguments}`: see the table; None for none.
        kwargs: `ema_momentum`, `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: there is no such loss, or an option has no meaning with it.
    """

    ema_of: ClassVar[str | tuple[str, ...]] = "generator"
    discriminator_name: ClassVar[str] = "discriminator"
    """"discriminator" or "critic": the name of the network and its player, of `<name>_steps` and of `<name>_loss`."""

    generator_networks: ClassVar[tuple[str, ...]] = ("generator",)
    """The networks of the generator, in the order of data; the last makes the images."""

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count,
        adversarial_loss: AdversarialLossName,
        generator: Network,
        /,
        label_smoothing: Momentum = 0.0,
        instance_noise: Scalar = 0.0,
        regularizers: Regularizers = (),
        discriminator_augmentation: DiscriminatorAugmentation | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.adversarial_loss = adversarial_loss
        self.label_smoothing = label_smoothing
        self.instance_noise = instance_noise
        has_targets = self.loss_functions.has_targets
        if label_smoothing and not has_targets:
            raise ValueError(
                f"{type(self).__name__}.label_smoothing is {label_smoothing:g}, but the loss '{adversarial_loss}' has "
                "no targets to smooth: leave it out."
            )
        self.make_generator(generator)
        self.augmentation = self.component(
            "discriminator_augmentation", DISCRIMINATOR_AUGMENTATION, discriminator_augmentation
        )
        self.regularizers = self.components("regularizers", REGULARIZER, regularizers)

    def ready(self, inputs: Inputs) -> None:
        """Ends a constructor: see `GenerativeModel`.

        Raises:
            ValueError: the options contradict each other, the loss or the discriminator.
        """
        where, names = type(self).__name__, [regularizer.log for regularizer in self.regularizers]
        if len(set(names)) < len(names):
            raise ValueError(f"{where}.regularizers are {', '.join(names)}: give each of them once.")
        layers = getattr(self, self.discriminator_name)._flatten_layers()
        if any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers):
            for regularizer in self.regularizers:
                if regularizer.takes_gradient:
                    raise ValueError(
                        f"{where}: '{regularizer.log}' penalizes the gradient of each image's score, but batch "
                        f"normalization mixes the images of a batch: give the {self.discriminator_name} a "
                        "'normalization' of 'layer' or None (null in a preset), or take another network."
                    )
        for regularizer in self.regularizers:
            regularizer.build(self)
        if isinstance(self.augmentation, AdaptiveAugment):
            if self.augmentation.adapts and self.loss_functions.undecided is None:
                raise ValueError(
                    f"{where}.discriminator_augmentation is 'ada', which adapts to the sign of the scores, but under "
                    f"the loss '{self.adversarial_loss}' the sign has no meaning: give it a 'probability', "
                    "take 'diffaugment', or another loss."
                )
            names += ["overfitting"] if self.augmentation.adapts else []
            names += ["augment_probability"]
        self.logs = (*self.logs, *names)
        super().ready(inputs)

    def make_generator(self, spec: Network) -> None:
        """Makes the network of images, of the size that they have now."""
        name = self.generator_networks[-1]
        given = {**self.generator_inputs(), "image_shape": self.image_shape, **self.given_to(name)}
        setattr(self, name, self.network(name, spec, **given))

    def generator_inputs(self) -> dict[str, Any]:
        """What the network of images is told of its inputs."""
        return {"latent_dim": self.latent_dim}

    # What a conditional model redefines

    @property
    def num_outputs(self) -> int:
        """How many numbers the discriminator gives for an image."""
        return 1

    def generated(self, z: Tensor, y: Tensor, training: bool) -> Tensor:
        """Images in [-1, 1] that the generator in training makes of latents (n, latent_dim), and of labels `y`."""
        return self.generator(z, training=training)

    def discriminator_outputs(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        """All outputs of the discriminator for augmented images; `y` are labels, for a conditional model."""
        return getattr(self, self.discriminator_name)(images, training=training)

    def scores_of(self, outputs: Tensor) -> Tensor:
        """The scores among the discriminator's outputs."""
        return outputs

    def auxiliary_loss(
        self, player: str, images: tuple[Tensor, ...], outputs: tuple[Any, ...], y: Tensor, training: bool
    ) -> tuple[Tensor, Logs]:
        """A term that is added to a player's loss, and its logs.

        Args:
            player: string, the player's name.
            images: augmented real and generated images, or for the generator's loss generated ones alone.
            outputs: the discriminator's outputs for each of them.
            y: the labels of either.
            training: bool.
        """
        return 0.0, {}

    # Training

    def players(self) -> tuple[Player, ...]:
        """The discriminator or critic, which takes its number of steps, then the generator, which takes one."""
        name = self.discriminator_name
        return (
            Player(name, (name,), self.discriminator_loss, steps=getattr(self, f"{name}_steps")),
            Player("generator", self.generator_networks, self.generator_loss),
        )

    @property
    def loss_functions(self) -> losses.AdversarialLoss:
        """The losses of both players, as functions of scores."""
        return losses.ADVERSARIAL_LOSSES[self.adversarial_loss]

    def scores(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        """The discriminator's scores of augmented images, of which the labels are `y`."""
        return self.scores_of(self.discriminator_outputs(images, y, training))

    def score_gradient(
        self, images: Tensor, y: Tensor, training: bool, augment: Callable[[Tensor], Tensor] = lambda images: images
    ) -> Tensor:
        """The gradient of each image's score by the image; what layers assign meanwhile (u, seeds) is dropped.

        Args:
            images: tensor of shape (n, height, width, channels).
            y: their labels, for a conditional model.
            training: bool.
            augment: function of images, between them and the discriminator.
        """
        discriminator = getattr(self, self.discriminator_name)

        def scores(images: Tensor) -> Tensor:
            with keras.StatelessScope([(variable, variable.value) for variable in discriminator.variables]):
                return self.scores(augment(images), y, training)

        return self.input_gradient(scores, images)

    def augmenting(self, images: Tensor) -> Callable[[Tensor], Tensor]:
        """What the discriminator's images, real and generated alike, pass: augmentation and noise, drawn now.

        Args:
            images: tensor of shape (n, height, width, channels), of which the shape counts.

        Returns:
            function of images of that shape.
        """
        # All that changes is read here: in the gradient of scores JAX knows no other variables than a network's.
        adaptive = isinstance(self.augmentation, AdaptiveAugment)
        given = (self.augment_probability,) if adaptive else ()
        drawn = None if self.augmentation is None else self.augmentation.draw(images, self.seeds, *given)
        noise = None
        if self.instance_noise:
            noise = keras.random.normal(ops.shape(images), seed=self.seeds) * self.scheduled(self.instance_noise)

        def augment(images: Tensor) -> Tensor:
            if self.augmentation is not None:
                images = self.augmentation(images, drawn)
            return images if noise is None else images + noise

        return augment

    @property
    def augment_probability(self) -> Tensor:
        """p of adaptive augmentation: its weight, or what a number or schedule says in training."""
        if self.augmentation.adapts or self._in_validation:
            return ops.convert_to_tensor(self.augmentation.probability)
        return ops.clip(self.scheduled(self.augmentation.given), 0.0, 1.0)

    def augmented(self, images: Tensor) -> Tensor:
        """Images as the discriminator gets them."""
        return self.augmenting(images)(images)

    def discriminator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The loss of the discriminator or critic with its regularizers; real and generated images in batches apart."""
        fake = ops.stop_gradient(self.sample_like(x, y, training))
        augment = self.augmenting(x), self.augmenting(fake)
        shown = augment[0](x), augment[1](fake)
        outputs = tuple(self.discriminator_outputs(images, y, training) for images in shown)
        real_scores, fake_scores = map(self.scores_of, outputs)
        smoothing = (self.label_smoothing,) if self.label_smoothing else ()
        loss = self.loss_functions.discriminator(real_scores, fake_scores, *smoothing)
        logs = {f"{self.discriminator_name}_loss": loss}
        batch = losses.DiscriminatorBatch(x, fake, *augment, y, real_scores, fake_scores)
        for regularizer in self.regularizers:
            logs[regularizer.log] = regularizer(self, batch, training)
            loss = loss + self.weight_of(regularizer) * logs[regularizer.log]
        more, more_logs = self.auxiliary_loss(self.discriminator_name, shown, outputs, y, training)
        return loss + more, {**logs, **more_logs, **self.adapt_augmentation(real_scores, training)}

    def weight_of(self, regularizer: losses.Regularizer) -> Any:
        """What a regularizer's penalty is multiplied by."""
        return regularizer.weight

    def generator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The generator's loss of newly generated images."""
        shown = self.augmented(self.sample_like(x, y, training))
        outputs = self.discriminator_outputs(shown, y, training)
        real = ops.stop_gradient(self.scores(self.augmented(x), y, training)) if self.loss_functions.compares else None
        loss = self.loss_functions.generator(real, self.scores_of(outputs))
        more, more_logs = self.auxiliary_loss("generator", (shown,), (outputs,), y, training)
        return loss + more, {"generator_loss": loss, **more_logs}

    def adapt_augmentation(self, real_scores: Tensor, training: bool) -> Logs:
        """Adapts the augmentation to the scores of real images in training, or to its schedule; returns its logs."""
        if not isinstance(self.augmentation, AdaptiveAugment):
            return {}
        if not self.augmentation.adapts:
            if training:
                self.augmentation.probability.assign(self.augment_probability)
            return {"augment_probability": ops.convert_to_tensor(self.augmentation.probability)}
        overfitting = ops.mean(ops.sign(ops.stop_gradient(real_scores) - self.loss_functions.undecided))
        if training:
            self.augmentation.adapt(overfitting, ops.shape(real_scores)[0] * backend.replicas())
        return {
            "overfitting": overfitting,
            "augment_probability": ops.convert_to_tensor(self.augmentation.probability),
        }

    # Images

    def feature_network(self) -> keras.Model:
        """What enters the discriminator's last layer, as a network of images: see `capabilities.HasFeatures`."""
        name = self.discriminator_name
        return penultimate_network(getattr(self, name), f"{type(self).__name__}.{name}")

    def sample_like(self, x: Tensor, y: Tensor, training: bool) -> Tensor:
        """As many generated images as there are in the batch `x`, in [-1, 1], of latents drawn anew.

        `y` is what a conditional generator makes them of.
        """
        z = keras.random.normal((ops.shape(x)[0], self.latent_dim), seed=self.seeds)
        return self.generated(z, y, training)

    def call(self, z: Tensor, training: bool = False) -> Tensor:
        """Images in [-1, 1] of latents (n, latent_dim), by the averaged generator where there is one."""
        return (self.ema or self.generator)(z, training=training)

    def images_of(self, z: Any) -> Tensor:
        """Images in [-1, 1] of latents (n, latent_dim): `call`."""
        return self(z)
