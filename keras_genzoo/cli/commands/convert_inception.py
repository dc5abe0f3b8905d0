"""`genzoo convert-inception`: the published Inception weights, in the form that FID is measured with."""

import argparse

from keras_genzoo.features.inception_weights import convert, default_place


def run(args: argparse.Namespace) -> None:
    """Converts, and says where the weights are and how they are found."""
    origin = convert(args.file, args.output, args.allow_other_weights)
    output = args.output or default_place()
    print(f"{output}: the weights of {args.file}")
    print(f"source  sha256 {origin.source_sha256}{'' if origin.published else ', which is not the published one'}")
    print(f"weights sha256 {origin.weights_sha256}")
    if args.output:
        print(f"genzoo evaluate RUN --inception-weights {output} measures with them.")
    else:
        print("genzoo evaluate finds them there.")
    if not origin.published:
        print("Numbers measured with them are called frechet_inception_other, not fid.")
