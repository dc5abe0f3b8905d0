"""`genzoo arithmetic`: a direction of a run's latents that means an attribute, added to other images."""

import argparse
from pathlib import Path

from keras_genzoo.cli.arguments import add_best, add_picture, add_run, add_steps, count_to, number_in, path, word

EPILOG = """examples:
  genzoo arithmetic runs/faces --attribute glasses
  genzoo arithmetic runs/faces --attribute hat=straw --images 12
  genzoo arithmetic runs/clothes --attribute Bag
  genzoo arithmetic runs/photos --data labeled/ --attribute smiling=1
  genzoo arithmetic runs/photos --analogy with_glasses.png without.png other.png
  genzoo arithmetic runs/stylegan --attribute glasses --classifier runs/faces_classifier --space w

With --attribute, the mean of the latents of images without it is taken from that of images with it, and the difference
is added to held-out images, 0 to 2 times, and taken away. Attributes are a dataset's labels or factors, or columns of a
table labels.csv at the top of a folder: file,smiling,... The area under the ROC says how well the place along that
direction separates held-out images with it from those without: 1 if it means the attribute, 0.5 if it means nothing.

A GAN has no encoder, so the latents of images are not known: with --classifier, 3,000 of its samples are labeled by a
classifier that genzoo classifier made of labeled images, and the direction is added to other samples. With --space w
it is one of a StyleGAN's styles.

With --analogy A B C, the picture is A, B, C and what A - B + C gives; folders stand for the mean of their images."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    add_run(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--attribute", metavar="NAME[=VALUE]", type=word, help="what to add: a label, a factor, a column")
    what.add_argument(
        "--analogy", metavar=("A", "B", "C"), nargs=3, type=path, help="image files, or folders of them: A - B + C"
    )
    parser.add_argument(
        "--classifier", metavar="DIR", type=path, help="label samples by this classifier, in the place of images"
    )
    parser.add_argument(
        "--space",
        choices=("z", "w"),
        default="z",
        help="with --classifier, what the direction is of: z, the latents, or w, the styles of a StyleGAN (default z)",
    )
    parser.add_argument(
        "--images",
        metavar="N",
        type=count_to(100),
        default=8,
        help="held-out images, or samples, to change (default 8)",
    )
    parser.add_argument(
        "--strength",
        metavar="R",
        type=number_in(0, 100, "a number above 0 and below 100"),
        default=2.0,
        help="add it -R to R times (default 2)",
    )
    add_steps(parser, 9)
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=path,
        help="labeled images: a folder, a dataset's name, or a run (default: the run's own); half of a folder's are "
        "learned from",
    )
    add_picture(parser, "arithmetic")
    add_best(parser)


def run(args: argparse.Namespace) -> None:
    """Finds the direction, measures how well it means the attribute, and draws what it does."""
    from keras_genzoo.artifacts import RunError
    from keras_genzoo.cli.io.inputs import check_image, check_images
    from keras_genzoo.cli.io.outputs import picture_of

    if args.classifier is None and args.space == "w":
        raise RunError("arithmetic: --space w is of samples: add --classifier.")
    if args.classifier is not None and (args.analogy or args.data):
        raise RunError("arithmetic: --classifier labels samples: leave --analogy and --data out.")
    output = picture_of(args, "arithmetic", (args.data, *(args.analogy or ())))
    check_images(args.data)
    for name in args.analogy or ():
        if not Path(name).is_dir():
            check_image(name)

    from keras_genzoo.cli.uses import arithmetic

    arithmetic.run(args, output)
