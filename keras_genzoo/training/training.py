"""Training: everything that a training needs, checked before anything is made."""

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from keras_genzoo import backend, config
from keras_genzoo.artifacts import JIT, Run, emulates_bfloat16, environment
from keras_genzoo.artifacts.run_data import check_same_data, load_sources
from keras_genzoo.capabilities import Translates
from keras_genzoo.data import Source, Split, Stream
from keras_genzoo.files import expanded, write_text
from keras_genzoo.model import GenerativeModel
from keras_genzoo.printable import columns, printable
from keras_genzoo.registry import MODELS
from keras_genzoo.stages import Stage
from keras_genzoo.training.early import check_early, check_outside
from keras_genzoo.training.from_run import Taken, check_first_stage, take_weights, take_weights_again
from keras_genzoo.training.measuring import Measuring, Prepared
from keras_genzoo.training.options import Options
from keras_genzoo.training.streams import check_listed, streams
from keras_genzoo.training.task import SAMPLE_WEIGHTS, Task
from keras_genzoo.uses.debias import effective_sample_size


@dataclass
class Training:
    """A training that is known to be possible: what it is, what it reads, what it trains, and where it is kept.

    Args:
        options: what the user said.
        task: the preset and what belongs to it.
        split: the images, to train on and held out.
        model: the model, compiled; it stands where `task` begins, not where a run that goes on has come to.
        train: batches to train on.
        held_out: batches to validate on; None if no images are held out.
        measured: what is measured while training, if anything.
        taken: what the model took of another run's weights, if it began with them.
        earlier: the run to go on with; None for a new one.
        machine: versions and devices it runs on, as `environment` gives them.
    """

    options: Options
    task: Task
    split: Split
    model: GenerativeModel
    train: Stream
    held_out: Stream | None
    measured: Prepared | None
    taken: Taken | None
    earlier: Run | None
    machine: dict[str, Any] = field(default_factory=environment)
    run: Run = field(init=False)
    """The run, held by this process while it is `opened`."""

    @classmethod
    def prepare(cls, options: Options) -> "Training":
        """Builds and checks everything, and makes nothing.

        Raises:
            RunError: the run cannot be made, or not gone on with.
            ConfigError: the preset, or a change to it, is not right.
            DataError: the images cannot be used, or are others than the run's.
            EvaluationError: what is to be measured while training cannot be.
            ExtractorError: the features for that cannot be had.
        """
        earlier = check_early(options)
        task = Task.resumed(options, earlier) if earlier else Task.of(options)
        if earlier:
            earlier.check_same_preset(task.preset)
        elif options.output is not None:
            for folder in (task.path, task.targets):
                check_outside(expanded(options.output), folder)
        if task.deterministic:
            backend.make_deterministic()
        model = config.build(task.preset, seed=task.seed, jit_compile=JIT[task.jit])
        if earlier:
            taken = take_weights_again(model, earlier)
        else:
            taken = take_weights(model, options.from_run) if options.from_run is not None else None
            check_first_stage(model, taken)
        check_listed(task, model)
        split = load_sources(task.preset, task.path, task.targets, read="headers" if options.dry_run else "images")
        measuring = Measuring.of(options, earlier)
        measured = measuring.prepare(model, split) if measuring else None
        train, held_out = streams(task, split, model)
        if earlier:
            check_same_data(earlier, split, "give the same folder by --data, or another --output")
        return cls(options, task, split, model, train, held_out, measured, taken, earlier)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Run]:
        """Makes the run folder, or opens the one to go on with, and writes down what the training is."""
        if self.earlier is None:
            assert self.options.output is not None
            more = {"from": self.taken.record()} if self.taken else {}
            record = {**self.task.record(self.model, self.split), **more}
            self.run = Run.create(self.options.output, self.task.preset, record)
        else:
            self.run = Run.resume(self.earlier.path, self.task.preset)
        with self.run as run:
            if self.earlier is not None:
                again = {"jit_compile": bool(self.model.jit_compile), **self.machine}
                resumed = [*run.record.get("resumed", []), again]
                run.add_to_record(jit=self.task.jit, deterministic=self.task.deterministic, resumed=resumed)
            if self.measured:
                run.add_to_record(measuring=self.measured.measuring.record())
            if self.task.weights is not None:
                write_text(run.path / SAMPLE_WEIGHTS, self.task.weights)
            yield run

    @property
    def epochs(self) -> int:
        """The epoch after which the training ends."""
        return self.task.preset["fit"]["epochs"]

    @property
    def steps(self) -> int:
        """Train steps in an epoch."""
        return self.task.preset["fit"]["steps_per_epoch"] or self.train.steps(self.model.turns)

    def plan(self) -> str:
        """What will be done, in a few lines."""
        model, train, machine = self.model, self.train, self.machine
        names = dict.fromkeys(name for player in model.players() for name in player.networks)
        networks = ", ".join(f"{name} {_large(getattr(model, name).count_params())}" for name in names)
        images = _size(model.final_shape)
        if isinstance(model, Translates):
            images += f" {'and' if len(model.directions) > 1 else 'to'} {_size(model.target_shape)}"
        turns, held_out = model.turns, _count(self.split.held_out) if len(self.split.held_out) else "none"
        counts = f"{_count(self.split.train)} images to train, {held_out} held out"
        size = f"{turns} turns of {train.batch_size}" if turns > 1 else f"{train.batch_size}"
        device = f"{machine['devices'][0]}, {machine['backend']} {machine[machine['backend']]}"
        xla = "XLA" if model.jit_compile else "no XLA"
        stages = model.stages()
        steps = f"{self.steps:,} steps, each of {size} images" if len(stages) == 1 else f"{len(train):,} images"
        rows = [
            ("model", f"{MODELS.name_of(type(model))} for {images}; parameters: {networks}"),
            ("data", f"{printable(self.split.train.name)}: {counts}"),
            ("plan", f"{self.epochs} epochs of {steps}"),
            ("on", f"{device}, {model.dtype_policy.name}, {xla}, seed {self.task.seed}"),
        ]
        if len(stages) > 1:
            parts = (f"{stage.name} for {stage.images:,} images" if stage.images else stage.name for stage in stages)
            rows.insert(3, ("stages", ", ".join(parts)))
            if short := _short(stages, self.epochs, len(train)):
                rows.insert(4, ("short", short))
        if self.task.path is not None and self.options.data is None and self.earlier is None:
            rows.insert(2, ("from", f"{printable(self.task.path)}, as the preset says"))
        if "bfloat16" in model.dtype_policy.name and emulates_bfloat16():
            rows.append(
                ("slow", "this CPU only emulates bfloat16: float32 is several times faster, leave --precision out")
            )
        if train.weights is not None:
            alike = effective_sample_size(train.weights)
            rows.insert(
                2, ("weights", f"images are drawn by --sample-weights, and count as much as {alike:,.0f} equal ones")
            )
        rows += self.taken.rows() if self.taken else []
        return f"{printable(self.task.name)}\n{columns(rows)}"


def _short(stages: Sequence[Stage], epochs: int, images: int) -> str | None:
    """What to say if a training of so many epochs, each of so many images, ends before the last stage."""
    ends = list(itertools.accumulate(math.ceil((stage.images or 0) / images) for stage in stages[:-1]))
    if epochs > ends[-1]:
        return None
    reached = next(stage.name for stage, end in zip(stages, ends, strict=False) if epochs <= end)
    return (
        f"the training ends at {reached}: {stages[-1].name} begin after epoch {ends[-1]:,}; give more --epochs, or "
        "stages of fewer images"
    )


def _size(image_shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, image_shape))


def _count(source: Source) -> str:
    return f"{len(source):,}" if source.other is None else f"{len(source):,} and {len(source.other):,}"


def _large(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number:,}"
