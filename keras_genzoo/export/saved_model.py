"""SavedModels: written beside their destination, run in a clean process, compared, and only then put in place."""

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.export.endpoint import Endpoint
from keras_genzoo.files import expanded, obstacle, sha256_of
from keras_genzoo.types import ArraySpec
from keras_genzoo.untrusted import UntrustedError, strict_json
from keras_genzoo.version import __version__

MARK = "keras_genzoo.json"
"""File in an exported folder that says what wrote it, with the digests of what it wrote."""
_MARK_LIMIT = 2**20
# What two compilations of one model may differ by, relative to its largest output, by the type it computes in.
_SLACK = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}

# The share of an answer that may differ by more where a model jumps: halfway between codes, either is right.
_JUMPING = 0.1

# The share of an answer of a model that computes in halves, whose roundings now and then add up, and by how many times
# more it may then differ.
_RARE, _RARELY = 1e-3, 4.0

_CHECK = """
import sys
import numpy as np
import tensorflow as tf
model, inputs, outputs = sys.argv[1:]
loaded = tf.saved_model.load(model)
with np.load(inputs) as given:
    calls = {}
    for key in given.files:
        calls.setdefault(key.split("/")[0], []).append(tf.constant(given[key]))
answers = {}
for name, arguments in calls.items():
    answer = getattr(loaded, name)(*arguments)
    parts = answer if isinstance(answer, dict) else {"": answer}
    answers.update({f"{name}/{key}": value.numpy() for key, value in parts.items()})
np.savez(outputs, **answers)
"""


def export_saved_model(model: Any, path: str | os.PathLike, verify: bool = True) -> Path:
    """Writes a SavedModel of `model.endpoints()`, the first of which becomes `serving_default`.

    Args:
        model: a built `GenerativeModel`.
        path: folder to make; one that holds an older SavedModel is replaced.
        verify: bool, whether to load it in a clean process and compare its answers with the model's.

    Returns:
        The path.

    Raises:
        ValueError: Keras does not run on TensorFlow, or a weight is NaN or infinite.
        FileExistsError: `path` holds something else.
        RuntimeError: the exported model does not answer as the model does; nothing is left behind.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"export: a SavedModel is TensorFlow's, but Keras runs on {keras.backend.backend()}: save the weights, and "
            "export them with the environment variable KERAS_BACKEND=tensorflow."
        )
    path = check_place(path)
    if wrong := model.not_finite():
        raise ValueError(f"export: {wrong[0]} is not finite, the training diverged: export a state from before.")
    path.parent.mkdir(parents=True, exist_ok=True)
    endpoints = model.endpoints()
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        written = Path(folder) / "model"
        _write(model, endpoints, written)
        if verify:
            _verify(endpoints, written, _SLACK[model.dtype_policy.compute_dtype])
        mark = {"keras_genzoo": __version__, "sha256": _digests(written)}
        (written / MARK).write_text(json.dumps(mark, indent=2) + "\n", encoding="utf-8")
        if path.exists():
            path.rename(Path(folder) / "older")
        written.rename(path)
    return path


def check_place(path: str | os.PathLike) -> Path:
    """The folder of a SavedModel to be written.

    Raises:
        FileExistsError: it holds something else.
        NotADirectoryError: its folder cannot be made.
    """
    path = expanded(path)
    if path.exists() and not (path / "saved_model.pb").is_file() and (path.is_file() or any(path.iterdir())):
        raise FileExistsError(f"export: '{path}' exists and is no SavedModel: choose another folder.")
    if what := obstacle(path):
        raise NotADirectoryError(f"export: '{path}' {what}: choose another folder.")
    return path


def was_exported(path: str | os.PathLike) -> bool:
    """Whether a SavedModel is one of `export_saved_model`, and as it was written.

    It is no proof: whoever changes a SavedModel can write the mark anew.

    Args:
        path: the folder.
    """
    mark = Path(path, MARK)
    try:
        content = strict_json.read(mark, _MARK_LIMIT)
    except UntrustedError:  # it is missing, or not one of ours
        return False
    return isinstance(content, dict) and content.get("sha256") == _digests(Path(path))


def _digests(path: Path) -> dict[str, str]:
    """SHA-256 of each file that decides what a SavedModel answers."""
    found = {}
    for file in sorted([path / "saved_model.pb", *path.glob("variables/**/*"), *path.glob("assets/**/*")]):
        if file.is_file():
            found[file.relative_to(path).as_posix()] = sha256_of(file)
    return found


def _write(model: Any, endpoints: dict[str, Endpoint], path: Path) -> None:
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, endpoint in endpoints.items():
        signature = [tf.TensorSpec(spec.shape, spec.dtype, name=key) for key, spec in endpoint.inputs.items()]
        archive.add_endpoint(name=name, fn=endpoint.function, input_signature=signature)
    archive.write_out(str(path), verbose=False)


def _example(spec: ArraySpec) -> np.ndarray:
    """An input to compare with: two examples where any number may come, and 3 for a number, a half for a float."""
    sizes = [size or 2 for size in spec.shape]
    if not sizes:
        return np.array(0.5 if spec.dtype.startswith("float") else 3, spec.dtype)
    numbers = counter_rng.uniform(0, np.arange(sizes[0]), math.prod(sizes[1:])).reshape(sizes)
    # Floats in [-1, 1], or grey levels, numbers of images, codes.
    return (2 * numbers - 1 if spec.dtype.startswith("float") else spec.below * numbers).astype(spec.dtype)


def _verify(endpoints: dict[str, Endpoint], path: Path, slack: float) -> None:
    from keras import ops

    inputs = {name: [_example(spec) for spec in endpoint.inputs.values()] for name, endpoint in endpoints.items()}
    answers = _answers_of_a_clean_process(inputs, path)
    for name, endpoint in endpoints.items():
        expected = endpoint.function(*(ops.convert_to_tensor(value) for value in inputs[name]))
        parts = expected if isinstance(expected, dict) else {"": expected}
        for key, part in parts.items():
            answer, label = answers[f"{name}/{key}"], f"{name}.{key}" if key else name
            _compare(label, answer, ops.convert_to_numpy(part), slack, endpoint.jumps)


def _compare(name: str, answer: np.ndarray, expected: np.ndarray, slack: float, jumps: bool) -> None:
    tolerance = slack * max(1.0, float(np.abs(expected.astype("float32")).max()))
    if expected.dtype == np.uint8:  # a value halfway between two grey levels may be rounded either way
        tolerance = 1.0 + 127.5 * slack
    elif expected.dtype.kind in "iu":
        tolerance = 0.0
    difference = np.abs(answer.astype("float32") - expected.astype("float32"))
    share, halves = _JUMPING * jumps, slack > _SLACK["float32"]
    if halves and np.max(difference, initial=0.0) <= _RARELY * tolerance:
        share = max(share, _RARE)
    if not np.mean(difference <= tolerance) >= 1.0 - share:
        raise RuntimeError(
            f"export: the endpoint '{name}' differs from the model by {difference.max():g}, where at most "
            f"{tolerance:g} is allowed: nothing was exported."
        )


def _answers_of_a_clean_process(inputs: dict[str, list[np.ndarray]], path: Path) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        given, answered = Path(folder, "inputs.npz"), Path(folder, "outputs.npz")
        arrays = {f"{name}/{number}": value for name, one in inputs.items() for number, value in enumerate(one)}
        np.savez(given, **arrays)  # type: ignore[arg-type]
        command = [sys.executable, "-c", _CHECK, os.path.abspath(path), str(given), str(answered)]
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        process = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder)
        if process.returncode:
            reason = (process.stderr.strip().splitlines() or ["no message"])[-1]
            raise RuntimeError(f"export: the SavedModel cannot be used in a clean process: {reason}")
        with np.load(answered) as answers:
            return dict(answers)
