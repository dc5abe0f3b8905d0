"""`genzoo export`: a run's model as a SavedModel, for serving without this package."""

import argparse
from collections.abc import Mapping

from keras_genzoo.artifacts import load
from keras_genzoo.cli.io.console import columns
from keras_genzoo.types import ArraySpec


def run(args: argparse.Namespace) -> None:
    """Exports."""
    model = load(args.run, best=args.best)
    model.export(args.output)
    endpoints = [
        (f"{name}({', '.join(endpoint.inputs)})", _shapes(endpoint.inputs))
        for name, endpoint in model.endpoints().items()
    ]
    print(f"{args.output}: a SavedModel, which answered in a clean process as the model does. Its endpoints:")
    print(columns(endpoints))


def _shapes(inputs: Mapping[str, ArraySpec]) -> str:
    return ", ".join(
        f"{dtype} ({', '.join('any' if size is None else str(size) for size in shape)})" if shape else dtype
        for shape, dtype in ((spec.shape, spec.dtype) for spec in inputs.values())
    )
