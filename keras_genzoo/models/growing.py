"""The base of adversarial models that grow: images of twice the size in each stage, whose layers fade in."""

from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from keras_genzoo.layers.fade import Fade
from keras_genzoo.models.adversarial import Adversarial, Logs
from keras_genzoo.networks.progressive import SMALLEST, check_square
from keras_genzoo.stages import Stage
from keras_genzoo.types import AdversarialLossName, Count, Growth, ImageShape, Network

Tensor = Any

_BATCHES = {256: 14, 512: 6, 1024: 3}  # by the size of the images; 16 below: Karras et al. 2018, appendix A.1
_IMAGES = 800_000  # that new layers take to fade in, and again to settle


def growth_of_the_paper(smallest: int, largest: int) -> Growth:
    """The stages in which Karras et al. 2018 train on images of `largest` pixels, from `smallest` on."""
    return tuple(
        {"size": size, "images": _IMAGES * (1 if size == smallest else 2), "batch_size": _BATCHES.get(size, 16)}
        for size in sizes_from(smallest, largest)
    )


def sizes_from(smallest: int, largest: int) -> list[int]:
    """The sizes of stages, each twice the one before."""
    sizes = [smallest]
    while sizes[-1] < largest:
        sizes.append(2 * sizes[-1])
    return sizes


class Growing(Adversarial):
    """An adversarial model that begins with small images; each stage doubles them.

    `image_shape` is that of the present stage. New layers fade in: `alpha` goes from 0 to 1 with the images since the
    stage began, over `fade` of them, and mixes images and features with those of the level before; real images, too. A
    stage is compiled once.

    Args:
        image_shape: (height, width, channels) of the images in the last stage: a square whose side is a power of two.
        growth: the stages: dictionaries with `size` and, as needed, `images`, `fade`, `batch_size`, `learning_rate`:
            see `types.GrowthStage`.
        latent_dim: integer, the length of a latent vector z ~ N(0, I).
        adversarial_loss: name of the losses of both players: see `Adversarial`.
        generator: network of images, which grows.
        discriminator: network from images to scores, which grows.
        discriminator_steps: integer, discriminator updates for each generator update.
        kwargs: as for `Adversarial`.

    Raises:
        ValueError: the stages are not in order, or the last is not of the size of `image_shape`.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        growth: Growth,
        latent_dim: Count,
        adversarial_loss: AdversarialLossName,
        generator: Network,
        discriminator: Network,
        discriminator_steps: Count,
        /,
        **kwargs: Any,
    ):
        where = type(self).__name__
        _check_growth(growth, check_square(image_shape, f"{where}.image_shape"), where)
        for name, network in ((self.generator_networks[-1], generator), ("discriminator", discriminator)):
            if isinstance(network, keras.Model):
                raise ValueError(f"{where}.{name} is a keras.Model, which cannot grow: name a network that can.")
        self.growth = tuple(growth)
        self._final_shape = tuple(image_shape)
        self._fading = fade_of(growth, 0) > 0
        super().__init__(self._shape_of(0), latent_dim, adversarial_loss, generator, **kwargs)
        self.discriminator_steps = discriminator_steps
        self._make_discriminator(discriminator)
        self.stage_start = self.add_weight(
            (), "zeros", dtype="int32", trainable=False, aggregation="only_first_replica", name="stage_start"
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments: the images' shape is that of the last stage."""
        return {**super().get_config(), "image_shape": list(self.final_shape)}

    # Stages

    @property
    def final_shape(self) -> tuple[int, ...]:
        """As of `GenerativeModel`."""
        return self._final_shape

    def stages(self) -> tuple[Stage, ...]:
        """One for each size."""
        grows = len(self.growth) > 1  # else images are of one size, which any dataset can give
        return tuple(
            Stage(
                f"{part['size']} px",
                part.get("images"),
                part.get("batch_size"),
                part["size"] if grows else None,
                part.get("learning_rate"),
            )
            for part in self.growth
        )

    def enter(self, stage: int) -> None:
        """Doubles the images: the networks get layers for them, and keep those that they have."""
        self.image_shape = self._shape_of(stage)
        self._fading = fade_of(self.growth, stage) > 0
        self.make_generator(self._specs[self.generator_networks[-1]])
        self._make_discriminator(self._specs["discriminator"])
        self.stage_start.assign(self.images_seen)

    def given_to(self, network: str) -> dict[str, Any]:
        """What a network that grows is given: the one before it, if there is one, whose layers it takes over."""
        if network not in (self.generator_networks[-1], "discriminator"):
            return {}
        given = {"fade": self._fading, "earlier": getattr(self, network, None)}
        return {name: value for name, value in given.items() if value}  # else it may be a network that does not grow

    def _make_discriminator(self, spec: Network) -> None:
        given = {"image_shape": self.image_shape, "outputs": self.num_outputs, **self.given_to("discriminator")}
        self.discriminator = self.network("discriminator", spec, **given)

    def _shape_of(self, stage: int) -> ImageShape:
        size = self.growth[stage]["size"]
        return (size, size, self.final_shape[2])

    # Fading in

    def fades(self) -> Iterator[Fade]:
        """The layers that mix the present level with the one before, if there are any."""
        for name in (self.generator_networks[-1], "discriminator", *self.averages().values()):
            yield from (layer for layer in getattr(self, name)._flatten_layers() if isinstance(layer, Fade))

    def training_step(self, data: Any) -> dict[str, Tensor]:
        """Moves alpha on, then every player takes its turns."""
        if length := fade_of(self.growth, self.stage):
            seen = self.optimizer.images_seen - ops.cast(self.stage_start, self.optimizer.images_seen.dtype)
            alpha = ops.clip(ops.cast(seen, "float32") / length, 0.0, 1.0)
            for layer in self.fades():
                layer.alpha.assign(alpha)
        return super().training_step(data)

    def faded(self, x: Tensor) -> Tensor:
        """Real images as the present mixture of sizes shows them."""
        layer = next((layer for layer in self.discriminator.layers if isinstance(layer, Fade)), None)
        if layer is None:
            return x
        coarse = ops.average_pool(x, 2, strides=2, data_format="channels_last")
        coarse = ops.repeat(ops.repeat(coarse, 2, axis=1), 2, axis=2)
        return coarse + ops.convert_to_tensor(layer.alpha) * (x - coarse)

    def discriminator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """As of `Adversarial`, with real images faded in."""
        return super().discriminator_loss(self.faded(x), y, training)

    def generator_loss(self, x: Tensor, y: Tensor, training: bool) -> tuple[Tensor, Logs]:
        """As of `Adversarial`, with real images faded in."""
        return super().generator_loss(self.faded(x), y, training)


def fade_of(growth: Growth, stage: int) -> int:
    """Images over which the layers of a stage fade in; half of the stage's by default, none in the first stage."""
    part = growth[stage]
    return part.get("fade", part.get("images", 0) // 2 if stage else 0)


def _check_growth(growth: Growth, largest: int, where: str) -> None:
    """Refuses stages that are out of order, or say too little."""
    sizes = [part["size"] for part in growth]
    for stage, part in enumerate(growth):
        place = f"{where}.growth[{stage}]"
        if stage and part["size"] != 2 * sizes[stage - 1]:
            raise ValueError(
                f"{place}.size is {part['size']}, but each stage doubles the one before: give {2 * sizes[stage - 1]}."
            )
        if stage + 1 < len(growth) and "images" not in part:
            raise ValueError(f"{place}.images is missing: of the last stage alone it may be left out.")
        if stage and "images" not in part and "fade" not in part:
            raise ValueError(f"{place}: give images, of which half fade in, or the number to fade in as fade.")
        if fade_of(growth, stage) > part.get("images", float("inf")):
            raise ValueError(
                f"{place}.fade is {part['fade']:,}, but the stage has {part['images']:,} images: give fewer."
            )
    check_square((sizes[0], sizes[0], 1), f"{where}.growth[0].size")
    if sizes[-1] != largest:
        raise ValueError(
            f"{where}.growth ends at {sizes[-1]} pixels, but image_shape says {largest}: let both be the same."
        )
    if fade_of(growth, 0) and sizes[0] == SMALLEST:
        raise ValueError(f"{where}.growth[0].fade: there is no smaller level to fade from: leave it out.")
