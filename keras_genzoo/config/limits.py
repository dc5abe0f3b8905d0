"""Limits on what a preset may cost: a few kilobytes of JSON must not take all the memory of the machine."""

import math
from typing import Any

from keras_genzoo.config.reading import ConfigError

MOST_PARAMETERS = 500_000_000
"""Parameters of a model's networks: 2 GB of weights, and about 10 GB with averages, gradients and Adam's moments.

Twenty times the largest preset of the zoo. Models that are built in Python, without a preset, have no limit.
"""
MOST_BYTES = 4 * 2**30
"""Bytes of the images of one train step, as float32."""
MOST_TURNS = 100
"""Turns of a player in one train step: each of them becomes a part of the graph."""


def check_step(model: Any, batch_size: int, where: str) -> None:
    """Refuses a train step that takes more images than there is memory for.

    Args:
        model: a `GenerativeModel`.
        batch_size: integer, images a turn.
        where: string, how error messages call the preset.

    Raises:
        ConfigError: it does.
    """
    turns, shape = model.turns, tuple(model.final_shape)
    batch_size = max(stage.batch_size or batch_size for stage in model.stages())
    if turns > MOST_TURNS:
        raise ConfigError(
            f"{where}: arguments: {turns:,} turns of a player in one train step, and at most {MOST_TURNS} are allowed: "
            "lower the argument that sets them (critic_steps of wgan_gp)"
        )
    size = 4 * batch_size * turns * math.prod(shape)
    if size > MOST_BYTES:
        each = f"{turns} turns of {batch_size:,}" if turns > 1 else f"{batch_size:,}"
        raise ConfigError(
            f"{where}: data.batch_size: a train step of {each} images of shape {shape} takes {size / 2**30:,.1f} GiB, "
            f"and at most {MOST_BYTES / 2**30:g} are allowed: lower data.batch_size, or arguments.image_shape"
        )
