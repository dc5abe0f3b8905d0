"""The layout of the package: which room may import what. Read from the sources, without importing them."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "keras_genzoo"
# A file may import from its own room and from those before it. `__init__` is the public API, which commands may use.
ROOMS = [
    "version",
    "lazily",
    "printable",
    "bounds",
    "registry",
    "specs",
    "types",
    "untrusted",
    "files",
    "counter_rng",
    "backend",
    "images",
    "scalar_schedules",
    "optimizers",
    "data",
    "layers",
    "distributions",
    "networks",
    "losses",
    "samplers",
    "capabilities",
    "players",
    "averages",
    "freezing",
    "stages",
    "export",
    "guard",
    "feeding",
    "fitting",
    "saving",
    "named_weights",
    "in_batches",
    "model",
    "sampling",
    "models",
    "features",
    "metrics",
    "pretrained",
    "config",
    "artifacts",
    "evaluation",
    "uses",
    "diagnosis",
    "callbacks",
    "training",
    "publishing",
    "__init__",
    "cli",
    "__main__",
]
BACKENDS = {"tensorflow", "jax", "jaxlib", "torch"}
# Where a backend may be imported inside functions, besides backend/, which may import them anywhere.
LAZY_BACKENDS = {"data", "features", "untrusted", "export", "artifacts", "evaluation", "cli"}
# What runs on every backend is written in Keras' own operations.
PURE = {
    "layers": {"keras", "numpy"},
    "distributions": {"keras", "numpy"},
    "networks": {"keras", "numpy"},
    "losses": {"keras", "numpy"},
    "models": {"keras"},
}
# What is computed on the host, once, may be left to a library, imported in the function that does it.
ON_THE_HOST = {"layers": {"sklearn"}}
MAX_LINES = 400


class Import(NamedTuple):
    """One imported name: `module` is dotted, `lazy` means inside a function."""

    module: str
    name: str | None
    line: int
    lazy: bool


def imports_of(source: str, module: str) -> Iterator[Import]:
    """The imports that run: those under `if TYPE_CHECKING:` are left out. Relative ones are resolved from `module`."""

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                yield from visit(child, lazy)
            return
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, None, node.lineno, lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (Import(base, alias.name, node.lineno, lazy) for alias in node.names)
        lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, lazy)

    yield from visit(ast.parse(source), lazy=False)


def room_of(path: str) -> str:
    """The room of a file of the package, given relative to it."""
    return path.split("/")[0].removesuffix(".py")


def broken_rules(path: str, source: str) -> list[str]:
    """What a file of the package, given relative to it, does against the layout."""
    room, broken = room_of(path), []
    if room not in ROOMS:
        return [f"{path}: '{room}' is a new room: give it its place in ROOMS (and in the design)"]
    if ast.get_docstring(ast.parse(source)) is None:
        broken.append(f"{path}:1: has no module docstring")
    for module, name, line, lazy in imports_of(source, f"{PACKAGE}.{path.removesuffix('.py').replace('/', '.')}"):
        where, (top, *inner) = f"{path}:{line}", module.split(".")
        if top == PACKAGE:
            target = inner[0] if inner else name if name in ROOMS else "__init__"
            if target not in ROOMS[: ROOMS.index(room) + 1]:
                broken.append(f"{where}: room '{room}' imports from the later room '{target}'")
        elif top in BACKENDS and room != "backend" and not (lazy and room in LAZY_BACKENDS):
            broken.append(f"{where}: imports {top}, which is for backend/ ({', '.join(LAZY_BACKENDS)}: in functions)")
        elif lazy and top in ON_THE_HOST.get(room, ()):
            continue
        elif room in PURE and top not in PURE[room] | sys.stdlib_module_names:
            broken.append(f"{where}: room '{room}' imports {top}; it may import {', '.join(sorted(PURE[room]))}")
        if module == "keras.random":
            broken.append(f"{where}: write keras.random.{name or 'x'}: tests replace it there")
    return broken


def python_files(*folders: str) -> list[str]:
    """Python files under folders of the repository, as paths relative to it."""
    return sorted(path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", python_files(PACKAGE))
def test_a_file_keeps_the_layout(path):
    source = (ROOT / path).read_text(encoding="utf-8")
    assert broken_rules(path.removeprefix(f"{PACKAGE}/"), source) == []


@pytest.mark.parametrize("path", [*python_files(PACKAGE, "tests", "tools", "benchmarks"), "setup.py"])
def test_a_file_can_be_read_in_one_sitting(path):
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", python_files("tools", "benchmarks"))
def test_a_script_says_what_it_does(path):
    assert ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("path", "line", "rule"),
    [
        ("losses/divergence.py", "from keras_genzoo.models import vae", "later room 'models'"),
        ("losses/divergence.py", "from keras_genzoo import model", "later room 'model'"),
        ("losses/divergence.py", "from ..models.vae import VAE", "later room 'models'"),
        ("losses/divergence.py", "from .. import config", "later room 'config'"),
        ("losses/__init__.py", "from ..networks import x\nfrom ..players import y", "later room 'players'"),
        ("data/stream.py", "def f():\n    import keras_genzoo.model", "later room 'model'"),
        ("callbacks/grid.py", "import keras_genzoo", "later room '__init__'"),
        ("data/stream.py", "import tensorflow as tf", "imports tensorflow"),
        ("model.py", "def fit():\n    import tensorflow as tf", "imports tensorflow"),
        ("cli/commands/doctor.py", "try:\n    from jax import numpy\nexcept ImportError:\n    pass", "imports jax"),
        ("models/vae.py", "import numpy as np", "imports numpy"),
        ("losses/divergence.py", "import scipy.stats", "imports scipy"),
        ("layers/latent_mixture.py", "import sklearn", "imports sklearn"),
        ("models/vae.py", "from keras.random import normal", "write keras.random.normal"),
        ("plots.py", "import os", "new room"),
    ],
)
def test_the_rules_catch(path, line, rule):
    (broken,) = broken_rules(path, f'"""Docstring."""\n{line}\n')
    assert rule in broken


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("models/vae.py", "import math\n\nimport keras\nfrom keras import ops\n\nfrom keras_genzoo import losses"),
        ("losses/divergence.py", "from .adversarial import hinge\nfrom . import penalty\nimport numpy as np"),
        ("backend/tensorflow.py", "import tensorflow as tf"),
        ("layers/latent_mixture.py", "def fit():\n    from sklearn import mixture"),
        ("data/stream.py", "def f():\n    import tensorflow as tf"),
        ("model.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tensorflow as tf"),
        ("cli/train.py", "import keras_genzoo as genzoo"),
        ("__init__.py", "from keras_genzoo.config import build\nfrom keras_genzoo.version import __version__"),
    ],
)
def test_the_rules_allow(path, lines):
    assert broken_rules(path, f'"""Docstring."""\n{lines}\n') == []


def test_a_module_without_docstring_is_caught():
    assert broken_rules("counter_rng.py", "import math\n") == ["counter_rng.py:1: has no module docstring"]
