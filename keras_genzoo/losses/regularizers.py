"""Regularizers of a discriminator or critic: terms that are added to its loss, each named by a spec.

A preset lists them: `"regularizers": [{"regularizer": "r1", "weight": 10, "every": 16}, ...]`.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import keras
from keras import ops

from keras_genzoo.losses.penalty import gradient_penalty, lecam_penalty, r1_penalty
from keras_genzoo.registry import REGULARIZERS
from keras_genzoo.types import Count, Positive

Tensor = Any

_DECAY = 0.99  # of LeCam's averages: Tseng et al. 2021, section 4


class DiscriminatorBatch(NamedTuple):
    """The images of one discriminator step, and their scores.

    Args:
        real: real images, of shape (n, height, width, channels).
        fake: generated images, without a gradient to the generator.
        augment_real: function that augments images as these real ones were.
        augment_fake: function that augments images as these generated ones were.
        y: labels of both, or None.
        real_scores: the discriminator's scores of the augmented real images.
        fake_scores: the discriminator's scores of the augmented generated images.
    """

    real: Tensor
    fake: Tensor
    augment_real: Callable[[Tensor], Tensor]
    augment_fake: Callable[[Tensor], Tensor]
    y: Tensor
    real_scores: Tensor
    fake_scores: Tensor


class Regularizer:
    """A penalty that is added to the discriminator's loss with a weight, and logged without it.

    A subclass sets `log` and defines `penalty`.

    Args:
        weight: float, by which the penalty is multiplied.
        every: integer, discriminator updates are regularized in every such train step only, by so many times the
            penalty (lazy regularization: Karras et al. 2020, arXiv:1912.04958, section 3.1).
    """

    log: ClassVar[str]
    """The name of the penalty in the logs."""
    takes_gradient: ClassVar[bool] = False
    """Whether the penalty is of the gradient of each image's score, which batch normalization would mix."""

    def __init__(self, weight: float, every: int = 1):
        self.weight = weight
        self.every = every

    def build(self, model: Any) -> None:
        """Adds the weights that the regularizer needs, if any, to its model, an `Adversarial`."""

    def penalty(self, model: Any, batch: DiscriminatorBatch, training: bool) -> Callable[[], Tensor]:
        """Returns a function that computes the penalty, without its weight.

        That function may run in a branch of a graph, which must not assign variables: random numbers are drawn before.

        Args:
            model: the `Adversarial` whose discriminator is regularized.
            batch: its images and scores.
            training: bool.
        """
        raise NotImplementedError(f"{type(self).__name__} must define penalty().")

    def __call__(self, model: Any, batch: DiscriminatorBatch, training: bool) -> Tensor:
        """Returns the penalty, without its weight: in training 0 but in each `every`-th step; arguments as there."""
        penalty = self.penalty(model, batch, training)
        if not training or self.every == 1:
            return penalty()
        due = ops.equal(ops.mod(model.optimizer.iterations, self.every), 0)
        return ops.cond(due, lambda: float(self.every) * penalty(), lambda: ops.zeros(()))


@REGULARIZERS.register("gradient_penalty")
class GradientPenalty(Regularizer):
    """Draws the norm of the score's gradient to 1, at points between real and generated images.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028, equation 3.

    Args:
        weight: float, lambda.
        every: see `Regularizer`.
    """

    log = "gradient_penalty"
    takes_gradient = True

    def __init__(self, weight: Positive = 10.0, every: Count = 1):
        super().__init__(weight, every)

    def penalty(self, model: Any, batch: DiscriminatorBatch, training: bool) -> Callable[[], Tensor]:
        """Returns a function that computes the penalty, at one point on the line between each pair of images."""
        augmented = batch.augment_real(batch.real), batch.augment_fake(batch.fake)
        points = interpolates(*augmented, model.seeds)
        return lambda: gradient_penalty(model.score_gradient(points, batch.y, training))


def interpolates(real: Tensor, fake: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
    """Returns a point on the line from each real image to a generated one: one uniform number an image."""
    epsilon = keras.random.uniform((ops.shape(real)[0], 1, 1, 1), seed=seed)
    return real + epsilon * (fake - real)


@REGULARIZERS.register("r1")
class R1(Regularizer):
    """Penalizes the squared norm of the score's gradient at real images, as they were before augmentation.

    Reference: Mescheder et al. 2018, arXiv:1801.04406, equation 9.

    Args:
        weight: float, gamma; the penalty is weighed by gamma / 2.
        every: see `Regularizer`; 16 in StyleGAN2.
    """

    log = "r1"
    takes_gradient = True

    def __init__(self, weight: Positive = 10.0, every: Count = 1):
        super().__init__(0.5 * weight, every)

    def penalty(self, model: Any, batch: DiscriminatorBatch, training: bool) -> Callable[[], Tensor]:
        """Returns a function that computes the penalty at the real images."""
        real = ops.stop_gradient(batch.real)
        return lambda: r1_penalty(model.score_gradient(real, batch.y, training, batch.augment_real))


@REGULARIZERS.register("r2")
class R2(Regularizer):
    """Penalizes the squared norm of the score's gradient at generated images, as they were before augmentation.

    Use it beside R1 with the loss "relativistic", which diverges without either.

    Reference: Mescheder et al. 2018, arXiv:1801.04406, equation 10; Huang et al. 2024, arXiv:2501.05441, section 3.2.

    Args:
        weight: float, gamma; the penalty is weighed by gamma / 2.
        every: see `Regularizer`.
    """

    log = "r2"
    takes_gradient = True

    def __init__(self, weight: Positive = 10.0, every: Count = 1):
        super().__init__(0.5 * weight, every)

    def penalty(self, model: Any, batch: DiscriminatorBatch, training: bool) -> Callable[[], Tensor]:
        """Returns a function that computes the penalty at the generated images."""
        fake = ops.stop_gradient(batch.fake)
        return lambda: r1_penalty(model.score_gradient(fake, batch.y, training, batch.augment_fake))


@REGULARIZERS.register("lecam")
class LeCam(Regularizer):
    """Draws the scores of real and generated images to the moving average of the other kind's.

    The averages are a weight of the model, `average_scores`, which begins at 0 and is updated in training.

    Reference: Tseng et al. 2021, arXiv:2104.03310, equation 3.

    Args:
        weight: float, lambda.
    """

    log = "lecam"

    def __init__(self, weight: Positive = 0.3):
        super().__init__(weight)

    def build(self, model: Any) -> None:
        """Adds the averages of real and generated images' scores, (2,), to the model."""
        self.averages = model.add_weight((2,), "zeros", trainable=False, aggregation="mean", name="average_scores")

    def penalty(self, model: Any, batch: DiscriminatorBatch, training: bool) -> Callable[[], Tensor]:
        """Returns a function that gives the penalty by the averages before this batch, which it then updates."""
        real, fake = batch.real_scores, batch.fake_scores
        penalty = lecam_penalty(real, fake, self.averages[0], self.averages[1])
        if training:
            present = ops.stop_gradient(ops.stack([ops.mean(real), ops.mean(fake)]))
            self.averages.assign(_DECAY * self.averages + (1.0 - _DECAY) * present)
        return lambda: penalty


@REGULARIZERS.register("drift")
class Drift(Regularizer):
    """Draws the scores of real images to 0: a critic's losses compare scores, and leave them free to drift away.

    Reference: Karras et al. 2018, arXiv:1710.10196, appendix A.1.

    Args:
        weight: float, epsilon_drift.
    """

    log = "drift"

    def __init__(self, weight: Positive = 0.001):
        super().__init__(weight)

    def penalty(self, model: Any, batch: DiscriminatorBatch, training: bool) -> Callable[[], Tensor]:
        """Returns a function that gives the mean square of the scores of real images."""
        return lambda: ops.mean(ops.square(batch.real_scores))
