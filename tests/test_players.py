import json

import keras
import numpy as np
import pytest
from keras import optimizers

from keras_genzoo.players import Player, PlayerOptimizers, player_optimizers, turn_batch
from tests.toys import Toy


def no_loss(x, y, training):
    raise NotImplementedError


PLAYERS = (Player("critic", ("critic",), no_loss, steps=5), Player("generator", ("generator",), no_loss))


def optimizers_of(optimizer, scaled=False):
    return player_optimizers(optimizer, PLAYERS, scaled).players


def test_each_turn_gets_images_of_its_own():
    batch = np.arange(12).reshape(6, 2)
    shares = [turn_batch(batch, turn, 3) for turn in range(3)]
    np.testing.assert_array_equal(np.concatenate(shares), batch)
    assert [len(share) for share in shares] == [2, 2, 2]


def test_one_turn_gets_everything_and_nothing_stays_nothing():
    batch = np.arange(5)
    assert turn_batch(batch, 0, 1) is batch
    assert turn_batch(None, 1, 3) is None


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.function is TensorFlow's")
def test_a_batch_of_unknown_size_is_turn_batcht_when_it_comes():
    import tensorflow as tf

    shares = tf.function(lambda x: tuple(turn_batch(x, turn, 2) for turn in range(2)))
    first, second = shares.get_concrete_function(tf.TensorSpec((None, 1)))(tf.constant([[1.0], [2.0], [3.0], [4.0]]))
    np.testing.assert_array_equal(np.concatenate([first, second]), [[1.0], [2.0], [3.0], [4.0]])


@pytest.mark.parametrize(("size", "example"), [(7, 6), (2, 3)])
def test_a_batch_that_does_not_divide(size, example):
    with pytest.raises(ValueError, match=rf"{size} images does not divide into 3 turns.* = {example} for example"):
        turn_batch(np.zeros(size), 0, 3)


def test_one_optimizer_becomes_a_copy_for_each():
    given = optimizers.SGD(0.5, momentum=0.25)
    critic, generator = optimizers_of(given).values()
    assert critic is not generator and given not in (critic, generator)
    assert critic.get_config()["momentum"] == generator.get_config()["momentum"] == 0.25


@pytest.mark.parametrize("optimizer", ["sgd", {"class_name": "SGD", "config": {"learning_rate": 0.01}}])
def test_a_name_or_a_config_serves_everyone(optimizer):
    made = optimizers_of(optimizer)
    assert list(made) == ["critic", "generator"]
    assert all(type(one) is optimizers.SGD and float(one.learning_rate) == pytest.approx(0.01) for one in made.values())


def test_a_dictionary_names_each_player_in_any_order():
    adam = optimizers.Adam(0.5)
    made = optimizers_of({"generator": adam, "critic": "sgd"})
    assert list(made) == ["critic", "generator"]  # the players' order: that of saved files
    assert made["generator"] is adam and type(made["critic"]) is optimizers.SGD


def test_float16_scales_the_losses_of_every_player_once():
    own = optimizers.LossScaleOptimizer(optimizers.SGD(), initial_scale=8.0)
    made = optimizers_of({"critic": "adam", "generator": own}, scaled=True)
    assert made["generator"] is own
    assert type(made["critic"]) is optimizers.LossScaleOptimizer
    assert type(made["critic"].inner_optimizer) is optimizers.Adam


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (
            {"critc": "adam", "generator": "adam"},
            r"compile.optimizer.critc: there is no such player; did you mean 'critic'",
        ),
        ({"critic": "adam"}, "player 'generator' has none; name one for each of critic, generator"),
        ({}, "player 'critic' has none"),
        (
            {"critic": optimizers.Adam(use_ema=True), "generator": "adam"},
            r"optimizer.critic: use_ema=True would .* give the model ema_momentum",
        ),
        (optimizers.SGD(use_ema=True), "use_ema=True"),
    ],
)
def test_what_is_refused(optimizer, message):
    with pytest.raises(ValueError, match=message):
        optimizers_of(optimizer)


def test_two_players_cannot_share_one_optimizer():
    shared = optimizers.Adam()
    with pytest.raises(ValueError, match="critic, generator share an optimizer, but each needs one of its own"):
        optimizers_of({"critic": shared, "generator": shared})


def test_optimizers_of_other_players_are_refused():
    with pytest.raises(ValueError, match="there is no such player"):
        player_optimizers(PlayerOptimizers({"autoencoder": optimizers.Adam()}), PLAYERS, False)


def test_there_is_no_common_learning_rate():
    container = player_optimizers("adam", PLAYERS, False)
    advice = r"critic, generator have a learning rate each: .*players\[NAME\].learning_rate"
    with pytest.raises(ValueError, match=advice):
        _ = container.learning_rate
    with pytest.raises(ValueError, match=advice):
        container.learning_rate = 0.1


def test_it_goes_through_config():
    decay = optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    container = player_optimizers({"critic": optimizers.SGD(decay), "generator": optimizers.Adam(0.25)}, PLAYERS, True)
    config = json.dumps(keras.saving.serialize_keras_object(container))
    twin = keras.saving.deserialize_keras_object(json.loads(config))
    assert type(twin) is PlayerOptimizers
    assert json.dumps(keras.saving.serialize_keras_object(twin)) == config
    assert twin.players["critic"].inner_optimizer._learning_rate.get_config() == decay.get_config()


def test_slots_are_there_before_the_first_step():
    model = Toy()
    model.compile("adam")
    paths = [variable.path for variable in model.optimizer.variables]
    slots = [path for path in paths if "momentum" in path or "velocity" in path]
    assert len(slots) == 2 * len(model.trainable_variables)
    assert len(model.optimizer.variables) == len({id(variable) for variable in model.optimizer.variables})
