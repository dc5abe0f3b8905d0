"""`genzoo train`: from a preset to a run folder."""

import argparse
import contextlib
import shlex
from pathlib import Path

import keras
import numpy as np

from keras_genzoo import backend, config, images
from keras_genzoo.artifacts import (
    JIT,
    Position,
    Run,
    RunError,
    check_free,
    emulates_bfloat16,
    environment,
    plot_losses,
)
from keras_genzoo.callbacks import (
    Diagnosis,
    FitPrior,
    Guard,
    ImageGrid,
    LatentReport,
    Progress,
    RunLog,
    StoppedError,
    latent_report_in_words,
    latent_walk,
    reconstructions,
    warn_on_error,
    write_sheet,
)
from keras_genzoo.cli.io.console import columns
from keras_genzoo.cli.io.signals import Stop
from keras_genzoo.cli.measuring import Measuring, Prepared
from keras_genzoo.cli.rollback import Rollback
from keras_genzoo.cli.task import SAMPLE_WEIGHTS, Task, check_same_data, load_sources, some_of, streams
from keras_genzoo.data import Split, Stream
from keras_genzoo.diagnosis import record
from keras_genzoo.files import write_text
from keras_genzoo.model import GenerativeModel
from keras_genzoo.printable import printable
from keras_genzoo.registry import MODELS
from keras_genzoo.uses.debias import effective_sample_size

MOST_GRIDS = 100
"""About how many grids of samples a training leaves."""


def run(args: argparse.Namespace) -> int:
    """Trains."""
    earlier = _earlier(args)
    task = Task.resumed(args, earlier) if earlier else Task.of(args)
    if earlier:
        earlier.check_told_the_same(task.preset)
    elif args.output is not None:
        _check_outside(Path(args.output), task.path)
    if task.deterministic:
        backend.make_deterministic()
    model = config.build(task.preset, seed=task.seed, jit_compile=JIT[task.jit])
    split = load_sources(task.preset, task.path)
    measuring = Measuring.of(args, earlier)
    measured = measuring.prepare(model, split) if measuring else None
    train, held_out = streams(task, split, model)
    if earlier:
        check_same_data(earlier, split, "give the same folder by --data, or another --output")
    print(_plan(task, model, split, train))
    if args.dry_run:
        print("\ndry run: nothing was made")
        return 0
    with _opened(args, task, model, split) as run:
        if measuring:
            run.add_to_record(measuring=measuring.record())
        if task.weights is not None:
            write_text(run.path / SAMPLE_WEIGHTS, task.weights)
        position = _begin(model, run, task)
        rollback = Rollback(model, run, allowed=args.on_nan == "rollback")
        with Stop() as stop:

            def fit(position: Position) -> Position:
                seconds, doctor = args.checkpoint_every, not args.no_diagnosis
                return fit_stages(model, run, task, train, held_out, position, stop, measured, seconds, doctor)

            try:
                position = rollback.guarding(fit, position)
            except StoppedError:
                with contextlib.suppress(OSError):  # who read what is printed may be gone
                    print(
                        f"\nstopped; to go on: genzoo train --output {shlex.quote(str(run.path))} --resume", flush=True
                    )
                return stop.exit_code
        finish(model, run, split, position)
    return 0


def _earlier(args: argparse.Namespace) -> Run | None:
    """The run to go on with; None for a new one."""
    if args.resume:
        if args.output is None:
            raise RunError("train: --resume goes on with a run: say which, by --output RUN.")
        return Run(args.output)
    if args.preset is None:
        raise RunError("train: say what to train: genzoo train PRESET --output RUN (genzoo presets lists presets).")
    if args.output is not None:
        check_free(args.output)
    elif not args.dry_run:
        raise RunError("train: say where to: --output RUN, a new folder.")
    return None


def _check_outside(output: Path, images: Path | None) -> None:
    """Refuses a run among the images, of which its pictures would be some when it is gone on with."""
    if images is not None and images.is_dir() and output.resolve().is_relative_to(images.resolve()):
        raise RunError(f"train: --output '{output}' lies in the folder of images, '{images}': name a folder elsewhere.")


def _opened(args: argparse.Namespace, task: Task, model: GenerativeModel, split: Split) -> Run:
    if not args.resume:
        return Run.create(args.output, task.preset, task.record(model, split))
    run = Run.resume(args.output, task.preset)
    again = {"jit_compile": bool(model.jit_compile), **environment()}
    run.add_to_record(jit=task.jit, deterministic=task.deterministic, resumed=[*run.record.get("resumed", []), again])
    return run


def _plan(task: Task, model: GenerativeModel, split: Split, train: Stream) -> str:
    """What will be done, in a few lines."""
    names = dict.fromkeys(name for player in model.players() for name in player.networks)
    networks = ", ".join(f"{name} {_large(getattr(model, name).count_params())}" for name in names)
    height, width, channels = model.image_shape
    steps = task.preset["fit"]["steps_per_epoch"] or train.steps(model.turns)
    epochs, turns = task.preset["fit"]["epochs"], model.turns
    size = f"{turns} turns of {train.batch_size}" if turns > 1 else f"{train.batch_size}"
    rows = [
        ("model", f"{MODELS.name_of(type(model))} for {height} x {width} x {channels}; parameters: {networks}"),
        (
            "data",
            f"{printable(split.train.name)}: {len(split.train):,} images to train, {len(split.held_out):,} held out",
        ),
        ("plan", f"{epochs} epochs of {steps:,} steps, each of {size} images"),
        ("on", f"{_device()}, {model.dtype_policy.name}, {'XLA' if model.jit_compile else 'no XLA'}, seed {task.seed}"),
    ]
    if "bfloat16" in model.dtype_policy.name and emulates_bfloat16():
        rows.append(("slow", "this CPU only emulates bfloat16: float32 is several times faster, leave --precision out"))
    if train.weights is not None:
        alike = effective_sample_size(train.weights)
        rows.insert(2, ("weights", f"images are drawn by --sample-weights, and tell as much as {alike:,.0f} alike"))
    return f"{printable(task.name)}\n{columns(rows)}"


def _large(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number:,}"


def _device() -> str:
    found = environment()
    return f"{found['devices'][0]}, {found['backend']} {found[found['backend']]}"


def _begin(model: GenerativeModel, run: Run, task: Task) -> Position:
    """Loads what there is of the training, and says where it goes on."""
    position = run.restore(model)
    if position is None:
        position = Position()
        print(f"  into   {run.path}\n", flush=True)
    else:
        steps = f" and {position.step:,} steps" if position.step else ""
        print(f"  after  {position.epoch} of {task.preset['fit']['epochs']} epochs{steps} in {run.path}\n", flush=True)
    run.go_back_to(position)
    return position


def fit_stages(
    model: GenerativeModel,
    run: Run,
    task: Task,
    train: Stream,
    held_out: Stream | None,
    position: Position,
    stop: Stop,
    measured: Prepared | None = None,
    seconds: float = 60.0,
    doctor: bool = True,
) -> Position:
    """Trains from `position` to the last epoch, through the stages of the model; `seconds` lie between checkpoints.

    A `doctor` looks for illnesses on the way.

    Returns:
        The position at the end, of which there is a checkpoint.
    """
    epochs, steps = task.preset["fit"]["epochs"], task.preset["fit"]["steps_per_epoch"]
    train = train.reordered(position.rollbacks)
    # Before the others, which read what it logs.
    measuring = [measured.callback(run, epochs, stop.asked)] if measured else []
    guard = Guard(train, first_step=position.step)
    log = RunLog(run, position, seconds, stop=stop.asked)
    every = -(-epochs // MOST_GRIDS)
    grids = ImageGrid(run.path / "samples", every=every)
    unseen = held_out.source if held_out else None
    diagnosis = [Diagnosis(train, unseen, run.path)] if doctor else []
    latents = _watching_latents(model, run, train, held_out, 1 if measured else every)
    with Progress(
        epochs=epochs,
        steps=steps or train.steps(model.turns),
        images=model.turns * train.batch_size,
        first_step=position.step,
        validation_images=len(held_out) if held_out else 0,
    ) as progress:
        model.fit(
            train,
            validation_data=held_out,
            steps_per_epoch=steps,
            initial_epoch=position.epoch,
            initial_step=position.step,
            epochs=epochs,
            callbacks=[guard, *latents, *measuring, *diagnosis, log, grids, progress],
            verbose=0,
        )
    return log.position


def _watching_latents(
    model: GenerativeModel, run: Run, train: Stream, held_out: Stream | None, every: int
) -> list[keras.callbacks.Callback]:
    """What autoencoders need beside: a prior where training gives none, and a look at what the latents carry."""
    callbacks: list[keras.callbacks.Callback] = []
    if not getattr(model, "has_prior", True):
        callbacks.append(FitPrior(train.source, every=every, weights=train.weights))
    if hasattr(model, "latent_statistics") and held_out is not None and len(held_out) > 1:
        callbacks.append(LatentReport(held_out.source[np.arange(len(held_out))]["image"], run.path))
    return callbacks


def finish(model: GenerativeModel, run: Run, split: Split, position: Position) -> None:
    """Draws what the model has learned, puts its weights in place, and says what there is."""
    weights = run.finish(position)  # before the pictures, for which a disk may have no room
    made: list[tuple[str, str]] = [("samples/", "what it makes of the same noise, epoch by epoch")]
    if hasattr(model, "reconstruct") and len(split.held_out):
        some = some_of(split.held_out, 32)
        x = some[np.arange(len(some))]["image"]
        x = x if x.dtype == np.uint8 else images.to_pixels(x)
        x = model.corrupt(x) if hasattr(model, "corrupt") else x
        with warn_on_error("reconstructions.png"):
            write_sheet(run.path / "reconstructions.png", reconstructions(model, x), model)
        made.append(
            ("reconstructions.png", "held-out images, as the model sees them, and below them what it makes of them")
        )
    if latents := latent_report_in_words(run.path):
        made.append(("latents.jsonl", latents))
    if hasattr(model, "latent_dim"):
        with warn_on_error("latent_walk.png"):
            write_sheet(run.path / "latent_walk.png", latent_walk(model), model)
        made.append(("latent_walk.png", "walks from one sample to another"))
    if not (run.path / "losses.png").is_file():
        with warn_on_error("losses.png"):
            plot_losses(run.history(), run.path / "losses.png")
    timeline = record.read(run.path)
    if timeline.observations:
        said = "what the doctor found, told below" if timeline.findings else f"the doctor's: {timeline.summary}"
        made.append((record.FILE, said))
    made += [("losses.png", "what was logged"), (weights.name, "weights, optimizers and seeds")]
    print(f"\n{position.epoch} epochs, {position.iterations:,} steps; in {run.path}:\n{columns(made)}")
    for finding in timeline.findings:
        print(f"\n{printable(finding.text)}")
    metrics = (
        "losses,mse,psnr,ssim" if hasattr(model, "reconstruct") else "losses"
    )  # what needs no weights of Inception
    print(
        f"next: genzoo sample {run.path} --output samples.png; genzoo evaluate {run.path} --metrics {metrics}",
        flush=True,
    )
