"""Images a second of StyleGAN2 and R3GAN against the same networks and steps in PyTorch, on the CPU.

    make parity && .venv/bin/python benchmarks/plain_and_styled.py [--case stylegan2 r3gan] [--size 64] [--filters 64]
        [--batch 16] [--steps 16] [--rounds 5] [--torch-python PATH]

Both as in their papers: StyleGAN2 with R1 in each 16th step and path lengths of half a batch in each 4th, R3GAN with R1
and R2 in every step; float32, without an average of the weights. PyTorch's loops are hand-written; a step whose loss
holds a gradient cannot be compiled there, so it stays eager. Each way has its own process, and a round runs one after
the other.
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

OURS = ("graph",)
CASES = ("stylegan2", "r3gan")
R1_WEIGHT, R1_EVERY, LENGTH_WEIGHT, LENGTH_EVERY, MIXING = 0.1, 16, 2.0, 4, 0.9
GAMMA, GROUP, GROUP_SIZE = 2.0, 4, 16


@dataclasses.dataclass(frozen=True)
class Case:
    """A model, the size of its images, the filters of its widest maps, and images in a batch."""

    model: str
    size: int = 64
    filters: int = 64
    batch: int = 16

    @property
    def levels(self) -> list[int]:
        """Filters by level, from 4 pixels on: half as many at 64 pixels and at each size after it."""
        count = int(math.log2(self.size)) - 1
        return [max(8, min(self.filters, self.filters * 32 // 2 ** (level + 2))) for level in range(count)]


def images_of(case: Case, count: int) -> np.ndarray:
    """Random images."""
    return np.random.default_rng(0).uniform(-1, 1, (count, case.size, case.size, 3)).astype("float32")


def ours(case: Case, steps: int) -> tuple[int, Callable[[], Any]]:
    """Our number of trained weights, and our `fit`."""
    import keras_genzoo.models  # noqa: F401 - registers them
    from keras_genzoo.registry import MODELS

    widths = {"filters": case.levels}
    if case.model == "stylegan2":
        arguments = {
            "latent_dim": case.filters,
            "style_dim": case.filters,
            "r1_weight": R1_WEIGHT,
            "synthesis": {"network": "skip_synthesis", **widths},
            "discriminator": {"network": "residual_discriminator", **widths},
        }
    else:
        arguments = {"latent_dim": case.filters, "gamma": GAMMA}
        for player in ("generator", "discriminator"):
            arguments[player] = {"network": f"resnext_{player}", **widths}
    model = MODELS[case.model](image_shape=(case.size, case.size, 3), **arguments)
    model.compile(jit_compile=False)
    x = images_of(case, case.batch * steps)
    weights = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return weights, lambda: model.fit(x, batch_size=case.batch, epochs=1, verbose=0)


def torch_networks(case: Case) -> tuple[Any, Any, Any]:
    """Mapping (None of R3GAN), generator and discriminator, layer by layer."""
    import torch
    from torch import nn
    from torch.nn import functional

    width, filters = case.filters, case.levels
    root = math.sqrt(2)

    class Linear(nn.Module):
        def __init__(self, before: int, after: int, gain: float = root, rate: float = 1.0, bias: float = 0.0):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(after, before) / rate)
            self.bias = nn.Parameter(torch.full((after,), bias))
            self.scale, self.rate = gain * rate / math.sqrt(before), rate

        def forward(self, x: Any) -> Any:
            return functional.linear(x, self.weight * self.scale, self.bias * self.rate)

    class Conv(nn.Module):
        def __init__(self, before: int, after: int, size: int = 3, stride: int = 1, bias: bool = True):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(after, before, size, size))
            self.bias = nn.Parameter(torch.zeros(after)) if bias else None
            self.scale, self.stride, self.padding = 1 / math.sqrt(before * size**2), stride, size // 2 * (stride == 1)

        def forward(self, x: Any) -> Any:
            return functional.conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)

    class Blur(nn.Module):
        def __init__(self, channels: int, taps: int = 4, padding: int = 1):
            super().__init__()
            binomial = torch.tensor([float(math.comb(taps - 1, place)) for place in range(taps)]) / 2 ** (taps - 1)
            kernel = torch.outer(binomial, binomial).expand(channels, 1, taps, taps).contiguous()
            self.register_buffer("kernel", kernel)
            self.padding = padding

        def forward(self, x: Any) -> Any:
            return functional.conv2d(x, self.kernel, padding=self.padding, groups=len(self.kernel))

    class Bias(nn.Module):
        def __init__(self, channels: int):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

        def forward(self, x: Any) -> Any:
            return x + self.bias

    class Modulated(nn.Module):
        def __init__(self, before: int, after: int, size: int = 3, up: bool = False, demodulate: bool = True):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(after, before, size, size))
            self.affine, self.up, self.demodulate = Linear(width, before, 1.0, bias=1.0), up, demodulate
            self.scale, self.padding = 1 / math.sqrt(before * size**2), size // 2

        def forward(self, x: Any, w: Any) -> Any:
            weight, scale = self.weight * self.scale, self.affine(w)
            x = x * scale[:, :, None, None]
            if self.up:
                x = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            else:
                x = functional.conv2d(x, weight, padding=self.padding)
            if not self.demodulate:
                return x
            squares = scale.square() @ weight.square().sum((2, 3)).T
            return x * (squares + 1e-8).rsqrt()[:, :, None, None]

    class Layer(nn.Module):
        """Modulated convolution, noise, bias and leaky ReLU."""

        def __init__(self, before: int, after: int, up: bool = False):
            super().__init__()
            self.convolution, self.blur = Modulated(before, after, up=up), Blur(after) if up else None
            self.strength, self.bias = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(after, 1, 1))

        def forward(self, x: Any, w: Any) -> Any:
            x = self.convolution(x, w)
            if self.blur is not None:
                x = self.blur(x) * 4
            x = x + self.strength * torch.randn(len(x), 1, *x.shape[2:])
            return functional.leaky_relu(x + self.bias, 0.2) * root

    class ToImage(nn.Module):
        def __init__(self, before: int):
            super().__init__()
            self.convolution, self.bias = Modulated(before, 3, 1, demodulate=False), Bias(3)

        def forward(self, x: Any, w: Any) -> Any:
            return self.bias(self.convolution(x, w))

    class Synthesis(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.constant = nn.Parameter(torch.randn(filters[0], 4, 4))
            made = [Layer(filters[0], filters[0])]
            for before, after in itertools.pairwise(filters):
                made += [Layer(before, after, up=True), Layer(after, after)]
            self.layers = nn.ModuleList(made)
            self.images = nn.ModuleList([ToImage(count) for count in filters])

        def forward(self, styles: Any) -> Any:
            x = self.layers[0](self.constant.expand(len(styles), -1, -1, -1), styles[:, 0])
            image = self.images[0](x, styles[:, 1])
            for level in range(1, len(filters)):
                x = self.layers[2 * level - 1](x, styles[:, 2 * level - 1])
                x = self.layers[2 * level](x, styles[:, 2 * level])
                larger = functional.interpolate(image, scale_factor=2, mode="bilinear")
                image = larger + self.images[level](x, styles[:, 2 * level + 1])
            return image

    class Activated(nn.Module):
        def __init__(self, gain: float = root):
            super().__init__()
            self.gain = gain

        def forward(self, x: Any) -> Any:
            return functional.leaky_relu(x, 0.2) * self.gain

    class Halving(nn.Module):
        def __init__(self, before: int, after: int):
            super().__init__()
            first = [Conv(before, before), Activated(), Blur(before, padding=2)]
            self.main = nn.Sequential(*first, Conv(before, after, stride=2), Activated(1.0))
            self.skip = nn.Sequential(Blur(before, 3), nn.AvgPool2d(2), Conv(before, after, 1, bias=False))

        def forward(self, x: Any) -> Any:
            return self.main(x) + self.skip(x) * math.sqrt(0.5)

    class Deviation(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x.reshape(GROUP, -1, *x.shape[1:])
            y = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean((1, 2, 3), keepdim=True)
            return torch.cat([x, y.repeat(GROUP, 1, *x.shape[2:])], 1)

    class PixelNorm(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()

    if case.model == "stylegan2":
        dense = [part for _ in range(8) for part in (Linear(width, width, rate=0.01), nn.LeakyReLU(0.2))]
        parts = [Conv(3, filters[-1], 1), Activated()]
        parts += [Halving(before, after) for before, after in zip(filters[:0:-1], filters[-2::-1], strict=True)]
        parts += [Deviation(), Conv(filters[0] + 1, filters[0]), Activated(), nn.Flatten()]
        parts += [Linear(16 * filters[0], filters[0], 1.0), Activated(), Linear(filters[0], 1, 1.0)]
        return nn.Sequential(PixelNorm(), *dense), Synthesis(), nn.Sequential(*parts)

    class Block(nn.Module):
        def __init__(self, count: int):
            super().__init__()
            inside = 2 * count
            first = [nn.Conv2d(count, inside, 1, bias=False), Bias(inside), nn.LeakyReLU(0.2)]
            grouped = nn.Conv2d(inside, inside, 3, padding=1, groups=inside // GROUP_SIZE, bias=False)
            last = nn.Conv2d(inside, count, 1, bias=False)
            nn.init.zeros_(last.weight)
            self.main = nn.Sequential(*first, grouped, Bias(inside), nn.LeakyReLU(0.2), last)

        def forward(self, x: Any) -> Any:
            return x + self.main(x)

    class Basis(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.maps = nn.Parameter(torch.randn(filters[0], 4, 4))
            self.linear = nn.Linear(width, filters[0], bias=False)

        def forward(self, z: Any) -> Any:
            return self.maps * self.linear(z)[:, :, None, None]

    def changed(before: int, after: int) -> list[Any]:
        return [] if before == after else [nn.Conv2d(before, after, 1, bias=False)]

    made = [Basis(), Block(filters[0]), Block(filters[0])]
    for before, after in itertools.pairwise(filters):
        made += [*changed(before, after), nn.Upsample(scale_factor=2), Blur(after, 3), Block(after), Block(after)]
    parts = [nn.Conv2d(3, filters[-1], 1, bias=False), Block(filters[-1]), Block(filters[-1])]
    for before, after in zip(filters[:0:-1], filters[-2::-1], strict=True):
        parts += [Blur(before, 3), nn.AvgPool2d(2), *changed(before, after), Block(after), Block(after)]
    parts += [nn.Conv2d(filters[0], filters[0], 4, groups=filters[0], bias=False), nn.Flatten()]
    parts += [nn.Linear(filters[0], 1)]
    return None, nn.Sequential(*made, nn.Conv2d(filters[-1], 3, 1, bias=False)), nn.Sequential(*parts)


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

    def styles_of(count: int) -> Any:
        z = torch.randn(count, case.filters)
        crossover = 1 + torch.floor(torch.rand(count, 1, 1) / MIXING * (layers - 1))
        styles = mapping(z)[:, None].expand(-1, layers, -1)
        return torch.where(numbers < crossover, styles, mapping(torch.randn_like(z))[:, None])

    def make() -> Any:
        return generator(torch.randn(case.batch, case.filters) if mapping is None else styles_of(case.batch))

    compiled = way.startswith("compiled")
    generate, discriminate = (torch.compile(part) if compiled else part for part in (make, discriminator))

    def penalty(images: Any) -> tuple[Any, Any]:
        images = images.detach().requires_grad_()
        scores = discriminator(images)
        gradient = torch.autograd.grad(scores.sum(), images, create_graph=True)[0]
        return scores, gradient.square().sum((1, 2, 3)).mean()

    def discriminator_loss(real: Any, step: int) -> Any:
        with torch.no_grad():
            fake = generate()
        if mapping is None:
            (real_scores, r1), (fake_scores, r2) = penalty(real), penalty(fake)
            return softplus(fake_scores - real_scores).mean() + GAMMA / 2 * (r1 + r2)
        loss = softplus(discriminate(fake)).mean()
        if step % R1_EVERY:
            return loss + softplus(-discriminate(real)).mean()
        real_scores, r1 = penalty(real)
        return loss + softplus(-real_scores).mean() + R1_EVERY * R1_WEIGHT / 2 * r1

    mean_length = torch.zeros(())

    def length_loss() -> Any:
        styles = styles_of(case.batch // 2)
        made = generator(styles)
        noise = torch.randn_like(made) / case.size
        gradient = torch.autograd.grad((made * noise).sum(), styles, create_graph=True)[0]
        lengths = gradient.square().sum(2).mean(1).sqrt()
        mean_length.lerp_(lengths.mean().detach(), 0.01)
        return (lengths - mean_length).square().mean()

    def generator_loss(real: Any, step: int) -> Any:
        if mapping is None:
            with torch.no_grad():
                real_scores = discriminate(real)
            return softplus(real_scores - discriminate(generate())).mean()
        loss = softplus(-discriminate(generate())).mean()
        return loss if step % LENGTH_EVERY else loss + LENGTH_EVERY * LENGTH_WEIGHT * length_loss()

    def run() -> None:
        for step in range(steps):
            real = x[step * case.batch : (step + 1) * case.batch]
            optimizers[0].zero_grad()
            discriminator_loss(real, step).backward()
            optimizers[0].step()
            discriminator.requires_grad_(False)
            optimizers[1].zero_grad()
            generator_loss(real, step).backward()
            optimizers[1].step()
            discriminator.requires_grad_(True)

    return sum(weight.numel() for weight in (*discriminator.parameters(), *of_generator)), run


def work(pipe: Connection, way: str, case: Case, steps: int) -> None:
    """A process: times the way's steps whenever it is asked to."""
    weights, run = ours(case, steps) if way in OURS else torch_loop(case, way, steps)
    pipe.send(weights)
    while pipe.recv():
        start = time.perf_counter()
        run()
        pipe.send(time.perf_counter() - start)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, nargs="+", default=CASES)
    parser.add_argument("--size", type=int, default=64, help="of the images")
    parser.add_argument("--filters", type=int, default=64, help="of the widest maps: 512 and 768 in the papers' code")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=16, help="train steps in a round")
    parser.add_argument("--rounds", type=int, default=5)
    add_torch_python(parser)
    args = parser.parse_args()
    check_torch(parser, args)
    what = f"{args.size} px, {args.filters} filters, batch {args.batch}"
    print(f"| {what} | way | images/s | graph / this, median | least | greatest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case in (Case(name, args.size, args.filters, args.batch) for name in args.case):
        seconds = measure(work, OURS, (case, args.steps), args.rounds, args.torch_python)
        print(*rows(case.model, case.batch * args.steps, seconds), sep="\n", flush=True)


if __name__ == "__main__":
    main()
