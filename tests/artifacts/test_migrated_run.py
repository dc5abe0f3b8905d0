"""A run whose config.json was written in an older version of the presets' format."""

import json

import pytest

from keras_genzoo import config
from keras_genzoo.artifacts import Run, RunError
from tests.artifacts.helpers import PRESET, RECORD

OPTIONS = {"lecam_weight": 0.3, "augment": ["cutout"]}
# As schema 1 wrote it down, with every default.
RESOLVED = {
    **OPTIONS,
    "penalty_weight": 0.0,
    "r1_weight": 0.0,
    "r1_every": 16,
    "augment_target": None,
    "augment_images": 500000,
}
NEW = {
    "regularizers": [{"regularizer": "lecam", "weight": 0.3}],
    "discriminator_augmentation": {"augmentation": "diffaugment", "operations": ["cutout"]},
}


def preset(schema, **arguments):
    return {**PRESET, "schema": schema, "arguments": {**PRESET["arguments"], **arguments}}


@pytest.fixture
def old_run(tmp_path):
    with Run.create(tmp_path, preset(2, **NEW), RECORD) as run:
        written = json.loads((tmp_path / "config.json").read_text())
    rest = {key: value for key, value in written["arguments"].items() if key not in NEW}
    old = {**written, "schema": 1, "arguments": {**rest, **RESOLVED}}
    (tmp_path / "config.json").write_text(json.dumps(old))
    return run


def test_it_is_read_in_the_present_format(old_run):
    assert old_run.config == config.resolve(preset(2, **NEW))


@pytest.mark.parametrize("given", [preset(1, **OPTIONS), preset(2, **NEW)])
def test_it_is_resumed_by_a_preset_of_either_format(old_run, given):
    with Run.resume(old_run.path, given):
        assert json.loads((old_run.path / "config.json").read_text()) == config.resolve(preset(2, **NEW))


def test_another_preset_is_refused_as_ever(old_run):
    with pytest.raises(RunError, match=r"was trained with arguments\.regularizers.* = .*0\.3.*, not .*0\.5"):
        Run.resume(old_run.path, preset(1, **OPTIONS | {"lecam_weight": 0.5}))
