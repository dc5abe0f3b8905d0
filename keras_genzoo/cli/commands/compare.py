"""`genzoo compare`: what was measured in several runs, in tables for a paper."""

import argparse
from pathlib import Path

from keras_genzoo.evaluation import CompareError, compare, render
from keras_genzoo.files import write_text


def run(args: argparse.Namespace) -> None:
    """Prints the tables, or writes them."""
    metrics = None
    if args.metrics is not None:
        metrics = [name.strip() for name in args.metrics.split(",") if name.strip()]
        if not metrics:
            raise CompareError("compare: --metrics names none, expected names such as fid,precision,recall.")
    output = Path(args.output) if args.output else None
    if output is not None and output.is_dir():
        raise CompareError(f"compare: --output '{output}' is a folder: name a file in it.")
    text = render(compare(args.runs, metrics, group=args.group), args.format)
    if output is None:
        print(text)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_text(output, f"{text}\n")
        print(f"{len(args.runs)} folders compared: {output}")
