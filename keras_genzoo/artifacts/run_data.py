"""The images of a run: those it was trained on and held out, read again and checked; and others beside them."""

import inspect
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_genzoo.artifacts.pretrained import located
from keras_genzoo.artifacts.run import Run
from keras_genzoo.data import DataError, Source, Split, load_split
from keras_genzoo.data.ffhq import INSTRUCTIONS
from keras_genzoo.data.image_files import Read
from keras_genzoo.data.source import Subset
from keras_genzoo.data.weighting import content_of
from keras_genzoo.files import expanded
from keras_genzoo.registry import DATASETS, did_you_mean, folder_dataset

if TYPE_CHECKING:
    from keras_genzoo.config import Preset

_NOT_OF_SOURCES = ("dataset", "batch_size", "augment", "labeled", "labeled_share", "path", "target_path")


class Data(NamedTuple):
    """Real images in their parts, and the part to measure on by default.

    Args:
        split: the parts.
        part: "held_out" or "all".
        trained: bool, whether the model was trained on `split.train`.
    """

    split: Split
    part: str
    trained: bool = False


def record_of(path: Path | None, targets: Path | None, split: Split) -> dict[str, Any]:
    """Returns what a run's `environment.json` keeps of its images.

    Args:
        path: their folder, if there is one.
        targets: the folder of the second domain, if it is another one.
        split: the images.
    """
    return {
        "path": str(path.absolute()) if path else None,
        **({"target_path": str(targets.absolute())} if targets else {}),
        "class_names": split.train.class_names,
        "train": split.train.manifest(),
        "held_out": split.held_out.manifest(),
    }


def recorded_path(run: Run) -> Path | None:
    """Returns the folder of the images that a run was trained on; None for a dataset without a folder."""
    return _recorded(run, "path")


def recorded_targets(run: Run) -> Path | None:
    """Returns the folder of the second domain that a run was trained on; None if it had none of its own."""
    return _recorded(run, "target_path")


def _recorded(run: Run, key: str) -> Path | None:
    data = run.record.get("data")  # which only a training writes
    path = data.get(key) if isinstance(data, dict) else None
    return Path(path) if isinstance(path, str) else None


def class_names_of(run: Run) -> list[str]:
    """Returns the names of the classes that a run was trained on, in the order of their labels; none if unknown."""
    data = run.record.get("data")
    data = data if isinstance(data, dict) else {}
    train = data.get("train")
    names = data.get("class_names") or (train.get("class_names") if isinstance(train, dict) else None)
    return [str(name) for name in names] if isinstance(names, list) else []


def reads_folder(dataset: str) -> bool:
    """Returns True if the images of a registered dataset lie in a folder that the user names."""
    return folder_dataset(dataset) == dataset


def on_data(
    preset: "Preset", data: str | None, targets: str | None = None
) -> "tuple[Preset, Path | None, Path | None]":
    """Returns the preset for what `data` names, its folder, if any, and that of the second domain, if it is another.

    Args:
        preset: a preset.
        data: a folder, or the name of a dataset; None for the preset's own, which may name folders by `data.path` and
            `data.target_path`.
        targets: optional, beside a folder: the folder of the second domain.

    Raises:
        DataError: it is neither, or no images of a second domain are taken.
    """
    from keras_genzoo.config import on_dataset, without_path

    own = preset["data"].get("target_path")
    preset, named = without_path(preset)
    path = named if data is None else check_data(data, preset["data"]["dataset"])
    if targets is not None and (data is None or path is None):
        raise DataError("--targets names the folder of a second domain: name that of the first by --data FOLDER.")
    if data is None:
        return preset, named, Path(own).expanduser() if own else None
    if path is None:
        return on_dataset(preset, data), None, None
    dataset = folder_dataset(preset["data"]["dataset"])
    if dataset != preset["data"]["dataset"]:
        preset = on_dataset(preset, dataset)
    return preset, path, None if targets is None else check_targets(targets, dataset)


def check_targets(targets: str, dataset: str | None = None) -> Path:
    """The folder of a second domain.

    Args:
        targets: its path.
        dataset: optional, the dataset that reads it.

    Raises:
        DataError: it is no folder, or the dataset is of one domain.
    """
    path = expanded(targets)
    if not path.is_dir():
        raise DataError(f"--targets: there is no folder '{targets}': name the folder of the second domain's images.")
    if dataset is not None and "target_path" not in inspect.signature(DATASETS[dataset]).parameters:
        raise DataError(
            f"--targets: the dataset '{dataset}' is of one domain: leave it out, or take a preset of pairs or unpaired "
            "images."
        )
    return path


def check_data(data: str, dataset: str | None = None, option: str = "--data") -> Path | None:
    """Returns the folder that a user's word for images, or for a run, means; None if it names a dataset.

    Args:
        data: a path, or the name of a dataset.
        dataset: optional, the dataset that the folder would be read as.
        option: string, by which the user gave it.

    Raises:
        DataError: it is neither.
    """
    path = expanded(data) if data in DATASETS else located(data)
    if path.exists():
        return path
    if data not in DATASETS:
        mend = INSTRUCTIONS if dataset == "ffhq" else did_you_mean(data, DATASETS)
        raise DataError(f"{option}: there is no folder '{data}', nor a dataset of this name; {mend}")
    return None


def load_sources(
    preset: Mapping[str, Any], path: Path | None, targets: Path | None = None, read: Read = "images"
) -> Split:
    """The images of a preset at the size of its model.

    Args:
        preset: a resolved preset.
        path: the folder of images, for datasets that read one.
        targets: the folder of the second domain, if it is another one.
        read: what is read of a folder, see `image_folder`.

    Raises:
        DataError: they cannot be used.
    """
    height, width, channels = preset["arguments"]["image_shape"]
    options = {key: value for key, value in preset["data"].items() if key not in _NOT_OF_SOURCES}
    dataset = preset["data"]["dataset"]
    if reads_folder(dataset):
        options["read"] = read
    target_shape = preset["arguments"].get("target_shape")
    if target_shape is not None and "target_channels" in inspect.signature(DATASETS[dataset]).parameters:
        options["target_channels"] = target_shape[-1]
    if targets is not None:
        options["target_path"] = str(targets)
    return load_split(dataset, path, **{**options, "size": (height, width), "channels": channels})


def folder_of(run: Run, moved: str | None, option: str) -> Path | None:
    """The folder of a run's images; None if it was trained on a dataset that is in no folder.

    Args:
        run: the run.
        moved: optional, where the user says that they are now.
        option: string, by which the user may say so.

    Raises:
        DataError: there is no such folder.
    """
    before = recorded_path(run)
    if before is None:
        if moved is not None:
            raise DataError(f"'{run.path}' was not trained on images of a folder: leave {option} out.")
        return None
    path = Path(moved).expanduser() if moved else before
    if not path.is_dir():
        were = "lay" if moved is None else "should lie"
        raise DataError(
            f"the images of '{run.path}' {were} in {path}, where no folder is: say by {option} where they are now."
        )
    return path


def images_of(run: Run, moved: str | None = None, option: str = "--data") -> Split:
    """The images of a run: those it was trained on, and those it held out; arguments as for `folder_of`.

    Raises:
        DataError: they are not there, or are others now.
    """
    split = load_sources(run.config, folder_of(run, moved, option), recorded_targets(run))
    check_same_data(run, split, f"say by {option} where those are")
    return split


def check_same_data(run: Run, split: Split, mend: str) -> None:
    """Refuses other images than a run's; `mend` says what to do.

    Raises:
        DataError: they are others.
    """
    before = [run.record["data"][part] for part in ("train", "held_out")]
    now = [part.manifest() for part in split]
    undecoded = "sha256" in before[0] and "sha256" not in now[0]
    for old, new in zip(before, now, strict=True):
        if not (_files(before) == _files(now) if undecoded else _same_content(old, new)):
            raise DataError(
                f"the images are not those that '{run.path}' was trained on ({old['count']:,} then, "
                f"{new['count']:,} now, or other content): {mend}."
            )


def images_beside(run: Run, data: str | None, tolerant: bool = False, targets: str | None = None) -> Data:
    """The images of a run, or others at the size of its model: never those it was trained on as held out.

    Args:
        run: the run.
        data: a folder, the name of a dataset, or another run, for the images of that one; None for the run's own.
        tolerant: bool, whether a folder may have broken images, which are left out with a warning.
        targets: optional, beside a folder: the folder of the second domain.

    Returns:
        The images; of a run that holds none out, the part is by default those it was trained on, with a warning.

    Raises:
        DataError: they cannot be used, or it is not known which of them the run was trained on.
    """
    record = run.record["data"]
    other = None if data is None or data in DATASETS else located(data)
    if other is not None and (other / "config.json").is_file():
        split = images_beside(Run(other), None).split
    else:
        own = folder_of(run, None, "--data") if data is None else None
        if own is not None and (second := recorded_targets(run)):
            targets = str(second)
        preset, path, second = on_data(run.config, data or (str(own) if own else None), targets)
        if data is not None and path is not None:
            source = _all_of(preset, path, second, tolerant)
            if source.manifest()["sha256"] != record["held_out"].get("sha256"):
                return Data(Split(source, Subset(source, [])), "all")  # which of them it was trained on is not known
        split = load_sources(preset, path, second)
    if _same_content(split.held_out.manifest(), record["held_out"]):
        if not len(split.held_out):
            warnings.warn(
                f"'{run.path}' holds out no images: taken are those that it was trained on, unless --data or --split "
                "says otherwise.",
                stacklevel=3,
            )
        return Data(
            split,
            "held_out" if len(split.held_out) else "train",
            trained=_same_content(split.train.manifest(), record["train"]),
        )
    same_files = "sha256" in record["held_out"] and _whole(split.held_out.manifest()) == _whole(record["held_out"])
    if data is None or same_files:
        raise DataError(
            f"{split.held_out.name}: the images are not those that '{run.path}' was trained on, or others of them are "
            "held out, so it is not known which of them it was not trained on: name such images by --data."
        )
    return Data(split, "held_out")


def _all_of(preset: Mapping[str, Any], path: Path, targets: Path | None, tolerant: bool) -> Source:
    """All images of a folder, however few, as a run's dataset reads them."""
    data = {**preset["data"], "max_broken": 1.0 if tolerant else 0.0}
    if not isinstance(data.get("held_out"), str):  # a number of images, of which there may be fewer here
        data.pop("held_out", None)
    train = load_sources({**preset, "data": data}, path, targets).train
    return train.source if isinstance(train, Subset) else train


def _files(manifests: Sequence[Mapping[str, Any]]) -> Any:
    """Returns what is known of a folder's images, those left out among them, before they are decoded."""
    whole, counts = manifests[0], sum(manifest["count"] for manifest in manifests)
    others = [manifest["other"] for manifest in manifests if isinstance(manifest.get("other"), dict)]
    counts += whole.get("left_out", 0)
    return whole["kind"], whole["image_shape"], whole.get("class_names"), counts, _files(others) if others else None


def _whole(manifest: Mapping[str, Any]) -> Any:
    """Returns what identifies the whole of which a part was taken."""
    other = manifest.get("other")
    return manifest["kind"], manifest.get("part"), manifest.get("sha256"), _whole(other) if other else None


def _same_content(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Returns True if two manifests are of the same images, wherever these lie and whatever decoded them."""
    return content_of(a) == content_of(b)
