"""Where a command's files may go: never over what it reads, what others made, nor among the images of a dataset."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_genzoo.artifacts import Run, RunError, check_free, located, with_state
from keras_genzoo.artifacts.run_data import recorded_path
from keras_genzoo.files import obstacle, read_json, write_json
from keras_genzoo.pretrained import WEIGHTS

_REPORT = ".json"


class Output:
    """Files of one name and several endings, which a command writes; one of them is its report, a JSON file.

    What is there already is replaced if the report beside it says that the same command made it.

    Args:
        command: string, such as "traverse".
        main: the file that the user names, or a default.
        others: endings of the files beside it and the report, such as ".gif".
        reads: what the command reads: names of files, folders and runs, which stand for the folder of their images;
            other names, and None, are passed over.

    Raises:
        RunError: one of the files must not or cannot be written.
    """

    def __init__(self, command: str, main: Path, *others: str, reads: Iterable[str | os.PathLike | None] = ()):
        self.main = main
        self._made_by = f"genzoo {command}"
        images = [path for name in reads if name is not None and (path := images_of_name(name))]
        ours = _maker(self[_REPORT]) == self._made_by
        for target in map(self.__getitem__, (main.suffix, *others, _REPORT)):
            what = _in_the_way(target, images)
            if what is None and os.path.lexists(target) and not ours:
                what = f"is there already, and was not made by {self._made_by}"
            if what is not None:
                raise RunError(f"{command}: '{target}' {what}: name another place by --output.")

    def __getitem__(self, suffix: str) -> Path:
        return self.main.with_suffix(suffix)

    def report(self, content: dict[str, Any]) -> None:
        """Writes the report. It comes first: files without it would not be known as ours if the next ones fail."""
        self.main.parent.mkdir(parents=True, exist_ok=True)
        write_json(self[_REPORT], {"made_by": self._made_by, **content})


def picture_of(args: argparse.Namespace, command: str, reads: Iterable[str | os.PathLike | None] = ()) -> Output:
    """The picture to write, and what lies beside it: --output, or in the run; `reads` are files and folders besides it.

    Raises:
        RunError: there is no such run, or no state in it; --output is no name of a picture, or nothing may be written
            there.
    """
    return _picture_of(args, command, (".gif",), reads)


def picture_alone_of(
    args: argparse.Namespace, command: str, reads: Iterable[str | os.PathLike | None] = (), others: tuple[str, ...] = ()
) -> Output:
    """As `picture_of`, of a command that makes no animation; `others` are endings of what else lies beside it."""
    return _picture_of(args, command, others, reads)


def _picture_of(
    args: argparse.Namespace, command: str, others: tuple[str, ...], reads: Iterable[str | os.PathLike | None]
) -> Output:
    run = with_state(args.run, args.best).path
    place = Path() if (run / WEIGHTS).is_file() else run  # a pretrained model lies in a cache, where nobody looks
    picture = Path(args.output) if args.output else place / f"{command}.png"
    if picture.suffix.lower() != ".png":
        raise RunError(f"{command}: --output '{picture}' must end in .png.")
    return Output(command, picture, *others, reads=(run, *reads))


def file_of(output: str | None, command: str) -> Path | None:
    """The file that --output names; None if there is no --output.

    Raises:
        RunError: it is a folder, or cannot be written.
    """
    if output is None:
        return None
    if what := _in_the_way(Path(output), ()):
        mend = "name a file in it" if Path(output).is_dir() else "name another file"
        raise RunError(f"{command}: --output '{output}' {what}: {mend}.")
    return Path(output)


def new_folder_of(output: str, command: str, reads: Iterable[str | os.PathLike | None] = ()) -> Path:
    """The folder that --output names, new or empty, and not among the images that a command reads.

    Raises:
        RunError: it holds something, cannot be made, or lies among the images.
    """
    check_free(output)
    folder = Path(output)
    images = [path for name in reads if name is not None and (path := images_of_name(name)) and path.is_dir()]
    if what := _in_the_way(folder / "index.html", images):
        raise RunError(f"{command}: --output '{folder}' {what}: name another folder.")
    return folder


def images_of_name(name: str | os.PathLike) -> Path | None:
    """The file or folder of images that a user's word stands for: of a run, where those it was trained on lie."""
    path = located(name)
    if (path / "config.json").is_file():
        try:
            return recorded_path(Run(path))
        except RunError:  # of a damaged run nothing is known
            return None
    return path if path.exists() else None


def _maker(report: Path) -> str | None:
    try:
        return read_json(report).get("made_by")
    except (RunError, OSError):
        return None


def _in_the_way(target: Path, images: Iterable[Path]) -> str | None:
    """What speaks against writing a file, in words."""
    if target.is_dir():
        return "is a folder"
    if what := obstacle(target):
        return what
    for path in images:
        if path.is_dir() and target.resolve().is_relative_to(path.resolve()):
            return f"would lie among the images of '{path}'"
        if path.is_file() and target.exists() and target.samefile(path):
            return "is an image that is read"
    return None
