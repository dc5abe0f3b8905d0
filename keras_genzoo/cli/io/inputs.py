"""What a command reads, checked by its name before anything is imported or decoded that takes time."""

from pathlib import Path

from keras_genzoo.artifacts import with_state
from keras_genzoo.artifacts.run_data import check_data
from keras_genzoo.data import DataError
from keras_genzoo.data.decode import FORMATS
from keras_genzoo.evaluation import check_named


def check_image(name: str | Path) -> None:
    """Refuses what cannot be the file of an image.

    Raises:
        DataError: it is missing, has the ending of no image, or is a folder.
    """
    path = Path(name)
    if not path.exists():
        raise DataError(f"'{path}' is missing: give another image.")
    if path.suffix.lower() not in FORMATS or path.is_dir():
        raise DataError(f"'{path}' is no image: expected a file of {', '.join(FORMATS)}.")


def check_subject(name: str, data: str | None, best: str | None) -> None:
    """Refuses what cannot be measured, as far as names say.

    Raises:
        EvaluationError: there is no such subject, or it needs `data`.
        RunError: the run has no state.
        DataError: there are no such images.
    """
    check_named(name, data)
    if Path(name, "config.json").is_file():
        with_state(name, best)
    check_images(data)


def check_images(name: str | None, option: str = "--data") -> None:
    """Refuses a word for images that names no folder, run or dataset; None is passed over.

    Raises:
        DataError: it names nothing.
    """
    if name is not None:
        check_data(name, option=option)
