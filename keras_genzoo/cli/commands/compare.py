"""`genzoo compare`: what was measured in several runs, in tables for a paper."""

import argparse

from keras_genzoo.cli.arguments import names, path

EPILOG = """examples:
  genzoo compare runs/vae runs/dcgan runs/wgan_gp
  genzoo compare runs/* --format latex --output table.tex
  genzoo compare runs/dcgan-seed-* runs/wgan-seed-* --group

Only numbers of one protocol stand in a column: the newest that all of the folders have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", type=path, help="run folders, or others with metric-<name>.jsonl"
    )
    parser.add_argument("--metrics", metavar="A,B,...", type=names, help="columns, by name (default: all but losses)")
    parser.add_argument("--format", choices=("text", "markdown", "csv", "latex"), default="text", help="default text")
    parser.add_argument("--group", action="store_true", help="runs that differ by their seed alone: mean and spread")
    parser.add_argument("--output", metavar="FILE", type=path, help="file to write (default: print)")


def run(args: argparse.Namespace) -> None:
    """Prints the tables, or writes them."""
    from keras_genzoo.cli.io.outputs import file_of
    from keras_genzoo.files import write_text

    output = file_of(args.output, "compare")

    from keras_genzoo.evaluation import compare, render

    text = render(compare(args.runs, args.metrics, group=args.group), args.format)
    if output is None:
        print(text)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_text(output, f"{text}\n")
        print(f"{len(args.runs)} folders compared: {output}")
