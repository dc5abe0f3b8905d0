"""The command line: `genzoo COMMAND ...`, the same as `python -m keras_genzoo` and `tools/COMMAND.py`.

What a user did wrong is answered in one line and with exit code 2; whatever else fails, with 1.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from keras_genzoo.cli.declared import add_sample_options
from keras_genzoo.cli.io.console import calm, is_mistake, is_ours, one_line
from keras_genzoo.cli.io.streams import ended_by_signals, streams
from keras_genzoo.printable import printable
from keras_genzoo.registry import did_you_mean
from keras_genzoo.version import __version__

COMMANDS = {
    "train": "train a preset into a run folder",
    "sample": "draw samples from a run",
    "traverse": "vary one latent of a run at a time",
    "interpolate": "walk from one image of a run to another",
    "walk": "film a walk through images of a run",
    "arithmetic": "add an attribute to images",
    "mix": "mix the styles of images",
    "project": "find the styles that make an image",
    "transfer": "put the look of one image on another",
    "translate": "translate images, or pairs of a test set, and show them",
    "probe": "classify by the features of a run, with few labels",
    "outliers": "score how unusual images are",
    "debias": "weigh rare images for a training",
    "evaluate": "measure a run, or any images",
    "compare": "put what was measured in a table",
    "check-data": "find what is wrong with a folder of images",
    "classifier": "train features for evaluate",
    "convert-inception": "convert the weights that FID needs",
    "export": "export a run as a SavedModel",
    "push": "publish a run's model, with its card",
    "presets": "list the presets, or the pretrained models",
    "doctor": "find what is wrong with a training, or with this machine",
    "cache": "list or remove what is kept on this machine",
    "demo": "train and measure a small model: a short tour",
}
SAMPLING = ("sample", "evaluate")
"""Those that take the options that a run's model declares for its samples."""
_EXAMPLES = """examples:
  genzoo train vae_drawn_faces_32 --output runs/faces
  genzoo train dcgan_ffhq_64_half --data my_photos/ --output runs/photos
  genzoo sample runs/faces --num 64 --seed 1 --output faces.png

genzoo COMMAND --help says more about one of them."""


class UsageError(Exception):
    """The command line cannot be understood."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are exceptions."""

    color = False  # Python 3.14 colors help texts, past what knows the terminal

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(f"{message} ({self.prog} --help shows all options)")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        The exit code: 0, 1 if something failed, 2 for the user's mistake, 130 if interrupted, 143 if terminated.
    """
    with streams():
        return _main(list(sys.argv[1:] if argv is None else argv))


def _main(arguments: list[str]) -> int:
    traceback = "--traceback" in arguments or os.environ.get("GENZOO_TRACEBACK") not in (None, "", "0")
    try:
        with calm(), ended_by_signals():
            args = _parsed([argument for argument in arguments if argument != "--traceback"])
            code = _module(args.command).run(args) or 0
            sys.stdout.flush()
            return code
    except SystemExit as end:  # argparse has printed help or the version, or a signal came
        return int(end.code or 0)
    except BrokenPipeError:  # `genzoo presets | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("genzoo: interrupted", file=sys.stderr)
        return 130
    except UsageError as error:
        print(f"genzoo: error: {printable(error)}", file=sys.stderr)
        return 2
    except Exception as error:
        if traceback:
            raise
        hint = "" if is_mistake(error) or is_ours(error) else " (--traceback shows where)"
        print(f"genzoo: error: {one_line(error)}{hint}", file=sys.stderr)
        return 2 if is_mistake(error) else 1


def _parsed(arguments: list[str]) -> argparse.Namespace:
    name = next((argument for argument in arguments if not argument.startswith("-")), None)
    if name is not None and name not in COMMANDS:
        raise UsageError(f"there is no command '{name}'; {did_you_mean(name, COMMANDS)}")
    parser, command = _parser(name)
    if name in SAMPLING:
        add_sample_options(command, arguments[arguments.index(name) + 1 :])
    if not arguments:
        arguments = ["--help"]
    args, unknown = parser.parse_known_args(arguments)
    args.words = arguments
    if unknown:
        known = [option for action in command._actions for option in action.option_strings]
        word = unknown[0].partition("=")[0]
        hint = did_you_mean(word, known) if word.startswith("-") else f"{command.prog} --help shows what it takes"
        raise UsageError(f"{command.prog} takes no '{word}'; {hint}")
    return args


def _parser(name: str | None) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """The parser, and that of the command `name`, the only one that gets its options."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="genzoo",
        description="Train image generative models, see what they make, measure and export them.",
        epilog=_EXAMPLES,
        formatter_class=raw,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"keras_genzoo {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    chosen: argparse.ArgumentParser = parser
    for command, about in COMMANDS.items():
        added = commands.add_parser(
            command, help=about, description=f"{about[0].upper()}{about[1:]}.", formatter_class=raw, allow_abbrev=False
        )
        if command == name:
            chosen, module = added, _module(command)
            added.epilog = getattr(module, "EPILOG", None)
            module.add_arguments(added)
            added.add_argument("--traceback", action="store_true", help="if something fails, show where")
    return parser, chosen


def _module(command: str) -> ModuleType:
    return importlib.import_module(f"keras_genzoo.cli.commands.{command.replace('-', '_')}")
