"""The base of adversarial models with styles: latents become w, which enters the generator at every layer."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
from keras import ops

from keras_genzoo import counter_rng, images
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.export import Endpoint
from keras_genzoo.losses import R1
from keras_genzoo.models.growing import Growing
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


class Styled(Growing):
    """A mapping network turns latents z into w, which sets the style of each layer of a synthesis network.

    Args:
        image_shape: (height, width, channels) of the images in the last stage: a square, its side a power of two.
        growth: the stages: see `Growing`.
        latent_dim: integer, the length of a latent vector z, of which the direction alone counts.
        style_dim: integer, the length of w.
        style_mixing: float, the share of images that are made of two latents, one for the layers before a random one.
        discriminator_steps: integer, discriminator updates for each generator update.
        r1_weight: float, gamma, of the squared gradient of real images' scores; 0 for none.
        r1_every: integer, R1 is taken in every such step, with so many times the weight.
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        mapping: network from latents to w, with a layer `mean` that keeps the mean of w.
        synthesis: name of a network from styles and noise to images.
        discriminator: name of a network from images to scores.
        kwargs: as for `Adversarial`.

    Raises:
        ValueError: the stages are not in order, or the last is not of the size of `image_shape`.
    """

    logs: tuple[str, ...] = ("discriminator_loss", "generator_loss")
    ema_of = ("mapping", "synthesis")
    generator_networks = ("mapping", "synthesis")
    sample_options = {
        "truncation": SampleOption(1.0, "psi: below 1 images lie nearer to the mean one: better, and less varied"),
        "truncated_layers": SampleOption(
            None, "layers that are truncated, from the coarsest on; None for all", Count | None, tensor=False
        ),
        "noise": SampleOption("fixed", "'fixed', the same in all images, or 'fresh', another in each", Noise, False),
    }

    def __init__(
        self,
        image_shape: ImageShape,
        growth: Growth,
        latent_dim: Count,
        style_dim: Count,
        style_mixing: Share,
        discriminator_steps: Count,
        r1_weight: NonNegative,
        r1_every: Count,
        adversarial_loss: AdversarialLossName,
        mapping: Network,
        synthesis: Network,
        discriminator: Network,
        /,
        **kwargs: Any,
    ):
        self.style_dim = style_dim
        networks = (synthesis, discriminator, discriminator_steps)
        super().__init__(image_shape, growth, latent_dim, adversarial_loss, *networks, **kwargs)
        given = {"latent_dim": latent_dim, "style_dim": style_dim, **self.given_to("mapping")}
        self.mapping = self.network("mapping", mapping, **given)
        self.style_mixing = style_mixing
        self.r1_weight = r1_weight
        self.r1_every = r1_every
        if r1_weight:
            self.regularizers = [R1(r1_weight, r1_every), *self.regularizers]

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
        return self.synthesis(list(self.drawn_styles(z, y, training)), training=training)

    def mapped(self, z: Tensor, y: Tensor, training: bool) -> Tensor:
        """w (n, style_dim) of latents, and of labels `y`, by the mapping in training."""
        return self.mapping(z, training=training)

    def drawn_styles(self, z: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """Mixed styles (n, layers, style_dim) of latents and labels, and noise of all layers (n, values)."""
        styles = self.styled(self.mapped(z, y, training))
        if self.style_mixing:
            other = self.mapped(keras.random.normal(ops.shape(z), seed=self.seeds), y, False)
            styles = self.mixed(styles, other)
        return styles, keras.random.normal((ops.shape(z)[0], self._noise_size), seed=self.seeds)

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
            raise ValueError(f"{type(self).__name__}: fresh noise is of images with a number: use sample or generate.")
        return self.images_of_styles(self.truncated(self.styles_of(z), truncation, truncated_layers))

    def sample(self, indices: Tensor, seed: Tensor, **options: Any) -> Tensor:
        """Images of latents drawn for each (seed, index); options: see `sample_options`."""
        return self.images_of_drawn(self.sample_latents(indices, seed), indices, seed, **options)

    def images_of_drawn(
        self, z: Tensor, indices: Tensor, seed: Tensor, noise: Noise = "fixed", **options: Any
    ) -> Tensor:
        """Images of the latents of each (seed, index), whose noise they choose where it is fresh."""
        styles = self.truncated(self.styles_of(z), **options)
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
        return self.averaged("mapping")(list(z) if isinstance(z, tuple) else z)

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
            raise ValueError(
                f"{type(self).__name__}.{where}: no mean of w yet, as nothing was trained: train, or leave it out."
            )

    @property
    def _noise_size(self) -> int:
        return int(self.synthesis.inputs[1].shape[1])

    def map(self, z: Array, batch_size: int = 64) -> Array:
        """w (n, style_dim) of latents (n, latent_dim), as float arrays; of a conditional model of a pair with codes."""
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
                f"{type(self).__name__}.synthesize: w has shape {w.shape}, but (n, {self.style_dim}), or for each "
                f"layer (n, {layers}, {self.style_dim}), is expected."
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
