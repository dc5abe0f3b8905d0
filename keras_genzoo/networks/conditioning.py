"""Conditioning: what a network is given beside its main input, and how that enters it.

A conditional network has one more input for each condition, in the order of its argument `conditioning`: a list
[main, condition, ...]. Every builder takes conditions in the same way: `condition` makes the inputs, `normalized` and
`score` are the layers in which they take effect.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import layers

from keras_genzoo.layers.sinusoidal_embedding import SinusoidalEmbedding
from keras_genzoo.networks.blocks import Normalization, linear, normalize
from keras_genzoo.types import ImageShape, LabelCondition

Tensor = Any

_EMBEDDING = 50
"""Numbers that stand for a label beside a vector."""


class Code(NamedTuple):
    """A condition that acts on every layer: a tensor (n, size), and whether it is a label's one-hot code."""

    tensor: Tensor
    is_label: bool


@dataclasses.dataclass(frozen=True)
class Label:
    """A label, as its one-hot code (n, num_classes): a mixture of two labels is an input as well.

    Reference: one_hot: Mirza & Osindero 2014, arXiv:1411.1784; embedding: Denton et al. 2015, arXiv:1506.05751,
        section 2.2, who learn a linear map of the one-hot code as well; every_layer: Dumoulin et al. 2017,
        arXiv:1610.07629, and Miyato & Koyama 2018, arXiv:1802.05637.

    Args:
        num_classes: integer.
        condition: "one_hot": the code behind a vector, a plane for each class behind the channels of an image;
            "embedding": 50 learned numbers, or one learned plane; "every_layer": see `normalized` and `score`.
    """

    num_classes: int
    condition: LabelCondition = "one_hot"

    def input(self) -> Tensor:
        """The symbolic input."""
        return keras.Input((self.num_classes,), name="labels")

    def enter(self, given: Tensor, x: Tensor, spectral: bool) -> Tensor | Code:
        """What stands behind `x`, a vector or feature maps, or what acts on every layer."""
        if self.condition == "every_layer":
            return Code(given, is_label=True)
        if len(x.shape) == 2:
            return given if self.condition == "one_hot" else embedded(given, _EMBEDDING, spectral)
        height, width = x.shape[1:3]
        if self.condition == "one_hot":
            return layers.UpSampling2D((height, width))(layers.Reshape((1, 1, self.num_classes))(given))
        return layers.Reshape((height, width, 1))(embedded(given, height * width, spectral))


@dataclasses.dataclass(frozen=True)
class NoiseLevel:
    """A time or a noise level, one number (n,), which acts on every layer by a scale and an offset.

    Reference: Ho et al. 2020, arXiv:2006.11239, appendix B (the embedding); scale and offset: Nichol & Dhariwal 2021,
        arXiv:2102.09672, appendix A.

    Args:
        features: integer, even: sines and cosines that the number becomes; two dense layers of 4 times as many follow.
    """

    features: int = 128

    def input(self) -> Tensor:
        """The symbolic input."""
        return keras.Input((), name="noise_levels")

    def enter(self, given: Tensor, x: Tensor, spectral: bool) -> Code:
        """What acts on every layer."""
        embedded = SinusoidalEmbedding(self.features)(given)
        for _ in range(2):
            embedded = layers.Activation("silu")(linear(layers.Dense, 4 * self.features, spectral=spectral)(embedded))
        return Code(embedded, is_label=False)


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Some numbers (n, size) that act on every layer: what an augmentation did to an image, for example.

    Reference: Karras et al. 2022, arXiv:2206.00364, appendix F.2.

    Args:
        size: integer.
    """

    size: int

    def input(self) -> Tensor:
        """The symbolic input."""
        return keras.Input((self.size,), name="numbers")

    def enter(self, given: Tensor, x: Tensor, spectral: bool) -> Code:
        """What acts on every layer."""
        return Code(given, is_label=False)


@dataclasses.dataclass(frozen=True)
class Image:
    """An image, such as the input of a translation, behind the channels of another; pixels in a row behind a vector.

    Reference: Isola et al. 2017, arXiv:1611.07004, section 3.2.2.

    Args:
        image_shape: (height, width, channels); height and width are those of what it stands behind.
    """

    image_shape: ImageShape

    def input(self) -> Tensor:
        """The symbolic input."""
        return keras.Input(self.image_shape, name="condition_images")

    def enter(self, given: Tensor, x: Tensor, spectral: bool) -> Tensor:
        """What stands behind `x`."""
        if len(x.shape) == 2:
            return layers.Flatten()(given)
        if tuple(x.shape[1:3]) != tuple(self.image_shape[:2]):
            raise ValueError(
                f"conditioning: an image of {self.image_shape[0]} x {self.image_shape[1]} pixels cannot stand behind "
                f"feature maps of {x.shape[1]} x {x.shape[2]}: give images of that size."
            )
        return given


Conditioning = tuple[Label | NoiseLevel | Numbers | Image, ...]
"""The conditions of a network, in the order of its inputs after the first; () for none."""


def condition(
    main: Tensor, x: Tensor, conditioning: Conditioning, spectral: bool = False
) -> tuple[Any, Tensor, tuple[Code, ...]]:
    """The inputs of a conditional network.

    Args:
        main: its main symbolic input.
        x: what the first layer would get of it alone: a vector (n, size), or feature maps (n, height, width, channels).
        conditioning: the conditions.
        spectral: bool, whether to normalize the kernels of embeddings spectrally.

    Returns:
        The inputs of the network, `main` alone or a list; what its first layer gets; and the codes for `normalized`
        and `score`.
    """
    inputs, behind, codes = [main], [], []
    for part in conditioning:
        given = part.input()
        inputs.append(given)
        entered = part.enter(given, x, spectral)
        if isinstance(entered, Code):
            codes.append(entered)
        else:
            behind.append(entered)
    x = layers.Concatenate()([x, *behind]) if behind else x
    return inputs if conditioning else main, x, tuple(codes)


def embedded(codes: Tensor, size: int, spectral: bool = False, **kwargs: Any) -> Tensor:
    """Learned numbers (n, size), a linear function of codes (n, classes)."""
    return linear(layers.Dense, size, spectral=spectral, use_bias=False, **kwargs)(codes)


def normalized(x: Tensor, normalization: Normalization, codes: tuple[Code, ...] = ()) -> Tensor:
    """A normalization whose scale and offset for each channel are functions of the codes, if there are any.

    Without a normalization the scale and the offset are there all the same. They begin as 1 and 0; those of several
    codes add up.

    Reference: Dumoulin et al. 2017, arXiv:1610.07629, equation 5; in generators: Miyato & Koyama 2018,
        arXiv:1802.05637, section 4.

    Args:
        x: (n, channels), or feature maps (n, height, width, channels).
        normalization: as for `blocks.normalize`.
        codes: as `condition` gives them.
    """
    x = normalize(x, normalization, affine=not codes)
    if not codes:
        return x
    channels = x.shape[-1]
    shape = (*[1] * (len(x.shape) - 2), channels)
    scales, offsets = [], []
    for number, code in enumerate(codes):
        # A label's scale of 1 is in its kernel; that of other codes, which are no one-hot codes, stands beside it.
        first = "ones" if code.is_label and number == 0 else "zeros"
        scales.append(layers.Dense(channels, use_bias=False, kernel_initializer=first)(code.tensor))
        offsets.append(layers.Dense(channels, use_bias=False, kernel_initializer="zeros")(code.tensor))
    scale, offset = (parts[0] if len(parts) == 1 else layers.Add()(parts) for parts in (scales, offsets))
    if not codes[0].is_label:
        scale = layers.Rescaling(1.0, offset=1.0)(scale)
    return layers.Add()([layers.Multiply()([x, layers.Reshape(shape)(scale)]), layers.Reshape(shape)(offset)])


def score(
    x: Tensor,
    outputs: int,
    codes: tuple[Code, ...] = (),
    spectral: bool = False,
    initializer: Callable[[], keras.initializers.Initializer] = keras.initializers.GlorotUniform,
) -> Tensor:
    """The last layer of a discriminator: a linear function of all its features and, for each code, a projection.

    Reference: Miyato & Koyama 2018, arXiv:1802.05637, equation 6: the label's embedding times the features, which in
        feature maps are summed over places: averaged ones are outvoted by the linear function, and labels are ignored.

    Args:
        x: features (n, units), or feature maps (n, height, width, channels).
        outputs: integer, scores for each image.
        codes: as `condition` gives them.
        spectral: bool, whether to normalize kernels spectrally.
        initializer: function that makes an initializer, one for each kernel.

    Returns:
        (n, outputs) in float32.
    """
    last = linear(layers.Dense, outputs, spectral=spectral, kernel_initializer=initializer(), dtype="float32")
    unconditional = last(layers.Flatten()(x))
    if not codes:
        return unconditional
    features = x
    if len(x.shape) == 4:
        features = layers.Rescaling(x.shape[1] * x.shape[2])(layers.GlobalAveragePooling2D()(x))
    terms = [unconditional]
    for code in codes:
        embedding = embedded(code.tensor, features.shape[-1], spectral, kernel_initializer=initializer())
        terms.append(layers.Dot(1, dtype="float32")([features, embedding]))
    return layers.Add(dtype="float32")(terms)
