"""The run folder: what was trained, where it ran, what it logged, and what it learned.

config.json         the preset with every default written out; itself a preset
environment.json    versions, device, seed, jit, data, another run's weights: what else a repetition needs
history.jsonl       one line an epoch
losses.png, samples/epoch-NNNN.png, translations/epoch-NNNN.png
checkpoints/        the newest two states of the training
best/METRIC/        the state that was best by a metric, if something is measured while training
diverged.jsonl      when and where a number was not finite, if that happened
latents.jsonl       what each latent of an autoencoder carries, one line an epoch; latents.json has the last with more
sample_weights.csv  how often images were drawn (train --sample-weights)
outliers/           scores of images (genzoo outliers)
traverse.*, interpolate.*, arithmetic.*   pictures of the commands of these names
metric-NAME.jsonl   what was measured, a line each time (keras_genzoo.evaluation)
model.weights.h5    the last state, once the training is finished
"""

from keras_genzoo.artifacts.checkpoints import Checkpoints, DivergedError, Position
from keras_genzoo.artifacts.environment import emulates_bfloat16, environment
from keras_genzoo.artifacts.plots import plot_losses
from keras_genzoo.artifacts.pretrained import classifier_of, from_pretrained, located
from keras_genzoo.artifacts.run import DIVERGED, JIT, Run, check_free, load, with_state
from keras_genzoo.files import RunError

__all__ = [
    "DIVERGED",
    "JIT",
    "Checkpoints",
    "DivergedError",
    "Position",
    "Run",
    "RunError",
    "check_free",
    "classifier_of",
    "emulates_bfloat16",
    "environment",
    "from_pretrained",
    "load",
    "located",
    "plot_losses",
    "with_state",
]
