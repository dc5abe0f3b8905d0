"""What every registered model keeps. It comes to a new model by itself, through its `tiny` arguments."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.capabilities import Samples, Translates
from keras_genzoo.registry import MODELS
from tests.contracts import helpers, lots

each_model = pytest.mark.parametrize("name", helpers.GROUPED)


def test_logs_are_finite_and_named_as_declared(fitted):
    names = {*fitted.model.logs, *(f"val_{log}" for log in fitted.model.logs)}
    assert fitted.model.logs and set(fitted.history) == names
    for name, values in fitted.history.items():
        assert len(values) == 2 and np.isfinite(values).all(), name


def test_every_player_was_moved_in_all_its_turns(fitted):
    assert fitted.model.iterations == 2 * helpers.STEPS
    for player in fitted.model.players():
        assert fitted.model.optimizer.players[player.name].iterations == 2 * helpers.STEPS * player.steps


def test_weights_stay_finite(fitted):
    for path, value in helpers.state(fitted.model).items():
        assert np.isfinite(value).all(), path


@each_model
def test_a_player_moves_only_its_own_networks(name):
    model = helpers.build(name)
    batch = helpers.training(model).batch(0, model.turns * helpers.BATCH, model.targets)
    everyone = {player.name for player in model.players()}
    owned = {variable.path for player in model.players() for variable in model.variables_of(player)}
    assert owned == {variable.path for variable in model.trainable_variables}
    for player in model.players():
        rates = {other: 0.1 if other == player.name else 0.0 for other in everyone}
        model.compile({other: keras.optimizers.SGD(rate) for other, rate in rates.items()})
        before = helpers.arrays(model.trainable_variables)
        model.training_step(batch)
        pairs = zip(model.trainable_variables, before, strict=True)
        moved = {v.path for v, old in pairs if not np.array_equal(ops.convert_to_numpy(v), old)}
        assert moved <= {variable.path for variable in model.variables_of(player)}
        for network in player.networks:
            assert moved & {variable.path for variable in getattr(model, network).trainable_variables}, network


def test_config_goes_through_json(fitted):
    model, cls = fitted.model, MODELS[fitted.name]
    config = model.get_config()
    assert set(config) == set(cls.constructor_arguments())
    twin = cls.from_config(json.loads(json.dumps(config)))
    assert type(twin) is cls and twin.get_config() == config
    twin.set_weights(model.get_weights())
    x = helpers.inputs(model)
    np.testing.assert_array_equal(ops.convert_to_numpy(twin(x)), ops.convert_to_numpy(model(x)))


def test_each_argument_is_kept_under_its_own_name(fitted):
    model = fitted.model
    for argument, value in {**type(model).tiny, **model.get_config()}.items():
        kept = getattr(model, argument, None)
        if isinstance(kept, keras.Model):  # the attribute is the network, the config has its spec
            assert kept.name == argument
        elif argument != "dtype" and argument not in model._specs:  # a part made of a spec
            assert helpers.plain(kept) == helpers.plain(value), argument


def test_training_goes_on_from_a_keras_file_and_validation_leaves_no_trace(fitted):
    """In one, for tracing a train step is what takes the time: the other model validated after this epoch."""
    model = keras.saving.load_model(fitted.whole)
    assert type(model) is type(fitted.model) and model.get_config() == fitted.model.get_config()
    history = helpers.fit(model, initial_epoch=1, validation_data=None)
    helpers.assert_same_training(helpers.state(model), helpers.state(fitted.model))
    helpers.assert_same_logs(history, {log: fitted.history[log][1:] for log in model.logs})


def test_saved_weights_hold_the_state_that_a_keras_file_holds(fitted):
    model = helpers.build(fitted.name)
    model.compile()
    model.load_weights(fitted.weights)
    helpers.assert_same(helpers.state(model), helpers.state(keras.saving.load_model(fitted.whole)))


def test_evaluation_repeats_and_changes_nothing(fitted):
    model = fitted.model
    before = helpers.state(model)
    first, second = (model.evaluate(helpers.held_out(model), return_dict=True, verbose=0) for _ in range(2))
    helpers.assert_same_logs(first, second)
    helpers.assert_same_logs(first, {log: fitted.history[f"val_{log}"][-1] for log in model.logs})
    helpers.assert_same(helpers.state(model), before)


def test_an_image_depends_on_its_seed_and_number_alone(fitted):
    model = fitted.model
    if not isinstance(model, Samples):
        pytest.skip(f"{fitted.name} makes no images of noise")
    images = model.generate(5, seed=3)
    assert images.dtype == "uint8" and images.shape == (5, *model.image_shape)
    for same in (model.generate(3, seed=3), model.generate(9, seed=3, batch_size=2)):
        np.testing.assert_allclose(same[:3].astype(int), images[:3], atol=1)  # other batches, other rounding
    np.testing.assert_allclose(model.generate(2, seed=3, start=3).astype(int), images[3:], atol=1)
    other = np.concatenate(
        [model.samples(np.arange(5), seed) for seed in (3, 4)]
    )  # of grey levels a few steps make few
    assert len({image.tobytes() for image in other}) == 10


def test_a_translation_depends_on_its_image_alone(fitted):
    model = fitted.model
    if not isinstance(model, Translates):
        pytest.skip(f"{fitted.name} translates no images")
    for direction in model.directions:
        given, made = model.shapes(direction)
        x = np.random.default_rng(0).integers(0, 256, (5, 11, 9, given[-1]), dtype="uint8")
        images = model.translate(x, direction)
        assert images.dtype == "uint8" and images.shape == (*x.shape[:3], made[-1])
        alone = np.concatenate([model.translate(x[i : i + 1], direction) for i in range(5)])
        np.testing.assert_allclose(alone.astype(int), images, atol=1)


def test_making_images_leaves_no_trace(fitted):
    before = helpers.state(fitted.model)
    helpers.images(fitted.model, seed=0)
    helpers.assert_same(helpers.state(fitted.model), before)


def test_endpoints_answer_as_they_say(fitted):
    """The exported model itself is called in a clean process, by `make test-all`."""
    endpoints = fitted.model.endpoints()
    assert next(iter(endpoints)) == "serve"  # the first becomes serving_default
    if isinstance(fitted.model, Samples):
        seed = np.array(2**32 - 1)
        images = endpoints["generate"].function(ops.convert_to_tensor(4), ops.convert_to_tensor(seed))
        assert keras.backend.standardize_dtype(images.dtype) == "uint8"
        expected = fitted.model.generate(4, seed=2**32 - 1)
        np.testing.assert_allclose(ops.convert_to_numpy(images).astype(int), expected, atol=1)
    x = helpers.inputs(fitted.model)
    answer = endpoints["serve"].function(*(ops.convert_to_tensor(array) for array in keras.tree.flatten(x)))
    np.testing.assert_array_equal(ops.convert_to_numpy(answer), ops.convert_to_numpy(fitted.model(x)))
    for name, endpoint in endpoints.items():
        for spec in endpoint.inputs.values():
            assert spec.shape == () or spec.shape[0] is None, name


@pytest.mark.slow  # the compiles take a third of the time of all contracts
@lots.each_model
def test_xla_trains_as_a_graph_does(name):
    graph, compiled = (helpers.two_steps(name, jit_compile=jit) for jit in (False, True))
    assert (graph.jit_compile, compiled.jit_compile) == (False, True)
    for variable, one, other in zip(graph.weights, graph.get_weights(), compiled.get_weights(), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5, rtol=1e-5, err_msg=variable.path)


@pytest.mark.slow
@each_model
def test_channels_are_last_whatever_the_users_settings_say(name):
    keras.config.set_image_data_format("channels_first")
    try:
        model = helpers.build(name)
        model.compile("sgd", jit_compile=False)
        batch = helpers.training(model).batch(0, model.turns * helpers.BATCH, model.targets)
        logs = model.training_step(batch)  # not `fit`, which would trace it
        assert all(np.isfinite(ops.convert_to_numpy(value)).all() for value in logs.values())
    finally:
        keras.config.set_image_data_format("channels_last")
