"""`genzoo outliers`: which images are unlike those that a run was trained on."""

import argparse
from pathlib import Path

from keras_genzoo.cli.arguments import add_best, add_run, add_run_data, number_in, path

EPILOG = """examples:
  genzoo outliers runs/faces --data new_photos/
  genzoo outliers runs/faces --data new_photos/ --score elbo --false-alarms 0.01 --output found/
  genzoo outliers runs/faces --data new_photos/ --score likelihood_ratio --background runs/noisy_faces

A score is the higher, the more unusual an image is. The threshold is the one that the run's own held-out images pass
but for the share of false alarms."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=path,
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
        choices=("reconstruction", "elbo", "likelihood_ratio", "typicality", "latent_density", "neighbors"),
        default="reconstruction",
        help="squared error of the reconstruction (default); minus the ELBO or log-likelihood, in nats; minus the log "
        "ratio of likelihoods under the run and under --background, or, without one, the length of the image's PNG "
        "code; distance of the ELBO from that of training images; minus the log density of latents under a mixture; or "
        "distance of features to those of training images",
    )
    parser.add_argument(
        "--background", metavar="RUN", type=path, help="run whose likelihood is divided by (likelihood_ratio)"
    )
    parser.add_argument(
        "--false-alarms",
        metavar="SHARE",
        type=number_in(0, 1, "a share, a number above 0 and below 1"),
        default=0.05,
        help="share of usual images that may pass for outliers (default 0.05)",
    )
    parser.add_argument("--output", metavar="FOLDER", type=path, help="folder to write to (default: RUN/outliers)")
    add_run_data(parser)
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Scores images, and writes which of them are above the threshold."""
    from keras_genzoo.artifacts import with_state
    from keras_genzoo.cli.io.inputs import check_images
    from keras_genzoo.cli.io.outputs import Output

    own = with_state(args.run, args.best)
    place = Path(args.output) if args.output else own.path / "outliers"
    output = Output("outliers", place / "outliers.csv", ".png", reads=(args.run, args.run_data, args.data))
    check_images(args.data)
    check_images(args.run_data, "--run-data")
    if args.background is not None:
        with_state(args.background)

    from keras_genzoo.cli.uses import outliers

    outliers.run(args, own, output)
