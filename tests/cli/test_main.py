import json
import os
import pkgutil
import re
import subprocess
import sys
import types
import warnings

import pytest

import keras_genzoo
from keras_genzoo import cli
from keras_genzoo.cli import commands
from keras_genzoo.cli.io import console
from keras_genzoo.data import DataError


@pytest.fixture
def command(monkeypatch):
    """Puts a function in the place of `genzoo doctor`."""

    def put(function):
        module = types.SimpleNamespace(run=function, add_arguments=lambda parser: None)
        monkeypatch.setitem(sys.modules, "keras_genzoo.cli.commands.doctor", module)

    return put


def test_help_names_every_command(genzoo):
    for words in ([], ["--help"]):
        code, text, _ = genzoo(*words)
        assert code == 0
        for name, about in cli.COMMANDS.items():
            assert re.search(rf"^ +{name}\s+{about}", text, re.MULTILINE)


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_every_command_has_help(genzoo, command):
    code, text, _ = genzoo(command, "--help")
    assert code == 0 and text.startswith(f"usage: genzoo {command}")


def test_every_command_has_its_module():
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    assert {name.replace("-", "_") for name in cli.COMMANDS} == modules


def test_version(genzoo):
    assert genzoo("--version") == (0, f"keras_genzoo {keras_genzoo.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["trian", "x"], "there is no command 'trian'; did you mean 'train'?"),
        (["train", "--epoch", "3"], "genzoo train takes no '--epoch'; did you mean '--epochs'?"),
        (["train", "a", "b"], "genzoo train takes no 'b'; genzoo train --help shows what it takes"),
        (["train", "a", "--epochs", "0"], "argument --epochs: expected an integer from 1 to 1,000,000, got '0'"),
        (["train", "a", "--epochs", "ten"], "argument --epochs: expected an integer from 1 to 1,000,000, got 'ten'"),
        (["train", "a", "--seed", "-1"], "argument --seed: expected an integer from 0 to 4,294,967,295, got '-1'"),
        (["train", "a", "--jit", "maybe"], "argument --jit: invalid choice: 'maybe'"),
        (["sample", "run", "--num", "0", "--output", "x.png"], "argument --num: expected an integer from 1 to 10,000"),
        (["export"], "the following arguments are required: RUN, --output"),
        (["--wrong"], "the following arguments are required: COMMAND"),
    ],
)
def test_a_wrong_command_line_is_answered_in_one_line(mistake, words, expected):
    assert expected in mistake(*words)


def raises(error):
    def run(args):
        raise error

    return run


def test_what_the_user_did_wrong(command, mistake):
    command(lambda args: keras_genzoo.load("/nowhere"))
    assert mistake("doctor").startswith("'/nowhere' is not a run folder")
    command(raises(FileExistsError(17, "File exists", "saved_model")))
    assert mistake("doctor") == "File exists: saved_model"


def test_what_is_not_the_users_fault(command, genzoo):
    command(lambda args: int("x\ny"))
    code, _, complaint = genzoo("doctor")
    assert code == 1
    assert complaint == (
        "genzoo: error: ValueError: invalid literal for int() with base 10: 'x\\ny' (--traceback shows where)\n"
    )
    command(raises(RuntimeError("\nfirst line\nsecond line")))
    assert genzoo("doctor")[2] == "genzoo: error: RuntimeError: first line (--traceback shows where)\n"
    command(raises(MemoryError()))
    assert genzoo("doctor")[2] == "genzoo: error: MemoryError (--traceback shows where)\n"


def test_what_others_have_written_is_escaped(command, genzoo):
    command(raises(FileNotFoundError(2, "No such file", "\x1b[31m\n{0}%s[red]\udcff")))
    assert genzoo("doctor")[2] == "genzoo: error: No such file: \\x1b[31m\\n{0}%s[red]\\udcff\n"
    command(raises(RuntimeError("\x1b]0;owned\x07")))
    assert genzoo("doctor")[2].startswith("genzoo: error: RuntimeError: \\x1b]0;owned\\x07 (")
    place = os.path.join(os.path.dirname(cli.__file__), "x.py")
    command(lambda args: warnings.warn_explicit("a\x1b[2J\nb", UserWarning, place, 1))
    assert genzoo("doctor") == (0, "", "genzoo: warning: a\\x1b[2J\\nb\n")


def test_a_message_of_ours_that_quotes_a_book_is_cut(command, genzoo):
    command(raises(DataError("x" * 9_000)))
    assert genzoo("doctor") == (1, "", f"genzoo: error: {'x' * 2_000}...\n")


def test_traceback(command, genzoo, monkeypatch):
    command(raises(RuntimeError("here")))
    with pytest.raises(RuntimeError, match="here"):
        genzoo("doctor", "--traceback")
    monkeypatch.setenv("GENZOO_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="here"):
        genzoo("doctor")


def test_an_interrupt(command, genzoo):
    command(raises(KeyboardInterrupt()))
    assert genzoo("doctor") == (130, "", "genzoo: interrupted\n")


def test_only_our_warnings_are_shown(command, genzoo):
    def run(args):
        warnings.warn_explicit("a broken file", UserWarning, os.path.join(os.path.dirname(cli.__file__), "x.py"), 1)
        warnings.warn_explicit("an old habit", UserWarning, "/elsewhere/library.py", 1)
        warnings.warn("an old name", DeprecationWarning, stacklevel=1)

    command(run)
    assert genzoo("doctor") == (0, "", "genzoo: warning: a broken file\n")


def test_quiet_hides_what_libraries_write_and_then_lets_go(capfd):
    with console.quiet():
        os.write(2, b"noise of a C++ library\n")
    os.write(2, b"heard\n")
    print("heard too", file=sys.stderr)
    assert capfd.readouterr().err == "heard\nheard too\n"
    with pytest.raises(RuntimeError, match="comes"), console.quiet():
        raise RuntimeError("comes")


@pytest.mark.slow
@pytest.mark.parametrize(("command", "backend"), [("presets", "tensorflow"), ("doctor", "jax")])
def test_commands_print_what_they_are_asked_for_alone(command, backend):
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-m", "keras_genzoo", command, "--json"],
        env=environment | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    json.loads(done.stdout)


@pytest.mark.slow
def test_tensorflow_is_imported_quietly_whenever_it_is():
    code = (
        "from keras_genzoo.cli.io.console import calm, quiet\n"
        "with calm(): import json\n"
        "import tensorflow.nn, sys\n"
        "print(len([one for one in sys.meta_path if type(one).__name__ == 'QuietImport']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    command = f"{sys.executable} -m keras_genzoo --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == "" and int(done.stdout) in (0, 120, 141)


def test_help_comes_at_once():
    """No command, nor its options, imports what takes seconds to import."""
    code = (
        "import sys; from keras_genzoo.cli import COMMANDS, main\n"
        "for command in COMMANDS: assert main([command, '--help']) == 0\n"
        "sys.exit(', '.join({'keras', 'tensorflow', 'jax', 'numpy', 'pydantic'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (0, "")
