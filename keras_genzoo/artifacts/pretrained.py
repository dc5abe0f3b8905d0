"""A pretrained model as a run: a folder in the cache that all that takes a run takes."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_genzoo.files import RunError, expanded, write_json
from keras_genzoo.pretrained import (
    HUB,
    Card,
    alone,
    find,
    from_hub,
    home_of,
    list_pretrained,
    preset_digest,
    read_card,
    weights_of,
)
from keras_genzoo.registry import did_you_mean

if TYPE_CHECKING:
    from keras_genzoo.model import GenerativeModel

CARD = "card.json"
"""The card's file, beside published weights and in the cache."""


def located(path: str | os.PathLike) -> Path:
    """What a user's word stands for: the folder in the cache of a pretrained model, or else a path as it is."""
    folder, word = expanded(path), os.fspath(path)
    if folder.exists() or not (word.startswith("hf://") or len(folder.parts) == 1):
        return folder
    return folder_of(word) or folder


def folder_of(word: str) -> Path | None:
    """The run folder of a pretrained model, made in the cache if it is not there yet.

    Args:
        word: NAME or NAME@N of the zoo, or hf://ORG/REPO@COMMIT.

    Returns:
        The folder; None if the word names no pretrained model.

    Raises:
        RunError: there is no such model, its preset has changed, or its weights are not to be had.
    """
    card = card_of(word)
    if card is None:
        return None
    if card.kind != "model":
        raise RunError(f"{card.title} is a {card.kind}, whose features measure models: give it to --features.")
    preset = _preset_of(card)
    weights_of(card)
    home = home_of(card)
    if not (home / "config.json").is_file():
        from keras_genzoo.config import load_preset, resolve, without_path

        config = resolve(without_path(load_preset(preset))[0])
        with alone(home):
            write_json(home / CARD, json.loads(card.model_dump_json(by_alias=True)))
            write_json(home / "environment.json", _record(card))
            write_json(home / "config.json", config)  # last: it makes the folder a run
    return home


def classifier_of(word: str) -> Path | None:
    """The folder of a pretrained classifier, made in the cache if it is not there yet.

    Args:
        word: NAME or NAME@N of the zoo.

    Returns:
        The folder, as `genzoo classifier` makes it; None if the word names no pretrained classifier.

    Raises:
        RunError: its weights are not to be had.
    """
    card = None if expanded(word).exists() or word.startswith("hf://") else find(word)
    if card is None or card.kind != "classifier":
        return None
    home = weights_of(card).parent
    if not (home / "classifier.json").is_file():
        with alone(home):
            write_json(home / "classifier.json", card.run)
    return home


def card_of(word: str) -> Card | None:
    """The card that a word names: of the zoo by NAME or NAME@N, of a hub by hf://ORG/REPO@COMMIT."""
    if word.startswith("hf://"):
        if not HUB.fullmatch(word):
            raise RunError(f"'{word}' is no hf://ORG/REPO@COMMIT.")
        card = read_card(from_hub(word, CARD))
        if card.preset is None:
            raise RunError(f"{word}: its card holds no preset, which a published model has.")
        # The hub is asked for the commit that the card came from: whatever the card says of places is not heeded.
        return card.model_copy(update={"sources": [word]})
    return find(word)


def _preset_of(card: Card) -> Any:
    """The preset that a card is of.

    Raises:
        RunError: it is another now than when the weights were made.
    """
    from keras_genzoo.config import find as find_preset

    preset = card.preset if card.preset is not None else find_preset(card.name)[0]
    if preset_digest(preset) != card.preset_sha256:
        raise RunError(
            f"{card.title}: the preset {card.name} has changed since these weights were trained: install the version "
            "of keras_genzoo that they are of, or train the preset."
        )
    return preset


def _record(card: Card) -> dict[str, Any]:
    """What the folder's `environment.json` says."""
    finished = {"epoch": 0, "iterations": 0, "images": card.trained.images, "sha256": card.file.sha256}
    return {**card.run, "preset": card.name, "seed": card.trained.seed, "pretrained": card.title, "finished": finished}


def from_pretrained(name: str) -> "GenerativeModel":
    """Loads a pretrained model, whose weights are fetched once if they are not there.

    Args:
        name: NAME or NAME@N of the zoo (`list_pretrained`), or hf://ORG/REPO@COMMIT.

    Returns:
        The model, compiled: ready to generate images, and to be trained on.

    Raises:
        RunError: there is no such model, its preset has changed, or its weights are not to be had.

    Example:
        >>> genzoo.from_pretrained("vae_drawn_faces_32@1").generate(16)
    """
    from keras_genzoo.artifacts.run import load

    folder = folder_of(name)
    if folder is None:
        raise RunError(f"there is no pretrained model '{name}'; {did_you_mean(name, list_pretrained())}")
    return load(folder)
