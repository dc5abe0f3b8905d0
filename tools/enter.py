"""Enters a published model into the zoo: its weights into the package, and its card, which is never changed again.

genzoo push RUN --to FOLDER --licence Apache-2.0 --data-licence "none: drawn by code"
python tools/enter.py FOLDER
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from keras_genzoo.artifacts.pretrained import CARD
from keras_genzoo.config import find, load_preset, resolve
from keras_genzoo.files import write_json
from keras_genzoo.pretrained import preset_digest, read_card
from keras_genzoo.pretrained.cards import folder

MOST, MOST_IN_ALL = 2 * 2**20, 12 * 2**20
"""Bytes of a model's weights in the package, and of all of them."""


def main() -> int:
    """Enters it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what genzoo push --to made")
    place = parser.parse_args().folder
    card = read_card(place / CARD)
    weights = folder().with_name("weights")
    weights.mkdir(exist_ok=True)
    now, then = (resolve(load_preset(preset)) for preset in (card.name, card.preset or {}))
    if any(now[key] != then[key] for key in ("model", "arguments")):
        parser.error(f"the preset {card.name} is another than the one that these weights were trained by.")
    if (folder() / f"{card.title}.json").exists():
        parser.error(f"there is a card of {card.title}: weights that change get another --version.")
    room = MOST_IN_ALL - sum(path.stat().st_size for path in weights.glob("*.npz"))
    if card.file.bytes > min(MOST, room):
        parser.error(f"{card.file.bytes:,} bytes; {min(MOST, room):,} have room in the package.")
    entered = card.model_copy(
        update={"preset": None, "preset_sha256": preset_digest(find(card.name)[0]), "sources": ["package"]}
    )
    shutil.copyfile(place / card.file.name, weights / card.file.name)
    write_json(folder() / f"{card.title}.json", json.loads(entered.model_dump_json(by_alias=True, exclude_none=True)))
    print(f"{card.title}: entered, {card.file.bytes:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
