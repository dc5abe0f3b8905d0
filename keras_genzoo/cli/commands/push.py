"""`genzoo push`: a run's model published, to a folder or to a hub, with its card, weights and pictures."""

import argparse
import tempfile
from pathlib import Path

from keras_genzoo.cli.arguments import add_run, integer, path, word

EPILOG = """examples:
  genzoo push runs/faces --to faces/ --licence Apache-2.0 --data-licence "none: drawn by code"
  genzoo push runs/faces hf://me/faces --licence Apache-2.0 --data-licence "CC BY 4.0"

What is published holds no image that the model was trained on. genzoo sample hf://me/faces@COMMIT --output faces.png
uses it, and so does Python: genzoo.from_pretrained("hf://me/faces@COMMIT")."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument("repository", metavar="hf://ORG/REPO", nargs="?", type=word, help="repository of the hub")
    parser.add_argument("--to", metavar="FOLDER", type=path, help="folder to make")
    parser.add_argument("--licence", metavar="SPDX", required=True, help="of the weights, such as Apache-2.0")
    parser.add_argument("--data-licence", metavar="TEXT", required=True, help="of the images that it was trained on")
    parser.add_argument("--name", metavar="NAME", type=word, help="what it is called (default: as its preset)")
    parser.add_argument(
        "--version",
        metavar="N",
        dest="number",
        type=lambda text: integer(text, 1, 9_999),
        default=1,
        help="of its weights: it rises when they change (default 1)",
    )
    parser.add_argument("--float32", action="store_true", help="weights in float32; float16 takes half the room")
    parser.add_argument("--force", action="store_true", help="replace an earlier version of the same model in --to")


def run(args: argparse.Namespace) -> None:
    """Publishes."""
    from keras_genzoo.artifacts import RunError

    if not (args.to or args.repository):
        raise RunError("push: say where to: --to FOLDER, or hf://ORG/REPO.")
    from keras_genzoo.publishing import publish, push

    with tempfile.TemporaryDirectory() as place:
        folder = args.to or Path(place) / "model"
        card = publish(
            args.run,
            folder,
            args.licence,
            args.data_licence,
            args.name,
            args.number,
            "float32" if args.float32 else "float16",
            args.force,
        )
        if args.to:
            print(f"{args.to}: {card.title}, {card.file.bytes:,} bytes of weights")
        if args.repository:
            print(f"{push(folder, args.repository)}: {card.title}")
