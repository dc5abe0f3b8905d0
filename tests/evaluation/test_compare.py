import statistics

import pytest

from keras_genzoo import config
from keras_genzoo.artifacts import Run
from keras_genzoo.evaluation import CompareError, Result, append, compare
from keras_genzoo.registry import MODELS

REAL = {"kind": "image_folder", "name": "faces/", "count": 100, "sha256": "ab" * 32, "split": "held_out"}
FEATURES = {"extractor": "inception", "weights_sha256": "67" * 32, "dtype": "float32"}


def protocol(count=10_000, features=FEATURES, **more):
    return {"features": features, "real": REAL, "generated": {"count": count}, **more}


@pytest.fixture
def keep(tmp_path):
    """Keeps a result in a folder; the later, the newer."""
    days = iter(range(1, 29))

    def keep(folder, metric, value, measured=None, spread=None, **subject):
        date = f"2026-11-{next(days):02d}T00:00:00Z"
        measured = protocol() if measured is None else measured
        append(tmp_path / folder, Result(metric, value, measured, {"kind": "model", **subject}, date, 1.0, {}, spread))
        return tmp_path / folder

    return keep


def cells(table):
    """The rows of a table as they are printed, headings first."""
    return table.grid("{}*".format)


def only(tables):
    (table,) = tables
    return table


def test_the_table_of_the_papers(keep):
    for metric, a, b in (
        ("fid", 30.126, 4.3),
        ("recall", 0.25, 0.5),
        ("precision", 0.7126, 0.6),
        ("kid", 0.0123, -1e-9),
    ):
        keep("vae", metric, a)
        folders = [keep("vae", metric, a), keep("gan", metric, b)]
    assert cells(only(compare(folders))) == [
        ["Model", "Precision", "Recall", "FID", "KID ×1000"],
        ["vae", "0.713*", "0.250", "30.13", "12.30"],
        ["gan", "0.600", "0.500*", "4.30*", "0.00*"],
    ]


def test_reconstruction_and_likelihood_have_tables_of_their_own(keep):
    for metric, a, b in (("ssim", 0.9, 0.8), ("mse", 0.00275, 0.0146), ("psnr", 25.6, 18.36), ("elbo", -620.04, 4.0)):
        folders = [keep("a", metric, a), keep("b", metric, b)]
    reconstruction, likelihood = compare(folders)
    assert (reconstruction.title, likelihood.title) == ("Reconstruction", "Likelihood")
    assert cells(reconstruction) == [
        ["Model", "RE", "PSNR", "SSIM"],
        ["a", "0.00275*", "25.60*", "0.900*"],
        ["b", "0.01460", "18.36", "0.800"],
    ]
    assert cells(likelihood) == [["Model", "ELBO"], ["a", "-620.0"], ["b", "4.0*"]]


def test_metrics_of_other_features_have_tables_of_their_own(keep):
    pixels = protocol(features={"extractor": "pixels"})
    for metric in ("frechet_pixels", "precision_pixels", "precision", "fid"):
        folder = keep("vae", metric, 1.0, pixels if "pixels" in metric else protocol())
    ours, others = compare([folder])
    assert (ours.title, cells(ours)[0]) == ("Generation", ["Model", "Precision", "FID"])
    assert others.title == "Generation, in features of pixels" and cells(others)[0] == ["Model", "Precision", "Fréchet"]
    assert "features of inception (weights sha256 676767676767, dtype float32)" in ours.notes[0]
    assert "features of pixels" in others.notes[0]


def test_density_has_no_best(keep):
    folders = [keep("a", "density", 1.5), keep("b", "density", 0.5)]
    assert cells(only(compare(folders))) == [["Model", "Density"], ["a", "1.500"], ["b", "0.500"]]


def test_the_best_is_the_best_as_printed(keep):
    folders = [keep("a", "fid", 4.301), keep("b", "fid", 4.302), keep("c", "fid", 5.0)]
    assert [row[1] for row in cells(only(compare(folders)))] == ["FID", "4.30*", "4.30*", "5.00"]
    assert [row[1] for row in cells(only(compare(folders[:2])))] == ["FID", "4.30", "4.30"]


def test_three_digits_of_the_least_number_of_unknown_scale(keep):
    folders = [
        keep("a", "frechet_pixels", 1234.56),
        keep("b", "frechet_pixels", 0.01236),
        keep("c", "frechet_pixels", 0),
    ]
    assert [row[1] for row in cells(only(compare(folders)))] == ["Fréchet (pixels)", "1234.5600", "0.0124", "0.0000*"]
    assert cells(only(compare(folders[:1])))[1] == ["a", "1235"]


def test_missing_and_undefined_metrics_are_dashes_with_a_note(keep):
    keep("vae", "fid", 30.0)
    folders = [keep("vae", "psnr", None), keep("gan", "fid", 4.0)]
    generation, reconstruction = compare(folders)
    assert cells(reconstruction) == [["Model", "PSNR"], ["vae", "–"]]  # models without any number have no row
    assert reconstruction.notes[1:] == ("PSNR is undefined for vae",)
    assert cells(generation) == [["Model", "FID"], ["vae", "30.00"], ["gan", "4.00*"]]


def test_the_protocol_in_words(keep):
    table = only(compare([keep("a", "precision", 0.5, protocol(k=3, notes={"draws": 1}, split=None))]))
    assert table.notes == (
        "Precision: features of inception (weights sha256 676767676767, dtype float32); 100 real images of faces/ "
        "(held out); 10,000 generated; k 3",
    )


def test_what_all_columns_have_in_common_is_printed_once(keep):
    for metric, more in (("recall", {"k": 3}), ("precision", {"k": 3}), ("fid", {}), ("authpct", {})):
        folder = keep("a", metric, 0.5, protocol(**more))
    assert only(compare([folder])).notes == (
        "All: features of inception (weights sha256 676767676767, dtype float32); 100 real images of faces/ (held "
        "out); 10,000 generated",
        "Precision, Recall: k 3",
        "FID, AuthPct in percent",
    )


def test_the_newest_result_of_a_folder_counts(keep):
    for value in (3.0, 1.0, 2.0):
        folder = keep("a", "fid", value)
    assert cells(only(compare([folder])))[1] == ["a", "2.00"]


def test_the_newest_protocol_that_all_have(keep):
    few, some, many = (protocol(count) for count in (1_000, 5_000, 10_000))
    keep("a", "fid", 1.0, few)
    keep("b", "fid", 2.0, some)
    keep("b", "fid", 3.0, few)
    keep("a", "fid", 4.0, some)
    keep("a", "fid", 5.0, few)
    folders = [keep("a", "fid", 6.0, many), keep("b", "fid", 7.0, some)]
    for order in (folders, folders[::-1]):
        table = only(compare(order))
        assert {row[0]: row[1] for row in table.grid(str)} == {"Model": "FID", "a": "4.00", "b": "7.00"}
        assert "5,000 generated" in table.notes[0]
        assert table.notes[1] == "FID: newer results of a have a protocol that not all share, and are left out"


def test_unlike_protocols_are_refused(keep):
    keep("a", "precision", 0.5)
    other = protocol(1_000, features={**FEATURES, "resize": "area"})
    keep("b", "precision", 0.5)
    folders = [keep("a", "fid", 1.0), keep("b", "fid", 2.0, other)]
    with pytest.raises(CompareError) as refusal:
        compare(folders)
    assert str(refusal.value) == (
        f"fid was measured in unlike ways in '{folders[1]}' and '{folders[0]}': features.resize: area and nothing, "
        "generated.count: 1,000 and 10,000: measure them anew with the same options of `genzoo evaluate`, or leave fid "
        "out by --metrics."
    )
    assert cells(only(compare(folders, ["precision"])))[0] == ["Model", "Precision"]


def test_a_protocol_that_each_pair_has_but_not_all(keep):
    for folder, counts in (("a", (1, 2)), ("b", (2, 3)), ("c", (3, 1))):
        for count in counts:
            path = keep(folder, "fid", 1.0, protocol(count))
    with pytest.raises(CompareError, match=r"'.*c' and '.*b': generated.count: 1 and 3:"):
        compare([path.with_name(name) for name in "abc"])


def test_many_differences_are_cut(keep):
    first, second = ({str(key): value for key in range(9)} for value in ("x" * 100, "ef" * 32))
    folders = [keep("a", "fid", 1.0, first), keep("b", "fid", 1.0, second)]
    with pytest.raises(CompareError, match=r"3: efefefefefef and x{57}\.\.\., and 5 more: measure"):
        compare(folders)


def test_features_that_all_have_in_common_are_named_once(keep):
    folder = keep("a", "precision_pixels", 0.5, {"features": {"extractor": "pixels"}, "k": 3})
    keep("a", "frechet_pixels", 2.0, {"features": {"extractor": "pixels"}})
    table = only(compare([folder]))
    assert table.title == "Generation, in features of pixels" and cells(table)[0] == ["Model", "Precision", "Fréchet"]


def test_what_is_not_the_published_fid_is_named_after_its_features(keep):
    folder = keep("a", "precision_keras_imagenet", 0.5, {"features": {"extractor": "keras_imagenet"}, "k": 3})
    keep("a", "fid_keras_imagenet", 2.0, {"features": {"extractor": "keras_imagenet"}})
    assert cells(only(compare([folder])))[0][1:] == ["Precision (keras_imagenet)", "FID (keras_imagenet)"]


def test_losses_are_compared_if_they_are_named(keep):
    keep("a", "fid", 1.0)
    folder = keep("a", "val_loss", 31.26, {"batch_size": 8})
    assert cells(only(compare([folder])))[0] == ["Model", "FID"]
    table = only(compare([folder], ["val_loss"]))
    assert table.title == "Others" and cells(table) == [["Model", "val_loss"], ["a", "31.3"]]
    with pytest.raises(CompareError, match="hold nothing but val_loss: name what to compare by --metrics"):
        compare([keep("b", "val_loss", 1.0)])


def test_what_cannot_be_compared(keep, tmp_path):
    folder = keep("a", "fid", 1.0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CompareError, match=r"empty' holds no results .*: `genzoo evaluate .*empty` makes them\."):
        compare([tmp_path / "empty"])
    with pytest.warns(UserWarning, match=r"empty' holds no results .*, and is left out\."):  # as runs/* may bring
        assert only(compare([folder, tmp_path / "empty"])).models == ("a",)
    with pytest.raises(CompareError, match="there is no folder"):
        compare([folder, tmp_path / "nowhere"])
    with pytest.raises(CompareError, match="is given twice"):
        compare([folder, tmp_path / "empty" / ".." / "a"])
    with pytest.raises(CompareError, match="got no folders"):
        compare([])
    with pytest.raises(CompareError, match="no folder holds a metric 'fidd'; did you mean 'fid'"):
        compare([folder], ["fidd"])


def test_names_are_as_long_as_they_must_be(keep):
    folders = [keep(name, "fid", 1.0) for name in ("x/vae/run", "y/vae/run", "x/gan/run", "other")]
    assert only(compare(folders)).models == ("x/vae/run", "y/vae/run", "gan/run", "other")


def test_numbers_of_unlike_states_get_a_note(keep):
    keep("a", "fid", 1.0, iterations=1000, weights_sha256="ab" * 32, seed=1)
    keep("a", "recall", 1.0, iterations=2000, weights_sha256="cd" * 32)
    keep("b", "fid", 1.0, iterations=1000, seed=1)
    folders = [keep("a", "fid", 1.0, iterations=1000), keep("b", "recall", 1.0, iterations=1000, seed=2)]
    (note,) = only(compare(folders)).notes[1:]
    assert note.startswith(
        "a: numbers of unlike states stand side by side: Recall of 2,000 steps (weights cdcdcdcdcdcd)"
    )


# Seeds


@pytest.fixture
def run(tmp_path):
    """Makes the folder of a run."""

    def run(name, seed, images="ab", **arguments):
        preset = {
            "schema": 1,
            "model": "dcgan",
            "data": {"dataset": "drawn_faces", "batch_size": 4},
            "arguments": {**MODELS["dcgan"].tiny, **arguments},
            "fit": {"epochs": 1},
            "about": name,
        }
        manifest = {"kind": "image_folder", "name": name, "count": 100, "sha256": images}
        record = {"seed": seed, "data": {"train": manifest, "held_out": manifest}}
        with Run.create(tmp_path / name, config.resolve(preset), record) as made:
            return made.path

    return run


def test_seeds_become_a_row_by_group(keep, run):
    values = (4.0, 5.0, 6.5)
    folders = [run(f"gan-{seed}", seed) for seed in range(3)]
    for seed, value in enumerate(values):
        keep(f"gan-{seed}", "fid", value, spread=0.5, iterations=8 + seed // 2)
    folders += [run("wide", 0, latent_dim=5), run("elsewhere", 1, images="cd"), keep("photos", "fid", 3.0)]
    keep("wide", "fid", 4.0, spread=0.5)
    keep("elsewhere", "fid", 7.0)
    table = only(compare(folders, group=True))
    assert table.models == ("gan-0 (3 seeds)", "wide", "elsewhere", "photos")
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    assert [row[1] for row in table.grid(str)[1:]] == [f"{mean:.2f} ± {deviation:.2f}", "4.00", "7.00", "3.00"]
    assert table.notes[1:] == (
        "gan-0 (3 seeds): gan-0, gan-1, gan-2",
        "gan-0 (3 seeds): measured after unlike numbers of steps: 8, 9",
        "±: standard deviation over seeds",
    )
    alone = only(compare(folders))
    assert len(alone.models) == 6 and alone.grid(str)[1][1] == "4.00 ± 0.50"
    assert alone.notes[-1] == "±: standard deviation within the measurement"


def test_seeds_of_which_one_was_not_measured_have_no_mean(keep, run):
    folders = [run("gan-0", 0), run("gan-1", 1)]
    keep("gan-0", "fid", 4.0)
    keep("gan-0", "recall", 0.5)
    keep("gan-1", "fid", 6.0)
    table = only(compare(folders, group=True))
    assert table.grid(str)[1] == ["gan-0 (2 seeds)", "–", "5.00 ± 1.41"]
    assert "Recall was not measured for gan-1" in table.notes


def test_one_seed_twice_is_no_spread(keep, run):
    folders = [run("gan", 3), run("copy", 3)]
    for folder in folders:
        keep(folder.name, "fid", 4.0)
    with pytest.raises(CompareError, match="are the same training with the same seed, 3"):
        compare(folders, group=True)
