"""The Inception network of 2015-12-05, whose features comparable FIDs are measured on, written in Keras layers.

It is neither `keras.applications.InceptionV3` nor torchvision's: average pools leave the border's padding out of the
mean, the last block's pool branch takes the maximum, and there are 1008 logits. BatchNormalization is folded into the
convolutions when weights are converted (`inception_weights`), so each convolution here has a bias and a ReLU.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

from keras_genzoo.networks.building import channels_last

Tensor = Any

SIZE = 299
"""Pixels along each side of the images that the network takes."""
CLASSES = 1008


class Conv(NamedTuple):
    """A convolution with a ReLU."""

    filters: int
    kernel: tuple[int, int] = (1, 1)
    strides: int = 1
    padding: str = "same"


class Split(NamedTuple):
    """Two convolutions of the same input, whose outputs are joined."""

    a: Conv
    b: Conv


class Branch(NamedTuple):
    """A chain of pools ("average", "maximum", "reduce") and convolutions; `scope` is its name in TensorFlow's graph."""

    name: str
    scope: str
    steps: tuple[str | Conv | Split, ...]


def _grid_35(pool: int) -> tuple[Branch, ...]:
    return (
        Branch("branch1x1", "", (Conv(64),)),
        Branch("branch5x5", "tower/", (Conv(48), Conv(64, (5, 5)))),
        Branch("branch3x3dbl", "tower_1/", (Conv(64), Conv(96, (3, 3)), Conv(96, (3, 3)))),
        Branch("branch_pool", "tower_2/", ("average", Conv(pool))),
    )


def _grid_17(inner: int) -> tuple[Branch, ...]:
    row, column = Conv(inner, (1, 7)), Conv(inner, (7, 1))
    return (
        Branch("branch1x1", "", (Conv(192),)),
        Branch("branch7x7", "tower/", (Conv(inner), row, Conv(192, (7, 1)))),
        Branch("branch7x7dbl", "tower_1/", (Conv(inner), column, row, column, Conv(192, (1, 7)))),
        Branch("branch_pool", "tower_2/", ("average", Conv(192))),
    )


def _grid_8(pool: str) -> tuple[Branch, ...]:
    split = Split(Conv(384, (1, 3)), Conv(384, (3, 1)))
    return (
        Branch("branch1x1", "", (Conv(320),)),
        Branch("branch3x3", "tower/", (Conv(384), split)),
        Branch("branch3x3dbl", "tower_1/", (Conv(448), Conv(384, (3, 3)), split)),
        Branch("branch_pool", "tower_2/", (pool, Conv(192))),
    )


def _reducing(filters: int) -> Conv:
    return Conv(filters, (3, 3), strides=2, padding="valid")


STEM: dict[str, tuple[str, str | Conv]] = {
    "Conv2d_1a_3x3": ("conv", _reducing(32)),
    "Conv2d_2a_3x3": ("conv_1", Conv(32, (3, 3), padding="valid")),
    "Conv2d_2b_3x3": ("conv_2", Conv(64, (3, 3))),
    "MaxPool_1": ("pool", "reduce"),
    "Conv2d_3b_1x1": ("conv_3", Conv(80)),
    "Conv2d_4a_3x3": ("conv_4", Conv(192, (3, 3), padding="valid")),
    "MaxPool_2": ("pool_1", "reduce"),
}
BLOCKS: dict[str, tuple[Branch, ...]] = {
    "Mixed_5b": _grid_35(32),
    "Mixed_5c": _grid_35(64),
    "Mixed_5d": _grid_35(64),
    "Mixed_6a": (
        Branch("branch3x3", "", (_reducing(384),)),
        Branch("branch3x3dbl", "tower/", (Conv(64), Conv(96, (3, 3)), _reducing(96))),
        Branch("branch_pool", "", ("reduce",)),
    ),
    "Mixed_6b": _grid_17(128),
    "Mixed_6c": _grid_17(160),
    "Mixed_6d": _grid_17(160),
    "Mixed_6e": _grid_17(192),
    "Mixed_7a": (
        Branch("branch3x3", "tower/", (Conv(192), _reducing(320))),
        Branch("branch7x7x3", "tower_1/", (Conv(192), Conv(192, (1, 7)), Conv(192, (7, 1)), _reducing(192))),
        Branch("branch_pool", "", ("reduce",)),
    ),
    "Mixed_7b": _grid_8("average"),
    "Mixed_7c": _grid_8("maximum"),
}
"""Names as in the published PyTorch state dicts, which are also the names of our layers."""


def _named(branch: Branch) -> Iterator[tuple[str, str, str | Conv]]:
    """The steps of a branch with their names here and in TensorFlow's graph; those of a split come as two."""
    count = sum(not isinstance(step, str) for step in branch.steps)
    number = 0
    for step in branch.steps:
        if isinstance(step, str):
            yield f"{branch.name}_{step}", "", step
            continue
        name = f"{branch.name}_{number + 1}" if count > 1 else branch.name
        if isinstance(step, Split):
            yield f"{name}a", f"{branch.scope}mixed/conv", step.a
            yield f"{name}b", f"{branch.scope}mixed/conv_1", step.b
        else:
            yield name, f"{branch.scope}conv{f'_{number}' if number else ''}", step
        number += 1


def scopes() -> dict[str, str]:
    """The convolutions in the network's order: our layer's name -> its scope in TensorFlow's graph."""
    found = {name: scope for name, (scope, step) in STEM.items() if isinstance(step, Conv)}
    for number, (block, branches) in enumerate(BLOCKS.items()):
        mixed = f"mixed_{number}" if number else "mixed"
        for branch in branches:
            for name, scope, step in _named(branch):
                if isinstance(step, Conv):
                    found[f"{block}.{name}"] = f"{mixed}/{scope}"
    return found


@channels_last()
def build_inception() -> keras.Model:
    """The network, without its weights: `inception_weights.load_inception` gives it with them.

    Float32 whatever the global policy.

    Reference:
        Szegedy et al. 2016, arXiv:1512.00567; Heusel et al. 2017, arXiv:1706.08500, section 4 (the features).

    Returns:
        Functional `keras.Model` from float32 pixels (n, 299, 299, 3) in 0..255 to `[features, logits]`: `pool_3` of
        shape (n, 2048), and logits (n, 1008) without their bias, which is what the Inception Score's own code takes.

    Example:
        >>> [output.shape for output in build_inception().outputs]
        [(None, 2048), (None, 1008)]
    """
    inputs = keras.Input((SIZE, SIZE, 3), dtype="float32", name="pixels")
    x = inputs / 128.0 - 1.0  # exactly (pixels - 128) / 128; Keras' Rescaling would need TensorFlow
    for name, (_, step) in STEM.items():
        x = _layer(name, step)(x)
    for block, branches in BLOCKS.items():
        ends: list[Tensor] = []
        for branch in branches:
            ends += _ends(x, block, branch)
        x = keras.layers.Concatenate(dtype="float32", name=block)(ends)
    features = keras.layers.GlobalAveragePooling2D(dtype="float32", name="pool_3")(x)
    classifier = keras.layers.Dense(CLASSES, use_bias=False, kernel_initializer="zeros", dtype="float32", name="fc")
    return keras.Model(inputs, [features, classifier(features)], name="inception_2015_12_05")


def _ends(x: Tensor, block: str, branch: Branch) -> list[Tensor]:
    """The outputs of a branch: one, or the two of a split, which comes last."""
    steps = list(_named(branch))
    last = 2 if isinstance(branch.steps[-1], Split) else 1
    for name, _, step in steps[:-last]:
        x = _layer(f"{block}.{name}", step)(x)
    return [_layer(f"{block}.{name}", step)(x) for name, _, step in steps[-last:]]


def _layer(name: str, step: str | Conv) -> keras.layers.Layer:
    if isinstance(step, Conv):
        return keras.layers.Conv2D(
            step.filters,
            step.kernel,
            step.strides,
            step.padding,
            activation="relu",
            kernel_initializer="zeros",
            dtype="float32",
            name=name,
        )
    if step == "average":
        return keras.layers.AveragePooling2D(3, 1, "same", dtype="float32", name=name)
    strides, padding = (2, "valid") if step == "reduce" else (1, "same")
    return keras.layers.MaxPooling2D(3, strides, padding, dtype="float32", name=name)
