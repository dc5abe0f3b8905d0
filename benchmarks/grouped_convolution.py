"""Milliseconds of grouped convolutions with their gradients: Keras' own, ours in training, ours elsewhere, dense ones.

    .venv/bin/python benchmarks/grouped_convolution.py [--rounds 5]

3 x 3, 16 channels a group, as R3GAN's networks have them; float32, in graphs of TensorFlow. Ways come one after the
other in each round.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SHAPES = ((8, 16, 256), (16, 8, 192), (8, 32, 96))
"""Images, pixels of a side, channels."""
GROUP = 16


def ways(shape: tuple[int, int, int]) -> dict[str, Callable[[], Any]]:
    """A function for each way, which convolves and takes the gradients of input and kernel."""
    import tensorflow as tf
    from keras import layers

    from keras_genzoo.layers.grouped_convolution import GroupedConv2D

    count, side, channels = shape
    x = tf.constant(np.random.default_rng(0).standard_normal((count, side, side, channels)), "float32")
    made = {
        "Keras": (layers.Conv2D(channels, 3, padding="same", groups=channels // GROUP), {}),
        "ours in training": (GroupedConv2D(channels, 3, padding="same", groups=channels // GROUP), {"training": True}),
        "ours elsewhere": (GroupedConv2D(channels, 3, padding="same", groups=channels // GROUP), {}),
        "dense": (layers.Conv2D(channels, 3, padding="same"), {}),
    }

    def timed(layer: Any, given: dict[str, Any]) -> Callable[[], Any]:
        @tf.function
        def step(x: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(tf.square(layer(x, **given)))
            return tape.gradient(loss, [x, layer.kernel])

        layer.build(x.shape)
        return lambda: [part.numpy() for part in step(x)]

    return {name: timed(*pair) for name, pair in made.items()}


def main() -> None:
    """Prints the rows of a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    for shape in SHAPES:
        functions = ways(shape)
        milliseconds: dict[str, list[float]] = {name: [] for name in functions}
        for number in range(rounds + 1):
            for name, function in functions.items():
                began = time.perf_counter()
                function()
                if number:  # the first compiles
                    milliseconds[name].append(1e3 * (time.perf_counter() - began))
        medians = {name: statistics.median(found) for name, found in milliseconds.items()}
        cells = " | ".join(f"{value:,.1f}" for value in medians.values())
        print(f"| {shape[0]} of {shape[1]} px, {shape[2]} channels | {cells} |", flush=True)


if __name__ == "__main__":
    main()
