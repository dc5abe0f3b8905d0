"""Self-attention between the places of feature maps, an option of several networks."""

from collections.abc import Callable
from typing import Any

from keras import layers

from keras_genzoo.layers.dot_attention import DotAttention
from keras_genzoo.layers.gain import Gain

Tensor = Any


def self_attention(x: Tensor, convolution: Callable[[int, int], layers.Layer]) -> Tensor:
    """Adds to each place what it attends to at all places; at first, while gamma is 0, nothing.

    Use it at one size of feature maps, 32 for example, for shapes that convolutions cannot see as a whole. It compares
    all pairs of places: at twice the size it takes 16 times the time.

    Reference: Zhang et al. 2019, arXiv:1805.08318, equations 1 to 3.

    Args:
        x: feature maps of shape (n, height, width, channels).
        convolution: function from (filters, kernel_size) to a layer: a convolution as the network has them.

    Returns:
        feature maps of the same shape.
    """
    _, height, width, channels = x.shape
    inner = max(1, channels // 8)
    query, key, value = (layers.Reshape((height * width, inner))(convolution(inner, 1)(x)) for _ in range(3))
    attended = DotAttention()([query, key, value])
    attended = convolution(channels, 1)(layers.Reshape((height, width, inner))(attended))
    return layers.Add()([x, Gain()(attended)])


def check_attention(attention: int | None, sizes: list[int], network: str) -> None:
    """Refuses a size at which a network has no feature maps.

    Args:
        attention: integer, the height that was asked for, or None.
        sizes: heights at which there may be attention.
        network: string, its name, for the error message.

    Raises:
        ValueError: there are no such feature maps.
    """
    if attention is not None and attention not in sizes:
        known = ", ".join(map(str, sorted(sizes)))
        raise ValueError(
            f"{network}: attention={attention}, but its feature maps have the heights {known}: choose one."
        )
