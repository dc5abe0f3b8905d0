"""A training that is killed again and again, and resumed, ends bit for bit as one that is left alone."""

import hashlib
import json
import random
import time
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

from keras_genzoo.artifacts import Checkpoints
from keras_genzoo.registry import MODELS
from tests.contracts.helpers import plain
from tests.contracts.lots import DIFFERENT, in_the_matrix_but
from tests.kills import children
from tests.kills.conftest import Nursery, wait_until

pytestmark = pytest.mark.slow

EPOCHS, STEPS = 3, 6
DATA = {"dataset": "random_images", "batch_size": 4, "num_images": 65, "held_out": 6, "augment": ["flip", "shift"]}
DIAGNOSED = ("vae", "dcgan")
WITH_DROPOUT = "vae with dropout"
DROPOUT = {"encoder": {"network": "dropout_encoder"}}  # which draws from seeds of its own


def preset(case: str) -> dict[str, Any]:
    """A tiny training of a registered model."""
    model, _, dropout = case.partition(" with ")
    arguments = {**plain(MODELS[model].tiny), **(DROPOUT if dropout else {})}
    fit = {"epochs": EPOCHS, "steps_per_epoch": STEPS}
    return {"schema": 1, "model": model, "data": DATA, "arguments": arguments, "fit": fit}


def first_stage_of(second: dict[str, Any]) -> dict[str, Any]:
    """The training that a second stage begins with: the same networks, and what else they have in common."""
    first = MODELS[second["model"]](**second["arguments"]).first_models[0]
    arguments = {name: value for name, value in second["arguments"].items() if name in MODELS[first].tiny}
    return {**second, "model": first, "arguments": arguments, "fit": {"epochs": 1, "steps_per_epoch": 1}}


class Runs(NamedTuple):
    """Three run folders of one training."""

    whole: Path
    unvalidated: Path
    killed: Path
    resumed: list[tuple[int, int]]  # from where the killed one went on: complete epochs and further steps


@pytest.fixture(scope="module", params=in_the_matrix_but([*DIFFERENT, WITH_DROPOUT], [WITH_DROPOUT]))
def runs(request: pytest.FixtureRequest, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A model in turn: left alone, without validation, and killed."""
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "-"))
    told, first = folder / "preset.json", folder / "first.json"
    told.write_text(json.dumps(preset(request.param)))
    stages = bool(MODELS[request.param.partition(" with ")[0]].first_stage)

    def genzoo(name: str, *words: str) -> Any:
        every = ["--checkpoint-every", "0" if name == "killed" else "60"]
        doctor = [] if request.param in DIAGNOSED else ["--no-diagnosis"]  # whose graph takes as long as the training's
        begun = ["--from", str(folder / "first")] if stages and name != "first" and "--resume" not in words else []
        chosen = str(first if name == "first" else told)
        words = ("train", chosen, "--output", str(folder / name), "--seed", "7", *every, *doctor, *begun, *words)
        return nursery.start(children.genzoo, words, folder / f"{name}.log")

    def finish(child: Any, name: str) -> None:
        child.join()
        assert child.exitcode == 0, (folder / f"{name}.log").read_text()

    if stages:
        first.write_text(json.dumps(first_stage_of(preset(request.param))))
        finish(genzoo("first"), "first")
    others = {"whole": genzoo("whole"), "unvalidated": genzoo("unvalidated", "--held-out", "0")}
    resumed = kill_again_and_again(nursery, genzoo, folder / "killed", random.Random(request.param))
    finish(genzoo("killed", "--resume"), "killed")
    for name, child in others.items():
        finish(child, name)
    return Runs(folder / "whole", folder / "unvalidated", folder / "killed", resumed)


def kill_again_and_again(nursery: Nursery, genzoo: Any, run: Path, moments: random.Random) -> list[tuple[int, int]]:
    """Kills a training before its first checkpoint, and at least twice after it; tells what it left."""
    saved, left = Checkpoints(run / "checkpoints"), []
    child = genzoo("killed")
    wait_until((run / "config.json").is_file, child)
    time.sleep(moments.uniform(0.0, 0.3))
    nursery.kill(child)
    left.append(saved.newest)
    while len(left) < 3 or not any(step for _, step in left):
        epoch, step = left[-1]
        goal = epoch * STEPS + step + moments.randint(2, 4)
        child = genzoo("killed", "--resume")
        wait_until(lambda goal=goal: saved.newest >= divmod(goal, STEPS), child)
        time.sleep(moments.uniform(0.0, 0.03))
        nursery.kill(child)
        left.append(saved.newest)
    return left


def test_the_kills_fell_into_the_training(runs):
    assert runs.resumed[0] == (0, 0)  # it was building or compiling: nothing was saved yet
    assert sorted(set(runs.resumed)) == runs.resumed and runs.resumed[-1] < (EPOCHS, 0)
    assert any(step for _, step in runs.resumed)


def arrays(weights: Path) -> dict[str, tuple]:
    """A digest of each array in a file of weights."""
    found = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            value = np.asarray(item)
            found[name] = (value.shape, str(value.dtype), hashlib.sha256(value.tobytes()).hexdigest())

    with h5py.File(weights, "r") as file:
        file.visititems(note)
    return found


def last(run: Path) -> Path:
    """The newest checkpoint."""
    newest = next(iter(Checkpoints(run / "checkpoints")))
    assert newest.name == f"epoch-{EPOCHS:04d}"
    return newest


def test_weights_averages_optimizers_and_seeds_are_the_same_bits(runs):
    expected = arrays(last(runs.whole) / "model.weights.h5")
    assert any("optimizer" in name for name in expected) and any("seed_" in name for name in expected)
    assert arrays(last(runs.killed) / "model.weights.h5") == expected
    assert arrays(runs.killed / "model.weights.h5") == expected


def test_validation_leaves_no_trace(runs):
    assert arrays(runs.unvalidated / "model.weights.h5") == arrays(runs.whole / "model.weights.h5")


def test_the_position_is_the_same(runs):
    one, other = (json.loads((last(run) / "meta.json").read_text()) for run in (runs.killed, runs.whole))
    assert one == other and one["iterations"] == EPOCHS * STEPS


def history(run: Path) -> list[dict[str, Any]]:
    """What was logged, but for the time that it took."""
    lines = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_the_history_is_the_same(runs):
    logged = history(runs.whole)
    assert [line["epoch"] for line in logged] == list(range(1, EPOCHS + 1))
    assert history(runs.killed) == logged
    without = [{key: value for key, value in line.items() if not key.startswith("val_")} for line in logged]
    assert history(runs.unvalidated) == without != logged


def test_nothing_half_written_is_left(runs):
    assert {path.name for path in runs.killed.rglob(".*")} <= {".lock", ".lock.pid"}
