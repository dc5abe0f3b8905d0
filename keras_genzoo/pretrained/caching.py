"""Weights in the cache: fetched once, by one process at a time, and checked whenever they are opened."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from keras_genzoo.data.prepared import cache_folder
from keras_genzoo.files import RunError, obstacle, sha256
from keras_genzoo.pretrained.cards import ENDINGS, WEIGHTS, Card
from keras_genzoo.pretrained.sources import check, fetch


def home_of(card: Card) -> Path:
    """The folder of a card's model in the cache. Each card has its own: a stranger's shares none with the zoo's."""
    return cache_folder() / "pretrained" / f"{card.title}-{sha256(card.model_dump_json())[:16]}"


def weights_of(card: Card) -> Path:
    """The file of a card's weights in the cache, fetched if it is not there yet.

    Raises:
        RunError: the cache cannot be written, no source has them, or they are not what the card says.
    """
    home = home_of(card)
    path = home / (WEIGHTS if card.kind == "model" else f"classifier{ENDINGS[card.kind]}")
    if not path.exists():
        with alone(home):
            if not path.exists():  # another process may have been as quick
                home.mkdir(exist_ok=True)
                part = home / f".{card.file.name}.part"
                fetch(card, part)
                part.replace(path)
    check(card, path)
    return path


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Holds a model's folder in the cache against other processes.

    Raises:
        RunError: the cache cannot be written.
    """
    if reason := obstacle(home):
        raise RunError(f"'{home}' {reason}: name another cache by GENZOO_CACHE.")
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(home.with_name(f".{home.name}.lock")):
        yield
