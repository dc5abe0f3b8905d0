"""Run folders of strangers."""

import contextlib
import hashlib
import json
import os
import shutil
import time
import warnings

import h5py
import numpy as np
import pytest

from keras_genzoo.artifacts import Position, Run, RunError
from keras_genzoo.evaluation import read
from keras_genzoo.untrusted import UntrustedError
from tests.security import files
from tests.security.conftest import NESTED, changed


@pytest.fixture
def sampled(stranger, refusal):
    """What is said when a run of a stranger, changed by a function, is to be sampled."""

    def sampled(change, *more):
        run = stranger.run()
        change(run, stranger)
        output = stranger.folder / "samples.png"
        complaint = refusal("sample", run, "--num", "4", "--output", output, *more)
        assert not output.exists()
        return complaint

    return sampled


def newest(run):
    return max((run / "checkpoints").glob("epoch-*"))


def replaced(name, make):
    """A change of a run that puts another file in the place of one of its own; `*` is the newest checkpoint."""

    def change(run, stranger):
        path = newest(run) / name[2:] if name.startswith("*/") else run / name
        path.unlink()
        make(path, stranger)

    return change


def text(name, content):
    content = content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
    return replaced(name, lambda path, _: path.write_bytes(content))


def pipe(name):
    return replaced(name, lambda path, _: os.mkfifo(path))


def link(name):
    """A file or folder of a run that lies outside of it."""

    def change(run, stranger):
        path = run / name
        target = stranger.outside / name.replace("/", "-")
        if path.exists():
            shutil.move(path, target)
        else:
            target.write_text("gold")
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(target)

    return change


LINKS = [
    "config.json",
    "environment.json",
    "history.jsonl",
    "losses.png",
    "samples",
    "checkpoints",
    "checkpoints/epoch-0002",
    "checkpoints/epoch-0002/model.weights.h5",
    "checkpoints/.aside-1",
    "model.weights.h5",
    "best",
    ".lock",
    ".lock.pid",
    "metric-fid.jsonl",
    "reconstructions.png",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", LINKS)
def test_links_out_of_a_run(name, sampled):
    assert "link" in sampled(link(name))


@pytest.mark.parametrize(
    "name", ["config.json", "environment.json", "*/model.weights.h5", "*/meta.json", "*/SHA256SUMS"]
)
def test_pipes(name, sampled):
    def change(run, stranger):
        pipe(name)(run, stranger)
        for checkpoint in (run / "checkpoints").glob("epoch-*"):  # there is nothing to go back to
            if checkpoint != newest(run):
                shutil.rmtree(checkpoint)

    sampled(change)


TEXTS = {
    "nesting": "[" * NESTED,
    "objects": '{"a":' * NESTED,
    "a list": "[]",
    "nothing": "",
    "no UTF-8": b'{"seed": "\xff"}',
    "a key twice": '{"seed": 1, "seed": 2}',
    "NaN": '{"seed": NaN}',
    "1e999": '{"seed": 1e999}',
    "half a surrogate pair": r'{"seed": "\ud800"}',
    "100,000 digits": f'{{"seed": {"9" * 100_000}}}',
}


@pytest.mark.parametrize("name", ["config.json", "environment.json"])
@pytest.mark.parametrize("case", TEXTS)
def test_what_is_no_json_of_a_run(case, name, sampled):
    assert name in sampled(text(name, TEXTS[case]))


@pytest.mark.parametrize("name", ["config.json", "environment.json"])
def test_a_hundred_megabytes_of_json(name, sampled):
    assert name in sampled(lambda run, _: os.truncate(run / name, 10**8))


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "../../evil"},
        {"compile__optimizer": {"module": "os", "class_name": "system", "config": {}}},
        {"arguments__latent_dim": 10**12},
        {"arguments__encoder": {"network": "conv_encoder", "filters": [8, 8], "kernel_size": 10**6}},
        {"data__batch_size": 10**12},
    ],
    ids=str,
)
def test_what_the_preset_of_a_run_says(changes, sampled):
    assert "config.json" in sampled(lambda run, _: changed(run / "config.json", **changes))


@pytest.mark.slow
@pytest.mark.parametrize("best", ["../../outside", "/etc", "..", ".", "", "fid\x1b[31m", "a/b", "{0.__class__}", "%n"])
def test_names_of_metrics(best, sampled):
    sampled(lambda run, _: (run / "best").mkdir(), f"--best={best}")


def summed(checkpoint):
    """Writes the checksums of what is there: a stranger can do that too."""
    sums = [
        f"{hashlib.sha256((checkpoint / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("model.weights.h5", "meta.json")
    ]
    (checkpoint / "SHA256SUMS").write_text("".join(sums))


@pytest.mark.slow
@pytest.mark.parametrize("case", files.HDF5)
def test_weights_of_a_run(case, sampled):
    make, expected = files.HDF5[case]

    def change(run, stranger):
        files.hdf5(newest(run) / "model.weights.h5", make, stranger)
        summed(newest(run))

    assert expected in sampled(change)


@pytest.mark.slow
@pytest.mark.parametrize("content", ["[" * NESTED, '{"epoch": NaN}', '{"epoch": "../../evil"}', "[]"])
def test_what_a_checkpoint_says(content, sampled):
    def change(run, stranger):
        for checkpoint in (run / "checkpoints").glob("epoch-*"):
            (checkpoint / "meta.json").write_text(content)
            summed(checkpoint)

    assert "meta.json" in sampled(change)


@pytest.mark.parametrize(
    "line", ["[" * NESTED, '{"epoch":' * NESTED, '{"epoch": NaN}', "[1]", "3", '{"epoch": "x"}', "\x00"]
)
def test_lines_of_the_history(line, stranger):
    run = stranger.run()
    before = Run(run).history()
    with (run / "history.jsonl").open("a") as file:
        file.write(f"{line}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert Run(run).history() == before


def test_a_history_without_end(stranger):
    run = stranger.run()
    os.truncate(run / "history.jsonl", 10**9)
    with pytest.raises((RunError, UntrustedError), match=r"history\.jsonl"):
        Run(run).history()


def test_going_on_with_a_run_of_links(stranger, refusal):
    run = stranger.run()
    link("samples")(run, stranger)
    assert "link" in refusal("train", "--output", run, "--resume", "--epochs", "3")


def test_what_is_measured_is_not_written_through_a_link(stranger, refusal):
    run = stranger.run()
    link("metric-mse.jsonl")(run, stranger)
    assert "link" in refusal("evaluate", run, "--metrics", "mse")
    assert json.loads((run / "config.json").read_text())


def said_by_checkpoints(**changes):
    """A change of a run whose checkpoints all say something else, with the right checksums."""

    def change(run, stranger):
        for checkpoint in (run / "checkpoints").glob("epoch-*"):
            changed(checkpoint / "meta.json", **changes)
            summed(checkpoint)

    return change


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stage": 10**9}, "meta.json: stage: expected less than 1, got 1000000000"),
        ({"stage": 1}, "meta.json: stage: expected less than 1, got 1"),
        ({"stage": "x"}, "meta.json: stage: expected a valid integer, got 'x'"),
        ({"stage": True}, "meta.json: stage: expected a valid integer, got true"),
        ({"stage": -1}, "meta.json: stage: expected greater than or equal to 0, got -1"),
        ({"rollbacks": -1}, "meta.json: rollbacks: expected greater than or equal to 0, got -1"),
        ({"iterations": 10**13}, "meta.json: iterations: expected less than or equal to 1000000000000"),
        ({"images": None}, "meta.json: images: expected a valid integer, got null"),
        ({"seconds": 1e301}, "meta.json: seconds: expected less than or equal to"),
        ({"metrics": ["\x1b[31m"] * 6}, r"meta.json: metrics.0: expected a valid number, got '\x1b[31m'"),
        ({"metrics": [1.0]}, "meta.json: metrics: expected 6 numbers, got 1"),
        ({"epoch": 10**9}, "meta.json: it holds the position of epoch-1000000000"),
        ({"step": 3}, "meta.json: it holds the position of epoch-0002-step-000003"),
    ],
    ids=str,
)
def test_fields_of_a_checkpoint(changes, expected, sampled):
    assert expected in sampled(said_by_checkpoints(**changes))


def renamed(**position):
    """A change of a run of one checkpoint, which holds another position under its right name."""

    def change(run, stranger):
        shutil.rmtree(run / "checkpoints" / "epoch-0001")
        old = newest(run)
        changed(old / "meta.json", **position)
        summed(old)
        old.rename(old.with_name(Position(**position).name))

    return change


@pytest.mark.parametrize("step", [4, 10**9])
def test_a_step_that_no_epoch_has(step, stranger, refusal):
    run = stranger.run()
    renamed(epoch=1, step=step)(run, stranger)
    complaint = refusal("train", "--output", run, "--resume", "--epochs", "3")
    assert f"initial_step is {step:,}, but an epoch has 4 steps" in complaint


def test_counts_below_zero(sampled):
    def change(run, stranger):
        for checkpoint in (run / "checkpoints").glob("epoch-*"):
            with h5py.File(checkpoint / "model.weights.h5", "r+") as file:
                file.visititems(lambda _, item: item.write_direct(np.array(-5, item.dtype)) if _counts(item) else None)
            summed(checkpoint)

    assert "a count of steps or images is negative" in sampled(change)


def _counts(item):
    return isinstance(item, h5py.Dataset) and item.shape == () and item.dtype.kind == "i"


FIELDS = {
    "jit": ({"jit": []}, "environment.json: jit: expected 'auto', 'on' or 'off', got []"),
    "seed": ({"seed": -1}, "environment.json: seed: expected greater than or equal to 0, got -1"),
    "a text as seed": ({"seed": "\x1b[31m"}, r"environment.json: seed: expected a valid integer, got '\x1b[31m'"),
    "no data": ({"data": None}, "environment.json: data: expected an object, got null"),
    "a count": ({"data__train__count": "x"}, "environment.json: data.train.count: expected a valid integer"),
    "a path": ({"data__path": ["/etc"]}, 'environment.json: data.path: expected a valid string, got ["/etc"]'),
    "a digest": ({"finished__sha256": "../../evil"}, "environment.json: finished.sha256: expected String should match"),
    "an end": ({"finished": [1]}, "environment.json: finished: expected an object, got [1]"),
    "measuring": (
        {"measuring": {"every": 0}},
        "environment.json: measuring.every: expected greater than or equal to 1",
    ),
    "a source": ({"from": {"path": 3}}, "environment.json: from.path: expected a valid string, got 3"),
    "resumed": ({"resumed": 3}, "environment.json: resumed: expected a valid array, got 3"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_fields_of_the_environment(case, stranger, refusal):
    changes, expected = FIELDS[case]
    run = stranger.run()
    changed(run / "environment.json", **changes)
    for words in (["sample", run, "--output", stranger.folder / "x.png"], ["train", "--output", run, "--resume"]):
        assert expected in refusal(*words)
    assert expected in refusal("evaluate", run, "--metrics", "mse")


@pytest.mark.parametrize("key", ["seed", "preset", "jit"])
def test_an_environment_without_what_a_training_needs(key, stranger, refusal):
    run = stranger.run()
    content = json.loads((run / "environment.json").read_text())
    del content[key]
    (run / "environment.json").write_text(json.dumps(content))
    assert f"environment.json: '{key}' is missing" in refusal("train", "--output", run, "--resume")


@pytest.mark.parametrize("name", ["model.weights.h5", "meta.json", "SHA256SUMS"])
@pytest.mark.parametrize("size", [10**10, 10**12])
def test_checkpoints_without_end(name, size, sampled):
    """They are refused before their checksums are computed, which takes minutes."""

    def change(run, stranger):
        for checkpoint in (run / "checkpoints").glob("epoch-*"):
            os.truncate(checkpoint / name, size)

    began = time.monotonic()
    assert name in sampled(change)
    assert time.monotonic() - began < 10


def test_finished_weights_without_end(sampled):
    def change(run, stranger):
        shutil.rmtree(run / "checkpoints")
        os.truncate(run / "model.weights.h5", 10**12)

    assert "model.weights.h5: a file of 1,000,000,000,000 bytes" in sampled(change)


@pytest.mark.parametrize("name", ["history.jsonl", "metric-mse.jsonl", "diverged.jsonl"])
def test_ten_million_lines(name, stranger):
    run = stranger.run()
    (run / name).write_text("{}\n" * 10_000_000)
    with pytest.raises((RunError, UntrustedError), match=r"10,000,000 lines; at most 200,000 are read"):
        {"history.jsonl": Run(run).history, "diverged.jsonl": Run(run).divergences}.get(name, lambda: read(run))()


def test_lines_of_other_fields_are_passed_over_with_one_warning(stranger, genzoo):
    run = stranger.run()
    lines = ['{"what": ["x"]}'] * 1000 + ['{"what": "\\u001b[31m", "epoch": 1, "step": 2}']
    (run / "diverged.jsonl").write_text("\n".join(lines) + "\n")
    code, text, complaint = genzoo("doctor", run)
    assert code == 0 and r"\x1b[31m was not finite in epoch 1, step 2" in text
    (warning,) = complaint.splitlines()
    assert "diverged.jsonl: line 1: what: expected a valid string, got" in warning and "1,000 in all" in warning


@pytest.mark.parametrize("name", ["samples", "history.jsonl", "losses.png", "best"])
def test_circles_of_links(name, stranger):
    run = stranger.run()
    if (run / name).is_dir():
        shutil.rmtree(run / name)
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(name)
    with contextlib.suppress(RunError):
        Run(run).history()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["environment.json", "history.jsonl", "diverged.jsonl", "metric-mse.jsonl", ".lock"])
def test_a_folder_in_the_place_of_a_file(name, stranger, refusal):
    run = stranger.run()
    (run / name).unlink(missing_ok=True)
    (run / name).mkdir()
    words = {
        "diverged.jsonl": ["doctor", run],
        "metric-mse.jsonl": ["compare", run],
        "environment.json": ["sample", run, "--output", stranger.folder / "x.png"],
    }
    assert name in refusal(*words.get(name, ["train", "--output", run, "--resume", "--epochs", "3"]))
