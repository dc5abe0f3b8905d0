"""PixelCNN: images as a product of the probabilities of their pixels, one after the other."""

import math
from typing import Any

import keras
from keras import ops

from keras_genzoo import counter_rng
from keras_genzoo.distributions.logistic_mixture import LogisticMixture, bits_per_dimension
from keras_genzoo.networks.causal_window import causal_window
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.sampling import SamplingModel
from keras_genzoo.types import ArraySpec, Components, GreyLevels, ImageShape, Inputs, Network

Tensor = Any
Logs = dict[str, Tensor]


@MODELS.register("pixelcnn")
@keras.saving.register_keras_serializable("keras_genzoo")
class PixelCNN(SamplingModel):
    """PixelCNN: the probability of each pixel given those before it, so that the likelihood of an image is exact.

    Use it for densities: bits per dimension, outliers. An image takes as many passes through the network as it has
    pixels, one after the other, each on the part of the image that the next pixel depends on: at 32 pixels a thousand
    passes on a sixth of the image.

    | here | paper |
    | --- | --- |
    | `causal_network` | the gated convolutions of van den Oord et al. 2016, section 2 |
    | `mixture_components` | Salimans et al. 2017, section 2.1: discretized logistic mixtures, in place of a softmax |
    | `loss` | -log p(x), in nats an image |
    | `bits_per_dimension` | the same for each number of the image, in bits |

    Reference: van den Oord et al. 2016, arXiv:1606.05328, equation 1; Salimans et al. 2017, arXiv:1701.05517.

    Differs from the papers: one resolution, without the shortcuts and the downsampling of PixelCNN++; residuals in both
        stacks.

    Args:
        image_shape: (height, width, channels) of the images.
        mixture_components: integer, of the mixture of each pixel.
        levels: integer, values that a pixel has in each channel: images are rounded to so many.
        causal_network: network from images to the numbers of each pixel's mixture, of which those of a pixel depend on
            the pixels before it alone, such as `gated_pixelcnn`.
        kwargs: `ema_momentum`, `ema_half_life`, `dtype`, `name`: see `GenerativeModel`.

    Example:
        >>> model = PixelCNN(image_shape=(28, 28, 1))
        >>> model.compile()
        >>> model.fit(train, epochs=20)
        >>> model.generate(16)
    """

    logs = ("loss", "bits_per_dimension")
    ema_of = "causal_network"
    prefers_xla = True
    tiny = {
        "image_shape": (8, 8, 3),
        "mixture_components": 2,
        "causal_network": {"network": "gated_pixelcnn", "filters": 4, "blocks": 1},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        mixture_components: Components = 10,
        levels: GreyLevels = 256,
        causal_network: Network = "gated_pixelcnn",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.mixture_components = mixture_components
        self.levels = levels
        self.mixture = LogisticMixture(self.image_shape[-1], mixture_components, levels)
        given = {"image_shape": self.image_shape, "outputs": self.mixture.size, **self.given_to("causal_network")}
        self.causal_network = self.network("causal_network", causal_network, **given)
        self.ready(self.network_inputs)

    # What a model of labeled images changes

    @property
    def network_inputs(self) -> Inputs:
        """What the network takes."""
        return ArraySpec(self.image_shape)

    def with_labels(self, x: Tensor, y: Tensor) -> Any:
        """What the network takes, of images and labels; the latter are None for a model without."""
        return x

    def log_probs(self, x: Tensor) -> Tensor:
        """log p(x) of images, in nats, (n,)."""
        return self.log_prob(x, None)

    # Training

    def players(self) -> tuple[Player, ...]:
        """One."""
        return (Player("autoregression", ("causal_network",), self.negative_log_likelihood),)

    def negative_log_likelihood(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """-log p(x), in nats an image."""
        x = self.mixture.quantized(x)
        parameters = self.causal_network(self.with_labels(x, y), training=training)
        loss = -ops.mean(ops.sum(self.mixture.log_prob(x, parameters), axis=(-2, -1)))
        return loss, {"loss": loss, "bits_per_dimension": bits_per_dimension(loss, math.prod(self.image_shape))}

    # What a user calls

    def call(self, inputs: Any, training: bool = False) -> Tensor:
        """The numbers of each pixel's mixture, (n, height, width, size), by the averaged network where there is one."""
        return self.averaged("causal_network")(inputs, training=training)

    def log_prob(self, x: Tensor, y: Tensor) -> Tensor:
        """log p(x), or log p(x given y), of images in [-1, 1], in nats, (n,)."""
        x = self.mixture.quantized(x)
        return ops.sum(self.mixture.log_prob(x, self(self.with_labels(x, y))), axis=(-2, -1))

    @property
    def pixel_likelihood(self) -> dict[str, Any]:
        """What the likelihood is of: see `capabilities.HasLikelihood`."""
        return {
            "name": "autoregressive",
            "density": f"a probability of the {self.levels} levels of pixels",
            "scale": None,
            "normalized": True,
            "grey_levels": self.levels == 256,
            "exact": True,
        }

    def log_importance_weight(self, x: Tensor, indices: Tensor, seed: Tensor, samples: Tensor) -> Tensor:
        """log p(x) in nats, the same for all samples: (n, k); arguments as for `Variational`."""
        return ops.repeat(self.log_probs(x)[:, None], ops.shape(samples)[0], axis=1)

    def sample(self, indices: Tensor, seed: Tensor, labels: Tensor = None, **options: Any) -> Tensor:
        """Images of the given numbers: as many passes as an image has pixels, each on what the next one depends on."""
        height, width, channels = self.image_shape
        places, count = height * width, ops.shape(indices)[0]

        def draw(place: Tensor, x: Tensor) -> Tensor:
            place = ops.convert_to_tensor(place, "int32")  # without a graph TensorFlow's loop gives an integer
            images = ops.reshape(x, (-1, *self.image_shape))
            parameters = self.parameters_at(images, labels, place // width, place % width)
            numbers = self.mixture_components + channels
            uniform = counter_rng.uniform(seed, indices, numbers, place, xp=ops)
            pixels = self.mixture.sample(parameters, uniform)
            return ops.where((ops.arange(places) == place)[None, :, None], pixels[:, None], x)

        x = ops.fori_loop(0, places, draw, ops.zeros((count, places, channels)))
        return ops.reshape(x, (-1, *self.image_shape))

    def parameters_at(self, x: Tensor, y: Tensor, row: Tensor, column: Tensor) -> Tensor:
        """The numbers of one pixel's mixture, (n, size), of images (n, height, width, channels) up to that pixel."""
        height, width, channels = self.image_shape
        network = self.averaged("causal_network")
        window = causal_window(network)
        rows, columns = (height, width) if window is None else window.size(height, width)
        if (rows, columns) == (height, width):
            parameters = network(self.with_labels(x, y), training=False)
        else:
            assert window is not None
            top = ops.clip(row - window.above, 0, height - rows)
            first = ops.clip(column - window.left, 0, width - columns)
            part = ops.slice(x, (0, top, first, 0), (ops.shape(x)[0], rows, columns, channels))
            part = ops.reshape(part, (-1, rows, columns, channels))
            # Not the network's `__call__`, which takes images of one size alone.
            parameters = network.call(self.with_labels(part, y), training=False)
            row, column = row - top, column - first
        flat = ops.reshape(parameters, (-1, rows * columns, self.mixture.size))
        return ops.take(flat, row * columns + column, axis=1)
