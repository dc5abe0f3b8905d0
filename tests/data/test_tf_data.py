"""Datasets of `tf.data`: what is known of them, and Python functions in them."""

import gc
import os
import subprocess
import sys
import weakref

import keras
import numpy as np
import pytest

from keras_genzoo.data import ArraySource, Stream
from keras_genzoo.data.tf_data import checked_dataset, dataset_facts, map_on_host
from tests.toys import Toy, images

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.data is TensorFlow's")


def test_facts_of_a_dataset():
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((np.zeros((10, 2, 2, 1), "float32"), np.arange(10)))
    assert dataset_facts(data.batch(4)).batches == 3
    x, y = dataset_facts(data.batch(4, drop_remainder=True)).element
    assert (x.shape.as_list(), x.dtype.name, y.shape.as_list()) == ([4, 2, 2, 1], "float32", [4])
    assert dataset_facts(data.batch(20, drop_remainder=True)).batches == 0
    assert dataset_facts(data.batch(4).filter(lambda x, y: True)).batches is None
    assert dataset_facts(data.batch(4).repeat()).batches < 0
    assert dataset_facts(np.zeros((10, 2, 2, 1))) is None


def test_a_function_on_the_host_gets_each_element_in_order():
    import tensorflow as tf

    outputs = (tf.TensorSpec((3,), "float32"), tf.TensorSpec((), "int32"))
    data = map_on_host(tf.data.Dataset.range(4), lambda n: (np.full(3, n, "float32"), np.int32(n)), outputs, parallel=2)
    assert [(x.numpy().tolist(), int(n)) for x, n in data] == [([float(n)] * 3, n) for n in range(4)]


@pytest.mark.parametrize("element", ["array", "pair", "dictionary"])
def test_a_checked_dataset_is_the_same(element):
    import tensorflow as tf

    x, y = np.arange(6.0), np.arange(6)
    columns = {"array": x, "pair": (x, y), "dictionary": {"x": x, "y": y}}[element]
    data = tf.data.Dataset.from_tensor_slices(columns).batch(4)
    seen = []
    same = checked_dataset(data, seen.append)
    assert same.element_spec == data.element_spec
    got = list(same.as_numpy_iterator())
    keras.tree.map_structure(np.testing.assert_array_equal, got, list(data.as_numpy_iterator()))
    keras.tree.map_structure(np.testing.assert_array_equal, seen, got)


def test_data_do_not_outlive_their_use():
    model = Toy()
    model.compile("sgd", run_eagerly=True)
    held = []

    def use():
        source = ArraySource(images(16))
        held.append(weakref.ref(source))
        held_out = Stream(source, 4, shuffle=False)
        model.fit(Stream(source, 4), validation_data=held_out, verbose=0)
        model.evaluate(held_out, verbose=0)
        next(iter(held_out.batches()))

    for _ in range(2):
        use()
    gc.collect()
    assert [reference() for reference in held] == [None, None]


@pytest.mark.slow
def test_a_process_ends_while_a_dataset_fetches_ahead():
    script = """
import numpy as np
from keras_genzoo.data import ArraySource, Stream
iterator = iter(Stream(ArraySource(np.zeros((200, 64, 64, 3), "uint8")), 64).batches())
for _ in range(3):
    next(iterator)
"""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for _ in range(3):  # it hung or aborted two times of three
        done = subprocess.run([sys.executable, "-c", script], env=environment, timeout=120, capture_output=True)
        assert done.returncode == 0, done.stderr
