"""What the base owes to every model."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_genzoo import backend
from keras_genzoo.players import Player
from keras_genzoo.sampling import SamplingModel
from tests.toys import Toy, images

X = images(12)


def compiled(cls=Toy, optimizer="sgd", **arguments):
    keras.utils.set_random_seed(0)
    model = cls(**arguments)
    model.compile(optimizer)
    return model


class Recording(Toy):
    """Remembers the images of each turn."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = {"first": [], "second": []}

    def first_loss(self, x, y, training):
        self.seen["first"].append((ops.convert_to_numpy(x), training))
        return super().first_loss(x, y, training)

    def second_loss(self, x, y, training):
        self.seen["second"].append((ops.convert_to_numpy(x), training))
        return super().second_loss(x, y, training)


def test_each_turn_is_played_on_images_of_its_own():
    model = compiled(Recording, first_steps=3)
    assert model.turns == 3
    model.training_step((X,))
    shares = [x for x, _ in model.seen["first"]]
    np.testing.assert_array_equal(np.concatenate(shares), X)
    ((generator_share, _),) = model.seen["second"]  # a turn's worth, not the whole batch
    np.testing.assert_array_equal(generator_share, X[:4])
    assert all(training for turns in model.seen.values() for _, training in turns)


def test_validation_plays_one_turn_on_the_whole_batch():
    model = compiled(Recording, first_steps=3)
    before = model.get_weights()
    model.validation_step((X[:5],))
    for (turn,) in model.seen.values():
        np.testing.assert_array_equal(turn[0], X[:5])
        assert turn[1] is False
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_player_takes_gradient_steps():
    """One step of SGD on a linear score, by hand."""
    model = compiled(optimizer=keras.optimizers.SGD(0.25))
    kernel, bias = (ops.convert_to_numpy(variable) for variable in model.first.weights)
    x = X.reshape(12, 4)
    residual = x @ kernel + bias - 1.0
    model.training_step((X,))
    new_kernel, new_bias = (ops.convert_to_numpy(variable) for variable in model.first.weights)
    np.testing.assert_allclose(new_kernel, kernel - 0.25 * 2 * x.T @ residual / 12, atol=1e-6)
    np.testing.assert_allclose(new_bias, bias - 0.25 * 2 * residual.mean(axis=0), atol=1e-6)


def test_logs_are_means_over_turns_and_steps():
    model = compiled(Recording, optimizer=keras.optimizers.SGD(0.0), first_steps=2)
    for _ in range(2):
        logs = model.training_step((X,))
    scores = model.first.predict(X, verbose=0)
    assert float(logs["first_loss"]) == pytest.approx(float(((scores - 1) ** 2).mean()), rel=1e-5)


@pytest.mark.parametrize(
    ("logs", "message"),
    [
        (
            {"frist_loss": 1.0, "first_loss": 1.0},
            "Toy.logs does not declare 'frist_loss', which the loss of player 'first' reports; did you mean 'first",
        ),
        ({}, r"Toy.logs declares \['first_loss'\], but no loss reports them"),
        (
            {"first_loss": [1.0, 2.0]},
            r"Toy: 'first_loss' has shape \(2,\), but logs are scalars; vectors belong to a c",
        ),
    ],
    ids=["undeclared", "missing", "not a scalar"],
)
def test_logs_that_are_not_as_declared(monkeypatch, logs, message):
    model = compiled()
    tensors = {name: ops.convert_to_tensor(value) for name, value in logs.items()}
    monkeypatch.setattr(model, "first_loss", lambda x, y, training: (ops.sum(model.first(x)), tensors))
    for step in (model.training_step, model.validation_step):
        with pytest.raises(ValueError, match=message):
            step((X,))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "mse"}, "compile: Toy brings its own losses and logs: leave loss out"),
        ({"metrics": ["mse"]}, "leave metrics out"),
        ({"loss_weights": [1.0]}, "leave loss_weights out"),
        ({"weighted_metrics": ["mse"]}, "leave weighted_metrics out"),
        ({"optimizer": {"third": "adam"}}, "compile.optimizer.third: there is no such player; .*first, second"),
        ({"optimizer": {"first": "adam"}}, "player 'second' has none"),
    ],
)
def test_what_compile_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        Toy().compile(**arguments)


@pytest.mark.parametrize("arguments", [{"jit_compile": True}, {"steps_per_execution": 2}])
def test_what_fails_on_several_replicas_is_refused_by_name(monkeypatch, arguments):
    monkeypatch.setattr(backend, "replicas", lambda model=None: 2)
    with pytest.raises(ValueError, match="jit_compile=True and steps_per_execution fail on several replicas"):
        Toy().compile(**arguments)


def test_without_an_optimizer_the_paper_s_is_taken():
    model = compiled(optimizer=None)
    for optimizer in model.optimizer.players.values():
        assert type(optimizer) is keras.optimizers.Adam
        assert float(optimizer.learning_rate) == pytest.approx(Toy.default_optimizer["config"]["learning_rate"])


def test_iterations_count_train_steps_and_players_their_turns():
    model = Toy(first_steps=3)
    assert model.iterations == 0
    model.compile("sgd")
    for _ in range(2):
        model.training_step((X,))
    assert model.iterations == 2
    assert {name: int(one.iterations) for name, one in model.optimizer.players.items()} == {"first": 6, "second": 2}


def test_a_scalar_may_be_a_schedule_of_train_steps():
    halves = keras.optimizers.schedules.PiecewiseConstantDecay([0, 1], [4.0, 2.0, 1.0])
    model = compiled(optimizer=keras.optimizers.SGD(0.0), weight=halves, first_steps=2)
    seen = []
    for _ in range(3):
        model.reset_metrics()
        seen.append(float(model.training_step((X,))["first_loss"]))
    np.testing.assert_allclose(np.array(seen) / seen[-1], [4.0, 2.0, 1.0], rtol=1e-5)


class TestAverage:
    def test_follows_the_formula_to_the_bit_of_a_float(self):
        model = compiled(ema_momentum=0.15)
        expected = [weight.astype("float64") for weight in model.first.get_weights()]
        for step in range(4):
            model.training_step((X,))
            momentum = min(0.15, (1 + step) / (10 + step))
            weights = model.first.get_weights()
            expected = [momentum * old + (1 - momentum) * new for old, new in zip(expected, weights, strict=True)]
        for average, weight in zip(model.ema.get_weights(), expected, strict=True):
            np.testing.assert_allclose(average, weight, rtol=1e-5, atol=1e-7)

    def test_has_no_trainable_variables_and_leaves_the_network_alone(self):
        averaged, plain = compiled(ema_momentum=0.5), compiled()
        assert not averaged.ema.trainable_variables
        assert len(averaged.trainable_variables) == len(plain.trainable_variables)
        for model in (averaged, plain):
            model.training_step((X,))
        np.testing.assert_array_equal(averaged.first.get_weights()[0], plain.first.get_weights()[0])

    def test_includes_what_is_not_trained(self):
        inputs = layers.Input((2, 2, 1))
        normalized = layers.BatchNormalization()(inputs)
        model = compiled(first=keras.Model(inputs, layers.Dense(1)(layers.Flatten()(normalized))), ema_momentum=0.5)
        model.training_step((X + 0.5,))
        (mean,) = (ops.convert_to_numpy(v) for v in model.ema.non_trainable_variables if v.name == "moving_mean")
        assert np.abs(mean).max() > 0

    def test_needs_a_network_to_average(self):
        class Without(Toy):
            ema_of = None

        with pytest.raises(ValueError, match="Without has no network to average: leave ema_momentum out"):
            Without(ema_momentum=0.9)


def test_validation_draws_from_seeds_of_its_own():
    model = compiled()
    state = ops.convert_to_numpy(model.seeds.state)
    with model._validating():
        assert model.seeds is not model._training_seeds
        keras.random.normal((1,), seed=model.seeds)
    np.testing.assert_array_equal(ops.convert_to_numpy(model.seeds.state), state)


class TestGenerate:
    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_refuses_seeds_out_of_range(self, seed):
        with pytest.raises(ValueError, match=rf"generate: seed={seed}, but an integer from 0 to"):
            Toy().generate(1, seed=seed)

    @pytest.mark.parametrize("num", [0, -3])
    def test_refuses_to_make_none(self, num):
        with pytest.raises(ValueError, match=rf"generate: num={num}, but an integer from 1 to"):
            Toy().generate(num)

    def test_takes_the_largest_seed(self):
        model = Toy()
        assert model.generate(2, seed=2**32 - 1).tobytes() != model.generate(2, seed=0).tobytes()

    def test_sees_new_weights(self):
        model = Toy()
        before = model.generate(2)
        model.set_weights([weight + 1.0 for weight in model.get_weights()])
        assert model.generate(2).tobytes() != before.tobytes()

    @pytest.mark.parametrize("count", [1, 4, 6])
    def test_batches_are_filled_up_and_cut_again(self, count):
        model = Toy()
        rows = model.in_batches("call", X[:count], 4)
        np.testing.assert_allclose(rows, ops.convert_to_numpy(model(X[:count])), atol=1e-6)


@pytest.mark.parametrize("method", ["players", "sample"])
def test_what_a_subclass_must_define(method):
    class Unfinished(SamplingModel):
        pass

    with pytest.raises(NotImplementedError, match=rf"Unfinished must define {method}\(\)"):
        getattr(Unfinished(), method)(*([None, None] if method == "sample" else []))


def test_a_player_may_own_several_networks():
    class Joint(Toy):
        def players(self):
            return (Player("joint", ("second", "first"), self.joint_loss),)

        def joint_loss(self, x, y, training):
            (one, logs), (other, more) = self.first_loss(x, y, training), self.second_loss(x, y, training)
            return one + other, {**logs, **more}

    model = compiled(Joint)
    (player,) = model.players()
    names = [variable.path for variable in model.variables_of(player)]
    assert names == [
        variable.path for variable in [*model.second.trainable_variables, *model.first.trainable_variables]
    ]
    before = model.get_weights()
    model.training_step((X,))
    assert all(np.abs(new - old).max() > 0 for old, new in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("policy", ["float16", "float64", "bfloat16"])
def test_policies_that_do_not_train_are_refused(policy):
    with pytest.raises(ValueError, match=f"Toy.dtype is '{policy}': input should be 'float32', 'mixed_float16'"):
        Toy(dtype=policy)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        with pytest.raises(ValueError, match=f"Toy: the dtype policy is '{policy}', but float32, mixed_float16, mixed"):
            Toy()
    finally:
        keras.config.set_dtype_policy(before)
