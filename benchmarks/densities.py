"""Images a second of PixelCNN's and RealNVP's train steps against the same networks and steps in PyTorch, on the CPU.

    make parity && .venv/bin/python benchmarks/densities.py [--case pixelcnn realnvp] [--size 28] [--filters 32]
        [--batch 32] [--steps 8] [--rounds 5] [--torch-python PATH]

Grey images, float32, Adam. PyTorch's loops are hand-written; RealNVP is the one of `realnvp_fashion_mnist_28`, three
scales of four couplings each, with actnorm, PixelCNN has five blocks. Each way has its own process, and a round runs
one after the other.
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
CASES = ("pixelcnn", "realnvp")
BLOCKS, COMPONENTS, LEVELS, COUPLINGS = 5, 5, 3, 4


@dataclasses.dataclass(frozen=True)
class Case:
    """A model, the size of its images, filters, and images in a batch."""

    model: str
    size: int = 28
    filters: int = 32
    batch: int = 32


def images_of(case: Case, count: int) -> np.ndarray:
    """Random images of 256 grey levels."""
    levels = np.random.default_rng(0).integers(0, 256, (count, case.size, case.size, 1))
    return (levels / 127.5 - 1).astype("float32")


def ours(case: Case, way: str, steps: int) -> tuple[int, Callable[[], Any]]:
    """Our number of trained weights, and our `fit`."""
    import keras_genzoo.models  # noqa: F401 - registers them
    from keras_genzoo.registry import MODELS

    shape = (case.size, case.size, 1)
    if case.model == "pixelcnn":
        network = {"network": "gated_pixelcnn", "filters": case.filters, "blocks": BLOCKS}
        model = MODELS["pixelcnn"](shape, mixture_components=COMPONENTS, causal_network=network)
    else:
        network = {"network": "coupling_resnet", "filters": case.filters, "blocks": 1}
        model = MODELS["realnvp"](shape, LEVELS, COUPLINGS, normalization="act", coupling=network)
    model.compile("adam", jit_compile=way == "XLA")
    x = images_of(case, case.batch * steps)
    weights = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return weights, lambda: model.fit(x, batch_size=case.batch, epochs=1, verbose=0)


def torch_pixelcnn(case: Case) -> Any:
    """Gated PixelCNN and the likelihood of its mixture, as a module that gives the loss."""
    import torch
    from torch import nn
    from torch.nn import functional

    filters = case.filters

    def above(before: int, after: int, shift: int = 0) -> Any:
        pad = nn.ZeroPad2d((1, 1, 1 + shift, -shift))
        return nn.Sequential(pad, nn.Conv2d(before, after, (2, 3)))

    def left(before: int, after: int, shift: int = 0) -> Any:
        pad = nn.ZeroPad2d((1 + shift, -shift, 0, 0))
        return nn.Sequential(pad, nn.Conv2d(before, after, (1, 2)))

    def gated(x: Any) -> Any:
        value, gate = x.chunk(2, 1)
        return value.tanh() * gate.sigmoid()

    class PixelCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.ModuleList([above(2, filters, 1), left(2, filters, 1), nn.Conv2d(filters, filters, 1)])
            self.blocks = nn.ModuleList(
                nn.ModuleList(
                    [
                        above(filters, 2 * filters),
                        left(filters, 2 * filters),
                        nn.Conv2d(filters, 2 * filters, 1),
                        nn.Conv2d(filters, filters, 1),
                    ]
                )
                for _ in range(BLOCKS)
            )
            self.last = nn.ModuleList([nn.Conv2d(filters, filters, 1), nn.Conv2d(filters, 3 * COMPONENTS, 1)])

        def forward(self, x: Any) -> Any:
            given = torch.cat([x, torch.ones_like(x)], 1)
            vertical = self.first[0](given)
            horizontal = self.first[1](given) + self.first[2](vertical)
            for up, beside, across, mixed in self.blocks:
                vertical = vertical + gated(up(functional.elu(vertical)))
                both = beside(functional.elu(horizontal)) + across(functional.elu(vertical))
                horizontal = horizontal + mixed(gated(both))
            inner = functional.elu(self.last[0](functional.elu(horizontal)))
            logits, means, scales = self.last[1](inner).chunk(3, 1)
            narrow, half = torch.exp(-scales.clamp(min=-7.0)), 1 / 255
            up, down = (x - means + half) * narrow, (x - means - half) * narrow
            below, beyond = -functional.softplus(-up), -functional.softplus(down)
            mass = below + beyond + torch.log(-torch.expm1(-2 * half * narrow))
            mass = torch.where(x < -1 + half, below, torch.where(x > 1 - half, beyond, mass))
            return -torch.logsumexp(torch.log_softmax(logits, 1) + mass, 1).sum((1, 2)).mean()

    return PixelCNN()


def torch_realnvp(case: Case) -> Any:
    """RealNVP with actnorm, as a module that gives the loss."""
    import torch
    from torch import nn
    from torch.nn import functional

    filters = case.filters

    class Coupling(nn.Module):
        def __init__(self, channels: int, checkerboard: bool, flipped: bool):
            super().__init__()
            self.checkerboard, self.flipped, half = checkerboard, flipped, channels // 2
            stays, changes = (channels, channels) if checkerboard else (half, channels - half)
            if flipped and not checkerboard:
                stays, changes = channels - half, half
            self.sizes = (changes, stays) if flipped else (stays, changes)
            self.offset, self.log_scale = (nn.Parameter(torch.zeros(channels, 1, 1)) for _ in range(2))
            self.gain = nn.Parameter(torch.ones(changes, 1, 1))
            self.first = nn.Conv2d(stays, filters, 3, padding=1)
            self.inner = nn.Sequential(
                nn.ReLU(), nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(), nn.Conv2d(filters, filters, 1)
            )
            self.last = nn.Conv2d(filters, 2 * changes, 3, padding=1)

        def network(self, x: Any) -> Any:
            x = self.first(x)
            scale, shift = self.last(functional.relu(x + self.inner(x))).chunk(2, 1)
            return scale.tanh() * self.gain, shift

        def forward(self, x: Any) -> tuple[Any, Any]:
            places = x.shape[2] * x.shape[3]
            x = x * self.log_scale.exp() + self.offset
            total = places * self.log_scale.sum()
            if self.checkerboard:
                rows, columns = torch.arange(x.shape[2])[:, None], torch.arange(x.shape[3])[None]
                stays = ((rows + columns) % 2 == int(self.flipped)).float()
                scale, shift = self.network(stays * x)
                scale = (1 - stays) * scale
                return stays * x + (1 - stays) * (x * scale.exp() + shift), total + scale.sum((1, 2, 3))
            one, other = x.split(self.sizes, 1)
            stays, changes = (other, one) if self.flipped else (one, other)
            scale, shift = self.network(stays)
            changes = changes * scale.exp() + shift
            parts = [changes, stays] if self.flipped else [stays, changes]
            return torch.cat(parts, 1), total + scale.sum((1, 2, 3))

    class Flow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            channels, scales = 1, []
            for level in range(LEVELS):
                last = level == LEVELS - 1
                before = [Coupling(channels, True, bool(n % 2)) for n in range(COUPLINGS + last)]
                after = []
                if not last:
                    channels *= 4
                    after = [Coupling(channels, False, bool(n % 2)) for n in range(COUPLINGS)]
                    channels //= 2
                scales.append(nn.ModuleList([nn.ModuleList(before), nn.ModuleList(after)]))
            self.scales = nn.ModuleList(scales)

        def forward(self, x: Any) -> Any:
            p = ((x + 1) * 127.5 + torch.rand_like(x)) / 256
            q = 0.05 + 0.9 * p
            x = torch.log(q) - torch.log1p(-q)
            total = (math.log(0.9) - torch.log(q) - torch.log1p(-q)).sum((1, 2, 3))
            done: Any = 0.0
            for before, after in self.scales:
                for coupling in before:
                    x, more = coupling(x)
                    total = total + more
                if len(after):
                    x = functional.pixel_unshuffle(x, 2)
                    for coupling in after:
                        x, more = coupling(x)
                        total = total + more
                    half, x = x.chunk(2, 1)
                    done = done + half.square().sum((1, 2, 3))
            return -(total - 0.5 * (done + x.square().sum((1, 2, 3)))).mean()

    return Flow()


def torch_loop(case: Case, way: str, steps: int) -> tuple[int, Callable[[], Any]]:
    """PyTorch's number of weights, and its steps."""
    sys.path[:0] = site.getsitepackages()  # a process has got those of the Python that started it
    import torch

    model = torch_pixelcnn(case) if case.model == "pixelcnn" else torch_realnvp(case)
    x = torch.from_numpy(images_of(case, case.batch * steps)).permute(0, 3, 1, 2).contiguous()
    if way != "eager":
        model, x = (part.to(memory_format=torch.channels_last) for part in (model, x))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = torch.compile(model) if way.startswith("compiled") else model

    def run() -> None:
        for step in range(steps):
            optimizer.zero_grad()
            loss_of(x[step * case.batch : (step + 1) * case.batch]).backward()
            optimizer.step()

    return sum(weight.numel() for weight in model.parameters()), run


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
    parser.add_argument("--size", type=int, default=28, help="of the images")
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=8, help="train steps in a round")
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
