"""Publishing: a run's model as a folder that a hub shows, and that this package and Keras load again."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from keras_genzoo.artifacts import Run, load
from keras_genzoo.artifacts.pretrained import CARD
from keras_genzoo.callbacks import samples, write_sheet
from keras_genzoo.capabilities import Samples
from keras_genzoo.config import load_preset, without_path
from keras_genzoo.evaluation.results import Result, content, read
from keras_genzoo.files import RunError, expanded, obstacle, sha256_of, staged_folder, write_json, write_text
from keras_genzoo.pretrained import Card, preset_digest, read_card, read_inference, write_inference
from keras_genzoo.pretrained.inference import Precision
from keras_genzoo.untrusted.records import checked

_PACKAGES = ("keras_genzoo", "keras", "tensorflow", "jax", "numpy")
_PRIVATE = ("path", "target_path")


def publish(
    run: str | os.PathLike,
    folder: str | os.PathLike,
    licence: str,
    data_licence: str,
    name: str | None = None,
    version: int = 1,
    dtype: Precision = "float16",
    force: bool = False,
) -> Card:
    """Writes a run's model into a folder, whole or not at all: what a repository of a hub holds.

    It has the card, the preset, the weights that using it takes, Keras' own layout (`config.json`, `metadata.json`,
    `model.weights.h5`), a `README.md`, a picture of samples and `SHA256SUMS`; no image that it was trained on.

    Args:
        run: a run folder, whose training has ended.
        folder: what to make.
        licence: of the weights, as SPDX has it, such as "Apache-2.0".
        data_licence: of the images that it was trained on.
        name: what the model is called; by default as the run's preset.
        version: integer, which rises when the weights change.
        dtype: of the weights.
        force: bool, whether to replace what the folder holds, if that is an earlier version of the same model.

    Returns:
        The card.

    Raises:
        RunError: the run has not ended, a licence is missing, or the folder holds something else.

    Example:
        >>> publish("runs/faces", "faces", "Apache-2.0", "none: drawn by code").title
    """
    target, opened = expanded(folder), Run(run)
    record = opened.record
    name = name or record["preset"]
    for what, text in (("licence", licence), ("data licence", data_licence)):
        if not text.strip():
            raise RunError(f"push: the {what} is empty: say on what terms others may use the model, and its images.")
    _check_target(target, name, force)
    if not record.get("finished"):
        raise RunError(f"push: the training of '{opened.path}' has not ended: end it by genzoo train --resume.")
    model = load(opened.path)
    preset = dict(without_path(load_preset(opened.path / "config.json"))[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    with staged_folder(target) as made:
        file = f"{name}@{version}.npz"
        write_inference(made / file, model, dtype)
        about = {"licence": licence, "data": {"name": preset["data"]["dataset"], "licence": data_licence}}
        card = _card(opened, preset, made / file, {"name": name, "version": version, **about}, dtype)
        write_json(made / CARD, json.loads(card.model_dump_json(by_alias=True)))
        write_json(made / "preset.json", preset)
        bare = type(model).from_config(model.get_config())  # without optimizers
        read_inference(bare, made / file)
        keras.saving.save_model(bare, made, zipped=False)
        if (made / "assets").exists():  # of layers with files of their own, which no model has
            (made / "assets").rmdir()
        if isinstance(model, Samples):
            write_sheet(made / "samples.png", samples(model), model)
        write_text(made / "README.md", _readme(card, (made / "samples.png").exists()))
        names = sorted(path.name for path in made.iterdir())
        write_text(made / "SHA256SUMS", "".join(f"{sha256_of(made / name)}  {name}\n" for name in names))
    return card


def push(folder: str | os.PathLike, repository: str) -> str:
    """Uploads a published folder to a repository of the Hugging Face hub, which is made if it is not there.

    Args:
        folder: what `publish` made.
        repository: hf://ORG/REPO.

    Returns:
        The address, with the commit: hf://ORG/REPO@COMMIT.

    Raises:
        RunError: the address is none, huggingface_hub is not installed, or the hub refuses.
    """
    match = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)", repository)
    if not match:
        raise RunError(f"push: '{repository}' is no hf://ORG/REPO.")
    try:
        import huggingface_hub
    except ImportError:
        raise RunError("push: this needs huggingface_hub: pip install 'keras_genzoo[hub]'.") from None
    try:
        api = huggingface_hub.HfApi()
        api.create_repo(match[1], exist_ok=True)
        commit = api.upload_folder(repo_id=match[1], folder_path=str(folder)).oid
    except Exception as error:  # of requests, of the hub
        raise RunError(f"push: {repository} refused it ({' '.join(str(error).split())[:200]}).") from None
    return f"{repository}@{commit}"


def _card(run: Run, preset: dict[str, Any], file: Path, more: dict[str, Any], dtype: Precision) -> Card:
    """The card of weights that were just written."""
    record = run.record
    content = {
        "schema": 1,
        "model": preset["model"],
        "about": preset.get("about", ""),
        "preset_sha256": preset_digest(preset),
        "preset": preset,
        "file": {"name": file.name, "bytes": file.stat().st_size, "sha256": sha256_of(file), "dtype": dtype},
        "sources": [],
        "trained": _trained(run),
        "metrics": _scores(run),
        "versions": {package: str(record[package]) for package in _PACKAGES if record.get(package)},
        "run": _of_run(record),
        **more,
    }
    return checked(Card, content, "card")


def _check_target(target: Path, name: str, force: bool) -> None:
    """Refuses a folder that holds anything but an earlier version of the same model, which may be replaced."""
    if reason := obstacle(target):
        raise RunError(f"push: '{target}' {reason}.")
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / CARD).is_file():
        raise RunError(f"push: '{target}' holds other files: choose a new folder.")
    if (older := read_card(target / CARD)).name != name:
        raise RunError(f"push: '{target}' holds another model, {older.title}: choose another folder.")
    if not force:
        raise RunError(f"push: '{target}' holds {older.title} already: give --force, or another folder.")


def _trained(run: Run) -> dict[str, Any]:
    """How long it took, where, and what it saw."""
    record = run.record
    ended = datetime.fromtimestamp((run.path / "environment.json").stat().st_mtime, UTC)
    return {
        "images": record["finished"].get("images", 0),
        "seed": record["seed"],
        "machine": ", ".join(map(str, record.get("devices", ()))) or "unknown",
        "minutes": round(sum(line.get("seconds") or 0.0 for line in run.history()) / 60, 1),
        "precision": str(record.get("precision", "float32")),
        "date": ended.date().isoformat(),
    }


def _scores(run: Run) -> list[dict[str, Any]]:
    """The newest number of each metric that was measured of the finished model."""
    newest: list[Result] = [results[-1] for results in read(run.path).values()]
    return [
        {"name": result.metric, "value": result.value, "protocol": content(result.protocol)}
        for result in newest
        if result.value is not None
    ]


def _of_run(record: dict[str, Any]) -> dict[str, Any]:
    """What using the model takes of its record; where images lay on this machine is no part of it."""
    found: dict[str, Any] = {key: record[key] for key in ("data", "jit", "precision") if key in record}
    if "data" in found:
        found["data"] = {key: value for key, value in found["data"].items() if key not in _PRIVATE}
    return found


def _readme(card: Card, has_picture: bool) -> str:
    """A model card in the hub's form: metadata, then what a reader wants to know."""
    metadata = {
        "license": card.licence.lower(),
        "library_name": "keras",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["keras", "keras_genzoo", card.model],
        "model-index": [
            {
                "name": card.name,
                "results": [
                    {
                        "task": {"type": "unconditional-image-generation"},
                        "dataset": {"name": card.data.name, "type": card.data.name},
                        "metrics": [{"type": score.name, "value": score.value} for score in card.metrics],
                    }
                ],
            }
        ],
    }
    trained, file = card.trained, card.file
    scores = "".join(f"| {score.name} | {score.value:.4g} |\n" for score in card.metrics)
    table = ["| metric | value |", "| --- | --- |", scores, "How each was measured is in `card.json`.", ""]
    return "\n".join(
        [
            "---",
            *(f"{key}: {json.dumps(value)}" for key, value in metadata.items()),  # JSON is YAML
            "---",
            "",
            f"# {card.title}",
            "",
            card.about,
            "",
            *(["![Samples](samples.png)", ""] if has_picture else []),
            "```python",
            "import keras_genzoo as genzoo",
            "",
            'model = genzoo.from_pretrained("hf://ORG/REPO")  # this repository',
            "```",
            "",
            f"Trained on {card.data.name} (licence: {card.data.licence}), {trained.images:,} images seen, seed "
            f"{trained.seed}, {trained.minutes:g} minutes on {trained.machine} in {trained.precision}. Weights: "
            f"{file.bytes:,} bytes, {file.dtype}, licence {card.licence}.",
            "",
            *(table if scores else []),
            "`preset.json` trains it again: `genzoo train preset.json --output runs/again`.",
            "",
        ]
    )
