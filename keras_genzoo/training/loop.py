"""The loop: from a position to the last epoch, with everything that is kept and shown on the way."""

import keras
import numpy as np

from keras_genzoo.artifacts import Position
from keras_genzoo.callbacks import Diagnosis, FitPrior, ImageGrid, LatentReport, Progress, RunLog
from keras_genzoo.capabilities import FitsPrior, HasLatentStatistics, Samples, Translates
from keras_genzoo.data import Source, Stream
from keras_genzoo.printable import printable, say
from keras_genzoo.training.stopping import Stop
from keras_genzoo.training.training import Training

MOST_GRIDS = 100
"""About how many grids of samples a training leaves."""


def begin(training: Training) -> Position:
    """Loads what there is of the training, and returns where it goes on."""
    run, model = training.run, training.model
    position = run.restore(model)
    if position is None:
        position = Position()
        say(f"  into   {printable(run.path)}\n")
    else:
        steps = f" and {position.step:,} steps" if position.step else ""
        say(f"  after  {position.epoch} of {training.epochs} epochs{steps} in {printable(run.path)}\n")
    run.go_back_to(position)
    return position


def play(training: Training, position: Position, stop: Stop) -> Position:
    """Trains from `position` to the last epoch.

    Returns:
        The position at the end, of which there is a checkpoint.

    Raises:
        StoppedError: it was asked to stop, and has saved its state.
        DivergedError: a number is not finite any more.
    """
    model, held_out = training.model, training.held_out
    train = training.train.reordered(position.rollbacks)
    log = RunLog(training.run, position, training.options.checkpoint_every, stop=stop.asked)
    with Progress(
        epochs=training.epochs,
        steps=training.steps,
        images=model.turns * train.batch_size,
        first_step=position.step,
        validation_images=len(held_out) if held_out else 0,
    ) as progress:
        model.fit(
            train,
            validation_data=held_out,
            steps_per_epoch=training.task.preset["fit"]["steps_per_epoch"],
            initial_epoch=position.epoch,
            initial_step=position.step,
            epochs=training.epochs,
            callbacks=[*_before_saving(training, train, stop), log, *_pictures(training), progress],
            verbose=0,
        )
    return log.position


def _before_saving(training: Training, train: Stream, stop: Stop) -> list[keras.callbacks.Callback]:
    """Priors and measurements, which are saved and logged; and the doctor."""
    run, held_out, measured = training.run, training.held_out, training.measured
    callbacks = watching_latents(training, train)
    if measured:
        callbacks.append(measured.callback(run, training.epochs, stop.asked))
    if training.options.diagnosis:
        callbacks.append(Diagnosis(train, held_out.source if held_out else None, run.path))
    return callbacks


def watching_latents(training: Training, train: Stream) -> list[keras.callbacks.Callback]:
    """What autoencoders need beside: a prior where training gives none, and a report of what the latents carry."""
    model, held_out = training.model, training.held_out
    callbacks: list[keras.callbacks.Callback] = []
    if isinstance(model, FitsPrior):
        every = 1 if training.measured else _epochs_between_grids(training)
        callbacks.append(FitPrior(train.source, every=every, weights=train.weights))
    if isinstance(model, HasLatentStatistics) and held_out is not None and len(held_out) > 1:
        callbacks.append(LatentReport(held_out.source[np.arange(len(held_out))]["image"], training.run.path))
    return callbacks


def _pictures(training: Training) -> list[keras.callbacks.Callback]:
    every, model = _epochs_between_grids(training), training.model
    if isinstance(model, Samples):
        return [ImageGrid(training.run.path / "samples", every=every)]
    if isinstance(model, Translates):
        return [ImageGrid(training.run.path / "translations", every=every, x=to_translate(training))]
    return []


def to_translate(training: Training) -> Source:
    """The images of which pictures show the translations: those held out, if there are any."""
    return training.split.held_out if len(training.split.held_out) else training.split.train


def _epochs_between_grids(training: Training) -> int:
    return -(-training.epochs // MOST_GRIDS)
