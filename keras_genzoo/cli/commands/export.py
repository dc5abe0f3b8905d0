"""`genzoo export`: a run's model as a SavedModel, for serving without this package."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from keras_genzoo.cli.arguments import add_best, add_run, path
from keras_genzoo.printable import columns

if TYPE_CHECKING:
    from keras_genzoo.types import ArraySpec

EPILOG = """example:
  genzoo export runs/faces --output saved_model"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=path,
        required=True,
        help="folder to make; one that holds a SavedModel is replaced",
    )
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Exports."""
    from keras_genzoo.artifacts import load, with_state
    from keras_genzoo.export import check_place

    with_state(args.run, args.best)
    check_place(args.output)
    model = load(args.run, best=args.best)
    model.export(args.output)
    endpoints = [
        (f"{name}({', '.join(endpoint.inputs)})", _shapes(endpoint.inputs))
        for name, endpoint in model.endpoints().items()
    ]
    print(f"{args.output}: a SavedModel, which answered in a clean process as the model does. Its endpoints:")
    print(columns(endpoints))


def _shapes(inputs: "Mapping[str, ArraySpec]") -> str:
    return ", ".join(
        f"{dtype} ({', '.join('any' if size is None else str(size) for size in shape)})" if shape else dtype
        for shape, dtype in ((spec.shape, spec.dtype) for spec in inputs.values())
    )
