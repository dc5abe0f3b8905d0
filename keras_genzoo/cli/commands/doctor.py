"""`genzoo doctor`: what a bug report needs: versions, devices, what works, what data is there. Or how a run does."""

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_genzoo.cli.arguments import path
from keras_genzoo.cli.io.console import one_line, quiet
from keras_genzoo.printable import columns, printable

if TYPE_CHECKING:
    from keras_genzoo.artifacts import Run

_SETTINGS = ("KERAS_BACKEND", "KERAS_HOME", "GENZOO_CACHE", "CUDA_VISIBLE_DEVICES", "XLA_FLAGS", "TF_XLA_FLAGS")

EPILOG = """examples:
  genzoo doctor             this machine
  genzoo doctor runs/faces  that training"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        type=path,
        help="a run folder: what is wrong with its training; without it, this machine",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Examines the machine, or reads what was found in a run, and prints it."""
    from keras_genzoo.artifacts import Run

    if args.run is not None:
        _print_findings(Run(args.run), args.json)
        return
    with quiet():
        found = examination()
    if args.json:
        print(json.dumps(found, indent=2))
        return
    rows = [(key.replace("_", " "), _text(value)) for key, value in found.items()]
    print(columns(rows, indent=0))


def _print_findings(run: "Run", as_json: bool) -> None:
    """Prints what was found while a run was trained."""
    from keras_genzoo.artifacts import RunError
    from keras_genzoo.diagnosis import ADVICE, record

    timeline, diverged = record.read(run.path), run.divergences()
    if not timeline.observations and not timeline.stopped:
        raise RunError(
            f"'{run.path}' holds no {record.FILE}: it was trained by --no-diagnosis, or by an older version."
        )
    if as_json:
        lines = [{"finding": "divergence", **line} for line in diverged]
        print(json.dumps([*(finding.line() for finding in timeline.findings), *lines], indent=2))
        return
    texts = [finding.text for finding in timeline.findings]
    texts += [
        f"{ADVICE['divergence'].name}: {line.get('what')} was {line.get('value') or 'not finite'} in epoch "
        f"{line.get('epoch')}, step {line.get('step')}. What helps: {ADVICE['divergence'].words} "
        f"({ADVICE['divergence'].source})"
        for line in diverged
    ]
    if not texts or timeline.stopped:
        texts.append(timeline.summary if not texts else f"Then it could not go on: {timeline.stopped}")
    print("\n\n".join(map(printable, texts)))


def examination() -> dict[str, Any]:
    """What there is on this machine, as JSON has it."""
    import keras

    from keras_genzoo import config
    from keras_genzoo.artifacts import environment
    from keras_genzoo.artifacts.environment import PACKAGE
    from keras_genzoo.data.prepared import cache_folder

    return {
        **environment(),
        "xla": xla(),
        "precision": keras.config.dtype_policy().name,
        "package": str(PACKAGE),
        "presets": len(config.list_presets()),
        "cache": _size(cache_folder()),
        "keras_datasets": _names(Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"),
        "settings": {name: os.environ[name] for name in _SETTINGS if name in os.environ},
    }


def xla() -> str:
    """Whether XLA compiles and runs a small function here, and how long that takes."""
    import keras

    began = time.perf_counter()
    try:
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            result = float(tf.function(lambda x: tf.reduce_sum(x * x), jit_compile=True)(tf.ones(8)))
        else:
            import jax

            result = float(jax.jit(lambda x: (x * x).sum())(jax.numpy.ones(8)))
    except Exception as error:  # whatever is wrong, the report shall say it
        return f"does not work: {one_line(error)}"
    return f"works ({time.perf_counter() - began:.1f} s)" if result == 8.0 else f"computes {result} where 8 is right"


def _size(folder: Path) -> str:
    files = [path for path in folder.glob("*.npy")] if folder.is_dir() else []
    return f"{folder}: {len(files)} prepared folders, {sum(path.stat().st_size for path in files) / 2**20:,.0f} MiB"


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={item}" for name, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)
