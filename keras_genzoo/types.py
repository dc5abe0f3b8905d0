"""The types of constructors' arguments: what a signature says is what a preset is checked against.

`config.py` builds the check and the published JSON Schema from these annotations, so bounds stand here once.
"""

import dataclasses
from typing import Annotated, Any, Literal, NewType

import keras
from annotated_types import Ge, Gt, Le, Len, Lt

Size = Annotated[int, Ge(1), Le(4096)]
"""Pixels along one side of an image."""
ImageShape = tuple[Size, Size, Annotated[int, Ge(1), Le(4)]]
"""(height, width, channels)."""
Count = Annotated[int, Ge(1), Le(1_000_000)]
Draws = Annotated[int, Ge(1), Le(1000)]
"""Latents that a loss draws for an image."""
FlowSteps = Annotated[int, Ge(1), Le(100)]
Components = Annotated[int, Ge(1), Le(10_000)]
"""Of a mixture."""
Classes = Annotated[int, Ge(1), Le(10_000)]
Filters = Annotated[tuple[Annotated[int, Ge(1), Le(8192)], ...], Len(1, 16)]
"""The number of filters of each level, from the network's input to its output."""
NonNegative = Annotated[float, Ge(0)]
Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Ge(0), Le(1)]
Images = Annotated[int, Ge(1), Le(10**9)]
"""A number of images seen in training."""
Momentum = Annotated[float, Ge(0), Lt(1)]
Seed = Annotated[int, Ge(0), Lt(2**32)]
AdversarialLossName = Literal[
    "minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic_average"
]
"""A name in `losses.ADVERSARIAL_LOSSES`."""
Augmentations = tuple[Literal["color", "translation", "cutout"], ...]
"""What is done to images before a discriminator sees them, in this order."""
LabelCondition = Literal["one_hot", "embedding", "every_layer"]
"""How a label enters a network: see `networks.conditioning.Label`."""
DType = Literal["float32", "mixed_float16", "mixed_bfloat16"]

NetworkSpec = NewType("NetworkSpec", object)
"""A registered network: its name, or `{"network": name, **arguments}` without what the model passes itself."""
Network = NetworkSpec | keras.Model
"""What a model's network argument takes: a spec (in presets) or a built `keras.Model` (in Python)."""

Schedule = keras.optimizers.schedules.LearningRateSchedule
Scalar = NonNegative | Schedule
"""A number, or a Keras schedule of the iterations for a number that changes in time."""
Config = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class ArraySpec:
    """An array that a model or an endpoint takes.

    Args:
        shape: of one example, or of the whole where it is said so; None stands for any size.
        dtype: string.
        below: integer, what integers lie below.
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    below: int = 256

    def batched(self) -> "ArraySpec":
        """The same for any number of examples."""
        return dataclasses.replace(self, shape=(None, *self.shape))


Inputs = ArraySpec | tuple[ArraySpec, ...] | dict[str, ArraySpec]
"""A structure of arrays: one, a tuple or a dictionary."""
