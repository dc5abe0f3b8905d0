"""Names of a model's weights that are the same in every process: what weights of another model are matched by."""

from collections import Counter
from collections.abc import Iterator

import keras


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """A model's weights by names that do not depend on what else was built in the process: `decoder/dense_2/kernel`."""
    found: dict[str, keras.Variable] = {}
    known: set[int] = set()
    parts = {name: part for name, part in vars(model).items() if isinstance(part, keras.Layer)}
    for name, part in sorted(parts.items()):
        for path, weight in _weights_of(name, part):
            if id(weight) not in known:
                known.add(id(weight))
                found[path] = weight
    own = [weight for weight in model.weights if id(weight) not in known]
    return found | {path: weight for path, weight in _numbered("", own)}


def _weights_of(path: str, layer: keras.Layer) -> Iterator[tuple[str, keras.Variable]]:
    """The weights of a layer; those of a network layer by layer, each counted among those of its kind."""
    if not isinstance(layer, keras.Model):
        yield from _numbered(f"{path}/", layer.weights)
        return
    kinds: Counter[str] = Counter()
    for inner in layer.layers:
        kind = type(inner).__name__.lower()
        kinds[kind] += 1
        yield from _weights_of(f"{path}/{kind}_{kinds[kind]}", inner)


def _numbered(path: str, weights: list[keras.Variable]) -> Iterator[tuple[str, keras.Variable]]:
    """Weights by their names; where several have the same name, each has its number."""
    names: Counter[str] = Counter()
    for weight in weights:
        names[weight.name] += 1
        number = names[weight.name]
        yield f"{path}{weight.name}{f'_{number}' if number > 1 else ''}", weight
