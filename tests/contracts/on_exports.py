"""A process of its own: loads SavedModels without this package. Its arguments are a folder and names.

For each `<name>`, calls every endpoint that `<name>.inputs.npz` has arrays for, and writes `<name>.outputs.npz`.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf


def main(folder: Path, names: list[str]) -> None:
    """Calls these models."""
    for name in names:
        loaded = tf.saved_model.load(str(folder / name))
        calls: dict[str, dict[str, tf.Tensor]] = {}
        with np.load(folder / f"{name}.inputs.npz") as inputs:
            for key in inputs.files:
                endpoint, _, argument = key.partition("-")
                calls.setdefault(endpoint, {})[argument] = tf.constant(inputs[key])
        outputs = {}
        for endpoint, arguments in calls.items():
            answer = getattr(loaded, endpoint)(*arguments.values())
            parts = answer if isinstance(answer, dict) else {"": answer}
            outputs |= {f"{endpoint}-{key}": value for key, value in parts.items()}
        (default,) = loaded.signatures["serving_default"](**calls["serve"]).values()
        np.savez(folder / f"{name}.outputs.npz", serving_default=default, **outputs)
    assert "keras_genzoo" not in sys.modules


main(Path(sys.argv[1]), sys.argv[2:])
