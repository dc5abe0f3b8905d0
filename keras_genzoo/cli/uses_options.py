"""The options of the commands that use a trained run: apart from their code, so that help comes at once."""

import argparse

from keras_genzoo.cli.option_types import add_best, add_run, between, count_to, integer, seed

_MOST_STEPS = 100


def traverse(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `genzoo traverse`."""
    parser.epilog = """examples:
  genzoo traverse runs/faces
  genzoo traverse runs/faces --image anna.png --latents 16 --output anna_traversed.png
  genzoo traverse runs/gan --seed 7

A row of the picture is one latent, varied from -3 to 3 standard deviations of the prior; the others stay those of an
image. The rows are in the order of what the latents carry over held-out images: nats of KL for a VAE, variance for
other autoencoders; those of a GAN, which has no encoder, by number. An animated GIF moves them all at once, and a JSON
file says what the rows are."""
    add_run(parser)
    base = parser.add_mutually_exclusive_group()
    base.add_argument("--image", metavar="FILE", help="start from this image; it is cropped and resized to fit")
    base.add_argument("--index", metavar="N", type=_index, help="start from held-out image number N, from 0")
    base.add_argument("--seed", metavar="S", type=seed, default=0, help="start from a sample of this seed (default 0)")
    parser.add_argument("--latents", metavar="N", type=count_to(1_000), help="rows (default 10)")
    parser.add_argument(
        "--range",
        metavar="R",
        type=between(0, 100, "a number above 0 and below 100"),
        default=3.0,
        help="vary from -R to R standard deviations (default 3)",
    )
    _add_steps(parser, 9)
    _add_output(parser, "traverse")
    _add_run_data(parser)
    add_best(parser)


def interpolate(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `genzoo interpolate`."""
    parser.epilog = """examples:
  genzoo interpolate runs/faces --seeds 1,2,3,4
  genzoo interpolate runs/faces --from anna.png bea.png --to carl.png dan.png --steps 12 --output walks.png

A row of the picture is one walk: from the first image to the second, or from the sample of one seed to that of the
next (those that `genzoo sample --num 1 --seed S` draws). Walks between images have these themselves at their ends. An
animated GIF walks all of them, there and back."""
    add_run(parser)
    parser.add_argument("--from", dest="start", metavar="FILE", nargs="+", help="images to start from")
    parser.add_argument("--to", dest="end", metavar="FILE", nargs="+", help="images to arrive at, as many")
    parser.add_argument("--seeds", metavar="A,B,...", help="walk from sample to sample (default 0,1,2,3,4)")
    parser.add_argument(
        "--kind",
        choices=("linear", "spherical"),
        help="a straight line, or an arc (default: spherical if the prior is N(0, I), else linear)",
    )
    _add_steps(parser, 10)
    _add_output(parser, "interpolate")
    add_best(parser)


def arithmetic(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `genzoo arithmetic`."""
    parser.epilog = """examples:
  genzoo arithmetic runs/faces --attribute glasses
  genzoo arithmetic runs/faces --attribute hat=straw --images 12
  genzoo arithmetic runs/clothes --attribute Bag
  genzoo arithmetic runs/photos --data labeled/ --attribute smiling=1
  genzoo arithmetic runs/photos --analogy with_glasses.png without.png other.png

With --attribute, the mean of the latents of images without it is taken from that of images with it, and the difference
is added to held-out images, 0 to 2 times, and taken away. Attributes are a dataset's labels or factors, or columns of a
table labels.csv at the top of a folder: file,smiling,... The area under the ROC says how well the place along that
direction tells held-out images with it from those without: 1 if it means the attribute, 0.5 if it means nothing.

With --analogy A B C, the picture is A, B, C and what A - B + C gives; folders stand for the mean of their images."""
    add_run(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--attribute", metavar="NAME[=VALUE]", help="what to add: a label, a factor, a column")
    what.add_argument("--analogy", metavar=("A", "B", "C"), nargs=3, help="image files, or folders of them: A - B + C")
    parser.add_argument(
        "--images", metavar="N", type=count_to(100), default=8, help="held-out images to change (default 8)"
    )
    parser.add_argument(
        "--strength",
        metavar="R",
        type=between(0, 100, "a number above 0 and below 100"),
        default=2.0,
        help="add it -R to R times (default 2)",
    )
    _add_steps(parser, 9)
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="labeled images: a folder, a dataset's name, or a run (default: the run's own); half of a folder's are "
        "learned from",
    )
    _add_output(parser, "arithmetic")
    add_best(parser)


def outliers(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `genzoo outliers`."""
    parser.epilog = """examples:
  genzoo outliers runs/faces --data new_photos/
  genzoo outliers runs/faces --data new_photos/ --score elbo --false-alarms 0.01 --output found/
  genzoo outliers runs/faces --data new_photos/ --score likelihood_ratio --background runs/noisy_faces

A score is the higher, the more unusual an image is. The threshold is the one that the run's own held-out images pass
but for the share of false alarms."""
    add_run(parser)
    parser.add_argument(
        "--data",
        metavar="PATH",
        required=True,
        help="images to score: a folder, a dataset's name, or a run; those of a folder are resized to fit",
    )
    parser.add_argument(
        "--split",
        choices=("held_out", "train", "all"),
        help="which of these images (default: those held out; of a folder that is not the run's, all)",
    )
    parser.add_argument(
        "--score",
        choices=("reconstruction", "elbo", "likelihood_ratio"),
        default="reconstruction",
        help="squared error of the reconstruction (default); minus the ELBO, in nats; or minus the log ratio of "
        "likelihoods under the run and under --background, or, without one, the length of the image's PNG code",
    )
    parser.add_argument("--background", metavar="RUN", help="run whose likelihood is divided by (likelihood_ratio)")
    parser.add_argument(
        "--false-alarms",
        metavar="SHARE",
        type=between(0, 1, "a share, a number above 0 and below 1"),
        default=0.05,
        help="share of usual images that may pass for outliers (default 0.05)",
    )
    parser.add_argument("--output", metavar="FOLDER", help="folder to write to (default: RUN/outliers)")
    _add_run_data(parser)
    add_best(parser)


def debias(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `genzoo debias`."""
    parser.epilog = """examples:
  genzoo debias runs/faces --factor skin_tone --output weights.csv
  genzoo train runs/faces/config.json --sample-weights weights.csv --output runs/fair_faces

An image weighs the more, the rarer its latents are among the images trained on; no labels are needed. Where factors or
labels are known, the report says how the share of each would change."""
    add_run(parser)
    parser.add_argument(
        "--data", metavar="PATH", help="images to weigh: a folder or a dataset's name (default: the run's own)"
    )
    parser.add_argument(
        "--strength",
        metavar="ALPHA",
        type=between(0, float("inf"), "a number above 0"),
        default=0.01,
        help="smoothing; the smaller, the more the rare ones weigh (default 0.01)",
    )
    parser.add_argument(
        "--bins",
        metavar="N",
        type=lambda text: integer(text, 2, 1_000),
        default=10,
        help="of each latent's histogram (default 10)",
    )
    parser.add_argument(
        "--combine",
        choices=("max", "product"),
        default="max",
        help="over latents: the rarest one counts (default), or the product of all, the paper's, for few latents",
    )
    parser.add_argument("--factor", metavar="NAME", help="label, factor or column to report on (default: all)")
    parser.add_argument(
        "--output",
        metavar="FILE.csv",
        default="weights.csv",
        help="the weights; .png and .json lie beside them (default weights.csv)",
    )
    add_best(parser)


def _add_steps(parser: argparse.ArgumentParser, default: int) -> None:
    parser.add_argument(
        "--steps",
        metavar="N",
        type=lambda text: integer(text, 2, _MOST_STEPS),
        default=default,
        help=f"images in a row (default {default})",
    )


def _add_output(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(
        "--output",
        metavar="FILE.png",
        help=f"the picture; .gif and .json lie beside it (default RUN/{name}.png); only what this command has made is "
        "replaced",
    )


def _add_run_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--run-data", metavar="FOLDER", help="where the images that the run was trained on lie now, if they were moved"
    )


def _index(text: str) -> int:
    return integer(text, 0, 100_000_000)
