"""Images a second of pix2pix and CycleGAN against the same networks and steps in PyTorch, on the CPU, in one run.

    make parity && .venv/bin/python benchmarks/translators.py [--case pix2pix_128_1 ...] [--filters 64] [--steps 3]
        [--rounds 5] [--torch-python PATH]

Ours runs as a graph, compiled by XLA, and as a graph whose players hand nothing on, so that each makes its translations
anew. PyTorch runs eagerly, eagerly with channels last, and compiled with channels last; its loops are hand-written.
Each way has its own process, and a round runs one after the other, so that all meet the same state of the machine. A
row is the median of the rounds; the ratio is that of our graph's images a second to each other way's, of the same
round, and in the last row to the best of PyTorch's in each round. All ways must have as many weights.
"""

import argparse
import dataclasses
import site
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from side_by_side import Seconds, add_torch_python, check_torch, measure, rows, spread

OURS = ("graph", "XLA", "graph, nothing handed on")
POOL, L1_WEIGHT, CYCLE_WEIGHT = 50, 100.0, 10.0


@dataclasses.dataclass(frozen=True)
class Case:
    """A model, the side of its images, images in a batch, and the filters of its networks' first convolutions."""

    model: str
    side: int
    batch: int
    filters: int = 64

    @property
    def unet_filters(self) -> tuple[int, ...]:
        """Those of the paper, or narrower ones in the same proportion."""
        return tuple(self.filters * min(2**level, 8) for level in range(self.side.bit_length() - 1))[:8]


CASES = {
    f"{model}_{side}_{batch}": Case(model, side, batch)
    for model, side, batch in (
        ("pix2pix", 128, 1),
        ("pix2pix", 128, 4),
        ("pix2pix", 256, 1),
        ("pix2pix", 256, 4),
        ("cyclegan", 128, 1),
    )
}


def model_of(case: Case) -> Any:
    """Our model, whose networks have the paper's arguments."""
    from keras_genzoo.models.cyclegan import CycleGAN
    from keras_genzoo.models.pix2pix import Pix2Pix

    shape = (case.side, case.side, 3)
    discriminator = {"network": "patch_discriminator", "filters": case.filters}
    if case.model == "pix2pix":
        return Pix2Pix(shape, generator={"network": "unet", "filters": case.unet_filters}, discriminator=discriminator)
    translator = {"network": "resnet_translator", "filters": case.filters, "blocks": 6}
    discriminator["normalization"] = "instance"
    networks = {name: translator for name in ("a_to_b", "b_to_a")}
    networks |= {name: discriminator for name in ("discriminator_a", "discriminator_b")}
    return CycleGAN(shape, pool_size=POOL, **networks)


def zoo(case: Case, way: str, steps: int, x: np.ndarray, y: np.ndarray) -> tuple[int, Callable[[], Any]]:
    """Our number of weights, and our train steps, as `fit` compiles them."""
    import keras
    import tensorflow as tf

    from keras_genzoo.players import Player

    keras.utils.set_random_seed(0)
    model = model_of(case)
    if way == "graph, nothing handed on":
        players = tuple(Player(one.name, one.networks, one.loss) for one in model.players())
        model.players = lambda: players
    model.compile(jit_compile=way == "XLA")
    data = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(case.batch, drop_remainder=True)
    options = tf.data.Options()
    options.autotune.enabled = False
    batches = iter(data.with_options(options))
    step = model.make_train_function() or model.train_function

    def run() -> Any:
        for _ in range(steps):
            logs = step(batches)
        return [float(value) for value in logs.values()]

    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights), run


def torch_networks(case: Case) -> tuple[list[Any], list[Any]]:
    """The translators and the discriminators."""
    import torch
    from torch import nn

    class UNet(nn.Module):
        def __init__(self, filters: tuple[int, ...]):
            super().__init__()
            self.down, self.up = nn.ModuleList(), nn.ModuleList()
            for level, (before, after) in enumerate(zip((3, *filters), filters, strict=False)):
                normal = 0 < level < len(filters) - 1
                parts = [nn.LeakyReLU(0.2)] if level else []
                parts += [nn.Conv2d(before, after, 4, 2, 1, bias=not normal)]
                self.down.append(nn.Sequential(*parts, *([nn.BatchNorm2d(after)] if normal else [])))
            for level, (before, after) in enumerate(zip(filters[::-1], filters[-2::-1], strict=False)):
                double = nn.ConvTranspose2d(before * (2 if level else 1), after, 4, 2, 1, bias=False)
                noise = [nn.Dropout(0.5)] if level < 3 else []
                self.up.append(nn.Sequential(nn.ReLU(), double, nn.BatchNorm2d(after), *noise))
            self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(2 * filters[0], 3, 4, 2, 1), nn.Tanh())

        def forward(self, x: Any) -> Any:
            skips = []
            for part in self.down:
                x = part(x)
                skips.append(x)
            for level, part in enumerate(self.up):
                x = part(torch.cat([x, skips[-1 - level]], 1) if level else x)
            return self.last(torch.cat([x, skips[0]], 1))

    def normalized(count: int) -> tuple[Any, Any]:
        return nn.InstanceNorm2d(count, affine=True), nn.ReLU()

    class Block(nn.Module):
        def __init__(self, count: int):
            super().__init__()
            first, second = (nn.Conv2d(count, count, 3, bias=False) for _ in range(2))
            pads = nn.ReflectionPad2d(1), nn.ReflectionPad2d(1)
            last = nn.InstanceNorm2d(count, affine=True)
            self.inside = nn.Sequential(pads[0], first, *normalized(count), pads[1], second, last)

        def forward(self, x: Any) -> Any:
            return x + self.inside(x)

    def resnet(n: int) -> Any:
        parts = [nn.ReflectionPad2d(3), nn.Conv2d(3, n, 7, bias=False), *normalized(n)]
        for before, after in ((n, 2 * n), (2 * n, 4 * n)):
            parts += [nn.Conv2d(before, after, 3, 2, 1, bias=False), *normalized(after)]
        parts += [Block(4 * n) for _ in range(6)]
        for before, after in ((4 * n, 2 * n), (2 * n, n)):
            double = nn.ConvTranspose2d(before, after, 3, 2, 1, output_padding=1, bias=False)
            parts += [double, *normalized(after)]
        return nn.Sequential(*parts, nn.ReflectionPad2d(3), nn.Conv2d(n, 3, 7), nn.Tanh())

    def patches(channels: int, n: int, norm: Callable[[int], Any]) -> Any:
        parts = [nn.Conv2d(channels, n, 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after, stride in ((n, 2 * n, 2), (2 * n, 4 * n, 2), (4 * n, 8 * n, 1)):
            parts += [nn.Conv2d(before, after, 4, stride, 1, bias=False), norm(after), nn.LeakyReLU(0.2)]
        return nn.Sequential(*parts, nn.Conv2d(8 * n, 1, 4, 1, 1))

    if case.model == "pix2pix":
        return [UNet(case.unet_filters)], [patches(6, case.filters, nn.BatchNorm2d)]
    translators = [resnet(case.filters) for _ in range(2)]
    return translators, [patches(3, case.filters, lambda n: nn.InstanceNorm2d(n, affine=True)) for _ in range(2)]


class TorchStep:
    """A hand-written train step of the same players: translators first, then discriminators of their translations."""

    def __init__(self, case: Case, way: str):
        import torch

        torch.manual_seed(0)
        self.case = case
        self.translators, self.discriminators = torch_networks(case)
        networks = [*self.translators, *self.discriminators]
        for network in networks:
            for part in network.modules():
                if isinstance(part, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
                    torch.nn.init.normal_(part.weight, 0.0, 0.02)
                    if part.bias is not None:
                        torch.nn.init.zeros_(part.bias)
            if way != "eager":
                network.to(memory_format=torch.channels_last)
        # What is called, beside what has the parameters.
        calls = [torch.compile(network) if way.startswith("compiled") else network for network in networks]
        self.translate, self.score = calls[: len(self.translators)], calls[len(self.translators) :]
        self.optimizers = [
            torch.optim.Adam([p for one in part for p in one.parameters()], 2e-4, (0.5, 0.999), fused=True)
            for part in (self.translators, self.discriminators)
        ]
        self.pools: list[list[Any]] = [[] for _ in self.discriminators]

    def __call__(self, x: Any, y: Any) -> dict[str, float]:
        """Takes a train step; returns the losses."""
        for network in self.discriminators:
            network.requires_grad_(False)
        loss, fakes, logs = self._pix2pix(x, y) if self.case.model == "pix2pix" else self._cyclegan(x, y)
        self._update(0, loss)
        for network in self.discriminators:
            network.requires_grad_(True)
        fakes = [fake.detach() for fake in fakes]
        if self.case.model == "pix2pix":
            logs["discriminator_loss"] = self._crossed(self._pair(y, x), self._pair(fakes[0], x))
            self._update(1, logs["discriminator_loss"])
        else:
            fakes = [self._pooled(pool, fake) for pool, fake in zip(self.pools, fakes, strict=True)]
            for name, score, real, fake in zip("ab", self.score, (x, y), fakes, strict=True):
                error = (score(real) - 1).square().mean() + score(fake).square().mean()
                logs[f"discriminator_{name}_loss"] = 0.5 * error
            self._update(1, logs["discriminator_a_loss"] + logs["discriminator_b_loss"])
        return {name: value.item() for name, value in logs.items()}

    def _update(self, number: int, loss: Any) -> None:
        self.optimizers[number].zero_grad()
        loss.backward()
        self.optimizers[number].step()

    @staticmethod
    def _pair(images: Any, x: Any) -> Any:
        import torch

        return torch.cat([images, x], 1)

    def _crossed(self, real: Any, fake: Any) -> Any:
        from torch.nn.functional import softplus

        return softplus(-self.score[0](real)).mean() + softplus(self.score[0](fake)).mean()

    def _pix2pix(self, x: Any, y: Any) -> tuple[Any, list[Any], dict[str, Any]]:
        from torch.nn.functional import softplus

        fake = self.translate[0](x)
        logs = {"generator_loss": softplus(-self.score[0](self._pair(fake, x))).mean(), "l1": (y - fake).abs().mean()}
        return logs["generator_loss"] + L1_WEIGHT * logs["l1"], [fake], logs

    def _cyclegan(self, x: Any, y: Any) -> tuple[Any, list[Any], dict[str, Any]]:
        a_to_b, b_to_a = self.translate
        fake_b, fake_a = a_to_b(x), b_to_a(y)
        logs = {
            "a_to_b_loss": (self.score[1](fake_b) - 1).square().mean(),
            "b_to_a_loss": (self.score[0](fake_a) - 1).square().mean(),
            "cycle_a": (x - b_to_a(fake_b)).abs().mean(),
            "cycle_b": (y - a_to_b(fake_a)).abs().mean(),
        }
        cycles = CYCLE_WEIGHT * (logs["cycle_a"] + logs["cycle_b"])
        return logs["a_to_b_loss"] + logs["b_to_a_loss"] + cycles, [fake_a, fake_b], logs

    @staticmethod
    def _pooled(pool: list[Any], fakes: Any) -> Any:
        import torch

        given = []
        for fake in fakes:
            if len(pool) < POOL:
                pool.append(fake)
            elif torch.rand(()) < 0.5:
                place = int(torch.randint(POOL, ()))
                fake, pool[place] = pool[place], fake
            given.append(fake)
        return torch.stack(given)


def torch_loop(case: Case, way: str, steps: int, x: np.ndarray, y: np.ndarray) -> tuple[int, Callable[[], Any]]:
    """PyTorch's number of weights, and its steps on the same images."""
    sys.path[:0] = site.getsitepackages()  # a process has got those of the Python that started it
    import torch

    step = TorchStep(case, way)
    tensors = [torch.from_numpy(images).permute(0, 3, 1, 2) for images in (x, y)]
    layout = torch.contiguous_format if way == "eager" else torch.channels_last
    tensors = [images.contiguous(memory_format=layout) for images in tensors]

    def batches() -> Iterator[list[Any]]:
        while True:
            for start in range(0, len(x) - case.batch + 1, case.batch):
                yield [images[start : start + case.batch] for images in tensors]

    endless = batches()

    def run() -> None:
        for _ in range(steps):
            step(*next(endless))

    networks = [*step.translators, *step.discriminators]
    return sum(weight.numel() for network in networks for weight in network.parameters()), run


def images_of(case: Case) -> list[np.ndarray]:
    """Random images of both domains."""
    shape = (2, 8, case.side, case.side, 3)
    return list(np.random.default_rng(0).uniform(-1, 1, shape).astype("float32"))


def work(pipe: Connection, way: str, case: Case, steps: int) -> None:
    """A process: times the way's steps whenever it is asked to."""
    weights, run = (zoo if way in OURS else torch_loop)(case, way, steps, *images_of(case))
    pipe.send(weights)
    while pipe.recv():
        start = time.perf_counter()
        run()
        pipe.send(time.perf_counter() - start)


def saved(name: str, seconds: Seconds) -> str:
    """The row of what handing translations on saves."""
    shares = [1 - own / other for own, other in zip(seconds["graph"], seconds[OURS[2]], strict=True)]
    return f"| {name} | handing on saves, of a step | | {' | '.join(f'{value:.3f}' for value in spread(shares))} |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", choices=CASES, nargs="+", default=tuple(CASES))
    parser.add_argument("--filters", type=int, default=64, help="of the first convolutions: 64 in the papers")
    parser.add_argument("--side", type=int, help="of the images, in the place of the case's; a power of two")
    parser.add_argument("--steps", type=int, default=3, help="train steps in a round, each of all players")
    parser.add_argument("--rounds", type=int, default=5)
    add_torch_python(parser)
    args = parser.parse_args()
    check_torch(parser, args)
    print(f"| case, {args.filters} filters | way | images/s | graph / this, median | least | greatest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in args.case:
        case = dataclasses.replace(CASES[name], filters=args.filters, side=args.side or CASES[name].side)
        seconds = measure(work, OURS, (case, args.steps), args.rounds, args.torch_python)
        print(*rows(name, case.batch * args.steps, seconds), saved(name, seconds), sep="\n", flush=True)


if __name__ == "__main__":
    main()
