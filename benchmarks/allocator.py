"""What it saves that `genzoo train` has glibc keep freed memory: train steps with and without, in one process, in turn.

    python benchmarks/allocator.py [--presets dcgan_ffhq_64 ...] [--steps 4] [--rounds 5] [--precision mixed_bfloat16]

The default of glibc is set again for each turn without; page faults are those of the process.
"""

import argparse
import ctypes
import resource
import statistics
import time

import numpy as np

import keras_genzoo as genzoo
from keras_genzoo.cli.allocator import keep_freed_memory
from keras_genzoo.data import ArraySource, Stream

BATCH = 32
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST = 32 * 2**20
"""Up to here glibc raises its threshold by itself, as blocks of that size are freed: where a long training ends."""


def give_back() -> None:
    """What glibc comes to by itself."""
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_THRESHOLD, LARGEST)
    libc.mallopt(M_TRIM_THRESHOLD, 2 * LARGEST)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", default=["dcgan_ffhq_64"])
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", default="float32")
    args = parser.parse_args()
    print("| preset, precision | seconds with / without | least | greatest | page faults a step with, without |")
    print("| --- | --- | --- | --- | --- |")
    for preset in args.presets:
        shape = genzoo.load_preset(preset)["arguments"]["image_shape"]
        model = genzoo.build(preset, seed=0, dtype=args.precision)
        stream = Stream(ArraySource(np.random.default_rng(0).uniform(-1, 1, (512, *shape)).astype("float32")), BATCH)

        def measured(model: genzoo.GenerativeModel = model, stream: Stream = stream) -> tuple[float, int]:
            model.fit(stream, epochs=1, steps_per_epoch=1, verbose=0)
            start, faults = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            model.fit(stream, epochs=1, steps_per_epoch=args.steps, verbose=0)
            return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults

        measured()  # traces
        rounds = []
        for _ in range(args.rounds):
            give_back()
            without = measured()
            keep_freed_memory()
            rounds.append((measured(), without))
        ratios = [kept[0] / without[0] for kept, without in rounds]
        told = " | ".join(f"{value:.3f}" for value in (statistics.median(ratios), min(ratios), max(ratios)))
        kept, given = (statistics.median(one[way][1] for one in rounds) / args.steps for way in (0, 1))
        print(f"| {preset}, {args.precision} | {told} | {kept:,.0f}, {given:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
