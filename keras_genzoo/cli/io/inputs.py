"""What a command reads, checked by its name before anything is imported or decoded that takes time."""

from pathlib import Path

from keras_genzoo.artifacts.run_data import check_data
from keras_genzoo.data import DataError
from keras_genzoo.data.decode import FORMATS


def check_image(name: str | Path) -> None:
    """Refuses what cannot be the file of an image.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: it has the ending of no image, or is a folder.
    """
    path = Path(name)
    path.stat()
    if path.suffix.lower() not in FORMATS or path.is_dir():
        raise DataError(f"'{path}' is no image: expected a file of {', '.join(FORMATS)}.")


def check_images(*names: str | None) -> None:
    """Refuses words for images that name no folder, run or dataset; None is passed over.

    Raises:
        DataError: one of them names nothing.
    """
    for name in names:
        if name is not None:
            check_data(name)
