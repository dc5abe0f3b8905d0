"""SavedModels of others: those that could do more than compute are refused before anything of them ran."""

import json
import os
import re
import shutil
import warnings

import keras
import pytest

from keras_genzoo import backend, export
from keras_genzoo.cli import main
from keras_genzoo.evaluation import EvaluationError, SavedModelSubject
from keras_genzoo.untrusted import saved_model
from keras_genzoo.untrusted.saved_model import check_saved_model
from tests.toys import Toy

tf = pytest.importorskip("tensorflow")
on_tensorflow = pytest.mark.skipif(backend.NAME != "tensorflow", reason="SavedModels are TensorFlow's")
pytestmark = [pytest.mark.slow, on_tensorflow]
SECRET = "the secret"


def save(path, generate, **tracked):
    """A SavedModel whose `generate(num, seed)` gives black images, after `generate(num)` did what it does."""
    module = tf.Module()
    for name, value in tracked.items():
        setattr(module, name, value)

    def black(num, seed):
        with tf.control_dependencies([tf.convert_to_tensor(generate(num))]):
            return tf.zeros((num, 16, 16, 3), tf.uint8)

    signature = [tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.int64)]
    module.generate = tf.function(black, input_signature=signature)
    tf.saved_model.save(module, str(path))
    return path


@pytest.fixture
def edit():
    """Changes the message of a SavedModel on the disk."""
    from tensorflow.core.protobuf import saved_model_pb2

    def edit(path, change):
        model = saved_model_pb2.SavedModel()
        model.ParseFromString((path / "saved_model.pb").read_bytes())
        change(model.meta_graphs[0])
        (path / "saved_model.pb").write_bytes(model.SerializeToString())
        return path

    return edit


def write_file(path):
    tf.io.write_file(str(path / "stolen"), SECRET)
    return 0


def print_to_file(path):
    tf.print(SECRET, output_stream=f"file://{path / 'stolen'}")
    return 0


def write_summary(path):
    options = {"logdir": str(path / "stolen"), "max_queue": 1, "flush_millis": 1, "filename_suffix": ""}
    tf.raw_ops.CreateSummaryFileWriter(writer=tf.raw_ops.SummaryWriter(), **options)
    return 0


def read_checkpoint(path):
    return tf.raw_ops.RestoreV2(prefix=str(path), tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.int32])[0]


def read_descriptor(path):
    """A message that is described by a file."""
    return tf.io.decode_proto("", "x.Message", ["x"], [tf.int32], descriptor_source=str(path / "secret")).sizes


ATTACKS = {
    "WriteFile in black": write_file,
    "PrintV2 in black": print_to_file,
    "CreateSummaryFileWriter in black": write_summary,
    "EagerPyFunc in black": lambda path: tf.py_function(lambda: (path / "stolen").write_text(SECRET), [], tf.int32),
    "ReadFile in black": lambda path: tf.io.read_file(str(path / "secret")),
    "MatchingFiles in black": lambda path: tf.io.matching_files(str(path / "*")),
    "Dataset in black": lambda path: tf.data.TextLineDataset([str(path)]).reduce("", lambda a, b: a + b),
    "RestoreV2 in black": read_checkpoint,
    "ImmutableConst in black": lambda path: tf.raw_ops.ImmutableConst(
        dtype=tf.uint8, shape=[4], memory_region_name=str(path / "secret")
    ),
    "DecodeProtoV2 in black": read_descriptor,
}


def check_refused(path, reason, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(EvaluationError) as caught:
        SavedModelSubject(path)
    message = str(caught.value)
    assert f"'{path}' was not loaded, since a SavedModel is a program: " in message and "\n" not in message
    assert reason in message and message.endswith("load it by --trust (in Python: trust=True) if you know who made it.")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("operation", ATTACKS)
def test_operations_that_reach_out(operation, tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    path = save(tmp_path / "foreign", lambda num: ATTACKS[operation](tmp_path))
    check_refused(path, operation, tmp_path)


def in_a_gradient(num, attack):
    @tf.custom_gradient
    def identity(x):
        return tf.identity(x), lambda upstream: upstream + tf.cast(attack(), tf.float32)

    x = tf.ones(())
    return tf.gradients(identity(x), [x])


PLACES = {
    "branch": lambda num, attack: tf.cond(num > 1000, attack, lambda: 0),
    "case": lambda num, attack: tf.switch_case(num, [lambda: 0, lambda: 1, attack]),
    "loop": lambda num, attack: tf.while_loop(lambda i: i < num, lambda i: i + 1 + attack(), [0])[0],
    "function": lambda num, attack: tf.function(lambda: tf.function(attack)())(),
    "gradient": in_a_gradient,
}


@pytest.mark.parametrize("place", PLACES)
def test_wherever_they_hide(place, tmp_path):
    path = save(tmp_path / "foreign", lambda num: PLACES[place](num, lambda: write_file(tmp_path)))
    check_refused(path, "WriteFile in ", tmp_path)


def test_a_table_from_a_file(tmp_path):
    (tmp_path / "words").write_text("a\nb\n")
    words = tf.lookup.TextFileInitializer(
        str(tmp_path / "words"),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    table = tf.lookup.StaticHashTable(words, -1)
    path = save(tmp_path / "foreign", lambda num: table.lookup(tf.constant("a")), table=table)
    check_refused(path, "InitializeTableFromTextFileV2", tmp_path)


@pytest.fixture(scope="module")
def innocent(tmp_path_factory):
    """A foreign model with a variable, so that its file has a saver."""
    value = tf.Variable(1.0)
    return save(tmp_path_factory.mktemp("innocent") / "foreign", lambda num: value + 1.0, value=value)


@pytest.fixture
def copy(innocent, tmp_path):
    return shutil.copytree(innocent, tmp_path / "foreign")


def function_of(graph, part):
    (found,) = (one for one in graph.graph_def.library.function if part in one.signature.name)
    return found


def add_call(graph, name, operation="StatefulPartitionedCall"):
    node = function_of(graph, "black").node_def.add(name="added", op=operation)
    node.attr["f"].func.name = name
    return node


def add(graph, operation):
    function_of(graph, "black").node_def.add(name="added", op=operation)


def saver_of(graph):
    return function_of(graph, "traced_save")


def call_the_saver_in_a_list(graph):
    node = add_call(graph, function_of(graph, "black").signature.name, "Case")
    node.attr["branches"].list.func.add(name=saver_of(graph).signature.name)


def call_a_function_that_seems_to_be_a_saver(graph):
    function = graph.graph_def.library.function.add()
    function.CopyFrom(saver_of(graph))
    function.signature.name = "__inference_other_7"
    add_call(graph, function.signature.name)
    graph.graph_def.node.add(name="other", op="StatefulPartitionedCall").attr["f"].func.name = function.signature.name
    graph.saver_def.restore_op_name = "other"


def call_within_a_call(graph):
    add_call(graph, function_of(graph, "black").signature.name).attr["f"].func.attr["g"].func.name = "somebody"


SAVER = "SaveV2 in _traced_save"
EDITS = {
    "call the saver": (lambda graph: add_call(graph, saver_of(graph).signature.name), SAVER),
    "in a list": (call_the_saver_in_a_list, SAVER),
    "as an operation": (lambda graph: add(graph, saver_of(graph).signature.name), SAVER),
    "by its next name": (lambda graph: add_call(graph, "__inference__traced_save_123456"), SAVER),
    "make it an endpoint": (
        lambda graph: graph.object_graph_def.concrete_functions[saver_of(graph).signature.name].SetInParent(),
        SAVER,
    ),
    "exchange it": (lambda graph: saver_of(graph).attr["api_implements"].MergeFromString(b"\x12\x05black"), SAVER),
    "no saver": (lambda graph: graph.ClearField("saver_def"), SAVER),
    "more in the saver": (lambda graph: saver_of(graph).node_def.add(op="WriteFile"), "WriteFile in _traced_save"),
    "seems a saver": (call_a_function_that_seems_to_be_a_saver, "SaveV2 in other"),
    "a function of the process": (lambda graph: add_call(graph, "__inference_f_99"), "a call of __inference_f_99 in b"),
    "within a call": (call_within_a_call, "a call of somebody in black"),
    "unknown": (lambda graph: add(graph, "StealFile"), "StealFile in black"),
    "internal": (lambda graph: add(graph, "_Send"), "_Send in black"),
    "unprintable": (lambda graph: add(graph, "a\n\x1b[2J" + 99 * "b"), r"a\n\x1b[2Jbbb"),
    "outside of functions": (lambda graph: graph.graph_def.node.add(op="ReadFile"), ": ReadFile may reach files"),
}


@pytest.mark.parametrize("change", EDITS)
def test_what_is_written_into_the_file(change, copy, edit, tmp_path):
    change, reason = EDITS[change]
    check_refused(edit(copy, change), reason, tmp_path)


def test_there_is_an_end_to_looking(copy, monkeypatch, tmp_path):
    monkeypatch.setattr(saved_model, "MOST_OPERATIONS", 10)
    check_refused(copy, "operations, more than the 10 that are checked", tmp_path)


def test_three_are_named(copy, edit, tmp_path):
    def change(graph):
        for name in ("ReadFile", "WriteFile", "PyFunc", "Abort", "ReadFile"):
            function_of(graph, "black").node_def.add(op=name)

    check_refused(edit(copy, change), "ReadFile in black, WriteFile in black, PyFunc in black and 1 more", tmp_path)


def cut(path):
    content = (path / "saved_model.pb").read_bytes()
    (path / "saved_model.pb").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut, "its saved_model.pb is damaged"),
        (lambda path: (path / "saved_model.pb").write_bytes(bytes(range(256))), "its saved_model.pb is damaged"),
        (lambda path: (path / "saved_model.pb").write_bytes(b""), "it was not written by TensorFlow 2"),
        (lambda path: (path / "saved_model.pb").write_bytes(b"\x12\x00"), "it was not written by TensorFlow 2"),
        (lambda path: (path / "saved_model.pb").unlink(), "it has no saved_model.pb"),
    ],
)
def test_damaged(damage, reason, copy):
    damage(copy)
    with pytest.raises(EvaluationError, match=f"cannot be loaded as a SavedModel: .*{reason}"):
        SavedModelSubject(copy)


def link_out(path):
    shutil.move(path / "saved_model.pb", path.parent / "elsewhere")
    (path / "saved_model.pb").symlink_to(path.parent / "elsewhere")


def link_variables_out(path):
    shutil.move(path / "variables", path.parent / "variables")
    (path / "variables").symlink_to(path.parent / "variables")


def too_large(path):
    with (path / "saved_model.pb").open("r+b") as file:
        file.truncate(saved_model.LIMIT + 1)  # a file with a hole, which takes no place on the disk


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (link_out, "its 'saved_model.pb' is a link out of the folder"),
        (link_variables_out, "its 'variables' is a link out of the folder"),
        (lambda path: (path / "x").symlink_to("nowhere"), "its 'x' cannot be read"),
        (lambda path: os.mkfifo(path / "variables" / "pipe"), "its 'variables/pipe' is not a file"),
        (too_large, "its 'saved_model.pb' has more than"),
    ],
)
def test_folders_that_are_no_folders_of_files(change, reason, copy, tmp_path):
    change(copy)
    check_refused(copy, reason, tmp_path)


def test_a_link_that_stays_inside_is_followed(copy):
    (copy / "saved_model.pb").rename(copy / "graph")
    (copy / "saved_model.pb").symlink_to("graph")
    check_saved_model(copy)


def passes(path):
    words = check_saved_model(path)
    assert re.fullmatch(r"[\d,]+ operations in [\d,]+ functions", words)
    return words


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export.export_saved_model(Toy(), tmp_path_factory.mktemp("ours") / "exported", verify=False)


def test_one_of_ours_passes_without_a_word(exported, tmp_path):
    passes(exported)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        subject = SavedModelSubject(exported)
    path = shutil.copytree(exported, tmp_path / "copy")
    (path / export.MARK).unlink()
    with pytest.warns(UserWarning, match="was not written by genzoo export, or was changed since"):
        assert SavedModelSubject(path).identity() == subject.identity()


def test_a_mark_proves_no_innocence(tmp_path):
    path = save(tmp_path / "foreign", lambda num: write_file(tmp_path))
    (path / export.MARK).write_text(json.dumps({"sha256": export.saved_model._digests(path)}))
    assert export.was_exported(path)
    check_refused(path, "WriteFile", tmp_path)


def test_an_innocent_one_is_warned_of(innocent):
    with pytest.warns(UserWarning) as caught:
        assert SavedModelSubject(innocent).images(0, 3).shape == (3, 16, 16, 3)
    (warning,) = caught
    assert f"its {passes(innocent)} can reach no files and no network, but may take time and memory" in str(
        warning.message
    )
    assert warning.filename == __file__  # so it is the caller who is told; of `genzoo`, in the package


def test_what_is_trusted_is_loaded(tmp_path):
    path = save(tmp_path / "foreign", lambda num: write_file(tmp_path))
    with pytest.warns(UserWarning, match="it is loaded without a check, and may read and write any file of yours"):
        SavedModelSubject(path, trust=True)
    assert (tmp_path / "stolen").read_text() == SECRET  # so the refusals above are of attacks that work


def test_random_numbers_and_tables_pass(tmp_path):
    words = tf.lookup.KeyValueTensorInitializer([1, 2], [3, 4])
    tracked = {
        "table": tf.lookup.StaticHashTable(words, -1),
        "counts": tf.lookup.experimental.MutableHashTable(tf.int32, tf.int32, -1),
        "generator": tf.random.Generator.from_seed(1),
    }

    def generate(num):
        tracked["counts"].insert(num, num)
        numbers = tf.random.stateless_uniform((), (1, num)) + tf.random.normal(()) + tracked["generator"].uniform(())
        return tf.cast(tracked["table"].lookup(num) + tracked["counts"].lookup(num), tf.float32) + numbers

    passes(save(tmp_path / "foreign", generate, **tracked))


def test_a_keras_model_passes(tmp_path):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2D(2, 3, strides=2, padding="same"),
            layers.BatchNormalization(),
            layers.UpSampling2D(interpolation="bilinear"),
            layers.Reshape((-1, 4)),
            layers.LSTM(3),
            layers.Dropout(0.5),
        ]
    )
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [keras.InputSpec(shape=(None, 4, 4, 2), dtype="float32")]
    archive.add_endpoint("serve", lambda x: model(x, training=True), input_signature=signature)
    archive.write_out(str(tmp_path / "exported"), verbose=False)
    passes(tmp_path / "exported")


def test_the_command(tmp_path, capsys):
    path = save(tmp_path / "foreign", lambda num: write_file(tmp_path))
    words = ["evaluate", str(path), "--data", "drawn_faces", "--features", "pixels", "--num", "8"]
    words += ["--metrics", "frechet", "--output", str(tmp_path / "out")]
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "WriteFile in black" in line and "--trust" in line
    assert not (tmp_path / "stolen").exists()


def test_the_command_trusts(innocent, tmp_path, capsys):
    words = ["evaluate", str(innocent), "--data", "drawn_faces", "--features", "pixels", "--num", "8"]
    words += ["--metrics", "frechet", "--output", str(tmp_path / "out")]
    for trust, said in ((), "can reach no files"), (("--trust",), "is loaded without a check"):
        assert main([*words, *trust]) == 0
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("genzoo: warning: ")]
        assert len(lines) == 1 and said in lines[0]
