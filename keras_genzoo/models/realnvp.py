"""RealNVP: a normalizing flow, whose likelihood of images is exact."""

import math
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo import counter_rng
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.distributions.logistic_mixture import bits_per_dimension
from keras_genzoo.layers.dequantization import VariationalDequantization
from keras_genzoo.layers.multi_scale_flow import FlowNormalization, Mixing, MultiScaleFlow
from keras_genzoo.models.autoencoder import Autoencoder
from keras_genzoo.players import Player
from keras_genzoo.registry import MODELS
from keras_genzoo.types import ArraySpec, Blocks, ImageShape, Network, NonNegative, Scales

Tensor = Any
Logs = dict[str, Tensor]

_ALPHA = 0.05  # of the logit transform, section 4.1
_GREY_LEVELS = 256


@MODELS.register("realnvp")
@keras.saving.register_keras_serializable("keras_genzoo")
class RealNVP(Autoencoder):
    """RealNVP: an invertible network between images and latents that are N(0, I), trained by exact likelihood.

    Use it for densities that can be asked, and for latents of which images come back exactly: `encode` and `decode` are
    inverses. Its latents are as many numbers as an image has; with a `temperature` below 1 samples are smoother.

    Pixels have 256 grey levels and a flow has densities, so noise u in [0, 1) is added to each level: uniform, or drawn
    from a second flow q(u given x) that is trained with it. Both bound log P(x) from below: by
    `log p(x + u) - log q(u given x)`.

    | here | paper |
    | --- | --- |
    | `flow` | f: couplings of checkerboards and channels, at `levels` scales |
    | `mixing="convolution"`, `normalization="act"` | Glow's invertible convolutions and its actnorm |
    | `loss` | the bound of -log P(x), in nats an image |
    | `bits_per_dimension` | the same for each number of the image, in bits |

    Reference: Dinh et al. 2017, arXiv:1605.08803; Kingma & Dhariwal 2018 (Glow), arXiv:1807.03039; uniform noise: Theis
        et al. 2016, arXiv:1511.01844, section 3.1; variational: Ho et al. 2019 (Flow++), arXiv:1902.00275, section 3.1.

    Differs from the papers: couplings' networks have no normalization of their own, and their last layer begins at
        zero; RealNVP's batch normalization stands before a coupling, not behind it.

    Args:
        image_shape: (height, width, channels) of the images.
        levels: integer, scales: `2 ** (levels - 1)` divides the sides of images, and with "convolution"
            `2 ** levels`.
        couplings: integer, at each scale; with "masks" as many by checkerboard, and then by channels.
        mixing: "masks", RealNVP's, or "convolution", Glow's.
        normalization: "batch", "act" or None.
        dequantization: "uniform" or "variational".
        coupling: network from maps to the numbers of a coupling at each place, such as `coupling_resnet`; as a spec,
            since each coupling has one of its own.
        kwargs: `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the sides of images cannot be halved so often, or `coupling` is a network.

    Example:
        >>> model = RealNVP(image_shape=(32, 32, 3))
        >>> model.compile()
        >>> model.fit(train, epochs=50)
        >>> model.decode(model.encode(images))  # the images
    """

    logs = ("loss", "bits_per_dimension")
    default_optimizer = {"class_name": "Adam", "config": {"learning_rate": 1e-3}}
    sample_options = {
        "temperature": SampleOption(1.0, "of the latents: below 1 images are smoother, and less varied", NonNegative)
    }
    tiny = {
        "image_shape": (8, 8, 3),
        "levels": 2,
        "couplings": 2,
        "mixing": "convolution",
        "normalization": "act",
        "dequantization": "variational",
        "coupling": {"network": "coupling_resnet", "filters": 4, "blocks": 1},
    }

    def __init__(
        self,
        image_shape: ImageShape,
        levels: Scales = 3,
        couplings: Blocks = 3,
        mixing: Mixing = "masks",
        normalization: FlowNormalization = "batch",
        dequantization: Literal["uniform", "variational"] = "uniform",
        coupling: Network = "coupling_resnet",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        height, width, channels = image_shape
        self.image_shape = (height, width, channels)
        self.latent_dim = height * width * channels
        self.levels = levels
        self.couplings = couplings
        self.mixing = mixing
        self.normalization = normalization
        self.dequantization = dequantization
        halvings = levels if mixing == "convolution" else levels - 1
        if height % 2**halvings or width % 2**halvings:
            raise ValueError(
                f"RealNVP: images of {height} x {width} pixels cannot be halved {halvings} times, as levels={levels} "
                f"asks with mixing='{mixing}': give fewer levels, or sides that {2**halvings} divides."
            )
        if isinstance(coupling, keras.Model):
            raise ValueError(
                "RealNVP.coupling is a keras.Model, but each coupling has a network of its own: give a network's name."
            )

        def make_network(shape: tuple[int, int, int], outputs: int) -> keras.Model:
            return self.network("coupling", coupling, image_shape=shape, outputs=outputs)

        self.flow = MultiScaleFlow(
            self.image_shape, make_network, levels, couplings, mixing, normalization, name="flow"
        )
        if dequantization == "variational":
            self.dequantizer = VariationalDequantization(self.image_shape, make_network, name="dequantizer")
        self.ready(ArraySpec(self.image_shape))

    # Training

    def players(self) -> tuple[Player, ...]:
        """One: the flow, and the one that noise is drawn from, if there is one."""
        networks = ("flow", "dequantizer") if self.dequantization == "variational" else ("flow",)
        return (Player("flow", networks, self.negative_log_likelihood),)

    def negative_log_likelihood(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """The bound of -log P(x) with one draw of the noise, in nats an image."""
        if self.dequantization == "variational":
            noise = keras.random.normal(ops.shape(x), seed=self.seeds)
        else:
            noise = keras.random.uniform(ops.shape(x), seed=self.seeds)
        loss = -ops.mean(self.log_prob(x, noise, training))
        return loss, {"loss": loss, "bits_per_dimension": bits_per_dimension(loss, self.latent_dim)}

    def log_prob(self, x: Tensor, noise: Tensor, training: bool = False) -> Tensor:
        """`log p(x + u) - log q(u given x)` of images in [-1, 1] at their grey levels, in nats, (n,).

        Args:
            x: images (n, height, width, channels).
            noise: of the same shape: u itself, or if it is variational N(0, 1).
        """
        log_q: Tensor = 0.0
        if self.dequantization == "variational":
            noise, log_q = self.dequantizer.draw(x, noise, training)
        maps, log_determinant = _to_logits((_levels_of(x) + noise) / _GREY_LEVELS)
        z, of_flow = self.flow.forward(maps, training)
        log_normal = -0.5 * ops.sum(ops.square(z) + math.log(2.0 * math.pi), axis=-1)
        density = log_normal + of_flow + log_determinant
        return density - self.latent_dim * math.log(_GREY_LEVELS) - log_q

    # What a user calls

    def latents_of(self, x: Tensor) -> Tensor:
        """Latents of images at the middle of their grey levels."""
        return self.flow.forward(_to_logits((_levels_of(x) + 0.5) / _GREY_LEVELS)[0])[0]

    def images_of(self, z: Tensor, temperature: Tensor = 1.0) -> Tensor:
        """Images in [-1, 1] of latents times a temperature."""
        maps = self.flow.inverse(z * temperature)
        levels = _GREY_LEVELS * (ops.sigmoid(maps) - _ALPHA) / (1.0 - 2.0 * _ALPHA) - 0.5
        return ops.clip(levels / 127.5 - 1.0, -1.0, 1.0)

    @property
    def pixel_likelihood(self) -> dict[str, Any]:
        """What the likelihood is of: see `capabilities.HasLikelihood`."""
        return {
            "name": "flow",
            "density": f"a bound on a probability of the 256 grey levels of pixels, by {self.dequantization} noise",
            "scale": None,
            "normalized": True,
            "grey_levels": True,
            "exact": False,
        }

    def log_importance_weight(self, x: Tensor, indices: Tensor, seed: Tensor, samples: Tensor) -> Tensor:
        """`log p(x + u) - log q(u given x)` in nats, for draws of the noise u: arguments as for `Variational`."""
        numbers, streams = ops.meshgrid(indices, samples + 1, indexing="ij")  # stream 0 is that of `sample`
        draw = counter_rng.normal if self.dequantization == "variational" else counter_rng.uniform
        noise = draw(seed, ops.reshape(numbers, (-1,)), self.latent_dim, ops.reshape(streams, (-1,)), xp=ops)
        draws = ops.shape(samples)[0]
        noise = ops.reshape(noise, (-1, *self.image_shape))
        return ops.reshape(self.log_prob(ops.repeat(x, draws, axis=0), noise), (-1, draws))


def _levels_of(x: Tensor) -> Tensor:
    """Grey levels 0 to 255 of images in [-1, 1]."""
    return ops.round(ops.clip(ops.cast(x, "float32") + 1.0, 0.0, 2.0) * 127.5)


def _to_logits(p: Tensor) -> tuple[Tensor, Tensor]:
    """Logits of numbers in (0, 1), kept away from both ends, and the logarithm of the determinant, (n,)."""
    q = _ALPHA + (1.0 - 2.0 * _ALPHA) * p
    log_q, log_rest = ops.log(q), ops.log1p(-q)
    return log_q - log_rest, ops.sum(math.log(1.0 - 2.0 * _ALPHA) - log_q - log_rest, axis=(1, 2, 3))
