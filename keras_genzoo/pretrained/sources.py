"""Where weights lie: a folder that is named, the cache, the package, a hub, an address. Each is checked by the card."""

import os
import re
import shutil
from pathlib import Path

from keras_genzoo.files import RunError, expanded, sha256_of
from keras_genzoo.pretrained.cards import Card
from keras_genzoo.pretrained.download import download
from keras_genzoo.untrusted import UntrustedError, check_regular

HUB = re.compile(r"hf://([A-Za-z0-9][\w.-]{0,95})/([A-Za-z0-9][\w.-]{0,95})(?:@([\w.-]{1,100}))?")
"""hf://ORG/REPO@COMMIT."""
FOLDER = "GENZOO_WEIGHTS"
"""The environment variable that names a folder of weights."""


def fetch(card: Card, target: Path) -> None:
    """Puts the weights of a card at `target`, from the first source that has them.

    Args:
        card: of the zoo, or of a hub.
        target: the file to make, in a folder that exists; a part of it may be there.

    Raises:
        RunError: no source has them, or what it has is not what the card says.
    """
    if named := os.environ.get(FOLDER):
        place = expanded(named) / card.file.name
        if place.is_file():
            _copy(card, place, target)
            return
    failures = []
    for source in card.sources:
        try:
            _fetch(card, source, target)
            return
        except RunError as error:
            failures.append(str(error))
    file = card.file
    where = f"put the file {file.name} ({file.bytes:,} bytes, sha256 {file.sha256[:12]}...) into the folder ${FOLDER}"
    raise RunError(f"{card.title}: {' '.join(failures) or 'its card names no source.'} To go on without, {where}.")


def check(card: Card, path: Path) -> None:
    """Refuses a file that is not the card's.

    Raises:
        RunError: it has another size or another content.
    """
    try:
        size = check_regular(path)
    except (OSError, UntrustedError) as error:
        raise RunError(f"{path} cannot be read: {error}.") from None
    if size != card.file.bytes:
        raise RunError(f"{path} has {size:,} bytes, but {card.title} has {card.file.bytes:,}: remove it.")
    if (found := sha256_of(path)) != card.file.sha256:
        raise RunError(
            f"{path} is not what the card of {card.title} says (sha256 {found[:12]}..., expected "
            f"{card.file.sha256[:12]}...): it is damaged, or was changed: remove it."
        )


def _fetch(card: Card, source: str, target: Path) -> None:
    if source == "package":
        place = Path(__file__).with_name("weights") / card.file.name
        if not place.is_file():
            raise RunError(f"{card.file.name} is not in this installation.")
        _copy(card, place, target)
    elif source.startswith("hf://"):
        _copy(card, from_hub(source, card.file.name, pinned=True), target)
    else:
        download(source, target, card.file.bytes)
        try:
            check(card, target)
        except RunError:
            target.unlink()  # it would never be right
            raise


def _copy(card: Card, place: Path, target: Path) -> None:
    check(card, place)
    shutil.copyfile(place, target)
    check(card, target)


def from_hub(source: str, name: str, pinned: bool = False) -> Path:
    """A file of a repository on the Hugging Face hub, in its own cache.

    Args:
        source: hf://ORG/REPO@COMMIT.
        name: of the file.
        pinned: bool, whether the commit must be there, in full.

    Raises:
        RunError: the address is none, huggingface_hub is not installed, or it finds nothing.
    """
    match = HUB.fullmatch(source)
    if match is None or (pinned and not re.fullmatch("[0-9a-f]{40}", match[3] or "")):
        raise RunError(f"'{source}' is no hf://ORG/REPO@COMMIT{', with the whole commit' if pinned else ''}.")
    try:
        import huggingface_hub
    except ImportError:
        raise RunError(f"{source} needs huggingface_hub: pip install 'keras_genzoo[hub]'.") from None
    try:
        return Path(huggingface_hub.hf_hub_download(f"{match[1]}/{match[2]}", name, revision=match[3]))
    except Exception as error:  # of requests, of the hub, of files
        raise RunError(f"{source}: {name} could not be fetched ({' '.join(str(error).split())[:200]}).") from None
