"""The documents tell the truth: tables are current, and the code in them runs."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import keras_genzoo as genzoo

ROOT = Path(__file__).parent.parent


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


def test_readme_tables_are_current():
    tool = runpy.run_path(str(ROOT / "tools" / "readme.py"))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tool["current"](text) == text, "run: python tools/readme.py"


def test_readme_links_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / link).exists(), link


@pytest.mark.slow
def test_readme_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example, folder, metrics = blocks("README.md", "python")
    scope: dict = {"genzoo": genzoo}
    (tmp_path / "path" / "to" / "images").mkdir(parents=True)
    for number in range(200):
        Image.new("RGB", (64, 64)).save(tmp_path / "path" / "to" / "images" / f"{number}.png")
    exec(folder.splitlines()[0], scope)
    assert (len(scope["train"]), len(scope["held_out"])) == (100, 100)
    exec(example.replace("epochs=10", "epochs=1").replace("size=32,", "size=32, num_images=128, held_out=8,"), scope)
    assert scope["images"].shape == (16, 32, 32, 3)
    assert (tmp_path / "saved_model" / "saved_model.pb").is_file()
    scope["real_features"], scope["generated_features"] = np.random.default_rng(0).normal(size=(2, 50, 4))
    exec(metrics, scope)
    assert scope["distance"] > 0 and 0 < scope["recall"] <= 1


@pytest.mark.slow
def test_contributing_example_is_true_to_the_letter():
    """The model and the preset of CONTRIBUTING.md train as they stand there, in a registry of their own."""
    import json

    import keras

    import keras_genzoo.models  # noqa: F401 - registers the real one
    from keras_genzoo.registry import MODELS

    (model_code,), (preset,) = blocks("CONTRIBUTING.md", "python"), blocks("CONTRIBUTING.md", "json")
    assert model_code == (ROOT / "keras_genzoo" / "models" / "ae.py").read_text(encoding="utf-8")
    entries, registered = dict(MODELS._entries), dict(keras.saving.get_custom_objects())
    MODELS._entries.pop("ae", None)
    module = type(sys)("contributed")
    try:
        exec(model_code, module.__dict__)
        model = MODELS["ae"](**MODELS["ae"].tiny)
        model.compile()
        x = np.random.default_rng(0).uniform(0.5, 1, (8, 8, 8, 3)).astype("float32")
        before = model.evaluate(x, verbose=0)
        model.fit(x, batch_size=4, epochs=30, verbose=0)
        assert model.evaluate(x, verbose=0) < before
        assert genzoo.build(json.loads(preset)).latent_dim == 64
    finally:
        MODELS._entries.clear()
        MODELS._entries.update(entries)
        keras.saving.get_custom_objects().clear()
        keras.saving.get_custom_objects().update(registered)
