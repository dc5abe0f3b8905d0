"""What several networks share: the size they start from, and the choice of a normalization."""

from typing import Any, Literal

from keras import layers

from keras_genzoo.layers.layer_normalization import InstanceNormalization, LayerNormalization
from keras_genzoo.layers.spectral_normalization import SpectralNormalization
from keras_genzoo.types import ImageShape

Tensor = Any
Normalization = Literal["batch", "layer", "instance"] | None


def base_shape(image_shape: ImageShape, levels: int, network: str) -> tuple[int, int]:
    """(height, width) of the smallest feature maps of a network with `levels` levels, each of which halves the image.

    Raises:
        ValueError: the image cannot be halved that often.
    """
    factor = 2**levels
    height, width, _ = image_shape
    if height % factor or width % factor:
        raise ValueError(
            f"{network}: an image of {height} x {width} pixels cannot be halved {levels} times, once for each of its "
            f"filters: give fewer filters, or a size that {factor} divides."
        )
    return height // factor, width // factor


def normalize(x: Tensor, normalization: Normalization, affine: bool = True) -> Tensor:
    """Applies a normalization layer.

    Args:
        x: feature maps of shape (n, height, width, channels).
        normalization: "batch" (momentum 0.9, so that short trainings have usable running means), "layer" (over height,
            width and channels with a scale for each channel, as WGAN-GP's critics have it), "instance" (over height and
            width, as translators have it), or None.
        affine: bool, whether the layer has a scale and an offset for each channel.
    """
    if normalization == "batch":
        return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, center=affine, scale=affine)(x)
    if normalization == "layer":
        return LayerNormalization(affine=affine)(x)
    if normalization == "instance":
        return InstanceNormalization(affine=affine)(x)
    return x


def linear(kind: type[layers.Layer], *args: Any, spectral: bool, use_bias: bool = True, **kwargs: Any) -> layers.Layer:
    """A linear layer, with or without spectral normalization.

    Args:
        kind: `layers.Dense` or `layers.Conv2D`.
        args: the layer's own, as are `kwargs`.
        spectral: bool, whether to divide its kernel by the largest singular value.
        use_bias: bool.
    """
    if not spectral:
        return kind(*args, use_bias=use_bias, **kwargs)
    made = kind(*args, use_bias=False, **kwargs)
    return SpectralNormalization(made, use_bias=use_bias, dtype=made.dtype_policy)


def check_spectral(spectral: bool, normalization: Normalization, network: str) -> None:
    """Refuses a normalization of feature maps behind one of kernels.

    Raises:
        ValueError: both were asked for.
    """
    if spectral and normalization is not None:
        raise ValueError(
            f"{network}: spectral=True and normalization='{normalization}', which would undo what the first does: set "
            "normalization to None (null in a preset)."
        )
