"""What a preset's training costs: seconds for a thousand images, memory, and the time to the first step, by precision.

    python benchmarks/costs.py [PRESET ...] [--precision float32 mixed_bfloat16] [--xla] [--seconds 8]

Each row has a process of its own, with random images in memory in the place of the data, and the preset's batch. The
first step, which traces the graph (`--xla`: compiles it by XLA too), is timed apart; then steps are trained for some
seconds, and the fastest third of them is taken, since other work only makes them slower. Memory is the most that the
process held, Python and TensorFlow included (some 0.6 GiB before anything is built).
"""

import argparse
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from typing import Any

PRESETS = (
    "vae_drawn_faces_32",
    "vq_vae_drawn_faces_32",
    "vq_prior_drawn_faces_32",
    "pixelcnn_drawn_faces_32",
    "realnvp_drawn_faces_32",
    "dcgan_drawn_faces_32",
    "wgan_gp_drawn_faces_32",
    "stylegan2_drawn_faces_32",
    "r3gan_drawn_faces_32",
    "fastgan_drawn_faces_32",
    "edm_drawn_faces_32",
    "edm_drawn_faces_32_small",
    "consistency_drawn_faces_32_small",
    "pix2pix_drawn_outlines_64_small",
    "cyclegan_drawn_smiles_48",
    "dcgan_ffhq_64_half",
    "wgan_gp_ffhq_64_quarter",
    "fastgan_ffhq_64_narrow",
    "stylegan2_ffhq_64_narrow",
    "r3gan_ffhq_64_narrow",
)
"""One of each kind, as a CPU trains it."""
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


def measure(pipe: Connection, name: str, precision: str, jit: bool, seconds: float) -> None:
    """A process: builds, trains, and sends what it took."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import numpy as np

    import keras_genzoo as genzoo
    from keras_genzoo.artifacts.environment import peak_memory
    from keras_genzoo.config import find
    from keras_genzoo.data import ArraySource, Stream

    preset = dict(find(name)[0])
    preset["arguments"] = {**preset["arguments"], "dtype": precision}
    model = genzoo.build(preset, jit_compile=jit)
    rng = np.random.default_rng(0)
    batch = preset["data"]["batch_size"]
    count = batch * model.turns

    def pixels(shape: tuple[int, ...]) -> Any:
        return rng.integers(0, 256, (count, *shape), dtype="uint8")

    label = np.arange(count) % getattr(model, "num_classes", 2)
    source = ArraySource(
        pixels(model.image_shape), label=label, target=pixels(getattr(model, "target_shape", model.image_shape))
    )
    stream = Stream(source, batch)

    def step() -> float:
        start = time.perf_counter()
        model.fit(stream, epochs=1, steps_per_epoch=1, verbose=0)
        return time.perf_counter() - start

    first = step()
    per_fit = step()
    steps = max(2, int(1.0 / max(per_fit, 1e-3)))
    rates: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(rates) < 3:
        start = time.perf_counter()
        model.fit(stream, epochs=1, steps_per_epoch=steps, verbose=0)
        rates.append((time.perf_counter() - start) / (steps * count) * 1000)
    rates.sort()
    best = rates[: max(1, len(rates) // 3)]
    pipe.send({"seconds": sum(best) / len(best), "first": first, "memory": peak_memory(), "batch": batch})


def of(name: str, precision: str, jit: bool, seconds: float) -> dict[str, Any]:
    """One row, measured in a process of its own."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=measure, args=(theirs, name, precision, jit, seconds))
    process.start()
    theirs.close()
    found: dict[str, Any] = ours.recv()
    process.join()
    return found


def main() -> None:
    """Prints the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", metavar="PRESET", nargs="*", default=PRESETS)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS[:2])
    parser.add_argument("--xla", action="store_true", help="compile the steps by XLA")
    parser.add_argument("--seconds", type=float, default=8.0, help="to train in each row (default 8)")
    args = parser.parse_args()
    print("| preset | batch | precision | s for 1,000 images | first step, s | memory, GiB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in args.presets:
        for precision in args.precision:
            try:
                row = of(name, precision, args.xla, args.seconds)
            except EOFError:  # the process has ended, and said why
                print(f"| `{name}` | | {precision} | failed | | |", flush=True)
                continue
            memory = f"{row['memory'] / 1024:.2f}" if row["memory"] else ""
            print(
                f"| `{name}` | {row['batch']} | {precision.removeprefix('mixed_')} | {row['seconds']:.3g} | "
                f"{row['first']:.3g} | {memory} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
