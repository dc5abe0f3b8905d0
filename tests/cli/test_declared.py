"""Options that a model declares for its samples: on the command line of `sample` and `evaluate`."""

from typing import Annotated, Literal

import keras
import numpy as np
import pytest
from annotated_types import Ge, Le
from PIL import Image

import keras_genzoo
from keras_genzoo.capabilities import SampleOption
from keras_genzoo.evaluation import read
from keras_genzoo.models.vae import VAE
from keras_genzoo.registry import MODELS
from tests.cli.conftest import PRESET


@pytest.fixture(scope="module")
def dimmed(tmp_path_factory):
    """A run of a model whose images can be made darker."""

    @keras.saving.register_keras_serializable("tests")
    class Dimmed(VAE):
        """A VAE with two options."""

        sample_options = {
            "how_dark": SampleOption(0.0, "how dark images are", Annotated[float, Ge(0), Le(1)]),
            "tone": SampleOption("as_is", "which tone", Literal["as_is", "inverted"], tensor=False),
        }

        def sample(self, indices, seed, how_dark=0.0, tone="as_is"):
            made = super().sample(indices, seed)
            return (1.0 - how_dark) * (1.0 + (-made if tone == "inverted" else made)) - 1.0

    MODELS.register("dimmed")(Dimmed)
    preset = {**PRESET, "model": "dimmed", "fit": {"epochs": 1, "steps_per_epoch": 1}}
    try:
        yield keras_genzoo.train(preset, tmp_path_factory.mktemp("runs") / "run", diagnosis=False).path
    finally:
        del MODELS._entries["dimmed"]


@pytest.mark.slow
def test_samples_are_made_by_them(genzoo, dimmed, tmp_path):
    words = ["sample", dimmed, "--num", 4, "--output", tmp_path / "a.png"]
    code, text, complaint = genzoo(*words, "--how-dark", 1)
    assert (code, complaint) == (0, "") and "4 images of seed 0, how_dark 1.0: " in text
    with Image.open(tmp_path / "a.png") as picture:
        assert not np.asarray(picture)[:90, :90].any()  # the first image, six times enlarged
    assert genzoo(*words, "--tone=inverted")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--how-dar", 1), "genzoo sample takes no '--how-dar'; did you mean '--how-dark'?"),
        (("--nun", 1), "genzoo sample takes no '--nun'; did you mean '--num'?"),
        (("--how-dark", 2), "argument --how-dark: expected a number less than or equal to 1, got 2"),
        (
            ("--how-dark", "very"),
            "argument --how-dark: expected a valid number, unable to parse string as a number, got 'very'",
        ),
        (("--tone", "invert"), "did you mean 'inverted'?"),
    ],
)
def test_others_are_refused(mistake, dimmed, tmp_path, words, message):
    assert message in mistake("sample", dimmed, "--output", tmp_path / "a.png", *words)


def test_a_model_that_declares_none_takes_none(mistake, trained, tmp_path):
    line = mistake("sample", trained, "--output", tmp_path / "a.png", "--truncation", 0.7)
    assert "genzoo sample takes no '--truncation'" in line


def test_help_lists_them_for_a_run(genzoo, dimmed):
    code, text, _ = genzoo("sample", dimmed, "--help")
    assert code == 0 and "--how-dark" in text and "how dark images are (default 0.0)" in text
    assert "--how-dark" in genzoo("evaluate", "--num", 4, dimmed, "--help")[1]
    assert "--how-dark" not in genzoo("sample", "--help")[1]


@pytest.mark.slow
def test_they_are_a_part_of_the_protocol(genzoo, dimmed, tmp_path):
    words = ["evaluate", dimmed, "--features", "pixels", "--metrics", "frechet", "--num", 20, "--output", tmp_path]
    assert genzoo(*words)[0] == genzoo(*words, "--how-dark", 1.0)[0] == 0
    plain, dark = read(tmp_path)["frechet_pixels"]
    assert plain.protocol["generated"] == {"count": 20, "pixels": "uint8"}
    assert dark.protocol["generated"] == {"count": 20, "pixels": "uint8", "options": {"how_dark": 1.0}}
    assert dark.value != plain.value


def test_what_is_no_run_takes_none(mistake, dimmed, folder):
    words = ["evaluate", folder, "--data", dimmed, "--features", "pixels", "--metrics", "frechet"]
    assert "genzoo evaluate takes no '--how-dark'" in mistake(*words, "--how-dark", 1)
