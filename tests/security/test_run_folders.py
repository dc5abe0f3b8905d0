"""Run folders of strangers."""

import contextlib
import hashlib
import json
import os
import shutil

import pytest

from keras_genzoo.artifacts import Run, RunError
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
    with contextlib.suppress(RunError):  # the line is passed over, or the file is refused
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
