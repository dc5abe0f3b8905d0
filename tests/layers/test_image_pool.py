import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo import backend
from keras_genzoo.layers.image_pool import ImagePool

SHAPE = (1, 2, 1)
RNG = np.random.default_rng(0)


def images(start, count):
    """Images that are their own numbers."""
    return np.broadcast_to(np.arange(start, start + count, dtype="float32")[:, None, None, None], (count, *SHAPE))


def numbers_of(given):
    """The numbers of whole images."""
    given = ops.convert_to_numpy(given)
    assert (given == given[:, :1, :1]).all()
    return given[:, 0, 0, 0].astype(int).tolist()


def by_hand(size, draws):
    """What Zhu et al. describe, an image at a time."""
    held, given = [], []
    for number, (coin, place) in enumerate(draws):
        if len(held) < size:
            held.append(number)
            given.append(number)
        elif coin < 0.5:
            place = min(int(np.float32(place) * size), size - 1)
            given.append(held[place])
            held[place] = number
        else:
            given.append(number)
    return given, held


@pytest.mark.parametrize("batch", [1, 4, 20])
def test_a_batch_gives_what_as_many_batches_of_one_image_do(batch):
    """20 images through a pool of 6: it fills within a batch, and a batch holds more images than the pool."""
    pool, draws, found = ImagePool(6, SHAPE), RNG.uniform(size=(20, 2)).astype("float32"), []
    for start in range(0, 20, batch):
        found += numbers_of(pool(images(start, batch), draws[start : start + batch]))
    given, held = by_hand(6, draws)
    assert found == given
    assert numbers_of(pool.images.value) == held and int(pool.count) == 6


def test_images_come_back_until_the_pool_is_full():
    pool = ImagePool(50, SHAPE)
    assert numbers_of(pool(images(0, 50), np.zeros((50, 2), "float32"))) == list(range(50))
    assert numbers_of(pool(images(50, 1), np.array([[0.5, 0.0]], "float32"))) == [50]  # not exchanged, not kept
    assert numbers_of(pool.images.value) == list(range(50))
    assert numbers_of(pool(images(51, 1), np.array([[0.49, 0.999999]], "float32"))) == [49]
    assert numbers_of(pool.images.value)[-1] == 51


@pytest.mark.skipif(backend.NAME != "tensorflow", reason="compiles with TensorFlow")
def test_half_of_the_images_are_exchanged_for_one_of_any_age():
    """An image waits for geometrically distributed rounds, of 1 in 2 * size: 2 * size on average."""
    import tensorflow as tf

    graph, given = tf.function(ImagePool(10, SHAPE)), []
    for start in range(0, 6000, 1000):
        draws = np.random.default_rng(start).uniform(size=(1000, 2)).astype("float32")
        given += numbers_of(graph(tf.constant(images(start, 1000)), tf.constant(draws)))
    ages = (np.arange(6000) - given)[500:]
    assert (ages > 0).mean() == pytest.approx(0.5, abs=0.03)
    assert ages[ages > 0].mean() == pytest.approx(20, rel=0.1)
    assert np.median(ages[ages > 0]) == pytest.approx(14, abs=2)  # log(2) / -log(1 - 1 / 20)


def test_the_pool_is_saved_with_the_model(tmp_path):
    def model():
        inputs = layers.Input(SHAPE)
        made = keras.Model(inputs, inputs)
        made.pool = ImagePool(4, SHAPE)
        return made

    first, second = model(), model()
    first.pool(images(1, 3), np.zeros((3, 2), "float32"))
    assert not first.pool.trainable_weights and len(first.pool.weights) == 2
    first.save_weights(tmp_path / "model.weights.h5")
    second.load_weights(tmp_path / "model.weights.h5")
    assert numbers_of(second.pool.images.value) == [1, 2, 3, 0] and int(second.pool.count) == 3
    draws = np.array([[0.0, 0.0], [0.0, 0.3]], "float32")
    assert numbers_of(second.pool(images(4, 2), draws)) == numbers_of(first.pool(images(4, 2), draws)) == [4, 2]


def test_half_precision_images_are_kept_in_float32():
    with_half = ops.cast(images(0, 2), "float16")
    made = ImagePool(4, SHAPE)(with_half, np.zeros((2, 2), "float32"))
    assert keras.backend.standardize_dtype(made.dtype) == "float32" and numbers_of(made) == [0, 1]


def test_config_round_trips():
    pool = ImagePool(7, (4, 3, 2), name="pool")
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(pool))
    assert type(twin) is ImagePool and twin.get_config() == pool.get_config()
    assert pool.compute_output_shape((None, 4, 3, 2)) == (None, 4, 3, 2)


@pytest.mark.skipif(backend.NAME != "tensorflow", reason="differentiates with TensorFlow's tape")
def test_no_gradient_passes():
    import tensorflow as tf

    pool, x = ImagePool(2, SHAPE), tf.Variable(images(0, 3))
    with tf.GradientTape() as tape:
        total = ops.sum(pool(x, np.zeros((3, 2), "float32")))
    assert tape.gradient(total, x) is None


@pytest.mark.skipif(backend.NAME != "tensorflow", reason="compiles with TensorFlow")
@pytest.mark.parametrize("jit", [False, True])
def test_a_graph_gives_the_same(jit):
    import tensorflow as tf

    eager, pool = ImagePool(6, SHAPE), ImagePool(6, SHAPE)
    graph = tf.function(pool, jit_compile=jit)
    for start in range(0, 20, 5):
        draws = RNG.uniform(size=(5, 2)).astype("float32")
        x = tf.constant(images(start, 5))
        assert numbers_of(graph(x, tf.constant(draws))) == numbers_of(eager(x, draws))
    np.testing.assert_array_equal(pool.images.value, eager.images.value)


ON_JAX = """
import keras, jax, numpy as np
from keras_genzoo.layers.image_pool import ImagePool

pool = ImagePool(3, (1, 1, 1))
draws = np.random.default_rng(0).uniform(size=(20, 2)).astype("float32")
step = jax.jit(lambda state, x, numbers: pool.stateless_call([], state, x, numbers))
state, given = [v.value for v in pool.non_trainable_variables], []
for start in range(0, 20, 4):
    x = np.arange(start, start + 4, dtype="float32").reshape(4, 1, 1, 1)
    found, state = step(state, x, draws[start : start + 4])
    given += np.ravel(found).astype(int).tolist()
print(given)
"""


@pytest.mark.slow
def test_it_is_the_same_on_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    ran = subprocess.run([sys.executable, "-c", ON_JAX], env=environment, capture_output=True, text=True, check=False)
    draws = np.random.default_rng(0).uniform(size=(20, 2)).astype("float32")
    assert ran.stdout == f"{by_hand(3, draws)[0]}\n", ran.stderr
