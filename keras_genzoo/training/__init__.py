"""Training: from a preset to a finished run. `train` is its front door; commands use what is behind it."""

from typing import TYPE_CHECKING

from keras_genzoo.lazily import lazily
from keras_genzoo.training.early import check_early
from keras_genzoo.training.options import Options
from keras_genzoo.training.stopping import Interrupted, Stop

if TYPE_CHECKING:
    from keras_genzoo.training.from_run import Taken, take_weights
    from keras_genzoo.training.front import carry_out, train
    from keras_genzoo.training.training import Training

__all__ = ["Interrupted", "Options", "Stop", "Taken", "Training", "carry_out", "check_early", "take_weights", "train"]

# What trains imports Keras; what is said of a training is checked without it.
_HOMES = {"Taken": "from_run", "take_weights": "from_run", "carry_out": "front", "train": "front"}
__getattr__ = lazily(__name__, {**_HOMES, "Training": "training"})
