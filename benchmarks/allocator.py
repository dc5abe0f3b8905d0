"""What it saves that `genzoo train` has glibc keep freed memory: train steps with and without, a process each, in turn.

python benchmarks/allocator.py [--preset dcgan_ffhq_64] [--steps 4] [--rounds 3] [--precision mixed_bfloat16]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

BATCH = 32


def measured(preset: str, steps: int, precision: str, keep: bool) -> tuple[float, float]:
    """Seconds and page faults a step."""
    import keras_genzoo as genzoo
    from keras_genzoo.cli.allocator import keep_freed_memory
    from keras_genzoo.data import ArraySource, Stream

    if keep:
        keep_freed_memory()
    shape = genzoo.load_preset(preset)["arguments"]["image_shape"]
    model = genzoo.build(preset, seed=0, dtype=precision)
    stream = Stream(ArraySource(np.random.default_rng(0).uniform(-1, 1, (512, *shape)).astype("float32")), BATCH)
    model.fit(stream, epochs=1, steps_per_epoch=2, verbose=0)  # traces
    start, faults = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    model.fit(stream, epochs=1, steps_per_epoch=steps, verbose=0)
    seconds, more = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    return seconds / steps, more / steps


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="dcgan_ffhq_64")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--one", choices=("kept", "given back"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measured(args.preset, args.steps, args.precision, args.one == "kept")))
        return
    rounds = []
    for _ in range(args.rounds):
        calls = ([sys.executable, *sys.argv, "--one", way] for way in ("kept", "given back"))
        told = [subprocess.run(call, check=True, capture_output=True, text=True).stdout for call in calls]
        rounds.append([json.loads(text.splitlines()[-1]) for text in told])
    ratios = [kept[0] / given[0] for kept, given in rounds]
    values = " | ".join(f"{value:.3f}" for value in (statistics.median(ratios), min(ratios), max(ratios)))
    faults = ", ".join(f"{statistics.median(one[way][1] for one in rounds):,.0f}" for way in (0, 1))
    print(
        "| preset, precision | seconds, kept / given back | least | greatest | page faults a step, kept, given back |"
    )
    print("| --- | --- | --- | --- | --- |")
    print(f"| {args.preset}, {args.precision} | {values} | {faults} |")


if __name__ == "__main__":
    main()
