"""Images a second of our GANs against the same networks and steps in PyTorch, on the CPU, in one run.

    make parity && .venv/bin/python benchmarks/pytorch_gans.py [--preset dcgan_ffhq_64] [--steps 4] [--rounds 5]
        [--precision bfloat16]

PyTorch runs eagerly, eagerly with channels last, and compiled with channels last; its loops are hand-written. Each way
has its own process, and a round runs one after the other, so that all meet the same state of the machine. A row is
the median of the rounds; the ratio is that of our images a second to each other way's, of the same round.
"""

import argparse
import contextlib
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

BATCH = 32
PRESETS = ("dcgan_ffhq_64", "wgan_gp_ffhq_64")
OURS, OTHERS = "keras_genzoo", ("eager", "channels last", "compiled, channels last")
CRITIC_STEPS, PENALTY_WEIGHT = 5, 10.0


def zoo(preset: str, steps: int, precision: str, images: np.ndarray) -> Callable[[], Any]:
    """Our `fit`."""
    import keras_genzoo as genzoo
    from keras_genzoo.data import ArraySource, Stream

    dtype = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    model = genzoo.build(preset, seed=0, dtype=dtype, ema_momentum=None)
    stream = Stream(ArraySource(images), BATCH)
    return lambda: model.fit(stream, epochs=1, steps_per_epoch=steps, verbose=0)


def dcgan_networks() -> tuple[Any, Any]:
    """Generator and discriminator of `dcgan_ffhq_64`, layer by layer."""
    from torch import nn

    generator = [nn.Linear(100, 1024 * 16, bias=False), nn.Unflatten(1, (1024, 4, 4)), nn.BatchNorm2d(1024), nn.ReLU()]
    for before, after in ((1024, 512), (512, 256), (256, 128)):
        up = nn.ConvTranspose2d(before, after, 5, 2, 2, output_padding=1, bias=False)
        generator += [up, nn.BatchNorm2d(after), nn.ReLU()]
    generator += [nn.ConvTranspose2d(128, 3, 5, 2, 2, output_padding=1), nn.Tanh()]
    discriminator = [nn.Conv2d(3, 128, 5, 2, 2), nn.LeakyReLU(0.2)]
    for before, after in ((128, 256), (256, 512), (512, 1024)):
        discriminator += [nn.Conv2d(before, after, 5, 2, 2, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*generator), nn.Sequential(*discriminator, nn.Flatten(), nn.Linear(1024 * 16, 1))


def wgan_gp_networks() -> tuple[Any, Any]:
    """Generator and critic of `wgan_gp_ffhq_64`, block by block."""
    from torch import nn

    class Up(nn.Module):
        def __init__(self, before: int, after: int):
            super().__init__()
            double = nn.Upsample(scale_factor=2)
            first = nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()
            self.inside = nn.Sequential(
                nn.BatchNorm2d(before), nn.ReLU(), double, *first, nn.Conv2d(after, after, 3, padding=1)
            )
            self.shortcut = nn.Sequential(double, nn.Conv2d(before, after, 1))

        def forward(self, x: Any) -> Any:
            return self.shortcut(x) + self.inside(x)

    class Down(nn.Module):
        def __init__(self, before: int, after: int):
            super().__init__()
            first = nn.GroupNorm(1, before), nn.ReLU(), nn.Conv2d(before, before, 3, padding=1)
            second = nn.GroupNorm(1, before), nn.ReLU(), nn.Conv2d(before, after, 3, padding=1)
            self.inside = nn.Sequential(*first, *second, nn.AvgPool2d(2))
            self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, after, 1))

        def forward(self, x: Any) -> Any:
            return self.shortcut(x) + self.inside(x)

    ups = [Up(before, after) for before, after in ((512, 512), (512, 256), (256, 128), (128, 64))]
    last = nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 3, 3, padding=1), nn.Tanh()
    generator = nn.Sequential(nn.Linear(128, 512 * 16), nn.Unflatten(1, (512, 4, 4)), *ups, *last)
    downs = [Down(before, after) for before, after in ((64, 128), (128, 256), (256, 512), (512, 512))]
    critic = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), *downs, nn.Flatten(), nn.Linear(512 * 16, 1))
    return generator, critic


def torch_loop(preset: str, steps: int, precision: str, images: np.ndarray, way: str) -> Callable[[], Any]:
    """A hand-written loop over the same networks."""
    import torch
    from torch.nn.functional import softplus

    torch.manual_seed(0)
    penalized = preset == "wgan_gp_ffhq_64"
    generator, discriminator = wgan_gp_networks() if penalized else dcgan_networks()
    x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    if way != "eager":
        layout = torch.channels_last
        generator, discriminator, x = (part.to(memory_format=layout) for part in (generator, discriminator, x))
    rates = {"lr": 1e-4, "betas": (0.0, 0.9)} if penalized else {"lr": 2e-4, "betas": (0.5, 0.999)}
    optimizers = {part: torch.optim.Adam(part.parameters(), **rates) for part in (generator, discriminator)}
    latent_dim = 128 if penalized else 100
    half = torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()
    generate, discriminate = (
        torch.compile(one) if way.startswith("compiled") else one for one in (generator, discriminator)
    )

    def discriminator_loss(real: Any) -> Any:
        with torch.no_grad():
            fake = generate(torch.randn(BATCH, latent_dim))
        if not penalized:
            return softplus(-discriminate(real)).mean() + softplus(discriminate(fake)).mean()
        interpolates = (real + torch.rand(BATCH, 1, 1, 1) * (fake - real)).requires_grad_()
        # A graph that PyTorch has compiled cannot be differentiated twice: the penalty's part stays eager.
        gradient = torch.autograd.grad(discriminator(interpolates).sum(), interpolates, create_graph=True)[0]
        penalty = ((gradient.float().square().sum((1, 2, 3)) + 1e-12).sqrt() - 1).square().mean()
        return discriminate(fake).mean() - discriminate(real).mean() + PENALTY_WEIGHT * penalty

    def generator_loss() -> Any:
        scores = discriminate(generate(torch.randn(BATCH, latent_dim)))
        return -scores.mean() if penalized else softplus(-scores).mean()

    def update(network: Any, loss: Callable[[], Any]) -> None:
        optimizers[network].zero_grad()
        with half:
            value = loss()
        value.backward()
        optimizers[network].step()

    def run() -> None:
        for _ in range(steps):
            for _ in range(CRITIC_STEPS if penalized else 1):
                batch = x[torch.randint(len(x), (BATCH,))]
                update(discriminator, lambda batch=batch: discriminator_loss(batch))
            discriminator.requires_grad_(False)
            update(generator, generator_loss)
            discriminator.requires_grad_(True)

    return run


def work(pipe: Connection, way: str, preset: str, steps: int, precision: str) -> None:
    """A process: times the way's steps whenever it is asked to."""
    images = np.random.default_rng(0).uniform(-1, 1, (512, 64, 64, 3)).astype("float32")
    arguments = preset, steps, precision, images
    run = zoo(*arguments) if way == OURS else torch_loop(*arguments, way)
    while pipe.recv():
        start = time.perf_counter()
        run()
        pipe.send(time.perf_counter() - start)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, nargs="+", default=PRESETS)
    parser.add_argument("--steps", type=int, default=4, help="train steps in a round, each of all players")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    args = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    print(f"| preset, batch {BATCH}, {args.precision} | way | images/s | ours / this, median | least | greatest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for preset in args.preset:
        pipes = {}
        for way in (OURS, *OTHERS):
            pipes[way], end = context.Pipe()
            process = context.Process(target=work, args=(end, way, preset, args.steps, args.precision), daemon=True)
            process.start()
        seconds: dict[str, list[float]] = {way: [] for way in pipes}
        for number in range(args.rounds + 1):
            for way, pipe in pipes.items():
                pipe.send(True)
                took = pipe.recv()
                if number:  # the first round compiles
                    seconds[way].append(took)
        turns = CRITIC_STEPS if preset == "wgan_gp_ffhq_64" else 1
        for way, found in seconds.items():
            rate = turns * BATCH * args.steps / statistics.median(found)
            ratios = [other / own for own, other in zip(seconds[OURS], found, strict=True)]
            figures = " | ".join(f"{value:.2f}" for value in (statistics.median(ratios), min(ratios), max(ratios)))
            print(f"| {preset} | {way} | {rate:.1f} | {figures if way != OURS else '| |'} |", flush=True)
        for pipe in pipes.values():
            pipe.send(False)


if __name__ == "__main__":
    main()
