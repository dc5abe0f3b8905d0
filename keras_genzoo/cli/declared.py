"""Options that the model of a run declares for its samples, such as truncation: on the command line by their names."""

import argparse
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_genzoo.capabilities import SampleOption

_PREFIX = "sample option "  # no option of a command has such a name in the namespace


def sample_options(args: argparse.Namespace) -> dict[str, Any]:
    """The declared options that were given, by their names."""
    return {name.removeprefix(_PREFIX): value for name, value in vars(args).items() if name.startswith(_PREFIX)}


def add_sample_options(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Adds the options that the model of the run among `words` declares, if `words` may be about them.

    They are if they ask for help, or hold an option that the parser does not know: only then is the run's preset read,
    which takes the import of Keras.

    Args:
        parser: of a command that takes a run.
        words: what follows the command's name.

    Raises:
        RunError: the run's preset cannot be read.
        ConfigError: it is not right.
    """
    known = {option: action for action in parser._actions for option in action.option_strings}
    named = [word.partition("=")[0] for word in words if word.startswith("--")]
    run = _run_among(words, {option for option, action in known.items() if action.nargs != 0})
    if run is None or not ({"-h", "--help"} & set(words) or any(word not in known for word in named)):
        return
    from keras_genzoo.artifacts import Run
    from keras_genzoo.registry import MODELS

    declared = getattr(MODELS[Run(run).config["model"]], "sample_options", {})  # a model may make no images of noise
    group = parser.add_argument_group("options of this run's model") if declared else parser
    for name, option in declared.items():
        group.add_argument(
            f"--{name.replace('_', '-')}",
            dest=f"{_PREFIX}{name}",
            metavar="VALUE",
            type=functools.partial(_value, option),
            default=argparse.SUPPRESS,
            help=f"{option.about} (default {option.default})",
        )


def _run_among(words: Sequence[str], valued: set[str]) -> Path | None:
    """The run that a command is about: the first word that is one, and not the value of another option."""
    before = ""
    for word in words:
        if not word.startswith("-") and before not in valued:
            from keras_genzoo.artifacts import located  # here, so that the help without a run comes at once

            if ((found := located(word)) / "config.json").is_file():
                return found
        before = word
    return None


def _value(option: "SampleOption", text: str) -> Any:
    """What a user wrote, as the option's type: JSON, or else a string."""
    import pydantic

    from keras_genzoo.config.reading import ConfigError, explain, parse

    try:
        value = parse(text, "")
    except ConfigError:
        value = text
    try:
        return pydantic.TypeAdapter(option.type).validate_python(value)
    except pydantic.ValidationError as error:
        raise argparse.ArgumentTypeError(str(explain(error, value, "")).removeprefix(": ")) from None
