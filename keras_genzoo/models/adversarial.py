"""What every adversarial model shares: a generator and how it is sampled, the losses of the game, and their options."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_genzoo import backend, losses
from keras_genzoo.layers.augmentation import Augmentation
from keras_genzoo.sampling import LatentModel
from keras_genzoo.types import (
    AdversarialLossName,
    Augmentations,
    Count,
    ImageShape,
    Momentum,
    Network,
    NonNegative,
    Scalar,
    Share,
)

Tensor = Any
Logs = dict[str, Tensor]

_DECAY = 0.99  # of LeCam's averages: Tseng et al. 2021, section 4


class Adversarial(LatentModel):
    """A generator against an opponent, which a subclass builds under the name `opponent`, and moves by its own loss.

    The options below are off by default. Two learning rates (Heusel et al. 2017, arXiv:1706.08500) need none:
    `compile` takes an optimizer for each player.

    Reference: instance noise: Sønderby et al. 2017, arXiv:1610.04490, section 3.3; label smoothing: Salimans et al.
        2016, arXiv:1606.03498; R1: Mescheder et al. 2018, arXiv:1801.04406, lazy: Karras et al. 2020, arXiv:1912.04958,
        section 3.1; gradient penalty: Gulrajani et al. 2017, arXiv:1704.00028; LeCam: Tseng et al. 2021,
        arXiv:2104.03310; `augment`: Zhao et al. 2020, arXiv:2006.10738; `augment_target`: Karras et al. 2020,
        arXiv:2006.06676.

    Differs from the papers: R1 takes the gradient at the images that the opponent sees, after augmentation and noise.

    Args:
        image_shape: (height, width, channels) of the images.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        adversarial_loss: name of what both players lower: "minimax", "non_saturating", "least_squares", "hinge",
            "wasserstein" or "relativistic_average".
        generator: network from latents to images.
        label_smoothing: float in [0, 1), s: the opponent's target for real images is 1 - s, where the loss has one.
        instance_noise: number, or schedule of train steps: the standard deviation of noise on all images that the
            opponent sees, in units of pixels in [-1, 1].
        penalty_weight: float, lambda of the penalty that draws the norm of the opponent's gradient, between real and
            generated images, to 1.
        r1_weight: float, gamma of the R1 penalty on the opponent's gradient at real images.
        r1_every: integer, train steps from one R1 penalty, which then weighs as many times more, to the next.
        lecam_weight: float, lambda of LeCam, which draws scores to the moving average of the other kind's.
        augment: operations that all images undergo before the opponent sees them: "color", "translation", "cutout".
        augment_target: float in [0, 1], of the mean sign of the scores of real images, by which the probability of
            augmentation is adapted (0.6 in the paper); None to augment all images.
        augment_images: integer, images that the opponent sees while that probability goes from 0 to 1 at most.
        kwargs: `ema_momentum`, `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: there is no such loss, or an option has no meaning with it.
    """

    ema_of = "generator"
    opponent: ClassVar[str] = "discriminator"
    """The opponent's name: of the player, of the network, and in the logs."""

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count,
        adversarial_loss: AdversarialLossName,
        generator: Network,
        label_smoothing: Momentum = 0.0,
        instance_noise: Scalar = 0.0,
        penalty_weight: NonNegative = 0.0,
        r1_weight: NonNegative = 0.0,
        r1_every: Count = 16,
        lecam_weight: NonNegative = 0.0,
        augment: Augmentations = (),
        augment_target: Share | None = None,
        augment_images: Count = 500_000,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.adversarial_loss = adversarial_loss
        self.label_smoothing = label_smoothing
        self.instance_noise = instance_noise
        self.penalty_weight = penalty_weight
        self.r1_weight = r1_weight
        self.r1_every = r1_every
        self.lecam_weight = lecam_weight
        self.augment = tuple(augment)
        self.augment_target = augment_target
        self.augment_images = augment_images
        self._check_options()
        self.generator = self.network(
            "generator",
            generator,
            latent_dim=latent_dim,
            image_shape=self.image_shape,
            **self.conditioning_of("generator"),
        )
        self.augmentation = Augmentation(self.augment, augment_target, augment_images) if self.augment else None
        if lecam_weight:
            self.average_scores = self.add_weight(
                (2,), "zeros", trainable=False, aggregation="mean", name="average_scores"
            )
        options = {
            "gradient_penalty": bool(penalty_weight),
            "r1": bool(r1_weight),
            "lecam": bool(lecam_weight),
            "overfitting": augment_target is not None,
            "augment_probability": augment_target is not None,
        }
        for log in (log for log, is_on in options.items() if is_on):
            self.logs = (*self.logs, log)  # type: ignore[misc] # a log that this choice alone has
            self._trackers.append(keras.metrics.Mean(name=log))

    def _check_options(self) -> None:
        where, name, game = type(self).__name__, self.adversarial_loss, self.game
        if self.label_smoothing and not game.has_targets:
            raise ValueError(
                f"{where}.label_smoothing is {self.label_smoothing:g}, but the loss '{name}' has no labels: leave it "
                "out."
            )
        if self.augment_target is None:
            return
        if not self.augment:
            raise ValueError(
                f"{where}.augment_target is {self.augment_target:g}, but there is nothing to adapt: name operations in "
                "augment."
            )
        if game.undecided is None:
            raise ValueError(
                f"{where}.augment_target is {self.augment_target:g}, but the sign of a score means nothing under the "
                f"loss '{name}': leave augment_target out, or take another loss."
            )

    def ready(self, *inputs: Any) -> None:
        """Ends a constructor: see `GenerativeModel`.

        Raises:
            ValueError: a gradient would be penalized that is not an image's own.
        """
        penalties = [name for name in ("penalty_weight", "r1_weight") if getattr(self, name)]
        layers = getattr(self, self.opponent)._flatten_layers()
        if penalties and any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers):
            raise ValueError(
                f"{type(self).__name__}.{penalties[0]} penalizes the gradient of each image's score, but batch "
                f"normalization makes that of all images in a batch: give the {self.opponent} a 'normalization' of "
                "'layer' or None (null in a preset)."
            )
        super().ready(*inputs)

    # What a conditional model redefines

    @property
    def num_judged(self) -> int:
        """How many numbers the opponent says of an image."""
        return 1

    def generated(self, z: Tensor, y: Tensor, training: bool) -> Tensor:
        """Images in [-1, 1] that the generator in training makes of latents (n, latent_dim), and of labels `y`."""
        return self.generator(z, training=training)

    def judged(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        """All that the opponent says of images as it sees them; `y` is what a conditional model is told of them."""
        return getattr(self, self.opponent)(images, training=training)

    def scores_in(self, judged: Tensor) -> Tensor:
        """The scores among what the opponent says."""
        return judged

    def auxiliary_loss(self, who: str, judged: tuple[Tensor, ...], y: Tensor) -> tuple[Tensor, Logs]:
        """What a player lowers beside the game's loss, and its logs.

        Args:
            who: string, the player.
            judged: what the opponent says of real and generated images, or in the generator's turn of those alone.
            y: the labels of either.
        """
        return 0.0, {}

    # The game

    @property
    def game(self) -> losses.AdversarialLoss:
        """What both players lower."""
        return losses.ADVERSARIAL_LOSSES[self.adversarial_loss]

    def scores(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        """The opponent's scores of images as it sees them, of which the labels are `y`."""
        return self.scores_in(self.judged(images, y, training))

    def seen(self, images: Tensor) -> Tensor:
        """What the opponent sees in the place of images, real and generated alike: augmented, with noise."""
        if self.augmentation is not None:
            images = self.augmentation(images, seed=self.seeds)
        if self.instance_noise:
            drawn = keras.random.normal(ops.shape(images), seed=self.seeds)
            images = images + self.scheduled(self.instance_noise) * drawn
        return images

    def opponent_loss(self, real: Tensor, fake: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The opponent's loss and its logs.

        Args:
            real: real images, as seen.
            fake: generated images, as seen, without a gradient.
            y: as for `scores`, of both.
            training: bool.
        """
        judged = self.judged(real, y, training), self.judged(fake, y, training)
        real_scores, fake_scores = map(self.scores_in, judged)
        smoothing = (self.label_smoothing,) if self.label_smoothing else ()
        loss = self.game.discriminator(real_scores, fake_scores, *smoothing)
        logs = {f"{self.opponent}_loss": loss}
        if self.penalty_weight:
            logs["gradient_penalty"] = self.gradient_penalty(real, fake, y, training)
            loss = loss + self.penalty_weight * logs["gradient_penalty"]
        if self.r1_weight:
            logs["r1"] = self.r1(real, y, training)
            loss = loss + 0.5 * self.r1_weight * logs["r1"]
        if self.lecam_weight:
            logs["lecam"] = self.lecam(real_scores, fake_scores, training)
            loss = loss + self.lecam_weight * logs["lecam"]
        more, more_logs = self.auxiliary_loss(self.opponent, judged, y)
        return loss + more, {**logs, **more_logs, **self.adapted(real_scores, training)}

    def generator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The generator's loss of images made anew."""
        judged = self.judged(self.seen(self.sample_like(x, y, training)), y, training)
        real = ops.stop_gradient(self.scores(self.seen(x), y, training)) if self.game.compares else None
        loss = self.game.generator(real, self.scores_in(judged))
        more, more_logs = self.auxiliary_loss("generator", (judged,), y)
        return loss + more, {"generator_loss": loss, **more_logs}

    # Options

    def gradient_penalty(self, real: Tensor, fake: Tensor, y: Tensor, training: bool) -> Tensor:
        """The gradient penalty, without its weight, at points between real and generated images."""
        return losses.gradient_penalty(self.slopes(self.between(real, fake), y, training))

    def slopes(self, images: Tensor, y: Tensor, training: bool) -> Tensor:
        """The gradient of each image's score by the image; what layers assign meanwhile (u, seeds) is dropped."""
        opponent = getattr(self, self.opponent)

        def scores(images: Tensor) -> Tensor:
            with keras.StatelessScope([(variable, variable.value) for variable in opponent.variables]):
                return self.scores(images, y, training)

        return self.input_gradient(scores, images)

    def between(self, x: Tensor, fake: Tensor) -> Tensor:
        """A point on the line from each real image to a generated one: one uniform number an image."""
        share = keras.random.uniform((ops.shape(x)[0], 1, 1, 1), seed=self.seeds)
        return x + share * (fake - x)

    def r1(self, real: Tensor, y: Tensor, training: bool) -> Tensor:
        """The R1 penalty, without its weight; in training `r1_every` times it in each `r1_every`-th step, else 0."""

        def penalty() -> Tensor:  # which assigns nothing: a branch of a graph must not, on replicas
            return losses.r1_penalty(self.slopes(ops.stop_gradient(real), y, training))

        if not training or self.r1_every == 1:
            return penalty()
        due = ops.equal(ops.mod(self.optimizer.iterations, self.r1_every), 0)
        return ops.cond(due, lambda: float(self.r1_every) * penalty(), lambda: ops.zeros(()))

    def lecam(self, real: Tensor, fake: Tensor, training: bool) -> Tensor:
        """The LeCam penalty of scores, without its weight; in training it moves the averages, which begin at 0."""
        penalty = losses.lecam_penalty(real, fake, self.average_scores[0], self.average_scores[1])
        if training:
            present = ops.stop_gradient(ops.stack([ops.mean(real), ops.mean(fake)]))
            self.average_scores.assign(_DECAY * self.average_scores + (1.0 - _DECAY) * present)
        return penalty

    def adapted(self, real: Tensor, training: bool) -> Logs:
        """Adapts the augmentation to the scores of real images, in training, and logs it."""
        if self.augmentation is None or self.augment_target is None:
            return {}
        overfitting = ops.mean(ops.sign(ops.stop_gradient(real) - self.game.undecided))
        if training:
            self.augmentation.adapt(overfitting, ops.shape(real)[0] * backend.replicas())
        return {
            "overfitting": overfitting,
            "augment_probability": ops.convert_to_tensor(self.augmentation.probability),
        }

    # Images

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
