"""What is wrong with a training as far as names and paths say, found before Keras is imported and images are read."""

import os
from pathlib import Path

from keras_genzoo import config
from keras_genzoo.artifacts import Run, RunError, check_free, with_state
from keras_genzoo.artifacts.run_data import check_data, check_targets, folder_of
from keras_genzoo.files import expanded
from keras_genzoo.registry import DATASETS, did_you_mean
from keras_genzoo.training.options import Options


def check_early(options: Options) -> Run | None:
    """Checks what needs neither models nor images.

    Returns:
        The run to go on with; None for a new one.

    Raises:
        RunError: the run cannot be made, or not gone on with, or the one to begin with has no state.
        ConfigError: there is no such preset, or its file is no JSON.
        DataError: there are no such images.
        FileNotFoundError: a file that an option names is not there.
    """
    earlier = _earlier(options)
    dataset = None
    if isinstance(options.preset, str | os.PathLike):
        dataset = _dataset_of(*config.find(options.preset))
    folder = check_data(os.fspath(options.data), dataset) if options.data is not None else None
    if options.targets is not None:
        check_targets(os.fspath(options.targets))
    if earlier is not None and options.data is None:
        folder_of(earlier, None, "--data")
    if earlier is None and options.output is not None and folder is not None:
        check_outside(expanded(options.output), folder)
    if options.from_run is not None and not isinstance(options.from_run, Run):
        with_state(options.from_run)
    for path in (options.sample_weights, options.inception_weights):
        if path is not None:
            expanded(path).stat()
    return earlier


def _earlier(options: Options) -> Run | None:
    if options.resume:
        if options.output is None:
            raise RunError("train: --resume goes on with a run: say which, by --output RUN.")
        if options.from_run is not None:
            raise RunError("train: --from begins a new run, and --resume goes on with one: leave one of them out.")
        return Run(options.output)
    if options.preset is None:
        raise RunError("train: say what to train: genzoo train PRESET --output RUN (genzoo presets lists presets).")
    if options.output is not None:
        check_free(options.output)
    elif not options.dry_run:
        raise RunError("train: say where to: --output RUN, a new folder.")
    return None


def _dataset_of(content: object, where: str) -> str | None:
    """The dataset that a preset names, if it is right; all else of a preset is checked against its model."""
    data = content.get("data") if isinstance(content, dict) else None
    name = data.get("dataset") if isinstance(data, dict) else None
    if isinstance(name, str) and name not in DATASETS:
        raise config.ConfigError(f"{where}: data.dataset: there is no dataset {name!r}; {did_you_mean(name, DATASETS)}")
    return name if isinstance(name, str) else None


def check_outside(output: Path, images: Path | None) -> None:
    """Refuses a run among the images, of which its pictures would be some when it is gone on with.

    Raises:
        RunError: `output` lies in the folder of images.
    """
    if images is not None and images.is_dir() and output.resolve().is_relative_to(images.resolve()):
        raise RunError(f"train: --output '{output}' lies in the folder of images, '{images}': name a folder elsewhere.")
