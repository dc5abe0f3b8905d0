"""Whatever JSON stands in whatever field: a record is read, or refused by the one error that names file and field."""

import json
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keras_genzoo.artifacts import records as kinds
from keras_genzoo.artifacts.checkpoints import Position
from keras_genzoo.evaluation.results import ResultError, read
from keras_genzoo.features.classifier_record import read_record
from keras_genzoo.features.extractor import ExtractorError
from keras_genzoo.untrusted import UntrustedError, records

DIGEST = "ab" * 32
DIGITS = "5,000 digits"  # where `written` puts them
MANIFEST = {"kind": "drawn_faces", "count": 64, "shares": {"hat": [0.5, 0.5]}}
ENVIRONMENT = {
    "preset": "tiny",
    "seed": 3,
    "jit": "auto",
    "deterministic": False,
    "sample_weights": {"sha256": DIGEST},
    "data": {"path": None, "train": MANIFEST, "held_out": MANIFEST},
    "from": {"path": "runs/a", "preset": "tiny", "sha256": DIGEST},
    "measuring": {"every": 1, "metrics": "fid", "num": 1000, "features": None, "inception_weights": None},
    "resumed": [{"jit_compile": True}],
    "finished": {"epoch": 2, "iterations": 8, "images": 128, "sha256": DIGEST},
}
POSITION = {"epoch": 1, "step": 2, "iterations": 6, "images": 9, "stage": 0, "rollbacks": 0, "seconds": 1.5}
SOUND = {
    kinds.Environment: ENVIRONMENT,
    Position: {**POSITION, "metrics": [0.5, 1]},
    kinds.Epoch: {"epoch": 1, "iterations": 4, "seconds": 2.5, "loss": None, "val_loss": 3},
    kinds.Divergence: {
        "what": "loss",
        "value": "nan",
        "player": None,
        "epoch": 1,
        "images": [1, 2],
        "names": ["a.png"],
    },
    kinds.Latents: {"epoch": 1, "beta": None, "kl": [0.5], "variance": [1.0], "words": "1 of 1"},
    kinds.Best: {"value": 1.5, "epoch": 1, "protocol": {"k": 3}},
}
CLASSIFIER = {
    "schema": 1,
    "name": "tiny",
    "image_shape": [16, 16, 3],
    "heads": [{"name": "label", "classes": ["a", "b"], "mean": 0.0, "deviation": 1.0}],
    "weights_sha256": DIGEST,
}
RESULT = {
    "metric": "fid",
    "value": 1.5,
    "protocol": {"k": 3},
    "subject": {},
    "date": "2026-11-21",
    "seconds": 1,
    "environment": {},
}
HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**12 + 1, -1, 2**1023, 10**300, 10**400, 1e308, -1e301, 1e-320])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\x1b[31m", "x" * 20_000, "../..", DIGITS, "\x00", "__class__"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(content, path=()):
    """The paths of all values in a record."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def spoiled(draw, content):
    """A record in which a value is another, is missing, or has something beside it."""
    content = json.loads(json.dumps(content))
    *steps, last = draw(st.sampled_from(list(places(content))))
    inner = content
    for step in steps:
        inner = inner[step]
    kind = draw(st.sampled_from(["other", "other", "missing", "beside"]))
    if kind == "missing":
        del inner[last]
    elif kind == "beside" and isinstance(inner, dict):
        inner[draw(st.text(max_size=10))] = draw(HOSTILE)
    else:
        inner[last] = draw(HOSTILE)
    return content


def written(path: Path, content) -> Path:
    """As Python writes JSON: NaN and halves of surrogate pairs included, and numbers that it would not write."""
    path.write_text(json.dumps(content).replace(f'"{DIGITS}"', "9" * 5_000) + "\n")
    return path


@pytest.mark.parametrize("kind", SOUND, ids=lambda kind: kind.__name__)
def test_what_is_sound_is_read(kind, tmp_path):
    assert records.read(written(tmp_path / "a.json", SOUND[kind]), kind) == SOUND[kind]
    assert records.read_lines(tmp_path / "a.json", kind) == [SOUND[kind]]


HASTE = settings(max_examples=60, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("kind", SOUND, ids=lambda kind: kind.__name__)
@HASTE
@given(data=st.data())
def test_any_json_in_any_field_is_read_or_refused(kind, data, tmp_path):
    path = written(tmp_path / "a.json", data.draw(spoiled(SOUND[kind]) | HOSTILE))
    try:
        assert isinstance(records.read(path, kind), dict)
    except UntrustedError as error:
        assert str(error).startswith(str(path)) and str(error).isprintable() and len(str(error)) < 1_000
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        assert len(records.read_lines(path, kind)) <= 1


@HASTE
@given(content=spoiled(CLASSIFIER) | HOSTILE)
def test_any_json_in_the_record_of_a_classifier(content, tmp_path):
    try:
        _, image_shape, heads = read_record(written(tmp_path / "classifier.json", content))
        assert len(image_shape) == 3 and heads[0].width >= 1
    except ExtractorError as error:
        assert "classifier.json is damaged (" in str(error) and str(error).isprintable()


@HASTE
@given(content=spoiled(RESULT) | HOSTILE)
@example(content={**RESULT, "value": "1.5"})
def test_any_json_in_a_result(content, tmp_path):
    written(tmp_path / "metric-fid.jsonl", content)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = read(tmp_path)
    assert bool(found) != bool(warned)
    assert all(result.metric == "fid" for results in found.values() for result in results)
    assert not issubclass(ResultError, UntrustedError)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"seed": "x"}, "a.json: seed: expected a valid integer, got 'x'"),
        ({"data": {"train": MANIFEST}}, "a.json: data.held_out: is missing"),
        ({"jit": "\x1b" * 100}, r"a.json: jit: expected 'auto', 'on' or 'off', got "),
        ([], "a.json: expected an object, got []"),
    ],
)
def test_a_message_names_file_and_field(content, expected, tmp_path):
    with pytest.raises(UntrustedError) as refused:
        records.read(written(tmp_path / "a.json", content), kinds.Environment)
    assert expected in str(refused.value) and len(str(refused.value)) < 600


def test_there_is_one_warning_of_many_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"epoch": 1}\n{"epoch": "x"}\n{"epoch": -1}\n[1]\n{"half\n{"epoch": 2, "loss": null}\n')
    with pytest.warns(UserWarning, match=r"a\.jsonl: line 2: epoch: expected a valid integer, .* 2 in all") as warned:
        assert [line["epoch"] for line in records.read_lines(path, kinds.Epoch)] == [1, 2]
    assert len(warned) == 1
