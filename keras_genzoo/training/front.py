"""`genzoo.train`: from a preset to a finished run."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from keras_genzoo.artifacts import Run
from keras_genzoo.callbacks import StoppedError
from keras_genzoo.printable import say
from keras_genzoo.training.finishing import finish
from keras_genzoo.training.loop import begin, play
from keras_genzoo.training.options import Options
from keras_genzoo.training.rollback import Rollback
from keras_genzoo.training.stopping import Interrupted, Stop
from keras_genzoo.training.training import Training


def train(
    preset: str | os.PathLike | Mapping[str, Any] | None = None,
    output: str | os.PathLike | None = None,
    *,
    data: str | os.PathLike | None = None,
    targets: str | os.PathLike | None = None,
    epochs: int | None = None,
    set: Mapping[str, Any] | Sequence[str] = (),
    held_out: int | float | None = None,
    steps_per_epoch: int | None = None,
    seed: int | None = None,
    jit: str | None = None,
    precision: str | None = None,
    sample_weights: str | os.PathLike | None = None,
    evaluate_every: int | None = None,
    evaluate_metrics: str | Sequence[str] | None = None,
    evaluate_num: int | None = None,
    features: str | None = None,
    inception_weights: str | os.PathLike | None = None,
    from_run: Run | str | os.PathLike | None = None,
    freeze: Mapping[str, int] | None = None,
    resume: bool = False,
    checkpoint_every: float = 60.0,
    on_nan: str = "stop",
    diagnosis: bool = True,
    deterministic: bool = False,
) -> Run:
    """Trains a preset into a run folder: what `genzoo train` does, in a script or a notebook.

    The state is saved after an epoch, at most once a minute, and every five minutes within a long one. Whatever ends a
    training, `train(output=..., resume=True)` goes on from the last state as if nothing had happened.

    Ctrl-C (in a notebook: interrupt the kernel), SIGTERM and SIGHUP stop it after the present step and save its state;
    then `Interrupted` is raised, a `KeyboardInterrupt`. A second one, a second later or more, is a plain
    `KeyboardInterrupt`, which does not wait for the state to be saved. Signals are taken in the main thread alone.

    Args:
        preset: a preset's name, the path of a `.json` file, or a dictionary of what such a file says. A run that goes
            on needs none.
        output: the run folder: a new one, or with `resume` the one to go on with.
        data: folder of images to train on, in place of the preset's data; or a dataset's name.
        targets: beside a folder of one domain, the folder of the second, for models of pairs or of unpaired images.
        epochs: integer, the epoch after which to stop.
        set: changes to the preset: a dictionary such as `{"arguments.beta": 4}`, or a list of "key=value".
        held_out: images to hold out: an integer, how many, or a share below 1.
        steps_per_epoch: integer, train steps in an epoch.
        seed: integer in [0, 2**32), of weights, noise and the order of images; 0 by default.
        jit: "auto" (default), "on" or "off": compile by XLA or not; "auto" does on an accelerator.
        precision: "float32", "mixed_float16" or "mixed_bfloat16"; the preset's by default.
        sample_weights: path of a table of how often to draw each image, as `genzoo debias` writes it.
        evaluate_every: integer, measure every so many epochs, and keep the state that is best by the first metric.
        evaluate_metrics: names of metrics, in a list or in a string with commas; "fid" by default.
        evaluate_num: integer, images to make for it; 1,000 by default.
        features: features to measure in, as for `genzoo.evaluate`.
        inception_weights: path of Inception's weights, converted or as published.
        from_run: a run, or its path, with whose weights to begin, wherever their names and shapes are the same. The
            plan that is printed reports what was taken, and `environment.json` of the run keeps that.
        freeze: how many of the first layers of a network keep their weights: {"discriminator": 4}.
        resume: bool, whether to go on with the run in `output`, as it was begun; `epochs` may grow.
        checkpoint_every: float, seconds, the least time between two saves after epochs, and a fifth of that within one.
        on_nan: "stop" or "rollback": when a loss or a weight is NaN or infinite, stop; or go back to the last state
            that was saved, and on with other noise and another order of the images.
        diagnosis: bool, whether to watch for mode collapse and other faults of trainings, and warn of them.
        deterministic: bool, whether to compute the same bits each time on a GPU too, which takes longer. It stays so
            for the process.

    Returns:
        The finished run; `genzoo.load(run.path)` is its model.

    Raises:
        Interrupted: it was stopped, and its state is saved: `error.run`.
        DivergedError: a loss or a weight is not finite any more; the message says what to do.
        SaveError: the state could not be saved.
        ConfigError: the preset, or a change to it, is not right.
        DataError: the images cannot be used.
        RunError: the run cannot be made, or not gone on with; or nothing fits of `from_run`.

    Example:
        >>> run = genzoo.train("vae_drawn_faces_32", "runs/faces", epochs=5, set={"arguments.beta": 4})
        >>> run.history()[-1]["loss"]
        >>> run = genzoo.train(output="runs/faces", epochs=10, resume=True)
    """
    training = Training.prepare(Options(**locals()))  # whose fields are these arguments
    say(training.plan())
    return carry_out(training, Stop())


def carry_out(training: Training, stop: Stop) -> Run:
    """Trains to the end; arguments are a training that is prepared, and what asks it to stop.

    Returns:
        The finished run.

    Raises:
        Interrupted: it was asked to stop, and its state is saved.
        DivergedError: a loss or a weight is not finite any more.
        SaveError: the state could not be saved.
    """
    with training.opened() as run:
        position = begin(training)
        rollback = Rollback(training.model, run, allowed=training.options.on_nan == "rollback")
        with stop:
            try:
                position = rollback.guarding(lambda position: play(training, position, stop), position)
            except StoppedError:
                raise Interrupted(run, stop.exit_code) from None
        finish(training, position)
    return run
