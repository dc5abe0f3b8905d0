"""What is installed: the wheel has all modules, the presets, types and the `genzoo` command."""

import ast
import configparser
import email
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from keras_genzoo.version import __version__

ROOT = Path(__file__).parents[1]
PRESETS = {path.name for path in (ROOT / "zoo_configs").glob("*.json")}


def run(*command, cwd, **environment):
    """Runs a command and returns what it prints; its error output is the message if it fails."""
    keep = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=keep | environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, made from the source distribution of a copy of the checkout."""
    folder = tmp_path_factory.mktemp("packaging")
    source = folder / "source"
    for name in ("keras_genzoo", "zoo_configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(folder)!r})"
    run(sys.executable, "-c", build, cwd=source)
    with tarfile.open(folder / f"keras_genzoo-{__version__}.tar.gz") as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    run(sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", folder, unpacked, cwd=folder)
    return folder / f"keras_genzoo-{__version__}-py3-none-any.whl"


@pytest.mark.slow
def test_the_wheel_holds_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"keras_genzoo-{__version__}.dist-info/"
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "keras_genzoo").rglob("*.py")}
    presets = {f"keras_genzoo/zoo_configs/{name}" for name in PRESETS}
    pretrained = ROOT / "keras_genzoo" / "pretrained"
    kept = [path for folder in ("cards", "weights") for path in (pretrained / folder).iterdir()]
    cards = {path.relative_to(ROOT).as_posix() for path in kept}
    assert cards and len(cards) % 2 == 0  # each with its weights
    found = {name for name in names if not name.startswith(info)}
    assert found == modules | presets | cards | {"keras_genzoo/py.typed"}
    assert any(name.startswith(info) and name.endswith("/LICENSE") for name in names)


@pytest.mark.slow
def test_the_wheel_declares_its_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"keras_genzoo-{__version__}.dist-info/entry_points.txt").decode()
    entry_points = configparser.ConfigParser()
    entry_points.read_string(text)
    assert dict(entry_points["console_scripts"]) == {"genzoo": "keras_genzoo.cli:main"}


@pytest.mark.slow
def test_the_wheel_declares_what_it_imports(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(f"keras_genzoo-{__version__}.dist-info/METADATA"))
        sources = [archive.read(name) for name in archive.namelist() if name.endswith(".py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    foreign = {module.split(".")[0] for module in modules} - sys.stdlib_module_names - {"keras_genzoo"}
    runtime = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    declared = {re.match(r"[\w.-]+", line)[0].replace("-", "_") for line in runtime}
    declared.add("pydantic_core")  # comes with pydantic, which pins it
    called = {"PIL": "pillow", "sklearn": "scikit_learn"}
    assert {called.get(name, name) for name in foreign} - declared == {
        "huggingface_hub",
        "imageio_ffmpeg",
        "jax",
        "tensorflow_datasets",
    }  # extras
    assert not {"jax", "tensorflow_datasets", "pytest", "mypy", "ruff"} & declared


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
@pytest.mark.parametrize(("target", "extras"), [("demo", ["."]), ("test", [".", ".[dev]"])])
def test_make_installs_what_a_target_needs(target, extras, tmp_path):
    for name in ("Makefile", "setup.py"):
        shutil.copy(ROOT / name, tmp_path)
    commands = run("make", "--dry-run", target, cwd=tmp_path)
    assert re.findall(r"-e '(.*?)'", commands) == extras
    folder = tmp_path / ".venv"
    folder.mkdir()
    stamps = re.findall(r"touch \.venv/([\w-]+)", commands)
    for stamp in stamps:
        (folder / stamp).touch()
    assert "pip install" not in run("make", "--dry-run", target, cwd=tmp_path)
    later = (folder / stamps[-1]).stat().st_mtime + 10
    os.utime(tmp_path / "setup.py", (later, later))
    assert re.findall(r"-e '(.*?)'", run("make", "--dry-run", target, cwd=tmp_path)) == extras


@pytest.mark.slow
def test_the_installed_wheel_runs_outside_the_checkout(wheel, tmp_path):
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path)
    paths = {key: sysconfig.get_path(key, "venv", vars={"base": str(venv)}) for key in ("purelib", "scripts")}
    python = Path(paths["scripts"], "python")
    # The libraries come from this environment, by a .pth file, which does not bring an editable install along.
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(paths["purelib"], "libraries.pth").write_text("\n".join(libraries), encoding="utf-8")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)

    where = run(python, "-c", "import keras_genzoo; print(keras_genzoo.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(paths["purelib"])
    by_script = run(Path(paths["scripts"], "genzoo"), "presets", "--json", cwd=tmp_path)
    by_module = run(python, "-m", "keras_genzoo", "presets", "--json", cwd=tmp_path)
    assert by_script == by_module
    assert {f"{preset['name']}.json" for preset in json.loads(by_script)} == PRESETS
