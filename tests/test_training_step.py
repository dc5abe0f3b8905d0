"""What a player's turn changes, and what it leaves alone."""

import functools

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo.model import GenerativeModel
from keras_genzoo.players import Player
from keras_genzoo.types import ArraySpec
from tests.toys import images

X = images(8)


class Bringing(layers.Layer):
    """Adds its input's sum to the loss."""

    def call(self, x):
        self.add_loss(0.5 * ops.sum(x))
        return x


class Pair(GenerativeModel):
    """Two players, each of whose losses calls both networks, its own one twice; a third trains the first's again."""

    logs, ema_of, tiny = ("left_loss", "right_loss"), "left", {}

    def __init__(self, left=None, right=None, again=False, scale=0.0, **kwargs):
        super().__init__(**kwargs)
        self.image_shape = (2, 2, 1)
        self.left, self.right = left or plain(), right or plain()
        self.again, self.scale = again, scale
        self.ready(ArraySpec(self.image_shape))

    def players(self):
        found = (
            Player("left", ("left",), functools.partial(self.loss_of, "left", "right")),
            Player("right", ("right",), functools.partial(self.loss_of, "right", "left")),
        )
        return (*found, Player("again", ("left",), self.nothing)) if self.again else found

    def nothing(self, x, y, training):
        return 0.0 * ops.mean(self.left(x, training=training)), {}

    def loss_of(self, own, other, x, y, training):
        network = getattr(self, own)
        values = [network(x, training=training), network(-x, training=training)]
        getattr(self, other)(x, training=training)
        loss = self.scale * ops.mean(ops.cast(values[0] + values[1], "float32"))
        return loss, {f"{own}_loss": loss}

    def call(self, x, training=False):
        return self.left(x, training=training)


def plain(*before, **arguments):
    inputs = layers.Input((2, 2, 1))
    x = layers.Flatten()(inputs)
    for layer in before:
        x = layer(x)
    return keras.Model(inputs, layers.Dense(1, **arguments)(x))


def stepped(model, optimizer="sgd", x=X, **arguments):
    """The weights of a model before and after one step of the learning rate 1."""
    if optimizer == "sgd":
        optimizer = keras.optimizers.SGD(1.0)
    model.compile(optimizer, **arguments)
    before = {weight.path: ops.convert_to_numpy(weight) for weight in model.weights}
    model.fit(x, batch_size=len(x), verbose=0, guard=False)
    return before, {weight.path: ops.convert_to_numpy(weight) for weight in model.weights}


@pytest.mark.parametrize("again", [False, True])
def test_a_weight_s_regularizer_is_in_its_player_s_loss_once(again):
    model = Pair(left=plain(kernel_regularizer=keras.regularizers.L2(0.25)), again=again)
    path = model.left.trainable_weights[0].path
    before, after = stepped(model)
    np.testing.assert_allclose(after[path], before[path] * (1 - 2 * 0.25), rtol=1e-5)  # the gradient of 0.25 w^2
    right = model.right.trainable_weights[0].path
    np.testing.assert_array_equal(after[right], before[right])


def test_what_layers_add_counts_in_every_call():
    model = Pair(right=plain(layers.Dense(3, name="scaled"), Bringing()))
    kernel, bias = (weight.path for weight in model.right.get_layer("scaled").trainable_weights)
    before, after = stepped(model)
    # Of x and of -x, in the player's own turn alone: what the kernel gets of them adds up to nothing.
    np.testing.assert_allclose(after[kernel], before[kernel], atol=1e-6)
    np.testing.assert_allclose(after[bias], before[bias] - 0.5 * 2 * len(X), rtol=1e-6)


def test_an_activity_regularizer_is_in_the_loss():
    def l1(x):
        return ops.sum(ops.abs(x))

    model = Pair(left=plain(activity_regularizer=l1, kernel_initializer="zeros", bias_initializer="ones"))
    bias = model.left.trainable_weights[1].path
    before, after = stepped(model)
    # Keras divides by the number of images; there are two calls.
    np.testing.assert_allclose(after[bias], before[bias] - 2, rtol=1e-6)


def statistics(model):
    return {weight.path for name in ("left", "right") for weight in getattr(model, name).non_trainable_weights}


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_statistics_are_of_the_turns_that_train_a_network(jit):
    normalization = [layers.BatchNormalization(momentum=0.5) for _ in range(2)]
    model = Pair(left=plain(normalization[0]), right=plain(normalization[1]))
    x = 0.5 * X + 0.25  # so that x and -x have other means
    before, after = stepped(model, x=x, jit_compile=jit)
    assert len(statistics(model)) == 4
    for layer in normalization:
        path, flat = layer.moving_mean.path, x.reshape(8, 4).mean(axis=0)
        # Two passes in its own turn, of x and of -x; the pass in the other's turn leaves no trace.
        np.testing.assert_allclose(after[path], 0.5 * (0.5 * flat) + 0.5 * -flat, rtol=1e-5)
        assert (before[path] == 0).all()


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_turn_that_float16_skips_moves_nothing(jit):
    normalization = layers.BatchNormalization(dtype="mixed_float16")
    model = Pair(left=plain(normalization), dtype="mixed_float16", ema_momentum=0.5, scale=float("inf"))
    model.ema.set_weights([weight + 1.0 for weight in model.ema.get_weights()])
    before, after = stepped(model, jit_compile=jit)
    assert float(model.optimizer.players["left"].dynamic_scale) < 2.0**15  # it was skipped
    for path, value in before.items():
        np.testing.assert_array_equal(after[path], value, err_msg=path)
    assert model.images_seen == len(X)  # the images are seen all the same
    model.scale = 1.0
    before, after = stepped(model, jit_compile=jit)
    assert {path for path, value in before.items() if (after[path] != value).any()} > statistics(model)


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        (("adam", "mse"), {}, "Pair brings its own losses and logs: leave loss out"),
        (("adam",), {"metrics": ["mse"]}, "leave metrics out"),
        (("adam",), {"jit_compile": "mse"}, "jit_compile='mse' must be True, False or 'auto'"),
        (("adam",), {"steps_per_execution": 0}, "steps_per_execution=0, but an integer"),
    ],
)
def test_what_compile_refuses(arguments, keywords, message):
    with pytest.raises(ValueError, match=message):
        Pair().compile(*arguments, **keywords)
