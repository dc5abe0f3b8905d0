"""`genzoo outliers`: which images are unlike those that an autoencoder was trained on."""

import argparse
from typing import Any, cast

import numpy as np

from keras_genzoo.artifacts import Run, load
from keras_genzoo.artifacts.run_data import images_of
from keras_genzoo.callbacks import write_sheet
from keras_genzoo.capabilities import HasLikelihood
from keras_genzoo.cli.io.outputs import Output
from keras_genzoo.cli.io.reading import in_one_pass, table_of
from keras_genzoo.data import DataError
from keras_genzoo.data.weighting import to_csv
from keras_genzoo.evaluation import pixels_of
from keras_genzoo.evaluation.opening import open_both
from keras_genzoo.files import write_text
from keras_genzoo.metrics.likelihood import likelihood_protocol
from keras_genzoo.model import GenerativeModel
from keras_genzoo.printable import columns, printable
from keras_genzoo.uses.extremes import extremes
from keras_genzoo.uses.outliers import (
    OF_LIKELIHOOD,
    OF_TRAINING,
    OutlierScorer,
    check_scores,
    detection,
    known_outliers,
    p_values,
    rank_of_threshold,
    threshold,
)
from keras_genzoo.uses.properties import properties

_PNG = "length as PNG"
_MOST_OF_TRAINING = 5_000  # images that scores are relative to


def run(args: argparse.Namespace, own: Run, output: Output) -> None:
    """Scores images, and writes which of them are above what images like those trained on score."""
    background = load(args.background) if args.background else None
    train, held_out = images_of(own, args.run_data, "--run-data")
    if not len(held_out):
        raise DataError(f"'{own.path}' holds out no images of which to take a threshold: train with --held-out N.")
    rank_of_threshold(len(held_out), args.false_alarms)
    subject, reference, _ = open_both(args.run, args.data, args.split, 64, args.best, tolerant=True)
    model, source = cast(GenerativeModel, subject.model), reference.source
    check_scores(model, args.score, background)
    some = None
    if args.score in OF_TRAINING:
        some = pixels_of(train, np.linspace(0, len(train) - 1, min(len(train), _MOST_OF_TRAINING)).astype(int))
    scorer = OutlierScorer(model, args.score, background, some)
    tables = table_of(held_out, args.run_data or args.run), table_of(source, args.data)

    usual, found = in_one_pass(held_out, f"scores of {len(held_out):,} held-out images", scorer)
    left_out = known_outliers(properties(found, held_out, tables[0]))
    kept = np.ones(len(usual), bool) if left_out is None else left_out != 1
    usual, setting = usual[kept], found["digest"][kept]
    limit = threshold(usual, args.false_alarms)

    scores, found = in_one_pass(source, f"scores of {len(source):,} images", scorer)
    known = known_outliers(properties(found, source, tables[1]), held_out.class_names)
    above, same = scores > limit, np.isin(found["digest"], setting)
    names = [printable(name) for name in found["name"]] if "name" in found else None
    table: dict[str, Any] = {
        "score": [f"{score:.9g}" for score in scores],
        "p_value": [f"{value:.6g}" for value in p_values(usual, scores)],
        "outlier": above.astype(int),
    }
    report: dict[str, Any] = {
        "run": str(args.run),
        "data": reference.protocol(),
        "score": args.score,
        "background": args.background or (_PNG if args.score == "likelihood_ratio" else None),
        "likelihood": likelihood_protocol(model)["likelihood"] if args.score in OF_LIKELIHOOD else None,
        "grey_levels": isinstance(model, HasLikelihood) and bool(model.pixel_likelihood["grey_levels"]),
        **({"training_images": len(some)} if some is not None else {}),
        "false_alarms": args.false_alarms,
        "threshold": limit,
        "held_out": {"count": len(usual), "known_outliers_left_out": len(held_out) - len(usual)},
        "threshold_set_by": int(same.sum()),
        "outliers": int(above.sum()),
    }
    if known is not None:
        yes, no = known == 1, known == 0
        table["known_outlier"] = ["" if answer < 0 else answer for answer in known]
        report["known_outliers"] = int(yes.sum())
        if yes.any() and no.any():
            report |= detection(scores[yes | no], yes[yes | no])
            report["found"] = float(above[yes].mean())
        if (no & ~same).any():  # of those that set the threshold, the rate is what it was set for
            report["false_alarm_rate"] = float(above[no & ~same].mean())

    output.report(report)
    write_text(output.main, to_csv(table, names))
    write_sheet(output[".png"], extremes(source, scores), model)
    print(f"{args.score} of {len(source):,} images of {printable(source.name)}, beside {len(usual):,} held-out ones")
    print(f"{columns(_in_words(report, len(source)))}\nin {output.main.parent}:")
    made = [
        ("outliers.csv", "scores, p-values, outlier or not"),
        ("outliers.png", "the least typical images, and below them the most typical"),
        ("outliers.json", "this report"),
    ]
    print(columns(made))


def _in_words(report: dict[str, Any], count: int) -> list[tuple[str, str]]:
    """The report in a few lines."""
    unit = {"reconstruction": "mean squared error", "neighbors": "of features"}.get(report["score"], "nats")
    rows = [
        ("threshold", f"{report['threshold']:.6g} {unit}, for {report['false_alarms']:.2%} of false alarms"),
        ("outliers", f"{report['outliers']:,} images ({report['outliers'] / count:.1%})"),
    ]
    if report["background"]:
        soft = report["background"] == _PNG and not report["grey_levels"]
        beware = f"; beside a likelihood '{report['likelihood']}' it weighs too much: give a --background"
        rows.insert(0, ("ratio to", f"{report['background']}{beware if soft else ''}"))
    if same := report["threshold_set_by"]:
        rows.append(
            ("beware", f"{same:,} of these images set the threshold: on them it keeps its rate by construction")
        )
    if left_out := report["held_out"]["known_outliers_left_out"]:
        rows.append(("left out", f"{left_out:,} known outliers of the held-out images"))
    if "known_outliers" in report:
        rows.append(("known", f"{report['known_outliers']:,} outliers"))
    if "auroc" in report:
        rows.append(("AUROC", f"{report['auroc']:.4f}"))
        rows.append(("AP", f"{report['average_precision']:.4f}"))
        rows.append(("found", f"{report['found']:.1%} of the known outliers"))
    if "false_alarm_rate" in report:
        rows.append(("alarms", f"{report['false_alarm_rate']:.1%} of images that are known to be none"))
    return rows
