"""The types of constructors' arguments: what a signature says is what a preset is checked against.

`config/` builds the check and the published JSON Schema from these annotations, so bounds stand here once.
"""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Literal, Required

from annotated_types import Ge, Gt, Le, Len, Lt, MultipleOf
from typing_extensions import TypedDict

from keras_genzoo.registry import (
    DISCRIMINATOR_AUGMENTATIONS,
    LIKELIHOODS,
    NETWORKS,
    POSTERIORS,
    PRIORS,
    REGULARIZERS,
)
from keras_genzoo.specs import SpecKind

Size = Annotated[int, Ge(1), Le(4096)]
"""Pixels along one side of an image."""
ImageSize = Size | tuple[Size, Size]
"""Pixels along each side of a square, or (height, width)."""
ImageShape = tuple[Size, Size, Annotated[int, Ge(1), Le(4)]]
"""(height, width, channels)."""
Count = Annotated[int, Ge(1), Le(1_000_000)]
Draws = Annotated[int, Ge(1), Le(1000)]
"""Latents that a loss draws for an image."""
Blocks = Annotated[int, Ge(1), Le(100)]
"""Of a network."""
Octaves = Annotated[int, Ge(0), Le(16)]
"""Frequencies, each twice the one before."""
Heads = Annotated[int, Ge(1), Le(64)]
"""Of attention."""
Heights = tuple[Size, ...]
"""Of feature maps."""
KernelSize = Annotated[int, Ge(3), Le(15)]
GreyLevels = Annotated[int, Ge(2), Le(256)]
"""Values that a pixel has in each channel."""
Scales = Annotated[int, Ge(1), Le(8)]
"""Of a flow: at each one images have half the size."""
FlowSteps = Annotated[int, Ge(1), Le(100)]
Components = Annotated[int, Ge(1), Le(10_000)]
"""Of a mixture."""
Classes = Annotated[int, Ge(1), Le(10_000)]
Filters = Annotated[tuple[Annotated[int, Ge(1), Le(8192)], ...], Len(1, 16)]
"""The number of filters of each level, from the network's input to its output."""
PoolSize = Annotated[int, Ge(0), Le(10_000)]
"""Images that a pool of past ones holds; 0 for none."""
EvenCount = Annotated[int, Ge(2), Le(4096), MultipleOf(2)]
Steps = Annotated[int, Ge(1), Le(10_000)]
"""Of a sampler."""
NonNegative = Annotated[float, Ge(0)]
Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Ge(0), Le(1)]
Images = Annotated[int, Ge(1), Le(10**9)]
"""A number of images seen in training."""
Frozen = dict[str, Annotated[int, Ge(1), Le(1_000)]]
"""Layers of a network, by its name, that are not trained."""
Momentum = Annotated[float, Ge(0), Lt(1)]
Seed = Annotated[int, Ge(0), Lt(2**32)]
AdversarialLossName = Literal[
    "minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic_average", "relativistic"
]
"""A name in `losses.ADVERSARIAL_LOSSES`."""
Operations = Annotated[tuple[Literal["color", "translation", "cutout"], ...], Len(1)]
"""What is done to a discriminator's images, in this order: see `layers.augmentation`."""
AdaOperations = Annotated[tuple[Literal["blit", "geometry", "color", "cutout"], ...], Len(1)]
"""What adaptive augmentation does: see `layers.adaptive_augmentation`."""
LabelCondition = Literal["one_hot", "embedding", "every_layer"]
"""How a label enters a network: see `networks.conditioning.Label`."""
DType = Literal["float32", "mixed_float16", "mixed_bfloat16"]

# Choices with arguments of their own: a registered name, or `{key: name, **arguments}` without what the model passes.
NETWORK = SpecKind(
    "network",
    NETWORKS,
    given=(
        "latent_dim",
        "image_shape",
        "target_shape",
        "outputs",
        "activation",
        "conditioning",
        "num_classes",
        "condition",
        "fade",
        "earlier",
        "style_dim",
    ),
)
LIKELIHOOD = SpecKind("likelihood", LIKELIHOODS)
PRIOR = SpecKind("prior", PRIORS, given=("latent_dim", "image_shape"))
POSTERIOR = SpecKind("posterior", POSTERIORS, given=("latent_dim",))
REGULARIZER = SpecKind("regularizer", REGULARIZERS)
DISCRIMINATOR_AUGMENTATION = SpecKind("augmentation", DISCRIMINATOR_AUGMENTATIONS)
SPEC_KINDS = (NETWORK, LIKELIHOOD, PRIOR, POSTERIOR, REGULARIZER, DISCRIMINATOR_AUGMENTATION)

NetworkSpec = Annotated[Any, NETWORK]
Likelihood = Annotated[Any, LIKELIHOOD]
Prior = Annotated[Any, PRIOR]
Posterior = Annotated[Any, POSTERIOR]
Regularizers = tuple[Annotated[Any, REGULARIZER], ...]
DiscriminatorAugmentation = Annotated[Any, DISCRIMINATOR_AUGMENTATION]

Config = dict[str, Any]


class GrowthStage(TypedDict, total=False):
    """A part of the training of a model that grows: images of one size.

    size: height of the images, twice that of the stage before.
    images: seen in this stage; the last may leave it out, for all that are left.
    fade: images over which the new layers take over; half of `images` if left out, none in the first stage.
    batch_size: images in one turn of a player; that of the data if left out.
    learning_rate: of all players; the optimizers' own if left out.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}  # type: ignore[misc]

    size: Required[Size]
    images: Images
    fade: Annotated[int, Ge(0), Le(10**9)]
    batch_size: Count
    learning_rate: Positive


Growth = Annotated[tuple[GrowthStage, ...], Len(1, 16)]


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


if TYPE_CHECKING:
    import keras

    Network = NetworkSpec | keras.Model
    Schedule = keras.optimizers.schedules.LearningRateSchedule
    Scalar = NonNegative | Schedule


def __getattr__(name: str) -> Any:
    """The types of Keras' objects, which import Keras; what reads files and folders needs the others alone.

    Network: what a model's network argument takes, a spec (in presets) or a built `keras.Model` (in Python).
    Schedule: a Keras schedule of the iterations.
    Scalar: a number, or a schedule for a number that changes in time.
    """
    if name not in ("Network", "Scalar", "Schedule"):
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import keras

    schedule = keras.optimizers.schedules.LearningRateSchedule
    return {"Network": NetworkSpec | keras.Model, "Schedule": schedule, "Scalar": NonNegative | schedule}[name]
