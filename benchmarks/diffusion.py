"""Images a second of EDM's train step, and of its denoiser, against the same U-Net and steps in PyTorch, on the CPU.

    make parity && .venv/bin/python benchmarks/diffusion.py [--case training sampling] [--size 32] [--filters 64]
        [--batch 32] [--steps 4] [--rounds 5] [--torch-python PATH]

The U-Net of `edm_drawn_faces_32`: two sizes, patches of two pixels, one block at each on the way down, no attention but
in the middle. Color images, float32, Adam, no average of weights. PyTorch's loop is hand-written. Each way has its own
process, and a round runs one after the other.
"""

import argparse
import dataclasses
import math
import site
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from side_by_side import add_torch_python, check_torch, measure, rows

OURS = ("graph", "XLA")
CASES = ("training", "sampling")
FEATURES, PATCH, HEAD = 64, 2, 32


@dataclasses.dataclass(frozen=True)
class Case:
    """What is measured, the size of its images, filters, and images in a batch."""

    what: str
    size: int = 32
    filters: int = 64
    batch: int = 32


def images_of(case: Case, count: int) -> np.ndarray:
    """Random images."""
    return np.random.default_rng(0).uniform(-1, 1, (count, case.size, case.size, 3)).astype("float32")


def ours(case: Case, way: str, steps: int) -> tuple[int, Callable[[], Any]]:
    """Our number of trained weights, and our `fit`, or our denoiser."""
    import tensorflow as tf

    import keras_genzoo.models  # noqa: F401 - registers them
    from keras_genzoo.registry import MODELS

    network = {"network": "diffusion_unet", "filters": (case.filters, case.filters), "patch_size": PATCH}
    network |= {"blocks": 1, "attention": (), "head_size": HEAD}
    model = MODELS["edm"]((case.size, case.size, 3), denoiser=network, noise_features=FEATURES)
    weights = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    if case.what == "training":
        model.compile("adam", jit_compile=way == "XLA")
        x = images_of(case, case.batch * steps)
        return weights, lambda: model.fit(x, batch_size=case.batch, epochs=1, verbose=0)
    denoise = tf.function(model.call, jit_compile=way == "XLA")
    inputs = tf.constant(images_of(case, case.batch)), tf.ones(case.batch)
    return weights, lambda: [denoise(inputs).numpy() for _ in range(steps)]


def torch_unet(case: Case) -> Any:
    """The U-Net and EDM's preconditioning, as a module from images and noise levels to images."""
    import torch
    from torch import nn
    from torch.nn import functional

    filters = case.filters
    groups = next(count for count in range(min(32, filters // 4), 0, -1) if filters % count == 0)

    def norm(channels: int) -> Any:
        most = max(1, min(32, channels // 4))
        return nn.GroupNorm(next(count for count in range(most, 0, -1) if channels % count == 0), channels)

    class Block(nn.Module):
        def __init__(self, before: int):
            super().__init__()
            self.norms = nn.ModuleList([norm(before), norm(filters)])
            self.convolutions = nn.ModuleList(
                [nn.Conv2d(before, filters, 3, padding=1), nn.Conv2d(filters, filters, 3, padding=1)]
            )
            self.code = nn.Linear(4 * filters, 2 * filters)
            self.short = nn.Identity() if before == filters else nn.Conv2d(before, filters, 1)

        def forward(self, x: Any, code: Any) -> Any:
            inner = self.convolutions[0](functional.silu(self.norms[0](x)))
            scale, shift = self.code(code)[:, :, None, None].chunk(2, 1)
            inner = functional.silu(self.norms[1](inner) * (1 + scale) + shift)
            return self.short(x) + self.convolutions[1](inner)

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.gain = nn.GroupNorm(groups, filters), nn.Parameter(torch.zeros(()))
            self.into, self.out = nn.Linear(filters, 3 * filters), nn.Linear(filters, filters)

        def forward(self, x: Any) -> Any:
            count, _, height, width = x.shape
            places = self.norm(x).flatten(2).transpose(1, 2)
            parts = self.into(places).reshape(count, height * width, 3, filters // HEAD, HEAD).permute(2, 0, 3, 1, 4)
            attended = functional.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
            return x + self.gain * self.out(attended).transpose(1, 2).reshape(x.shape)

    class EDM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.ModuleList(
                [
                    nn.Linear(FEATURES, 4 * FEATURES),
                    nn.Linear(4 * FEATURES, 4 * FEATURES),
                    nn.Linear(4 * FEATURES, 4 * filters),
                ]
            )
            self.first = nn.Conv2d(3, filters, PATCH, stride=PATCH)
            self.down, self.up = nn.Conv2d(filters, filters, 3, 2, 1), nn.Conv2d(filters, filters, 3, padding=1)
            self.downwards = nn.ModuleList([Block(filters), Block(filters)])
            self.middle = nn.ModuleList([Block(filters), Block(filters)])
            self.attention = Attention()
            self.upwards = nn.ModuleList(Block(2 * filters) for _ in range(4))
            self.norm, self.last = norm(filters), nn.Conv2d(filters, 3 * PATCH**2, 3, padding=1)

        def network(self, x: Any, noise: Any) -> Any:
            rates = torch.exp(-math.log(10_000.0) * torch.arange(FEATURES // 2) / (FEATURES // 2 - 1))
            code = noise[:, None] * rates
            code = torch.cat([code.cos(), code.sin()], 1)
            for layer in self.embed:
                code = functional.silu(layer(code))
            x = self.first(x)
            skips = [x, x := self.downwards[0](x, code), x := self.down(x), x := self.downwards[1](x, code)]
            x = self.middle[1](self.attention(self.middle[0](x, code)), code)
            for number, block in enumerate(self.upwards):
                x = block(torch.cat([x, skips.pop()], 1), code)
                if number == 1:
                    x = self.up(functional.interpolate(x, scale_factor=2))
            return functional.pixel_shuffle(self.last(functional.silu(self.norm(x))), PATCH)

        def forward(self, x: Any, sigma: Any) -> Any:
            squares = sigma**2 + 0.25
            skip, out, into = 0.25 / squares, 0.5 * sigma / squares.sqrt(), squares.rsqrt()
            column = (-1, 1, 1, 1)
            said = self.network(into.view(column) * x, sigma.log() / 4)
            return skip.view(column) * x + out.view(column) * said

    return EDM()


def torch_loop(case: Case, way: str, steps: int) -> tuple[int, Callable[[], Any]]:
    """PyTorch's number of weights, and its steps."""
    sys.path[:0] = site.getsitepackages()  # a process has got those of the Python that started it
    import torch

    model = torch_unet(case)
    weights = sum(weight.numel() for weight in model.parameters())
    x = torch.from_numpy(images_of(case, case.batch * steps)).permute(0, 3, 1, 2).contiguous()
    if way != "eager":
        model, x = (part.to(memory_format=torch.channels_last) for part in (model, x))
    denoise = torch.compile(model) if way.startswith("compiled") else model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def train() -> None:
        for step in range(steps):
            images = x[step * case.batch : (step + 1) * case.batch]
            sigma = torch.exp(-1.2 + 1.2 * torch.randn(case.batch))
            optimizer.zero_grad()
            said = denoise(images + sigma.view(-1, 1, 1, 1) * torch.randn_like(images), sigma)
            weight = (sigma**2 + 0.25) / (0.5 * sigma) ** 2
            (weight * (said - images).square().mean((1, 2, 3))).mean().backward()
            optimizer.step()

    def sample() -> None:
        with torch.no_grad():
            for _ in range(steps):
                denoise(x[: case.batch], torch.ones(case.batch))

    return weights, train if case.what == "training" else sample


def work(pipe: Connection, way: str, case: Case, steps: int) -> None:
    """A process: times the way's steps whenever it is asked to."""
    weights, run = (ours if way in OURS else torch_loop)(case, way, steps)
    pipe.send(weights)
    while pipe.recv():
        start = time.perf_counter()
        run()
        pipe.send(time.perf_counter() - start)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, nargs="+", default=CASES)
    parser.add_argument("--size", type=int, default=32, help="of the images")
    parser.add_argument("--filters", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=4, help="train steps, or evaluations of a batch, in a round")
    parser.add_argument("--rounds", type=int, default=5)
    add_torch_python(parser)
    args = parser.parse_args()
    check_torch(parser, args)
    what = f"{args.size} px, {args.filters} filters, batch {args.batch}"
    print(f"| {what} | way | images/s | graph / this, median | least | greatest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in args.case:
        case = Case(name, args.size, args.filters, args.batch)
        seconds = measure(work, OURS, (case, args.steps), args.rounds, args.torch_python)
        print(*rows(name, case.batch * args.steps, seconds), sep="\n", flush=True)


if __name__ == "__main__":
    main()
