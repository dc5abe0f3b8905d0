"""How an export is written and checked; that it answers as the model does is a contract (tests/contracts)."""

import contextlib
import hashlib
import json
import shutil

import numpy as np
import pytest
from keras import ops

import keras_genzoo
from keras_genzoo import backend
from keras_genzoo.export import Endpoint
from keras_genzoo.export import saved_model as export
from keras_genzoo.types import ArraySpec
from tests.toys import Toy

pytestmark = pytest.mark.skipif(backend.NAME != "tensorflow", reason="SavedModels are TensorFlow's")


@pytest.fixture(scope="module")
def model():
    return Toy(ema_momentum=0.5)


def in_this_process(inputs, path):
    """Stands in for the clean process, which takes seconds to start."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    calls = {name: [tf.constant(value) for value in values] for name, values in inputs.items()}
    return {f"{name}/": getattr(loaded, name)(*arguments).numpy() for name, arguments in calls.items()}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(export, "_answers_of_a_clean_process", in_this_process)


@pytest.mark.slow
def test_a_saved_model_answers_for_any_number(model, tmp_path, quick):
    import tensorflow as tf

    path = export.export_saved_model(model, tmp_path / "new" / "exported")
    assert path == tmp_path / "new" / "exported" and (path / "saved_model.pb").is_file()
    assert [one.name for one in path.parent.iterdir()] == ["exported"]
    loaded = tf.saved_model.load(str(path))
    for count in (1, 5):
        images = loaded.generate(count, np.int64(2**32 - 1)).numpy()
        np.testing.assert_allclose(images.astype(int), model.generate(count, seed=2**32 - 1), atol=1)
        x = np.random.default_rng(0).uniform(-1, 1, (count, 2, 2, 1)).astype("float32")
        answer = loaded.serve(x).numpy()
        np.testing.assert_allclose(answer, ops.convert_to_numpy(model(x)), atol=1e-6)
        (default,) = loaded.signatures["serving_default"](inputs=tf.constant(x)).values()
        np.testing.assert_array_equal(default, answer)


@pytest.mark.slow
def test_an_older_saved_model_is_replaced(model, tmp_path, quick):
    path = tmp_path / "exported"
    model.export(path)
    (path / "older").touch()
    model.export(path)
    assert (path / "saved_model.pb").is_file() and not (path / "older").exists()
    assert [one.name for one in tmp_path.iterdir()] == ["exported"]


@pytest.mark.slow
def test_an_empty_folder_is_taken(model, tmp_path):
    (tmp_path / "exported").mkdir()
    model.export(tmp_path / "exported", verify=False)
    assert (tmp_path / "exported" / "saved_model.pb").is_file()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_anything_else_is_left_alone(model, tmp_path, kind):
    path = tmp_path / "precious"
    if kind == "folder":
        path.mkdir()
    (path / "thesis.txt" if kind == "folder" else path).write_text("years")
    with pytest.raises(
        FileExistsError, match=r"export: '.*precious' exists and is no SavedModel: choose another folder"
    ):
        model.export(path)
    assert (path / "thesis.txt" if kind == "folder" else path).read_text() == "years"


@pytest.mark.slow
@pytest.mark.parametrize("older", [False, True])
def test_a_saved_model_that_differs_is_not_put_in_place(model, tmp_path, monkeypatch, older):
    path = tmp_path / "exported"
    if older:
        model.export(path, verify=False)
        (path / "older").touch()

    def wrong(inputs, path):
        answers = in_this_process(inputs, path)
        answers["serve/"] = answers["serve/"] + 0.01
        return answers

    monkeypatch.setattr(export, "_answers_of_a_clean_process", wrong)
    with pytest.raises(
        RuntimeError, match=r"the endpoint 'serve' differs from the model by 0.0.*: nothing was exported"
    ):
        model.export(path)
    assert [one.name for one in tmp_path.iterdir()] == (["exported"] if older else [])
    assert (path / "older").exists() == older


def test_nan_is_a_difference(model, tmp_path, monkeypatch):
    monkeypatch.setattr(
        export,
        "_answers_of_a_clean_process",
        lambda inputs, path: {k: v * np.nan if k == "serve/" else v for k, v in in_this_process(inputs, path).items()},
    )
    with pytest.raises(RuntimeError, match="'serve' differs from the model by nan"):
        model.export(tmp_path / "exported")


@pytest.mark.slow
def test_a_model_with_nan_is_not_exported(tmp_path):
    sick = Toy()
    weight = sick.second.weights[0]
    weight.assign(weight + np.inf)
    with pytest.raises(ValueError, match=rf"{weight.path} is not finite, the training diverged"):
        sick.export(tmp_path / "sick")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_model_that_keeps_an_endpoint_out_of_the_graph_fails_with_the_reason(tmp_path, monkeypatch):
    class Python(Toy):
        def endpoints(self):
            import tensorflow as tf

            function = lambda x: tf.py_function(lambda y: y.numpy() * 2, [x], tf.float32)  # noqa: E731
            return {"serve": Endpoint(function, {"inputs": ArraySpec((None, 2))})}

    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with pytest.raises(RuntimeError, match="the SavedModel cannot be used in a clean process"):
        Python().export(tmp_path / "exported")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def marked(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("marked") / "exported"
    return export.export_saved_model(model, path, verify=False)


def test_the_mark_says_what_was_written(marked):
    told = json.loads((marked / export.MARK).read_text())
    assert told["keras_genzoo"] == keras_genzoo.__version__
    for name, digest in told["sha256"].items():
        assert hashlib.sha256((marked / name).read_bytes()).hexdigest() == digest
    assert set(told["sha256"]) == {
        "saved_model.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
    }


def other_variables(path):
    with next((path / "variables").glob("*.data*")).open("ab") as file:
        file.write(b"\0")


@pytest.mark.parametrize(
    "change",
    [
        other_variables,
        lambda path: (path / "saved_model.pb").write_bytes(b"other"),
        lambda path: (path / "variables" / "more").touch(),
        lambda path: (path / export.MARK).unlink(),
        lambda path: (path / export.MARK).write_text("[" * 100_000),
        lambda path: (path / export.MARK).write_text("[]"),
        lambda path: (path / export.MARK).write_text("{}"),
        lambda path: (path / export.MARK).write_bytes(b"\xff"),
        lambda path: (path / export.MARK).open("ab").truncate(2**21),
    ],
)
def test_the_mark_holds_for_what_was_written(marked, change, tmp_path):
    path = shutil.copytree(marked, tmp_path / "exported")
    assert export.was_exported(path)
    change(path)
    assert not export.was_exported(path)


def test_examples_fit_their_inputs():
    assert export._example(ArraySpec((), "int64")) == 3
    for dtype, below, low, high in (("uint8", 256, 0, 255), ("float32", 256, -1, 1), ("int32", 7, 0, 6)):
        example = export._example(ArraySpec((None, 4, 4, 3), dtype, below))
        assert example.shape == (2, 4, 4, 3) and example.dtype == dtype
        assert low <= example.min() < example.max() <= high
    assert export._example(ArraySpec((None, 7))).shape == (2, 7)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize(("wrong", "jumps", "refused"), [(1, False, True), (1, True, False), (5, True, True)])
def test_where_a_model_jumps_few_numbers_may_differ(monkeypatch, tmp_path, dtype, wrong, jumps, refused):
    expected = np.arange(20).astype(dtype)
    answer = expected + 10 * (np.arange(20) < wrong).astype(dtype)
    monkeypatch.setattr(export, "_answers_of_a_clean_process", lambda inputs, path: {"codes/": answer})
    endpoints = {"codes": Endpoint(lambda x: ops.convert_to_tensor(expected), {"x": ArraySpec((2,))}, jumps=jumps)}
    if refused:
        with pytest.raises(RuntimeError, match="the endpoint 'codes' differs from the model by 10"):
            export._verify(endpoints, tmp_path, 1e-2)
    else:
        export._verify(endpoints, tmp_path, 1e-2)


@pytest.mark.slow
def test_the_clean_process_answers(model, tmp_path):
    model.export(tmp_path / "exported")
    assert (tmp_path / "exported" / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("slack", "many", "by", "passes"),
    [
        (5e-2, 0, 7, True),
        (5e-2, 1, 8, True),  # one value of 2,000, a little more
        (5e-2, 3, 8, False),
        (5e-2, 1, 40, False),
        (1e-4, 1, 2, False),
    ],
)
def test_halves_may_round_a_few_values_further(slack, many, by, passes):
    expected = np.full(2000, 100, "uint8")
    answer = expected.copy()
    answer[:many] += by
    with contextlib.nullcontext() if passes else pytest.raises(RuntimeError, match=f"differs from the model by {by}"):
        export._compare("generate", answer, expected, slack, jumps=False)
