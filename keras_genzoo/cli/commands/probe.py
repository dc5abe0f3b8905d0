"""`genzoo probe`: what the features of a run are worth to a classifier with few labels."""

import argparse

from keras_genzoo.cli.arguments import add_best, add_picture, add_run, count, names, number_in, path

METHODS = ("linear", "fine_tuned", "scratch", "pca")

EPILOG = """examples:
  genzoo probe runs/vae --labels 100,1000
  genzoo probe runs/vae --data photos/ --labels 10,100,all --seeds 5
  genzoo probe runs/gan --methods linear,pca --output probe.png

Compared are a linear classifier on the run's features, the run's network trained further, the same network from the
beginning, and a linear classifier on principal components of pixels; each with so many labels, as many of each class.
The features are what enters the last layer of an encoder, or of a discriminator. Beside the picture a table (CSV), a
report (JSON) and the fine-tuned classifier (.keras) are written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=path,
        help="images with labels: a folder with a sub-folder for each class, or a dataset's name (default: the run's)",
    )
    parser.add_argument(
        "--labels",
        metavar="N,N,...",
        type=_counts,
        default=[10, 100, 1000, None],
        help="numbers of images that have a label, or all (default 10,100,1000,all)",
    )
    parser.add_argument("--seeds", metavar="N", type=count, default=3, help="repetitions (default 3)")
    parser.add_argument(
        "--methods",
        metavar="A,B,...",
        type=_methods,
        default=list(METHODS),
        help=f"what to compare (default {','.join(METHODS)})",
    )
    parser.add_argument("--steps", metavar="N", type=count, default=500, help="train steps of a network (default 500)")
    parser.add_argument(
        "--learning-rate",
        metavar="R",
        type=number_in(0, 1, "a number above 0 and below 1"),
        default=1e-3,
        help="of these steps (default 0.001)",
    )
    add_picture(parser, "probe")
    add_best(parser)


def _counts(text: str) -> list[int | None]:
    return [None if name == "all" else count(name) for name in names(text)]


def _methods(text: str) -> list[str]:
    found = names(text)
    for name in found:
        if name not in METHODS:
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(METHODS)}, got '{name}'")
    return found


def run(args: argparse.Namespace) -> None:
    """Trains the classifiers, and prints and plots their accuracies."""
    from keras_genzoo.cli.io.inputs import check_images
    from keras_genzoo.cli.io.outputs import picture_alone_of

    output = picture_alone_of(args, "probe", (args.data,), (".csv", ".keras"))
    check_images(args.data)

    from keras_genzoo.cli.uses import probe

    probe.run(args, output)
