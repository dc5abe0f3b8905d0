"""StyleGAN2: styles that scale the weights of convolutions, and a generator that is kept smooth."""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_genzoo.models.adversarial import Logs
from keras_genzoo.models.styled import Styled
from keras_genzoo.registry import MODELS
from keras_genzoo.types import AdversarialLossName, Count, Growth, ImageShape, Network, NonNegative, Share

Tensor = Any

_DECAY = 0.01  # of the mean path length: the authors' code


@MODELS.register("stylegan2")
@keras.saving.register_keras_serializable("keras_genzoo")
class StyleGAN2(Styled):
    """StyleGAN2: a style scales the weights of each convolution; steps in w of one length change images alike.

    Use it for faces and other aligned images, with ADA where they are few; what `StyleGAN` can do it can: mix, project,
    transfer, edit. It does not grow, and has none of the drops and stuck details of its predecessor.

    | here | paper |
    | --- | --- |
    | `mapping`, `synthesis` | f, g |
    | `path_length` | E (length of J_w^T y - a)^2, equation 4 |
    | `mean_path_length` | a |
    | `r1_weight` | gamma |

    Reference: Karras et al. 2020, arXiv:1912.04958.

    Differs from the paper: the layer at which styles are mixed is drawn for each image, not for each batch.

    Args:
        image_shape: (height, width, channels) of the images: a square whose side is a power of two.
        latent_dim: integer, the length of a latent vector z, of which the direction alone counts.
        style_dim: integer, the length of w.
        style_mixing: float, the share of images that are made of two latents, one for the layers before a random one.
        path_length_weight: float, of the path length regularization; 0 for none, as one may have it with few images.
        path_length_every: integer, it is taken in every such step, with so many times the weight, on half a batch.
        discriminator_steps: integer, discriminator updates for each generator update.
        r1_weight: float, gamma: 0.0002 * pixels / batch size in the authors' code, in which 10 is for 1024 pixels.
        r1_every: integer, R1 is taken in every such step, with so many times the weight.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        mapping: network from latents to w, with a layer `mean` that keeps the mean of w.
        synthesis: name of a network from styles and noise to images.
        discriminator: name of a network from images to scores.
        kwargs: `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`,
            `ema_half_life` (10,000 images in the authors' code), `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = StyleGAN2(image_shape=(64, 64, 3), r1_weight=0.03, discriminator_augmentation="ada")
        >>> model.compile()
        >>> model.fit(train, epochs=100)
        >>> faces = model.generate(16, truncation=0.7)
    """

    logs: tuple[str, ...] = ("discriminator_loss", "generator_loss")  # and "path_length", where it has a weight
    default_optimizer = {
        "class_name": "Adam",
        "config": {"learning_rate": 0.0025, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8},
    }
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "style_dim": 4,
        "path_length_every": 2,
        "r1_every": 2,
        "mapping": {"network": "style_mapping", "depth": 2},
        "synthesis": {"network": "skip_synthesis", "filters": (4, 4)},
        "discriminator": {"network": "residual_discriminator", "filters": (4, 4)},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 512,
        style_dim: Count = 512,
        style_mixing: Share = 0.9,
        path_length_weight: NonNegative = 2.0,
        path_length_every: Count = 4,
        discriminator_steps: Count = 1,
        r1_weight: NonNegative = 10.0,
        r1_every: Count = 16,
        adversarial_loss: AdversarialLossName = "non_saturating",
        mapping: Network = "style_mapping",
        synthesis: Network = "skip_synthesis",
        discriminator: Network = "residual_discriminator",
        **kwargs: Any,
    ):
        given = (latent_dim, style_dim, style_mixing, discriminator_steps, r1_weight, r1_every, adversarial_loss)
        growth: Growth = ({"size": image_shape[0]},)
        super().__init__(image_shape, growth, *given, mapping, synthesis, discriminator, **kwargs)
        self.path_length_weight = path_length_weight
        self.path_length_every = path_length_every
        if path_length_weight:
            self.logs = (*self.logs, "path_length")
            self.mean_path_length = self.add_weight(
                (), "zeros", trainable=False, aggregation="mean", name="mean_path_length"
            )
        self.ready(self.latent_inputs)

    def generator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The generator's loss, with the path length regularization in every `path_length_every`-th step."""
        loss, logs = super().generator_loss(x, y, training)
        if not self.path_length_weight:
            return loss, logs
        half = ops.shape(x)[0] // 2  # a tensor in a graph of TensorFlow
        half = max(half, 1) if isinstance(half, int) else ops.maximum(half, 1)
        penalize = self._path_length(half, None if y is None else y[:half], training)
        if not training:
            penalty, _ = penalize()
            return loss + self.path_length_weight * penalty, {**logs, "path_length": penalty}
        due = ops.equal(ops.mod(self.optimizer.iterations, self.path_length_every), 0)
        mean = ops.convert_to_tensor(self.mean_path_length)
        penalty, mean = ops.cond(due, penalize, lambda: (ops.zeros(()), mean))
        self.mean_path_length.assign(ops.stop_gradient(mean))
        logs["path_length"] = self.path_length_every * penalty
        return loss + self.path_length_weight * logs["path_length"], logs

    def _path_length(self, count: Tensor, labels: Tensor, training: bool) -> Callable[[], tuple[Tensor, Tensor]]:
        """A function of (squared difference of path lengths from their mean, the mean after it); it draws nothing."""
        # The mean of w is followed where images are made: not here, in every step.
        z = keras.random.normal((count, self.latent_dim), seed=self.seeds)
        styles, noise = self.drawn_styles(z, labels, False)
        directions = keras.random.normal((count, *self.image_shape), seed=self.seeds)

        def penalize() -> tuple[Tensor, Tensor]:
            lengths = self.path_lengths(styles, noise, directions, training)
            mean = self.mean_path_length + _DECAY * (ops.mean(ops.stop_gradient(lengths)) - self.mean_path_length)
            return ops.mean(ops.square(lengths - mean)), mean

        return penalize

    def path_lengths(self, styles: Tensor, noise: Tensor, y: Tensor, training: bool) -> Tensor:
        """The length of J_w^T y of each image, (n,), J_w the derivative of its pixels by w: equation 4.

        Its expectation over y ~ N(0, I) / sqrt(pixels) is how far an image moves with w, whatever the number of pixels.

        Args:
            styles: (n, layers, style_dim); of the layers the mean square is taken.
            noise: of all layers (n, values).
            y: (n, height, width, channels), N(0, I).
            training: bool.
        """
        height, width, _ = self.image_shape
        scaled = y / math.sqrt(height * width)
        gradient = self.input_gradient(lambda w: scaled * self.synthesis([w, noise], training=training), styles)
        return ops.sqrt(ops.mean(ops.sum(ops.square(gradient), axis=2), axis=1) + 1e-12)
