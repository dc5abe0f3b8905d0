"""Enters a published model, or a classifier, into the zoo: its weights into the package, and its card.

    genzoo push RUN --to FOLDER --licence Apache-2.0 --data-licence "none: drawn by code"
    python tools/enter.py FOLDER

    genzoo classifier fashion_mnist --output FOLDER
    python tools/enter.py FOLDER --data-licence MIT

A card is never changed again: weights that change get another --version.
"""

import argparse
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keras_genzoo.artifacts.pretrained import CARD
from keras_genzoo.config import find, load_preset, resolve
from keras_genzoo.features.classifier import RECORD, WEIGHTS
from keras_genzoo.files import sha256_of, write_json
from keras_genzoo.pretrained import Card, preset_digest, read_card
from keras_genzoo.pretrained.cards import folder
from keras_genzoo.untrusted.records import checked

MOST, MOST_IN_ALL = 2 * 2**20, 12 * 2**20
"""Bytes of a model's weights in the package, and of all of them."""


def of_model(place: Path) -> tuple[Card, Path]:
    """The card of a published model, which names its preset, and its weights."""
    card = read_card(place / CARD)
    now, then = (resolve(load_preset(preset)) for preset in (card.name, card.preset or {}))
    then["arguments"]["dtype"] = now["arguments"]["dtype"]  # the precision of a training is on its card
    if any(now[key] != then[key] for key in ("model", "arguments")):
        sys.exit(f"the preset {card.name} is another than the one that these weights were trained by.")
    preset = find(card.name)[0]
    update = {
        "preset": None,
        "preset_sha256": preset_digest(preset),
        "about": preset.get("about", ""),
        "sources": ["package"],
    }
    return card.model_copy(update=update), place / card.file.name


def of_classifier(place: Path, version: int, data_licence: str) -> tuple[Card, Path]:
    """The card of a classifier, and its weights."""
    record: dict[str, Any] = json.loads((place / RECORD).read_text())
    dataset, weights = record["data"]["train"]["kind"], place / WEIGHTS
    name, training = f"classifier_{dataset}", record["training"]
    scores = [
        {"name": f"{kind}_{head}", "value": value, "protocol": {"held_out": record["held_out"]["images"]}}
        for kind, values in record["held_out"].items()
        if isinstance(values, dict)
        for head, value in values.items()
        if isinstance(value, float)
    ]
    content = {
        "schema": 1,
        "kind": "classifier",
        "name": name,
        "version": version,
        "model": "classifier",
        "about": f"Features that measure models of {dataset}: genzoo evaluate RUN --features {name}@{version}.",
        "file": {
            "name": f"{name}@{version}.weights.h5",
            "bytes": weights.stat().st_size,
            "sha256": sha256_of(weights),
            "dtype": "float32",
        },
        "sources": ["package"],
        "licence": "Apache-2.0",
        "data": {"name": dataset, "licence": data_licence},
        "trained": {
            "images": training["epochs"] * record["data"]["train"]["count"],
            "seed": training["seed"],
            "machine": "CPU",
            "minutes": 0.0,
            "precision": "float32",
            "date": datetime.now(UTC).date().isoformat(),
        },
        "metrics": scores,
        "versions": {name: str(value) for name, value in record["versions"].items()},
        "run": record,
    }
    return checked(Card, content, str(place)), weights


def main() -> None:
    """Enters it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what genzoo push --to, or genzoo classifier, made")
    parser.add_argument("--version", type=int, default=1, help="of a classifier (default 1)")
    parser.add_argument("--data-licence", default="none: drawn by code", help="of the images of a classifier")
    args = parser.parse_args()
    is_classifier = (args.folder / RECORD).is_file()
    card, file = of_classifier(args.folder, args.version, args.data_licence) if is_classifier else of_model(args.folder)
    if (folder() / f"{card.title}.json").exists():
        parser.error(f"there is a card of {card.title}: weights that change get another version.")
    weights = folder().with_name("weights")
    weights.mkdir(exist_ok=True)
    room = MOST_IN_ALL - sum(path.stat().st_size for path in weights.iterdir())
    if card.file.bytes > min(MOST, room):
        parser.error(f"{card.file.bytes:,} bytes; {min(MOST, room):,} have room in the package.")
    shutil.copyfile(file, weights / card.file.name)
    write_json(folder() / f"{card.title}.json", json.loads(card.model_dump_json(by_alias=True, exclude_none=True)))
    print(f"{card.title}: entered, {card.file.bytes:,} bytes")


if __name__ == "__main__":
    main()
