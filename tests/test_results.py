"""The table of results: made of what was measured, and of presets that there are."""

import json
import sys

import pytest

from keras_genzoo import list_presets
from keras_genzoo.config import find
from tests.test_layout import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import train_all

RESULTS = json.loads(train_all.RESULTS.read_text())


def test_the_table_is_what_the_results_say(tmp_path, monkeypatch):
    written = train_all.TABLE.read_text()
    monkeypatch.setattr(train_all, "TABLE", tmp_path / "results.md")
    train_all.write_table(RESULTS)
    assert (tmp_path / "results.md").read_text() == written, "run python benchmarks/train_all.py --table"


def test_each_result_is_of_a_preset_and_has_numbers():
    assert set(RESULTS) <= set(list_presets())
    for name, row in RESULTS.items():
        assert row["images"] > 0 and row["minutes"] > 0 and row["metrics"], name


def test_a_stage_comes_after_the_one_that_it_begins_with():
    order = list(train_all.presets())
    assert all(order.index(second) > order.index(first) for second, first in train_all.FIRST.items())


@pytest.mark.parametrize("name", [name for name in list_presets() if train_all.for_gpu(find(name)[0])])
def test_a_preset_for_a_gpu_names_a_twin_for_a_cpu(name):
    about = find(name)[0]["about"]
    twins = [word for word in train_all.presets() if f" {word} was." in about]
    assert len(twins) == 1, about
