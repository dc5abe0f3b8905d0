"""Training: from a preset to a finished run. `train` is its front door; commands use what is behind it."""

from keras_genzoo.training.from_run import Taken, take_weights
from keras_genzoo.training.front import carry_out, train
from keras_genzoo.training.options import Options
from keras_genzoo.training.stopping import Interrupted, Stop
from keras_genzoo.training.training import Training

__all__ = ["Interrupted", "Options", "Stop", "Taken", "Training", "carry_out", "take_weights", "train"]
