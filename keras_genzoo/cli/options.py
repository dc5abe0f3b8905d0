"""The options of the commands, apart from their code, so that help comes at once."""

import argparse
from collections.abc import Callable

from keras_genzoo.cli import uses_options
from keras_genzoo.cli.option_types import add_best, add_run, count, count_to, labels, seconds, seed

MOST_SHOWN, MOST_SAMPLES = 10_000, 1_000_000


def add(command: str, parser: argparse.ArgumentParser) -> None:
    """Adds the options of a command to its parser."""
    if command in _OPTIONS:
        _OPTIONS[command](parser)
    else:
        from keras_genzoo.cli.commands import presets

        presets.add_arguments(parser)


def _train(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """examples:
  genzoo train vae_drawn_faces_32 --output runs/faces
  genzoo train vae_ffhq_64 --data my_photos/ --held-out 100 --output runs/photos
  genzoo train vae_ffhq_64 --data my_photos/ --set arguments.beta=4 --set arguments.latent_dim=32 --output runs/beta
  genzoo train --output runs/photos --resume               go on after Ctrl-C, a crash or a kill
  genzoo train --output runs/photos --resume --epochs 300  go on after the end

The state is saved after an epoch, at most once a minute, and every five minutes within a long one. Ctrl-C stops after
the present step and keeps what was learned. Whatever ends a training, a power cut too, --resume goes on from the last
state as if nothing had happened."""
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
    parser.add_argument("--epochs", metavar="N", type=count, help="the epoch after which to stop")
    parser.add_argument("--steps-per-epoch", metavar="N", type=count, help="train steps in an epoch")
    parser.add_argument("--seed", metavar="N", type=seed, help="of weights, noise and the order of images (default 0)")
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
    parser.add_argument(
        "--sample-weights",
        metavar="FILE.csv",
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
    parser.add_argument("--features", metavar="NAME", help="features to measure in, as for genzoo evaluate")
    parser.add_argument("--inception-weights", metavar="FILE", help="weights of Inception, converted or as published")
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
        action="store_true",
        help="no looks at samples, scores and activations on the way, which warn of mode collapse and other illnesses",
    )
    parser.add_argument(
        "--deterministic",
        action="store_true",
        help="the same bits each time on a GPU too, which takes longer (on a CPU they are in any case)",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in the folder --output")
    parser.add_argument("--dry-run", action="store_true", help="check everything, print the plan, make nothing")


def _sample(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """examples:
  genzoo sample runs/faces --num 64 --seed 1 --output faces.png
  genzoo sample runs/clothes --labels 3,7 --output dresses_and_sneakers.png"""
    add_run(parser)
    parser.add_argument(
        "--num",
        metavar="N",
        type=count_to(MOST_SHOWN),
        help="how many images (default 64, fewer if they are large; of labels 8 each)",
    )
    parser.add_argument(
        "--labels", metavar="A,B,...", type=labels, help="of a conditional model: a row of images for each label"
    )
    parser.add_argument("--seed", metavar="S", type=seed, default=0, help="the same seed, the same images (default 0)")
    parser.add_argument("--output", metavar="FILE.png", required=True, help="the picture to write")
    add_best(parser)


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """metrics:
  of models          losses; mse (RE), psnr, ssim for those that reconstruct; elbo, log_likelihood for VAEs
  of latents         latent_correlation; on drawn faces, whose factors are known, mig, sap, dci
  of conditions      label_accuracy of models that are told labels, in a classifier's features
  of points          modes and good_samples, on gaussians_25
  of distributions   fid, fid_infinity, kid, precision, recall, density, coverage, authpct, inception_score
                     (in features other than Inception's, fid is called frechet, and kid kernel)

examples:
  genzoo evaluate runs/vae --metrics losses,mse,psnr,ssim
  genzoo evaluate runs/gan --inception-weights pt_inception-2015-12-05-6726825d.pth
  genzoo evaluate runs/gan --data ffhq/ --split all --num 50000       the standard of FFHQ
  genzoo evaluate runs/gan --features runs/fashion_classifier         features of a classifier of our own
  genzoo evaluate my_samples/ --data photos/ --features keras_imagenet --output scores/
  genzoo evaluate runs/vae --metrics mig,sap,dci --split train        whether a latent means one thing
  genzoo evaluate noise --data runs/gan --output runs/noise           what a model must be better than

Every number is kept with its protocol in metric-<name>.jsonl of the run; `genzoo compare` puts them in one table. What
was computed is kept too: interrupted, it goes on where it stopped."""
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        help="run folder, SavedModel or folder of images; or 'real' for other real images, or 'noise'",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="real images: a folder, a dataset's name, or a run, for the images of that (default: the run's own)",
    )
    parser.add_argument(
        "--split",
        choices=("held_out", "train", "all"),
        help="which of the real images (default: those held out; of a folder that is not the run's, all)",
    )
    parser.add_argument("--metrics", metavar="A,B,...", help="what to measure (default: all that is possible quickly)")
    parser.add_argument(
        "--num",
        metavar="N",
        type=count_to(MOST_SAMPLES),
        help="images to make (default 10,000; of a folder, all); distances depend on it",
    )
    parser.add_argument(
        "--features",
        metavar="NAME",
        help="features: inception (default), inception_clean, keras_imagenet, pixels, random; a classifier's folder; "
        "or any Keras model, as FILE.keras:LAYER",
    )
    parser.add_argument("--inception-weights", metavar="FILE", help="weights of Inception, converted or as published")
    parser.add_argument(
        "--batch-size",
        metavar="N",
        type=count_to(4096),
        default=64,
        help="images made at a time (default 64); it changes the time only",
    )
    parser.add_argument("--seed", metavar="S", type=seed, default=0, help="of the images that are made (default 0)")
    add_best(parser)
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load a SavedModel even though its graph may reach files, programs or the network",
    )
    parser.add_argument("--output", metavar="DIR", help="folder to keep the numbers in (default: the run)")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def _compare(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """examples:
  genzoo compare runs/vae runs/dcgan runs/wgan_gp
  genzoo compare runs/* --format latex --output table.tex
  genzoo compare runs/dcgan-seed-* runs/wgan-seed-* --group

Only numbers of one protocol stand in a column: the newest that all of the folders have."""
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run folders, or others with metric-<name>.jsonl")
    parser.add_argument("--metrics", metavar="A,B,...", help="columns, by name (default: all but losses)")
    parser.add_argument("--format", choices=("text", "markdown", "csv", "latex"), default="text", help="default text")
    parser.add_argument("--group", action="store_true", help="runs that differ by their seed alone: mean and spread")
    parser.add_argument("--output", metavar="FILE", help="file to write (default: print)")


def _check_data(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """examples:
  genzoo check-data photos/
  genzoo check-data photos/ --size 128 --output report.json --quarantine

Every image is decoded. The report names files that are broken, that are the same byte for byte or pixel for pixel,
tiny, or of one color; it counts modes, shapes and classes. The exit code is 0 if no file is broken, and 1 if one is.
No image is changed, moved or deleted: --quarantine lists what to leave out in FOLDER/quarantine.txt, which training
and evaluation honor for as long as it is there."""
    parser.add_argument("folder", metavar="FOLDER", help="folder of images")
    parser.add_argument(
        "--size",
        metavar="N",
        type=count_to(65_536),
        default=64,
        help="pixels; an image with a shorter side below it is tiny (default 64)",
    )
    parser.add_argument("--output", metavar="REPORT.json", help="file to write the whole report to")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    parser.add_argument(
        "--quarantine",
        action="store_true",
        help="list broken files, and copies but the first, in FOLDER/quarantine.txt: training leaves them out",
    )


def _classifier(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """examples:
  genzoo classifier fashion_mnist --output runs/fashion_classifier
  genzoo evaluate runs/gan --features runs/fashion_classifier

For sets with labels (fashion_mnist, mnist, image_folder with a sub-folder for each class) or factors (drawn_faces)."""
    parser.add_argument("dataset", metavar="DATASET", help="a dataset's name")
    parser.add_argument("--data", metavar="PATH", help="folder of images, for datasets that read one")
    parser.add_argument("--output", metavar="DIR", required=True, help="folder to make")
    parser.add_argument(
        "--size", metavar="N", type=count_to(1024), help="pixels along each side (default: the dataset's)"
    )
    parser.add_argument("--epochs", metavar="N", type=count, help="passes over the training images (default 8)")
    parser.add_argument("--seed", metavar="S", type=seed, default=0, help="of weights and order (default 0)")


def _convert_inception(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """example:
  genzoo convert-inception pt_inception-2015-12-05-6726825d.pth

FILE is the network that FID is defined by, as it was published: the state dict of pytorch-fid or torch-fidelity (.pth),
or TensorFlow's frozen graph (classify_image_graph_def.pb). It is read without executing what it holds."""
    parser.add_argument("file", metavar="FILE", help="published weights")
    parser.add_argument(
        "--output", metavar="FILE.weights.h5", help="file to write (default: where genzoo evaluate looks for it)"
    )
    parser.add_argument(
        "--allow-other-weights",
        action="store_true",
        help="take a file whose SHA-256 is not the published one; its numbers are not called FID",
    )


def _export(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "example:\n  genzoo export runs/faces --output saved_model"
    add_run(parser)
    parser.add_argument(
        "--output", metavar="DIR", required=True, help="folder to make; one that holds a SavedModel is replaced"
    )
    add_best(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "examples:\n  genzoo doctor             this machine\n  genzoo doctor runs/faces  that training"
    parser.add_argument(
        "run", metavar="RUN", nargs="?", help="a run folder: what is wrong with its training; without it, this machine"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", metavar="RUN", default="runs/demo", help="run folder to make (default runs/demo, runs/demo-2, ...)"
    )


_OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "train": _train,
    "sample": _sample,
    "evaluate": _evaluate,
    "compare": _compare,
    "check-data": _check_data,
    "classifier": _classifier,
    "convert-inception": _convert_inception,
    "export": _export,
    "doctor": _doctor,
    "demo": _demo,
    "traverse": uses_options.traverse,
    "interpolate": uses_options.interpolate,
    "arithmetic": uses_options.arithmetic,
    "outliers": uses_options.outliers,
    "debias": uses_options.debias,
}
