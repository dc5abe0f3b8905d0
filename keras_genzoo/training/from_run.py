"""Beginning with the weights of another run: what fits is taken, and what does not is reported with its reason."""

import math
import os
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from keras_genzoo.artifacts import Run, RunError, load
from keras_genzoo.files import sha256_of
from keras_genzoo.model import GenerativeModel
from keras_genzoo.named_weights import named_weights
from keras_genzoo.pretrained import read_inference
from keras_genzoo.printable import printable

_MOST_NAMED = 3  # of a kind, in the report for people


class Matched(NamedTuple):
    """Which weights of one model another has too, by their names: network, layer, variable.

    Args:
        fitting: names whose weights have the same shape.
        parameters: integer, the numbers in them.
        other_shape: from names to shapes, of the source and of the model.
        missing: names that the source does not have.
        extra: names that the source alone has.
    """

    fitting: tuple[str, ...]
    parameters: int
    other_shape: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    missing: tuple[str, ...]
    extra: tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    """What a model took of another run's weights.

    Args:
        path: string, the source's folder.
        preset: string, the name of the preset it was trained by.
        model: string, the name of its model.
        sha256: string, of the source's weights file.
        matched: which weights those were, and which were not taken.
    """

    path: str
    preset: str
    model: str
    sha256: str
    matched: Matched

    def record(self) -> dict[str, Any]:
        """What the run's `environment.json` keeps of it."""
        matched = self.matched
        return {
            "path": self.path,
            "preset": self.preset,
            "sha256": self.sha256,
            "taken": len(matched.fitting),
            "parameters": matched.parameters,
            "other_shape": {name: [list(shape) for shape in shapes] for name, shapes in matched.other_shape.items()},
            "missing": list(matched.missing),
            "extra": list(matched.extra),
        }

    def rows(self) -> list[tuple[str, str]]:
        """The report for people: names and values."""
        matched = self.matched
        here = len(matched.fitting) + len(matched.other_shape) + len(matched.missing)
        source = f"{printable(self.path)} ({printable(self.preset)}, sha256 {self.sha256[:12]})"
        counts = f"{len(matched.fitting):,} of {here:,} weights taken, {matched.parameters:,} numbers"
        shapes = [f"{name} {there} there, {here} here" for name, (there, here) in matched.other_shape.items()]
        rows = [("from", f"{source}: {counts}")]
        for kind, names in (
            ("of another shape", shapes),
            ("missing there", matched.missing),
            ("missing here", matched.extra),
        ):
            if names:
                more = f"; and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
                rows.append(("", printable(f"{kind}: {'; '.join(names[:_MOST_NAMED])}{more}")))
        return rows


def take_weights(model: GenerativeModel, source: Run | str | os.PathLike, sha256: str | None = None) -> Taken:
    """Gives a new model the weights of another run's newest state, wherever name and shape are the same.

    The averages of weights (EMA) are weights too; where the source has none, an average begins as its network does.
    Optimizers and seeds stay as they are: new.

    Args:
        model: a compiled model that was not trained yet.
        source: the run, or its path. Its model may be another: networks are matched by their names.
        sha256: optional, the digest that the source's weights must have.

    Raises:
        RunError: there is no such run, it holds no weights, its weights are damaged or others than `sha256` says, or
            none of them fits.

    Example:
        >>> taken = take_weights(build("vae_ffhq_64", seed=0), "runs/faces")
        >>> taken.matched.missing
    """
    run = source if isinstance(source, Run) else Run(source)
    found = sha256_of(run.weights())
    if sha256 is not None and found != sha256:
        raise RunError(
            f"'{run.path}' holds other weights now than those that this training began with (sha256 {sha256[:12]}): "
            "begin anew, with another --output."
        )
    other = load(run.path)
    pretrained = run.weights().suffix == ".npz"
    matched = copy_weights(model, other, read_inference(other, run.weights()) if pretrained else None)
    if not matched.fitting:
        theirs, ours = (", ".join(dict.fromkeys(n.partition("/")[0] for n in named_weights(m))) for m in (other, model))
        raise RunError(
            f"--from '{run.path}': none of its weights fit this {type(model).__name__}: it has {theirs}, and this "
            f"model {ours}: name a run of a similar model."
        )
    return Taken(str(run.path.absolute()), run.record["preset"], run.config["model"], found, matched)


def check_first_stage(model: GenerativeModel, taken: Taken | None) -> None:
    """Refuses a second stage without its first one.

    Args:
        model: the model that is to be trained.
        taken: what it took of another run, if anything.

    Raises:
        RunError: it took nothing, or not all of the networks that are trained before.
    """
    if not model.first_stage:
        return
    name, networks, models = type(model).__name__, ", ".join(model.first_stage), " or ".join(model.first_models)
    if taken is None:
        raise RunError(f"{name} is trained on the {networks} of a trained model: name its run by --from RUN.")
    lacking = [name for name in taken.matched.missing if name.partition("/")[0] in model.first_stage]
    shapes = {name: shapes for name, shapes in taken.matched.other_shape.items() if _part(name) in model.first_stage}
    if shapes:
        weight, (there, here) = next(iter(shapes.items()))
        raise RunError(
            f"--from '{taken.path}': its {_part(weight)} is another: {weight} is {there} there, and {here} here: give "
            f"this {name} the arguments of that run, by --set arguments.NAME=VALUE."
        )
    if lacking:
        raise RunError(f"--from '{taken.path}': it has no {lacking[0]}, which {name} needs: name a run of {models}.")
    if taken.model not in model.first_models:
        chosen = [f"{key}={value}" for key, value in model.get_config().items() if value in model.first_models]
        why = f" (arguments.{chosen[0]} in its preset)" if chosen else ""
        raise RunError(f"--from '{taken.path}': it is of {taken.model}, but {name} begins with a run of {models}{why}.")


def _part(weight: str) -> str:
    """The network that a weight belongs to."""
    return weight.partition("/")[0]


def take_weights_again(model: GenerativeModel, run: Run) -> Taken | None:
    """Takes what a run took that was stopped before its first checkpoint; None if it took nothing, or has gone on."""
    before, record = run.record.get("from"), run.record
    if before is None or record.get("finished") or next(iter(run.checkpoints), None) is not None:
        return None
    return take_weights(model, before["path"], before["sha256"])


def copy_weights(model: GenerativeModel, source: GenerativeModel, names: frozenset[str] | None = None) -> Matched:
    """Gives a model the weights of another, wherever name and shape are the same; see `take_weights`.

    Args:
        model: takes them.
        source: has them.
        names: those of its weights that were trained; None for all.
    """
    there, here = named_weights(source), named_weights(model)
    if names is not None:
        there = {name: weight for name, weight in there.items() if name in names}
    pairs = {name: there.get(name, there.get(_averaged(name, model))) for name in here}
    fitting = {name: weight for name, weight in pairs.items() if weight is not None and _fits(weight, here[name])}
    for name, weight in fitting.items():
        here[name].assign(weight)
    return Matched(
        tuple(fitting),
        sum(math.prod(weight.shape) for weight in fitting.values()),
        {
            name: (tuple(weight.shape), tuple(here[name].shape))
            for name, weight in pairs.items()
            if weight is not None and name not in fitting
        },
        tuple(name for name, weight in pairs.items() if weight is None),
        tuple(name for name in there if name not in here),
    )


def _averaged(name: str, model: GenerativeModel) -> str:
    """The name of what a weight is the average of; of others their own."""
    part, _, rest = name.partition("/")
    networks = {average: network for network, average in model.averages().items()}
    return f"{networks.get(part, part)}/{rest}"


def _fits(weight: keras.Variable, other: keras.Variable) -> bool:
    return tuple(weight.shape) == tuple(other.shape) and weight.dtype == other.dtype
