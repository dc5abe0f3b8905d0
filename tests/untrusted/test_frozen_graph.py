"""Constants of frozen graphs: read by name, and described before they take memory."""

import numpy as np
import pytest
import tensorflow as tf

from keras_genzoo.untrusted.frozen_graph import FrozenGraphError, read_constants


@pytest.fixture
def graph():
    graph = tf.compat.v1.GraphDef()
    for name, value in (("a", np.arange(6, dtype="float32").reshape(2, 3)), ("b", np.ones(2, "int64"))):
        graph.node.add(name=name, op="Const").attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    graph.node.add(name="c", op="WriteFile")
    return graph


def test_constants_are_read_by_name(graph):
    found = read_constants(graph.SerializeToString(), {"a", "c", "d"})
    assert list(found) == ["a"] and found["a"][:2] == ((2, 3), "float32")
    np.testing.assert_array_equal(found["a"].array(), [[0, 1, 2], [3, 4, 5]])


def test_a_number_that_claims_to_be_an_array_is_described_and_not_unpacked(graph):
    huge = graph.node.add(name="huge", op="Const").attr["value"].tensor
    huge.dtype = tf.float32.as_datatype_enum
    huge.tensor_shape.CopyFrom(tf.TensorShape([2**20, 2**20, 2**10]).as_proto())
    huge.float_val.append(1.0)
    assert read_constants(graph.SerializeToString(), {"huge"})["huge"].shape == (2**20, 2**20, 2**10)


def test_an_unknown_type_is_described(graph):
    graph.node[0].attr["value"].tensor.dtype = 99
    assert read_constants(graph.SerializeToString(), {"a"})["a"].dtype == "of the unknown type 99"


@pytest.mark.parametrize("data", [b"\xff", b"\x80\x02K\x01.", b"PK\x03\x04"])
def test_another_file_is_refused(data):
    with pytest.raises(FrozenGraphError, match="not a TensorFlow graph"):
        read_constants(data, {"a"})
