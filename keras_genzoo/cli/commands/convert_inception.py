"""`genzoo convert-inception`: the published Inception weights, in the form that FID is measured with."""

import argparse

from keras_genzoo.cli.arguments import path
from keras_genzoo.printable import shell

EPILOG = """example:
  genzoo convert-inception pt_inception-2015-12-05-6726825d.pth

FILE is the network that FID is defined by, as it was published: the state dict of pytorch-fid or torch-fidelity (.pth),
or TensorFlow's frozen graph (classify_image_graph_def.pb). It is read without executing what it holds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument("file", metavar="FILE", type=path, help="published weights")
    parser.add_argument(
        "--output",
        metavar="FILE.weights.h5",
        type=path,
        help="file to write (default: where genzoo evaluate finds it)",
    )
    parser.add_argument(
        "--allow-other-weights",
        action="store_true",
        help="take a file whose SHA-256 is not the published one; its numbers are not called FID",
    )


def run(args: argparse.Namespace) -> None:
    """Converts, and prints where the weights are and how they are found."""
    from keras_genzoo.cli.io.outputs import file_of
    from keras_genzoo.untrusted import check_regular

    check_regular(args.file)
    file_of(args.output, "convert-inception")

    from keras_genzoo.features.inception_weights import convert, default_place

    origin = convert(args.file, args.output, args.allow_other_weights)
    output = args.output or default_place()
    print(f"{output}: the weights of {args.file}")
    print(f"source  sha256 {origin.source_sha256}{'' if origin.published else ', which is not the published one'}")
    print(f"weights sha256 {origin.weights_sha256}")
    if args.output:
        print(f"genzoo evaluate RUN {shell('--inception-weights', output)} measures with them.")
    else:
        print("genzoo evaluate finds them there.")
    if not origin.published:
        print("Numbers measured with them are called frechet_inception_other, not fid.")
