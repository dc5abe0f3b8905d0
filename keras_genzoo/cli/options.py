"""The options of the commands, apart from their code, so that help comes at once."""

import argparse
from collections.abc import Callable

MOST_SAMPLES = 10_000


def add(command: str, parser: argparse.ArgumentParser) -> None:
    """Adds the options of a command to its parser."""
    if command in _OPTIONS:
        _OPTIONS[command](parser)
    else:
        from keras_genzoo.cli import presets

        presets.add_arguments(parser)


def _train(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """examples:
  genzoo train vae_drawn_faces_32 --output runs/faces
  genzoo train vae_ffhq_64 --data my_photos/ --held-out 100 --output runs/photos
  genzoo train vae_ffhq_64 --data my_photos/ --set arguments.beta=4 --set arguments.latent_dim=32 --output runs/beta
  genzoo train --output runs/photos --resume               go on after Ctrl-C, a crash or a kill
  genzoo train --output runs/photos --resume --epochs 300  go on after the end

The state is saved after an epoch, at most once a minute. Ctrl-C stops after the present step and keeps what was
learned."""
    parser.add_argument(
        "preset", metavar="PRESET", nargs="?", help="a preset's name (genzoo presets lists them) or a .json file"
    )
    parser.add_argument("--output", metavar="RUN", help="run folder to make; with --resume, to go on with")
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="folder of images to train on, in place of the preset's data; or a dataset's name",
    )
    parser.add_argument("--held-out", metavar="N", help="images to hold out: how many, or a share below 1")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change one value of the preset, such as arguments.latent_dim=32; may be given again",
    )
    parser.add_argument("--epochs", metavar="N", type=_count, help="the epoch after which to stop")
    parser.add_argument("--steps-per-epoch", metavar="N", type=_count, help="train steps in an epoch")
    parser.add_argument("--seed", metavar="N", type=_seed, help="of weights, noise and the order of images (default 0)")
    parser.add_argument(
        "--jit",
        choices=("auto", "on", "off"),
        help="compile by XLA or not (default auto: on an accelerator, not on a CPU, where it is slower)",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
        help="of the computation (default: the preset's); weights are always float32",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in the folder --output")
    parser.add_argument("--dry-run", action="store_true", help="check everything, print the plan, make nothing")


def _sample(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "example:\n  genzoo sample runs/faces --num 64 --seed 1 --output faces.png"
    _add_run(parser)
    parser.add_argument(
        "--num", metavar="N", type=_count_to(MOST_SAMPLES), default=64, help="how many images (default 64)"
    )
    parser.add_argument("--seed", metavar="S", type=_seed, default=0, help="the same seed, the same images (default 0)")
    parser.add_argument("--output", metavar="FILE.png", required=True, help="the picture to write")


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """examples:
  genzoo evaluate runs/faces
  genzoo evaluate runs/faces --data other_photos/

Measures the losses; and for models that reconstruct, mean squared error, PSNR and SSIM. The result is also written
to evaluation.json in the run folder."""
    _add_run(parser)
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="folder of images to measure on, or a dataset's name (default: the images that were held out)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _export(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "example:\n  genzoo export runs/faces --output saved_model"
    _add_run(parser)
    parser.add_argument(
        "--output", metavar="DIR", required=True, help="folder to make; one that holds a SavedModel is replaced"
    )


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", metavar="RUN", default="runs/demo", help="run folder to make (default runs/demo, runs/demo-2, ...)"
    )


_OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "train": _train,
    "sample": _sample,
    "evaluate": _evaluate,
    "export": _export,
    "doctor": _doctor,
    "demo": _demo,
}


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="run folder, as genzoo train makes it")


def _integer(text: str, low: int, high: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"expected an integer from {low:,} to {high:,}, got '{text}'")
    return number


def _count_to(most: int) -> Callable[[str], int]:
    return lambda text: _integer(text, 1, most)


def _count(text: str) -> int:
    return _integer(text, 1, 1_000_000)


def _seed(text: str) -> int:
    return _integer(text, 0, 2**32 - 1)
