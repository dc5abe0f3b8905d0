"""`genzoo train --seeds`: one training after the other, each with another seed, in a process of its own."""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from keras_genzoo.artifacts import RunError
from keras_genzoo.printable import shell

_GIVEN = ("--seeds", "--seed", "--output")
"""Options that each training gets for itself."""


def run(args: argparse.Namespace) -> int:
    """Trains each seed into a folder of its own in --output, and compares what was measured."""
    if args.output is None:
        raise RunError("train: --seeds makes a folder of runs: name it by --output.")
    folder, first = Path(args.output), args.seed or 0
    runs = [folder / f"seed-{seed}" for seed in range(first, first + args.seeds)]
    words = list(without(args.words, _GIVEN))
    for seed, run_ in zip(range(first, first + args.seeds), runs, strict=True):
        own = _words_of(words, run_, seed)
        print(f"\n$ {shell('genzoo', *own)}", flush=True)
        code = _ended(subprocess.Popen([sys.executable, "-m", "keras_genzoo", *own]))
        if code:
            print(f"stopped at seed {seed}; to go on: {shell('genzoo', *args.words)} --resume", flush=True)
            return code
    if args.dry_run:
        return 0
    measured = [run_ for run_ in runs if any(run_.glob("metric-*.jsonl"))]
    if measured:
        from keras_genzoo.evaluation import compare, render

        print(f"\n{render(compare(measured, group=True))}")
    print(f"next: genzoo evaluate each of {folder}/seed-*; {shell('genzoo', 'compare', '--group', *map(str, runs))}")
    return 0


def _ended(process: subprocess.Popen) -> int:
    """Waits for a training, which saves its state before it ends when it is asked to."""
    try:
        return process.wait()
    except KeyboardInterrupt:  # the terminal has told it, too
        return process.wait()
    except SystemExit:
        process.terminate()
        process.wait()
        raise


def _words_of(words: Sequence[str], run_: Path, seed: int) -> list[str]:
    """The command of one seed: with --resume it goes on with what is there, and begins what is not."""
    begun = (run_ / "config.json").is_file()
    kept = [word for word in words if begun or word != "--resume"]
    # A run that goes on has its seed, and what decides over its data, in its record.
    return [*kept, "--output", str(run_), *([] if begun and "--resume" in words else ["--seed", str(seed)])]


def without(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """Words of a command line, but for options and their values, in both forms: `--seed 3` and `--seed=3`."""
    following = False
    for word in words:
        if following:
            following = False
        elif word in options:
            following = True
        elif word.partition("=")[0] not in options:
            yield word
