"""`genzoo train`: from a preset to a run folder."""

import argparse
import contextlib
import dataclasses

from keras_genzoo.cli.arguments import count, count_to, path, seconds, seed
from keras_genzoo.printable import shell

EPILOG = """examples:
  genzoo train vae_drawn_faces_32 --output runs/faces
  genzoo train vae_ffhq_64 --data my_photos/ --held-out 100 --output runs/photos
  genzoo train vae_ffhq_64 --data my_photos/ --set arguments.beta=4 --set arguments.latent_dim=32 --output runs/beta
  genzoo train vae_ffhq_64 --data my_photos/ --from runs/faces --output runs/photos
  genzoo train PRESET --data photos/ --targets paintings/ --output runs/painter    of two domains
  genzoo train --output runs/photos --resume               go on after Ctrl-C, a crash or a kill
  genzoo train --output runs/photos --resume --epochs 300  go on after the end

The state is saved after an epoch, at most once a minute, and every five minutes within a long one. Ctrl-C stops after
the present step and keeps what was learned. Whatever ends a training, a power cut too, --resume goes on from the last
state as if nothing had happened."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument(
        "preset",
        metavar="PRESET",
        nargs="?",
        type=path,
        help="a preset's name (genzoo presets lists them) or a .json file",
    )
    parser.add_argument("--output", metavar="RUN", type=path, help="run folder to make; with --resume, to go on with")
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=path,
        help="folder of images to train on, in place of the preset's data; or a dataset's name",
    )
    parser.add_argument(
        "--targets",
        metavar="FOLDER",
        type=path,
        help="the second domain's images, where they are not in the folder --data (which has sub-folders A and B, or "
        "trainA and trainB, or both images of a pair in each file)",
    )
    parser.add_argument(
        "--held-out",
        metavar="N",
        help="images to hold out: how many, or a share below 1; of two domains also test or val, a sub-folder",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change one value of the preset, such as arguments.latent_dim=32; may be given again",
    )
    parser.add_argument("--epochs", metavar="N", type=count, help="the epoch after which to stop")
    parser.add_argument("--steps-per-epoch", metavar="N", type=count, help="train steps in an epoch")
    parser.add_argument(
        "--from",
        dest="from_run",
        metavar="RUN",
        type=path,
        help="begin with the weights of another run, wherever names and shapes are the same",
    )
    parser.add_argument(
        "--freeze",
        metavar="NETWORK:N",
        action="append",
        type=_layers,
        help="keep the weights of a network's first N layers, such as discriminator:4 of few images; for --from",
    )
    parser.add_argument("--seed", metavar="N", type=seed, help="of weights, noise and the order of images (default 0)")
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=count_to(100),
        help="train N times, with the seeds from --seed on, into RUN/seed-0, RUN/seed-1, ..., and compare them",
    )
    parser.add_argument(
        "--jit",
        choices=("auto", "on", "off"),
        help="compile by XLA or not (default auto: on an accelerator; on a CPU where it is faster, as for pixelcnn)",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "mixed_float16", "mixed_bfloat16"),
        help="of the computation (default: the preset's); weights are always float32",
    )
    parser.add_argument(
        "--sample-weights",
        metavar="FILE.csv",
        type=path,
        help="how often to draw each image, as genzoo debias writes it (default: all alike)",
    )
    parser.add_argument(
        "--evaluate-every", metavar="N", type=count, help="measure every N epochs, and keep the best state (--best)"
    )
    parser.add_argument(
        "--evaluate-metrics",
        metavar="A,B,...",
        help="what to measure then; the state that is best by the first is kept (default fid)",
    )
    parser.add_argument("--evaluate-num", metavar="N", type=count, help="images to make for it (default 1,000)")
    parser.add_argument("--features", metavar="NAME", type=path, help="features to measure in, as for genzoo evaluate")
    parser.add_argument(
        "--inception-weights", metavar="FILE", type=path, help="weights of Inception, converted or as published"
    )
    parser.add_argument(
        "--checkpoint-every",
        metavar="SECONDS",
        type=seconds,
        default=60.0,
        help="least time between two saves after epochs, and a fifth of that within one (default 60)",
    )
    parser.add_argument(
        "--on-nan",
        choices=("stop", "rollback"),
        default="stop",
        help="when a loss or a weight is NaN or infinite: stop (default), or go back to the last state that was saved, "
        "and on with other noise and another order of the images",
    )
    parser.add_argument(
        "--no-diagnosis",
        dest="diagnosis",
        action="store_false",
        help="do not watch samples, scores and activations on the way, to warn of mode collapse and other faults",
    )
    parser.add_argument(
        "--deterministic",
        action="store_true",
        help="the same bits each time on a GPU too, which takes longer (on a CPU they are in any case)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in the folder --output")
    parser.add_argument("--dry-run", action="store_true", help="check everything, print the plan, make nothing")


def _layers(text: str) -> tuple[str, int]:
    network, _, number = text.rpartition(":")
    if not network or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"expected NETWORK:N, such as discriminator:4, got '{text}'")
    return network, int(number)


def run(args: argparse.Namespace) -> int:
    """Trains."""
    from keras_genzoo.training import Interrupted, Options, Stop, check_early

    if args.seeds is not None:
        from keras_genzoo.cli import seeds

        return seeds.run(args)
    args.freeze = dict(args.freeze) if args.freeze else None
    options = Options(**{field.name: getattr(args, field.name) for field in dataclasses.fields(Options)})
    check_early(options)

    from keras_genzoo.capabilities import Reconstructs, Samples, Translates
    from keras_genzoo.training import Training, carry_out

    training = Training.prepare(options)
    print(training.plan())
    if args.dry_run:
        print("\ndry run: nothing was made")
        return 0
    try:
        run = carry_out(training, Stop(ends_process=True)).path
    except Interrupted as stopped:
        with contextlib.suppress(OSError):  # who read what is printed may be gone
            command = shell("genzoo", "train", "--output", stopped.run.path, "--resume")
            print(f"\nstopped; to go on: {command}", flush=True)
        return stopped.exit_code
    # What needs no weights of Inception.
    model, metrics = training.model, "losses"
    if isinstance(model, Reconstructs):
        metrics = "losses,mse,psnr,ssim"
    if isinstance(model, Translates):
        metrics = "losses,l1,psnr" if model.targets == "target" else "losses"
    commands = [shell("sample", run, "--output", "samples.png")] if isinstance(model, Samples) else []
    if isinstance(model, Translates):
        given = shell("--data", run) if model.targets == "target" else "--input FOLDER"
        commands.append(f"{shell('translate', run)} {given} --output translated")
    commands.append(shell("evaluate", run, "--metrics", metrics))
    print(f"next: {'; '.join(f'genzoo {command}' for command in commands)}", flush=True)
    return 0
