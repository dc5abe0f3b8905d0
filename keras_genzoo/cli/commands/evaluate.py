"""`genzoo evaluate`: how good a model, or any set of images, is beside real images."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_genzoo.cli.declared import sample_options
from keras_genzoo.printable import columns

if TYPE_CHECKING:
    from keras_genzoo.evaluation import Evaluation, Result

from keras_genzoo.cli.arguments import add_best, count_to, path, seed

EPILOG = """metrics:
  of models          losses; mse (RE), psnr, ssim for those that reconstruct; elbo, log_likelihood for VAEs;
                     bits_per_dimension of likelihoods of grey levels; accuracy of models that classify
  of translators     l1, target_psnr, target_ssim (psnr and ssim for short), where inputs have targets; cycle_error of
                     both directions; and those of distributions, of translations of held-out images beside the domain
                     they should be of (numbers from domain B back to A end in _b_to_a)
  of ways            path_length_z, path_length_w (perceptual path length) of GANs; w of a StyleGAN
  of latents         latent_correlation; on drawn faces, whose factors are known, mig, sap, dci
  of conditions      label_accuracy of conditional models, in a classifier's features
  of points          modes and good_samples, on gaussians_25
  of classes         class_modes and class_divergence, as a classifier finds them, on stacked_fashion_mnist
  of distributions   fid, fid_infinity, kid, precision, recall, density, coverage, authpct, inception_score
                     (in features other than Inception's, fid is called frechet, and kid kernel)

examples:
  genzoo evaluate runs/vae --metrics losses,mse,psnr,ssim
  genzoo evaluate runs/gan --inception-weights pt_inception-2015-12-05-6726825d.pth
  genzoo evaluate runs/gan --data ffhq/ --split all --num 50000       the standard of FFHQ
  genzoo evaluate runs/pix2pix --metrics losses,l1,psnr,ssim          translations of held-out inputs and their targets
  genzoo evaluate runs/gan --features runs/fashion_classifier         features of a classifier of our own
  genzoo evaluate my_samples/ --data photos/ --features keras_imagenet --output scores/
  genzoo evaluate runs/vae --metrics mig,sap,dci --split train        whether a latent means one thing
  genzoo evaluate noise --data runs/gan --output runs/noise           what a model must be better than

Every number is kept with its protocol in metric-<name>.jsonl of the run; `genzoo compare` puts them in one table. What
was computed is kept too: interrupted, it goes on where it stopped."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        type=path,
        help="run folder, SavedModel or folder of images; or 'real' for other real images, or 'noise'",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=path,
        help="real images: a folder, a dataset's name, or a run, for the images of that (default: the run's own)",
    )
    parser.add_argument(
        "--targets",
        metavar="FOLDER",
        type=path,
        help="of a run of two domains: the second domain's images, where they are not in the folder --data",
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
        type=count_to(1_000_000),
        help="images to make (default 10,000; of a folder, and of inputs to translate, all); distances depend on it",
    )
    parser.add_argument(
        "--features",
        metavar="NAME",
        type=path,
        help="features: inception (default), inception_clean, keras_imagenet, pixels, random; a classifier's folder; "
        "or any Keras model, as FILE.keras:LAYER",
    )
    parser.add_argument(
        "--inception-weights", metavar="FILE", type=path, help="weights of Inception, converted or as published"
    )
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
    parser.add_argument("--output", metavar="DIR", type=path, help="folder to keep the numbers in (default: the run)")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def run(args: argparse.Namespace) -> None:
    """Measures, and prints the results; those that are there are printed whatever happens."""
    from keras_genzoo.cli.io.inputs import check_subject

    check_subject(args.subject, args.data, args.best)

    from keras_genzoo.data import DataError
    from keras_genzoo.evaluation import meter, silent
    from keras_genzoo.evaluation.front import Request

    options, watch = sample_options(args), silent if args.json else meter
    words: dict[str, Any] = {**vars(args), "options": options, "watch": watch}
    prepared = Request(**{field.name: words[field.name] for field in dataclasses.fields(Request)}).prepare()
    reference = prepared.evaluation.reference
    if not len(reference.source):
        raise DataError(f"--split {reference.split}: {reference.source.name} has no such images: take another part.")
    if not args.json:
        print(f"{prepared.evaluation.subject.name} beside {_reference_in_words(prepared.evaluation)}", flush=True)
    results: list[Result] = []
    try:
        results += prepared.results()
    finally:  # what was measured is not lost
        if args.json:
            print(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
        elif results:
            print(_table(results))
    neighbors = prepared.write_neighbors() if not args.json else None
    if not args.json:
        if prepared.folder is None:
            print("not kept: --output FOLDER keeps the numbers of what is no run", flush=True)
        elif results:
            more = f", {neighbors}" if neighbors else ""
            print(f"kept: metric-<name>.jsonl in {prepared.folder}{more}", flush=True)
    if prepared.failed:
        raise prepared.failed[0]


def _reference_in_words(evaluation: "Evaluation") -> str:
    source, split = evaluation.reference.source, evaluation.reference.split
    parts = {"held_out": "the images held out of", "train": "the training images of", "half": "one half of"}
    count = f"{len(source):,}" if source.other is None else f"{len(source):,} of domain A, {len(source.other):,} of B"
    return f"{parts.get(split, 'all images of')} {source.name} ({count})"


def _table(results: "Sequence[Result]") -> str:
    """Names and values; what all of them share of their protocols stands below."""
    from keras_genzoo.evaluation.tables import in_words

    protocols = [result.protocol for result in results]
    shared = {
        key: value
        for key, value in protocols[0].items()
        if all(protocol.get(key) == value for protocol in protocols) and len(results) > 1
    }
    rows = []
    for result in results:
        own = {key: value for key, value in result.protocol.items() if key not in (*shared, "real", "loss", "features")}
        identical = result.protocol.get("notes", {}).get("identical")
        more = [f"{identical:,} identical pairs left out"] if identical else []
        rows.append((result.metric, f"{_number(result):<12} {'; '.join([in_words(own), *more]).strip('; ')}"))
    features = next((protocol["features"] for protocol in protocols if "features" in protocol), None)
    words = {**shared, **({"features": features} if features else {})}
    return "\n".join([columns(rows), *([in_words(words)] if words else [])])


def _number(result: "Result") -> str:
    return "-" if result.value is None else f"{result.value:.6g}"
