import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from keras_genzoo.evaluation import Result, ResultError, append, differences, differing_keys, read

REAL = {
    "kind": "image_folder",
    "name": "faces/",
    "count": 100,
    "sha256": "ab",
    "pillow": "11.1",
    "image_shape": [8, 8, 3],
}
PROTOCOL = {"features": {"extractor": "inception"}, "real": REAL, "generated": {"count": 1000}, "k": 3}
DATE = "2026-11-21T10:00:00+00:00"


def result(value=0.5, metric="fid", **changes):
    fields = {"protocol": PROTOCOL, "subject": {"kind": "model"}, "date": DATE, "seconds": 1.5, "environment": {}}
    return Result(metric, value, **{**fields, **changes})


def test_what_is_kept_is_read_again(tmp_path):
    first = result(0.1, spread=0.02, subject={"kind": "model", "iterations": 8}, environment={"keras": "3.15"})
    second, other = result(None), result(0.7, metric="precision_pixels")
    for kept in (first, second, other):
        append(tmp_path / "run", kept)
    assert read(tmp_path / "run") == {"fid": [first, second], "precision_pixels": [other]}
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "metric-fid.jsonl",
        "metric-precision_pixels.jsonl",
    ]


def test_a_folder_without_results(tmp_path):
    assert read(tmp_path) == {}


def test_a_line_is_plain_json(tmp_path):
    append(tmp_path, result(1 / 3))
    (line,) = (tmp_path / "metric-fid.jsonl").read_text().splitlines()
    assert json.loads(line) == dataclasses.asdict(result(1 / 3))


def test_what_a_killed_process_left_unfinished(tmp_path):
    path = tmp_path / "metric-fid.jsonl"
    append(tmp_path, result(0.1))
    half = path.read_bytes()[:40]
    with path.open("ab") as file:
        file.write(half)
    assert [kept.value for kept in read(tmp_path)["fid"]] == [0.1]  # silently: a warning would be an error here
    append(tmp_path, result(0.2))
    with pytest.warns(UserWarning, match=r"metric-fid.jsonl: line 2 is no result of fid, and is passed over"):
        assert [kept.value for kept in read(tmp_path)["fid"]] == [0.1, 0.2]


def test_a_last_line_that_lacks_only_its_end_counts(tmp_path):
    append(tmp_path, result(0.1))
    path = tmp_path / "metric-fid.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    append(tmp_path, result(0.2))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert [kept.value for kept in read(tmp_path)["fid"]] == [0.1, 0.2]


@pytest.mark.parametrize(
    "line",
    [
        "[1, 2]",
        "3",
        '"value"',
        "{}",
        "\udcff",
        json.dumps({**dataclasses.asdict(result()), "value": float("nan")}),
        json.dumps({**dataclasses.asdict(result()), "metric": "kid"}),
        json.dumps({**dataclasses.asdict(result()), "protocol": None}),
    ],
)
def test_foreign_lines_are_passed_over_with_a_warning(tmp_path, line):
    (tmp_path / "metric-fid.jsonl").write_bytes(line.encode(errors="surrogateescape") + b"\n")
    append(tmp_path, result(0.2))
    with pytest.warns(UserWarning, match="line 1 is no result of fid"):
        assert [kept.value for kept in read(tmp_path)["fid"]] == [0.2]


def test_fields_of_a_later_version_and_empty_lines_do_no_harm(tmp_path):
    lines = [json.dumps({**dataclasses.asdict(result(0.3)), "later": 1}), "", ""]
    (tmp_path / "metric-fid.jsonl").write_text("\n".join(lines))
    assert read(tmp_path) == {"fid": [result(0.3)]}


def test_writers_at_the_same_time_lose_nothing(tmp_path):
    results = [result(number, environment={"long": "x" * 20_000}) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda kept: append(tmp_path, kept), results))
    assert sorted(kept.value for kept in read(tmp_path)["fid"]) == [*range(40)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float32("nan"), "much"])
def test_no_number_that_is_none_is_kept(value):
    with pytest.raises(
        ResultError, match=r"fid: value is .*, expected a finite number; where it is undefined, give None"
    ):
        result(value)
    with pytest.raises(ResultError, match=r"fid: spread is .*, expected a finite number\."):
        result(spread=value)


@pytest.mark.parametrize("metric", ["FID", "fid-clean", "../fid", "", "fid\n", "_fid", "f" * 101, 3])
def test_names_of_metrics(metric):
    with pytest.raises(ResultError, match="expected lowercase letters, digits and '_'"):
        result(metric=metric)


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(ResultError, match="fid: protocol: JSON has no words for it: Object of type ndarray"):
        result(protocol={"mean": np.zeros(2)})
    with pytest.raises(ResultError, match="fid: subject: JSON has no words for it"):
        result(subject={"scale": float("nan")})
    with pytest.raises(ResultError, match="fid: environment is a list, expected a dictionary"):
        result(environment=[1])
    with pytest.raises(ResultError, match="fid: date is 'today', expected ISO 8601"):
        result(date="today")


def test_a_result_is_as_it_will_be_read():
    kept = result(np.float32(0.5), protocol={"shape": (8, 8), 3: None}, date="2026-11-21T12:00:00.25+02:00")
    assert type(kept.value) is float
    assert kept.protocol == {"shape": [8, 8], "3": None}
    assert kept.date == "2026-11-21T10:00:00.250+00:00"


def test_protocols_that_are_alike():
    moved = {**REAL, "name": "copies/", "pillow": "12.0", "path": "/elsewhere"}
    assert differing_keys(PROTOCOL, {**PROTOCOL, "real": moved, "notes": {"identical": 3}, "split": None}) == []


def test_in_what_protocols_differ():
    other = {
        **PROTOCOL,
        "real": {**REAL, "sha256": "cd"},
        "generated": {"count": 10_000},
        "splits": 10,
        "k": {"near": 3},
    }
    assert differing_keys(PROTOCOL, other) == ["real.sha256", "generated.count", "k", "splits"]
    assert differences(PROTOCOL, other)["generated.count"] == (1000, 10_000)
    assert differences(PROTOCOL, other)["splits"] == (None, 10)
    assert set(differing_keys(other, PROTOCOL)) == set(differing_keys(PROTOCOL, other))


def test_a_name_matters_where_it_is_not_that_of_images():
    assert differing_keys({"sampler": {"name": "ddim"}}, {"sampler": {"name": "ddpm"}}) == ["sampler.name"]
