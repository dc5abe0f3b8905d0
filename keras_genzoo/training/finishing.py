"""The end of a training: pictures of what the model has learned, its weights in place, and a list of what there is."""

import numpy as np

from keras_genzoo import images
from keras_genzoo.artifacts import Position, plot_losses
from keras_genzoo.callbacks import (
    latent_report_in_words,
    latent_walk,
    reconstructions,
    sheet_of_translations,
    warn_on_error,
    write_sheet,
)
from keras_genzoo.capabilities import Corrupts, DrawsLatents, Reconstructs, Samples, Translates
from keras_genzoo.diagnosis import record
from keras_genzoo.printable import columns, printable, say
from keras_genzoo.training.loop import to_translate
from keras_genzoo.training.streams import some_of
from keras_genzoo.training.training import Training

_MOST_RECONSTRUCTED = 32
_MOST_TRANSLATED = 16


def finish(training: Training, position: Position) -> None:
    """Puts the weights in place, draws what the model has learned, and prints what there is.

    Args:
        training: one that was played to its end.
        position: that end, of which there is a checkpoint.
    """
    run, model = training.run, training.model
    weights = run.finish(position)  # before the pictures, for which a disk may have no room
    made: list[tuple[str, str]] = []
    if isinstance(model, Samples):
        made.append(("samples/", "what it makes of the same noise, epoch by epoch"))
    if isinstance(model, Reconstructs) and len(training.split.held_out):
        with warn_on_error("reconstructions.png"):
            _write_reconstructions(training, model)
        words = "held-out images, as the model sees them, and below them what it makes of them"
        made.append(("reconstructions.png", words))
    if isinstance(model, Translates):
        with warn_on_error("translations.png"):
            sheet = sheet_of_translations(model, to_translate(training), _MOST_TRANSLATED)
            write_sheet(run.path / "translations.png", sheet, training.model)
        made.append(("translations/", "what it makes of the same images, epoch by epoch"))
        whose = "held-out images" if len(training.split.held_out) else "training images"
        below = "what it makes of them, and what comes back" if len(model.directions) > 1 else "what it makes of them"
        made.append(("translations.png", f"{whose}, and below them {below}"))
    if latents := latent_report_in_words(run.path):
        made.append(("latents.jsonl", latents))
    if isinstance(model, Samples) and isinstance(model, DrawsLatents):
        with warn_on_error("latent_walk.png"):
            write_sheet(run.path / "latent_walk.png", latent_walk(model), model)
        made.append(("latent_walk.png", "walks from one sample to another"))
    if not (run.path / "losses.png").is_file():
        with warn_on_error("losses.png"):
            plot_losses(run.history(), run.path / "losses.png")
    timeline = record.read(run.path)
    if timeline.observations:
        words = "what the doctor found, as said below" if timeline.findings else f"the doctor's: {timeline.summary}"
        made.append((record.FILE, words))
    made += [("losses.png", "what was logged"), (weights.name, "weights, optimizers and seeds")]
    say(f"\n{position.epoch} epochs, {position.iterations:,} steps; in {printable(run.path)}:\n{columns(made)}")
    for finding in timeline.findings:
        say(f"\n{printable(finding.text)}")


def _write_reconstructions(training: Training, model: Reconstructs) -> None:
    some = some_of(training.split.held_out, _MOST_RECONSTRUCTED)
    x = some[np.arange(len(some))]["image"]
    x = x if x.dtype == np.uint8 else images.to_pixels(x)
    x = model.corrupt(x) if isinstance(model, Corrupts) else x
    sheet = reconstructions(training.model, x)
    write_sheet(training.run.path / "reconstructions.png", sheet, training.model)
