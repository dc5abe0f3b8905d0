"""Features of the Inception network, ours against torch-fidelity's, same weights and images, in one run.

    python benchmarks/feature_extraction.py [--rounds 5] [--batches 1] [--size 64] [--threads 2]

Each round times both ways one after the other on the same batches of 32 uint8 images, resize included; the table gives
the median, the least and the greatest of the rounds' ratios of seconds, ours / torch-fidelity's. Weights are random,
which takes the same time. Needs PyTorch and torch-fidelity.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from keras_genzoo.features import inception_weights
from keras_genzoo.features.extractors import InceptionExtractor
from keras_genzoo.features.inception import build_inception
from keras_genzoo.features.inception_weights import convert, load_inception

BATCH = 32


def seconds(function: Callable) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def random_weights() -> dict[str, torch.Tensor]:
    """A state dict under PyTorch's names, scaled so that activations neither vanish nor explode."""
    rng, arrays = np.random.default_rng(0), {}
    for (layer, what), shape in inception_weights._due(build_inception()).items():
        array = rng.standard_normal(shape, dtype="float32") * np.sqrt(2 / max(1, np.prod(shape[:-1])), dtype="float32")
        if len(shape) == 1:
            array = np.ones_like(array) if what in ("gamma", "variance") else 0.05 * array
        axes = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[len(shape)]
        arrays[inception_weights._in_torch(layer, what)] = torch.from_numpy(array.transpose(axes).copy())
    return arrays


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=1)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        source, converted = Path(folder) / "random.pth", Path(folder) / "random.weights.h5"
        torch.save(random_weights(), source)
        convert(source, converted, allow_other=True)
        ours = InceptionExtractor(*load_inception(converted), batch_size=BATCH)
        theirs = FeatureExtractorInceptionV3("inception", ["2048"], str(source))
    images = np.random.default_rng(0).integers(0, 256, (args.batches * BATCH, args.size, args.size, 3), "uint8")
    tensors = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).split(BATCH)

    def by_torch() -> np.ndarray:
        with torch.inference_mode():
            return torch.cat([theirs(batch)[0] for batch in tensors]).numpy()

    expected, found = by_torch(), ours(images)  # compiles
    error = np.abs(found - expected).max() / np.abs(expected).max()
    pairs = [(seconds(lambda: ours(images)), seconds(by_torch)) for _ in range(args.rounds)]
    ratios = [mine / other for mine, other in pairs]
    rates = [len(images) / statistics.median(side) for side in zip(*pairs, strict=True)]
    print("| images | ratio | median | least | greatest | images/s of ours | of torch-fidelity | error |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    figures = " | ".join(f"{figure:.3f}" for figure in (statistics.median(ratios), min(ratios), max(ratios)))
    title = f"{args.size} px, batch {BATCH} | seconds, ours / torch-fidelity"
    print(f"| {title} | {figures} | {rates[0]:.2f} | {rates[1]:.2f} | {error:.1e} |")


if __name__ == "__main__":
    main()
