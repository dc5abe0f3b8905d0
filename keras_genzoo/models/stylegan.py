"""StyleGAN: latents become styles, which enter the generator at every layer."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo import counter_rng, images
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.export import Endpoint
from keras_genzoo.losses.regularizers import R1
from keras_genzoo.models.growing import Growing, sizes_from
from keras_genzoo.registry import MODELS
from keras_genzoo.types import (
    AdversarialLossName,
    ArraySpec,
    Count,
    Growth,
    ImageShape,
    Network,
    NonNegative,
    Share,
)

Tensor = Any
Array = Any
Noise = Literal["fixed", "fresh"]

_NOISE = 1  # the stream of noise, apart from that of latents
_FIXED = 0  # the seed of fixed noise
_IMAGES = 600_000  # that new layers take to fade in, and again to settle: the authors' code, as what follows
_BATCHES = {8: 256, 16: 128, 32: 64}  # by the size of the images; 32 above
_RATES = {128: 0.0015, 256: 0.002, 512: 0.003, 1024: 0.003}  # 0.001 below


def growth_of_the_paper(largest: int) -> Growth:
    """The stages in which Karras et al. 2019 train on images of `largest` pixels, from 8 pixels on."""
    return tuple(
        {
            "size": size,
            "images": _IMAGES * (1 if stage == 0 else 2),
            "batch_size": _BATCHES.get(size, 32),
            "learning_rate": _RATES.get(size, 0.001),
        }
        for stage, size in enumerate(sizes_from(8, largest))
    )


@MODELS.register("stylegan")
@keras.saving.register_keras_serializable("keras_genzoo")
class StyleGAN(Growing):
    """StyleGAN: a mapping network turns latents z into w, which sets the style of each layer of a synthesis network.

    Use it for faces and other aligned images, and to edit them: styles of coarse layers carry pose and shape, those of
    fine layers colors; they can be mixed, walked through, and found for a real image.

    | here | paper |
    | --- | --- |
    | `mapping`, `synthesis` | f, g |
    | `styled(w)` (n, layers, style_dim) | w, given to the affine maps A of all layers |
    | `truncation` | psi: w' = mean + psi (w - mean) |
    | `r1_weight` | gamma |

    Reference: Karras et al. 2019, arXiv:1812.04948.

    Differs from the paper: R1 is taken in each 16th step (Karras et al. 2020, arXiv:1912.04958, section 3.1; here the
    paper's is `r1_every=1`); the layer at which styles are mixed is drawn for each image, not for each batch.

    Args:
        image_shape: (height, width, channels) of the images in the last stage: a square, its side a power of two.
        latent_dim: integer, the length of a latent vector z, of which the direction alone counts.
        style_dim: integer, the length of w.
        growth: the stages: dictionaries with `size`, `images` seen in it, `fade`, those over which its layers fade in
            (half of them by default), `batch_size` and `learning_rate`; `[{"size": 64}]` does not grow. None for the
            paper's: 600,000 images at 8 pixels and 1,200,000 at each size after it.
        style_mixing: float, the share of images that are made of two latents, one for the layers before a random one.
        discriminator_steps: integer, discriminator updates for each generator update.
        r1_weight: float, gamma, of the squared gradient of real images' scores; 0 for none.
        r1_every: integer, R1 is taken in every such step, with so many times the weight.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        mapping: network from latents to w, with a layer `mean` that keeps the mean of w.
        synthesis: name of a network from styles and noise to images, which grows.
        discriminator: name of a network from images to scores, which grows.
        kwargs: `instance_noise`, `regularizers`, `discriminator_augmentation`: see `Adversarial`; `ema_momentum`,
            `ema_half_life` (10,000 images in the authors' code), `dtype`, `name`: see `GenerativeModel`.

    Raises:
        ValueError: the stages are not in order, or the last is not of the size of `image_shape`.

    Example:
        >>> model = StyleGAN(image_shape=(64, 64, 3), growth=[{"size": 64}], ema_half_life=10_000)
        >>> model.compile()
        >>> model.fit(train, epochs=100)
        >>> faces = model.generate(16, truncation=0.7)
    """

    logs = ("discriminator_loss", "generator_loss")
    ema_of = ("mapping", "synthesis")
    generator_networks = ("mapping", "synthesis")
    default_optimizer = {
        "class_name": "Adam",
        "config": {"learning_rate": 1e-3, "beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-8},
    }
    sample_options = {
        "truncation": SampleOption(1.0, "psi: below 1 images lie nearer to the mean one: better, and less varied"),
        "truncated_layers": SampleOption(
            None, "layers that are truncated, from the coarsest on; None for all", Count | None, tensor=False
        ),
        "noise": SampleOption("fixed", "'fixed', the same in all images, or 'fresh', another in each", Noise, False),
    }
    tiny = {
        "image_shape": (8, 8, 3),
        "latent_dim": 4,
        "style_dim": 4,
        "growth": ({"size": 8, "fade": 16},),
        "r1_every": 2,
        "mapping": {"network": "style_mapping", "depth": 2},
        "synthesis": {"network": "style_synthesis", "filters": (4, 4)},
        "discriminator": {"network": "progressive_discriminator", "filters": (4, 4), "blur": True},
        "ema_momentum": 0.9,
    }

    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 512,
        style_dim: Count = 512,
        growth: Growth | None = None,
        style_mixing: Share = 0.9,
        discriminator_steps: Count = 1,
        r1_weight: NonNegative = 10.0,
        r1_every: Count = 16,
        adversarial_loss: AdversarialLossName = "non_saturating",
        mapping: Network = "style_mapping",
        synthesis: Network = "style_synthesis",
        discriminator: Network = {"network": "progressive_discriminator", "blur": True},  # noqa: B006 - it is only read
        **kwargs: Any,
    ):
        growth = growth or growth_of_the_paper(image_shape[0])
        self.style_dim = style_dim
        networks = (synthesis, discriminator, discriminator_steps)
        super().__init__(image_shape, growth, latent_dim, adversarial_loss, *networks, **kwargs)
        self.mapping = self.network("mapping", mapping, latent_dim=latent_dim, style_dim=style_dim)
        self.style_mixing = style_mixing
        self.r1_weight = r1_weight
        self.r1_every = r1_every
        if r1_weight:
            self.regularizers = [R1(r1_weight, r1_every), *self.regularizers]
        self.ready(self.latent_inputs)

    def generator_inputs(self) -> dict[str, Any]:
        """What the synthesis network is told of its inputs."""
        return {"style_dim": self.style_dim}

    @property
    def style_layers(self) -> int:
        """The number of layers that take a style, in the present stage."""
        return self.synthesis.inputs[0].shape[1]

    # Training

    def generated(self, z: Tensor, y: Tensor, training: bool) -> Tensor:
        """Images in [-1, 1] that the networks in training make of latents, with mixed styles and fresh noise."""
        styles = self.styled(self.mapping(z, training=training))
        if self.style_mixing:
            other = self.mapping(keras.random.normal(ops.shape(z), seed=self.seeds))
            styles = self.mixed(styles, other)
        noise = keras.random.normal((ops.shape(z)[0], self._noise_size), seed=self.seeds)
        return self.synthesis([styles, noise], training=training)

    def mixed(self, styles: Tensor, other: Tensor) -> Tensor:
        """Styles (n, layers, style_dim), of which some go over to `other` (n, style_dim) at a random layer."""
        u = keras.random.uniform((ops.shape(other)[0], 1, 1), seed=self.seeds)
        # Below style_mixing u is spread over layers 1 to the last; above it lies behind the last.
        crossover = 1.0 + ops.floor(u / self.style_mixing * (self.style_layers - 1))
        numbers = ops.arange(self.style_layers, dtype="float32")[None, :, None]
        return ops.where(numbers < crossover, styles, other[:, None])

    # Images

    def call(self, z: Tensor, training: bool = False) -> Tensor:
        """Images in [-1, 1] of latents (n, latent_dim), by the averaged networks where there are such."""
        return self.images_of(z)

    def images_of(
        self, z: Tensor, truncation: Tensor = None, truncated_layers: int | None = None, noise: Noise = "fixed"
    ) -> Tensor:
        """Images in [-1, 1] of latents (n, latent_dim), with fixed noise."""
        if noise != "fixed":
            raise ValueError("StyleGAN: fresh noise is of images with a number: use sample or generate.")
        return self.images_of_styles(self.truncated(self.styles_of(z), truncation, truncated_layers))

    def sample(self, indices: Tensor, seed: Tensor, noise: Noise = "fixed", **options: Any) -> Tensor:
        """Images of latents drawn for each (seed, index); options: see `sample_options`."""
        styles = self.truncated(self.styles_of(self.sample_latents(indices, seed)), **options)
        drawn = counter_rng.normal(seed, indices, self._noise_size, _NOISE, xp=ops) if noise == "fresh" else None
        return self.images_of_styles(styles, drawn)

    def checked_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """As of `SamplingModel`.

        Raises:
            ValueError: there is no such option, or no mean of w to truncate towards.
        """
        found = super().checked_options(options)
        if found.get("truncation", 1.0) != 1.0:
            self.check_style_mean("truncation")
        return found

    # Styles

    def styles_of(self, z: Tensor) -> Tensor:
        """w (n, style_dim) of latents (n, latent_dim), by the averaged mapping where there is one."""
        return self.averaged("mapping")(z)

    def styled(self, w: Tensor) -> Tensor:
        """w for each layer (n, layers, style_dim): of w for all of them (n, style_dim), or as it is."""
        return w if len(w.shape) == 3 else ops.repeat(w[:, None], self.style_layers, axis=1)

    def images_of_styles(self, w: Tensor, noise: Tensor = None) -> Tensor:
        """Images in [-1, 1] of w, for all layers (n, style_dim) or for each (n, layers, style_dim).

        Args:
            w: styles.
            noise: of all layers, (n or 1, values); None for the fixed noise.
        """
        if noise is None:
            noise = counter_rng.normal(_FIXED, ops.zeros((1,), "int32"), self._noise_size, _NOISE, xp=ops)
        return self.averaged("synthesis")([self.styled(w), noise])

    def truncated(self, w: Tensor, truncation: Any = None, truncated_layers: int | None = None) -> Tensor:
        """w, moved towards its mean: mean + truncation * (w - mean).

        Args:
            w: styles (n, style_dim) or (n, layers, style_dim).
            truncation: psi, a number, or one for each layer (layers,); None for 1.
            truncated_layers: integer, how many layers are moved, from the coarsest on; None for all.

        Returns:
            Styles (n, layers, style_dim).
        """
        styles = self.styled(w)
        if truncation is None:
            return styles
        psi = ops.broadcast_to(ops.cast(truncation, styles.dtype), (self.style_layers,))
        if truncated_layers is not None:
            psi = ops.where(ops.arange(self.style_layers) < truncated_layers, psi, ops.ones_like(psi))
        mean = ops.cast(self.style_mean, styles.dtype)
        return mean + psi[:, None] * (styles - mean)

    @property
    def style_mean(self) -> Tensor:
        """The running mean of w (style_dim,)."""
        return ops.convert_to_tensor(self.averaged("mapping").get_layer("mean").mean)

    def check_style_mean(self, where: str) -> None:
        """Refuses a model whose mean of w is not known yet, in the name of the caller."""
        if not ops.convert_to_numpy(self.style_mean).any():
            raise ValueError(f"StyleGAN.{where}: no mean of w yet, as nothing was trained: train, or leave it out.")

    @property
    def _noise_size(self) -> int:
        return int(self.synthesis.inputs[1].shape[1])

    def map(self, z: Array, batch_size: int = 64) -> Array:
        """w (n, style_dim) of latents (n, latent_dim), as float arrays."""
        return self.in_batches("styles_of", z, batch_size)

    def synthesize(self, w: Array, batch_size: int = 64) -> Array:
        """uint8 images of w, for all layers (n, style_dim) or for each (n, layers, style_dim), with fixed noise.

        Raises:
            ValueError: w has another shape.
        """
        w, layers = ops.convert_to_numpy(ops.convert_to_tensor(w, dtype="float32")), self.style_layers
        if w.shape[1:] == (self.style_dim,):
            w = w[:, None].repeat(layers, axis=1)
        if w.shape[1:] != (layers, self.style_dim):
            raise ValueError(
                f"StyleGAN.synthesize: w has shape {w.shape}, but (n, {self.style_dim}), or for each layer (n, "
                f"{layers}, {self.style_dim}), is expected."
            )
        return images.to_pixels(self.in_batches("images_of_styles", w, batch_size))

    def endpoints(self) -> dict[str, Endpoint]:
        """Adds `map`, from latents to w, and `synthesize`, from w for each layer to uint8 images."""
        styles = ArraySpec((None, self.style_layers, self.style_dim))
        return {
            **super().endpoints(),
            "map": Endpoint(self.styles_of, {"z": ArraySpec((None, self.latent_dim))}),
            "synthesize": Endpoint(lambda w: images.to_pixels(self.images_of_styles(w), ops), {"w": styles}),
        }
