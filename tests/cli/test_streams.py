"""Where a command prints: onto terminals that obey codes, in small alphabets, and nowhere."""

import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console

from keras_genzoo.cli.io.streams import Shown, ended_by_signals, streams
from keras_genzoo.printable import columns, escaped, say, shell
from tests.cli.conftest import listen_to_signals

OWNED = "\x1b]0;owned\x07"


def genzoo(*words, **more):
    environment = {**os.environ, **more.pop("env", {})}
    command = [sys.executable, "-m", "keras_genzoo", *map(str, words)]
    return subprocess.run(command, text=True, capture_output=True, timeout=120, env=environment, **more)


def test_what_a_terminal_would_obey_is_escaped_whoever_prints(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with streams():
        print(f"a{OWNED}\nü\r\u202eb")
        sys.stdout.writelines(["c\x9b2J", "\n"])
    print("as it was\x07")
    assert stream.getvalue() == "a\\x1b]0;owned\\x07\nü\\r\\u202eb\nc\\x9b2J\nas it was\x07\n"


def test_rich_keeps_its_own_codes():
    stream = io.StringIO()
    Console(file=Shown(stream), force_terminal=True, color_system="standard").print("[bold]x[/bold]")
    assert "\x1b[1mx" in stream.getvalue()


def test_a_row_is_one_line():
    assert columns([("a", f"b\nc{OWNED}")]) == "  a  b\\nc\\x1b]0;owned\\x07"


def test_what_an_alphabet_does_not_have_is_escaped():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    say("ü\n\udcff", stream)
    assert stream.buffer.getvalue() == b"\\xfc\n\\udcff\n"
    assert escaped("ü", io.StringIO()) == "ü"


def test_hints_are_typed_as_they_are():
    assert shell("genzoo", "train", "--output", "my runs/a'b") == "genzoo train --output 'my runs/a'\"'\"'b'"


@pytest.mark.slow
def test_a_run_says_nothing_that_a_terminal_obeys(run, genzoo):
    for name in ("latents.jsonl", "latents.json"):
        lines = [json.loads(line) for line in (run / name).read_text().splitlines()] if name.endswith("l") else None
        if lines:
            (run / name).write_text("".join(json.dumps({**line, "words": OWNED}) + "\n" for line in lines))
    record = json.loads((run / "environment.json").read_text())
    (run / "environment.json").write_text(json.dumps({**record, "preset": f"[red]{OWNED}"}))
    code, text, errors = genzoo("train", "--resume", "--output", run, "--epochs", 3)
    assert code == 0, errors
    assert "\x1b" not in text + errors and "\x07" not in text + errors
    assert "[red]\\x1b]0;owned\\x07" in text


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_commands_work_where_there_is_no_output(closed, tmp_path):
    command = f"{sys.executable} -m keras_genzoo check-data photos --output report.json {closed}"
    (tmp_path / "photos").mkdir()
    from PIL import Image

    Image.new("RGB", (80, 80)).save(tmp_path / "photos" / "ü.png")
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["images"] == 1
    presets = f"{sys.executable} -m keras_genzoo presets {closed}"
    assert subprocess.run(["bash", "-c", presets], cwd=tmp_path, timeout=60).returncode == 0


def test_a_path_that_the_output_cannot_say(tmp_path, preset):
    folder = tmp_path / "ü"
    done = genzoo("train", tmp_path / "ü.json", "--output", folder, env={"PYTHONIOENCODING": "ascii:strict"})
    assert done.returncode == 2 and "\\xfc.json" in done.stderr
    (folder / "photos").mkdir(parents=True)
    done = genzoo("compare", folder, env={"PYTHONIOENCODING": "ascii:strict"})
    assert done.returncode == 2 and "\\xfc" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["", ">&-"])
def test_a_training_whose_folder_the_output_cannot_say(tmp_path, preset, closed):
    command = f"{sys.executable} -m keras_genzoo train {preset} --epochs 1 --output {tmp_path}/ü {closed}"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ü" / "model.weights.h5").is_file()
    assert closed or "\\xfc" in done.stdout


def test_tilde_is_the_home_folder(mistake, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "letter.txt").touch()
    expected = f"'{tmp_path / 'x'}' holds other files"
    assert expected in mistake("train", "vae_drawn_faces_32", "--output=~/x")
    assert "is not a run folder" in mistake("sample", "~/x", "--output=~/y.png")

    import keras_genzoo

    for call in (lambda: keras_genzoo.train("vae_drawn_faces_32", "~/x"), lambda: keras_genzoo.load("~/x")):
        with pytest.raises(ValueError, match=str(tmp_path / "x")):
            call()
    assert not pathlib.Path("~").exists()


def test_a_signal_is_an_exception_and_ignored_ones_stay_so():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, ended_by_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert ended.value.code == 143 and signal.getsignal(signal.SIGTERM) is before


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_export_that_is_ended_leaves_nothing(trained, tmp_path, number, code):
    command = [sys.executable, "-m", "keras_genzoo", "export", trained, "--output", tmp_path / "model"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=listen_to_signals)
    until = time.monotonic() + 90
    while not any(tmp_path.glob(".model.*")) and time.monotonic() < until:
        time.sleep(0.05)
    assert any(tmp_path.glob(".model.*"))
    process.send_signal(number)
    _, errors = process.communicate(timeout=90)
    assert (process.returncode, list(tmp_path.iterdir())) == (code, []), errors
