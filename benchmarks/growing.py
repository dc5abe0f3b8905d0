"""Images a second of progressive GAN's and StyleGAN's last stage against the same networks and steps in PyTorch, CPU.

    make parity && .venv/bin/python benchmarks/growing.py [--case progan stylegan] [--size 64] [--filters 64]
        [--batch 16] [--steps 16] [--rounds 5] [--torch-python PATH]
    .venv/bin/python benchmarks/growing.py --stages [--case progan stylegan] [--filters 64] [--batch 16]

Both as in their papers (one step of each player, the gradient penalty in each step, R1 in each 16th), float32, without
an average of the weights. PyTorch's loops are hand-written; a step whose loss holds a gradient cannot be compiled
there, so it stays eager. Each way has its own process, and a round runs one after the other. `--stages` measures ours
alone, at each size: the seconds until the first step is done, and images a second, with XLA and without, in float32
and in bfloat16.
"""

import argparse
import dataclasses
import itertools
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
CASES = ("progan", "stylegan")
PENALTY_WEIGHT, DRIFT_WEIGHT, R1_WEIGHT, R1_EVERY, MIXING = 10.0, 0.001, 10.0, 16, 0.9
GROUP = 4


@dataclasses.dataclass(frozen=True)
class Case:
    """A model, the size of its images, the filters of its widest maps, and images in a batch."""

    model: str
    size: int = 64
    filters: int = 64
    batch: int = 16

    @property
    def levels(self) -> list[int]:
        """Filters by level, from 4 pixels on: the paper's, in proportion."""
        count = int(math.log2(self.size)) - 1
        return [max(1, self.filters * min(512, 8192 // 2 ** (level + 1)) // 512) for level in range(count)]


def zoo(case: Case, compiled: bool, dtype: str = "float32") -> Any:
    """Our model, in a stage of its own."""
    import keras_genzoo.models  # noqa: F401 - registers them
    from keras_genzoo.registry import MODELS

    discriminator = {"network": "progressive_discriminator", "filters": case.levels, "blur": case.model == "stylegan"}
    arguments = {
        "image_shape": (case.size, case.size, 3),
        "latent_dim": case.filters,
        "growth": [{"size": case.size}],
        "discriminator": discriminator,
        "dtype": dtype,
    }
    if case.model == "progan":
        arguments["generator"] = {"network": "progressive_generator", "filters": case.levels}
    else:
        synthesis = {"network": "style_synthesis", "filters": case.levels}
        arguments |= {"style_dim": case.filters, "synthesis": synthesis, "r1_every": R1_EVERY}
    model = MODELS[case.model](**arguments)
    model.compile(jit_compile=compiled)
    return model


def images_of(case: Case, count: int) -> np.ndarray:
    """Random images."""
    return np.random.default_rng(0).uniform(-1, 1, (count, case.size, case.size, 3)).astype("float32")


def ours(case: Case, way: str, steps: int) -> tuple[int, Callable[[], Any]]:
    """Our number of trained weights, and our `fit`."""
    model, x = zoo(case, way == "XLA"), images_of(case, case.batch * steps)
    weights = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return weights, lambda: model.fit(x, batch_size=case.batch, epochs=1, verbose=0)


def torch_networks(case: Case) -> tuple[Any, Any, Any]:
    """Mapping (None of a progressive GAN), generator and discriminator, layer by layer."""
    import torch
    from torch import nn
    from torch.nn import functional

    style, width, filters = case.model == "stylegan", case.filters, case.levels

    class Linear(nn.Module):
        def __init__(self, before: int, after: int, gain: float = math.sqrt(2), rate: float = 1.0, bias: bool = True):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(after, before) / rate)
            self.bias = nn.Parameter(torch.zeros(after)) if bias else None
            self.scale, self.rate = gain * rate / math.sqrt(before), rate

        def forward(self, x: Any) -> Any:
            bias = None if self.bias is None else self.bias * self.rate
            return functional.linear(x, self.weight * self.scale, bias)

    class Conv(nn.Module):
        def __init__(self, before: int, after: int, size: int = 3, gain: float = math.sqrt(2), bias: bool = True):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(after, before, size, size))
            self.bias = nn.Parameter(torch.zeros(after)) if bias else None
            self.scale, self.padding = gain / math.sqrt(before * size**2), size // 2

        def forward(self, x: Any) -> Any:
            return functional.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)

    class PixelNorm(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()

    class Blur(nn.Module):
        def __init__(self, channels: int):
            super().__init__()
            binomial = torch.tensor([1.0, 2.0, 1.0]) / 4
            self.register_buffer("kernel", torch.outer(binomial, binomial).expand(channels, 1, 3, 3).contiguous())

        def forward(self, x: Any) -> Any:
            return functional.conv2d(x, self.kernel, padding=1, groups=len(self.kernel))

    class Deviation(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x.reshape(GROUP, -1, *x.shape[1:])
            y = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean((1, 2, 3), keepdim=True)
            return torch.cat([x, y.repeat(GROUP, 1, *x.shape[2:])], 1)

    class Epilogue(nn.Module):
        """Noise, bias, leaky ReLU and style."""

        def __init__(self, channels: int):
            super().__init__()
            self.strength, self.bias = (nn.Parameter(torch.zeros(channels, 1, 1)) for _ in range(2))
            self.affine = Linear(width, 2 * channels, 1.0)

        def forward(self, x: Any, w: Any) -> Any:
            x = x + self.strength * torch.randn(len(x), 1, *x.shape[2:])
            x = functional.leaky_relu(x + self.bias, 0.2)
            x = functional.instance_norm(x, eps=1e-8)
            scale, offset = self.affine(w)[..., None, None].chunk(2, 1)
            return x * (1 + scale) + offset

    class Synthesis(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.constant = nn.Parameter(torch.ones(filters[0], 4, 4))
            pairs = list(zip([filters[0], *filters], filters, strict=False))
            convolutions = [nn.Identity(), Conv(filters[0], filters[0], bias=False)]
            for before, after in pairs[1:]:
                up = nn.Sequential(nn.Upsample(scale_factor=2), Conv(before, after, bias=False), Blur(after))
                convolutions += [up, Conv(after, after, bias=False)]
            self.convolutions = nn.ModuleList(convolutions)
            self.epilogues = nn.ModuleList([Epilogue(after) for _, after in pairs for _ in range(2)])
            self.image = Conv(filters[-1], 3, 1, 1.0)

        def forward(self, styles: Any) -> Any:
            x = self.constant.expand(len(styles), -1, -1, -1)
            for number, (convolution, epilogue) in enumerate(zip(self.convolutions, self.epilogues, strict=True)):
                x = epilogue(convolution(x), styles[:, number])
            return self.image(x)

    class Bias(nn.Module):
        def __init__(self, channels: int):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

        def forward(self, x: Any) -> Any:
            return x + self.bias

    mapping = None
    if style:
        dense = [part for _ in range(8) for part in (Linear(width, width, rate=0.01), nn.LeakyReLU(0.2))]
        mapping, generator = nn.Sequential(PixelNorm(), *dense), Synthesis()
    else:
        first = Linear(width, 16 * filters[0], math.sqrt(2) / 4, bias=False)
        parts = [
            PixelNorm(),
            first,
            nn.Unflatten(1, (filters[0], 4, 4)),
            Bias(filters[0]),
            nn.LeakyReLU(0.2),
            PixelNorm(),
        ]
        parts += [Conv(filters[0], filters[0]), nn.LeakyReLU(0.2), PixelNorm()]
        for before, after in itertools.pairwise(filters):
            parts += [nn.Upsample(scale_factor=2), Conv(before, after), nn.LeakyReLU(0.2), PixelNorm()]
            parts += [Conv(after, after), nn.LeakyReLU(0.2), PixelNorm()]
        generator = nn.Sequential(*parts, Conv(filters[-1], 3, 1, 1.0))
    parts = [Conv(3, filters[-1], 1), nn.LeakyReLU(0.2)]
    for before, after in zip(filters[:0:-1], filters[-2::-1], strict=True):
        parts += [Conv(before, before), nn.LeakyReLU(0.2)]
        down = Conv(before, after)
        halved = (
            [Blur(before), down, nn.AvgPool2d(2), nn.LeakyReLU(0.2)]
            if style
            else [down, nn.LeakyReLU(0.2), nn.AvgPool2d(2)]
        )
        parts += halved
    parts += [Deviation(), Conv(filters[0] + 1, filters[0]), nn.LeakyReLU(0.2), nn.Flatten()]
    parts += [Linear(16 * filters[0], filters[0]), nn.LeakyReLU(0.2), Linear(filters[0], 1, 1.0)]
    return mapping, generator, nn.Sequential(*parts)


def torch_loop(case: Case, way: str, steps: int) -> tuple[int, Callable[[], Any]]:
    """PyTorch's number of weights, and its steps."""
    sys.path[:0] = site.getsitepackages()  # a process has got those of the Python that started it
    import torch
    from torch.nn.functional import softplus

    mapping, generator, discriminator = torch_networks(case)
    x = torch.from_numpy(images_of(case, case.batch * steps)).permute(0, 3, 1, 2).contiguous()
    if way != "eager":
        generator, discriminator, x = (
            part.to(memory_format=torch.channels_last) for part in (generator, discriminator, x)
        )
    of_generator = [*generator.parameters(), *(mapping.parameters() if mapping is not None else ())]
    options = {"lr": 1e-3, "betas": (0.0, 0.99), "eps": 1e-8}
    optimizers = [torch.optim.Adam(part, **options) for part in (discriminator.parameters(), of_generator)]
    layers = 2 * len(case.levels)
    numbers = torch.arange(layers)[None, :, None]

    def make() -> Any:
        z = torch.randn(case.batch, case.filters)
        if mapping is None:
            return generator(z)
        crossover = 1 + torch.floor(torch.rand(case.batch, 1, 1) / MIXING * (layers - 1))
        styles = mapping(z)[:, None].expand(-1, layers, -1)
        return generator(torch.where(numbers < crossover, styles, mapping(torch.randn_like(z))[:, None]))

    compiled = way.startswith("compiled")
    generate, discriminate = (torch.compile(part) if compiled else part for part in (make, discriminator))

    def gradient(images: Any) -> Any:
        images = images.detach().requires_grad_()
        return torch.autograd.grad(discriminator(images).sum(), images, create_graph=True)[0]

    def discriminator_loss(real: Any, step: int) -> Any:
        with torch.no_grad():
            fake = generate()
        if mapping is None:
            scores = discriminate(real)
            points = real + torch.rand(len(real), 1, 1, 1) * (fake - real)
            norms = (gradient(points).square().sum((1, 2, 3)) + 1e-12).sqrt()
            penalty = PENALTY_WEIGHT * (norms - 1).square().mean() + DRIFT_WEIGHT * scores.square().mean()
            return discriminate(fake).mean() - scores.mean() + penalty
        loss = softplus(discriminate(fake)).mean() + softplus(-discriminate(real)).mean()
        if step % R1_EVERY == 0:
            loss = loss + R1_EVERY * R1_WEIGHT / 2 * gradient(real).square().sum((1, 2, 3)).mean()
        return loss

    def run() -> None:
        for step in range(steps):
            optimizers[0].zero_grad()
            discriminator_loss(x[step * case.batch : (step + 1) * case.batch], step).backward()
            optimizers[0].step()
            discriminator.requires_grad_(False)
            optimizers[1].zero_grad()
            scores = discriminate(generate())
            (softplus(-scores).mean() if mapping is not None else -scores.mean()).backward()
            optimizers[1].step()
            discriminator.requires_grad_(True)

    return sum(weight.numel() for weight in (*discriminator.parameters(), *of_generator)), run


def work(pipe: Connection, way: str, case: Case, steps: int) -> None:
    """A process: times the way's steps whenever it is asked to."""
    weights, run = (ours if way in OURS else torch_loop)(case, way, steps)
    pipe.send(weights)
    while pipe.recv():
        start = time.perf_counter()
        run()
        pipe.send(time.perf_counter() - start)


def stages(case: Case, steps: int) -> None:
    """Prints the table of our stages."""
    print(f"| {case.model}, {case.filters} filters, batch {case.batch} | way | first step, s | images/s |")
    print("| --- | --- | --- | --- |")
    size = 4
    while size <= case.size:
        part = dataclasses.replace(case, size=size)
        for dtype, compiled in (("float32", False), ("float32", True), ("mixed_bfloat16", False)):
            model, x = zoo(part, compiled, dtype), images_of(part, case.batch * steps)
            start = time.perf_counter()
            model.fit(x[: case.batch], batch_size=case.batch, verbose=0)
            first, start = time.perf_counter() - start, time.perf_counter()
            model.fit(x, batch_size=case.batch, verbose=0)
            rate = len(x) / (time.perf_counter() - start)
            way = f"{dtype}{', XLA' if compiled else ''}"
            print(f"| {size} px | {way} | {first:.1f} | {rate:.1f} |", flush=True)
        size *= 2


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, nargs="+", default=CASES)
    parser.add_argument("--size", type=int, default=64, help="of the images, or of the last stage")
    parser.add_argument("--filters", type=int, default=64, help="of the widest maps: 512 in the papers")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=16, help="train steps in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stages", action="store_true", help="measure ours at each size, without PyTorch")
    add_torch_python(parser)
    args = parser.parse_args()
    cases = [Case(name, args.size, args.filters, args.batch) for name in args.case]
    if args.stages:
        for case in cases:
            stages(case, args.steps)
        return
    check_torch(parser, args)
    what = f"{args.size} px, {args.filters} filters, batch {args.batch}"
    print(f"| {what} | way | images/s | graph / this, median | least | greatest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case in cases:
        seconds = measure(work, OURS, (case, args.steps), args.rounds, args.torch_python)
        print(*rows(case.model, case.batch * args.steps, seconds), sep="\n", flush=True)


if __name__ == "__main__":
    main()
