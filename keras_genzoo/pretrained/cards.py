"""Cards: what a pretrained model is, where its weights lie, and what was measured. A card is never changed."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from keras_genzoo.files import RunError, sha256
from keras_genzoo.registry import did_you_mean
from keras_genzoo.untrusted import UntrustedError
from keras_genzoo.untrusted.records import Count, Number, Record, Sha256, Text, checked, read

WEIGHTS = "inference.npz"
"""The file of a pretrained model's weights in its folder."""
ENDINGS = {"model": ".npz", "classifier": ".weights.h5"}
"""Kinds of what is pretrained, and how the names of their files end."""
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,99}?)(?:@([0-9]{1,4}))?")

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Line = Annotated[str, Field(max_length=1_000)]


class Section(Record):
    """A part of a card, all of whose fields are known."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class WeightsFile(Section):
    """The file of the weights that using the model takes."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}@[0-9]{1,4}\.(npz|weights\.h5)$")]
    bytes: Annotated[int, Field(ge=1, le=4 * 2**30)]
    sha256: Sha256
    dtype: Literal["float16", "float32"]


class Data(Section):
    """The images that it was trained on, and on what terms they may be used."""

    name: Line
    licence: Line


class Trained(Section):
    """How it was trained: images seen, seed, machine, minutes, precision and day (YYYY-MM-DD)."""

    images: Count
    seed: Count
    machine: Line
    minutes: Number
    precision: Line
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Score(Section):
    """A number that was measured, and its protocol."""

    name: Line
    value: Number
    protocol: dict[str, Any]


class Card(Section):
    """A pretrained model: `name` is that of its preset, and `version` rises when its weights change.

    `preset_sha256` is that of the preset's model and arguments. A card of the zoo names its preset, one that was
    published elsewhere holds it. `run` is what the record of its training says of data and seed, so that the model is
    used as a run of its training would be; of a classifier, which has no preset, all of its `classifier.json`.
    """

    schema_: Literal[1] = Field(alias="schema")
    kind: Literal["model", "classifier"] = "model"
    name: Name
    version: Annotated[int, Field(ge=1, le=9_999)]
    model: Name
    about: Text
    preset_sha256: Sha256 | None = None
    preset: dict[str, Any] | None = None
    file: WeightsFile
    sources: list[Line]
    licence: Line
    data: Data
    trained: Trained
    metrics: list[Score]
    versions: dict[str, Line]
    run: dict[str, Any]

    @property
    def title(self) -> str:
        """The name with the version: NAME@N."""
        return f"{self.name}@{self.version}"


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a user's word names: a model's name, and its version if it says one."""

    name: str
    version: int | None


def folder() -> Path:
    """The folder of the zoo's own cards."""
    return Path(__file__).with_name("cards")


def asked(word: str) -> Asked | None:
    """What a word like NAME or NAME@N asks for; None for any other text, such as a path."""
    match = _NAME.fullmatch(word)
    return Asked(match[1], int(match[2]) if match[2] else None) if match else None


def list_pretrained() -> list[str]:
    """Lists the pretrained models of the zoo, each as NAME@N, in the order of their names.

    Example:
        >>> genzoo.from_pretrained(list_pretrained()[0])
    """
    return sorted(path.stem for path in folder().glob("*@*.json"))


def read_card(path: Path) -> Card:
    """Reads a card.

    Raises:
        RunError: it is none, or its name differs from the file's.
    """
    try:
        found = checked(Card, read(path), str(path))
    except UntrustedError as error:
        raise RunError(f"{error}.") from None
    if found.file.name != (expected := f"{found.title}{ENDINGS[found.kind]}"):
        raise RunError(f"{path}: its file is '{found.file.name}', but {expected} is expected.")
    return found


def find(word: str) -> Card | None:
    """The card of a pretrained model of the zoo; of a name alone the newest.

    Args:
        word: NAME or NAME@N.

    Returns:
        The card, or None if the word names none and has no version.

    Raises:
        RunError: there is no such version, or no such model.
    """
    want = asked(word)
    if want is None:
        return None
    known = list_pretrained()
    versions = sorted(int(title.rpartition("@")[2]) for title in known if title.rpartition("@")[0] == want.name)
    if want.version is None:
        return read_card(folder() / f"{want.name}@{versions[-1]}.json") if versions else None
    if want.version not in versions:
        raise RunError(f"there is no pretrained model '{word}'; {did_you_mean(word, known)}")
    return read_card(folder() / f"{want.name}@{want.version}.json")


def preset_digest(preset: Any) -> str:
    """The SHA-256 of what weights depend on: the preset's model and arguments."""
    content = {"model": preset["model"], "arguments": preset.get("arguments", {})}
    return sha256(json.dumps(content, sort_keys=True, allow_nan=False))
