"""Models that grow: their stages, their fade, and that a training can be stopped anywhere."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.data import ArraySource, DataError, Stream
from keras_genzoo.models.growing import growth_of_the_paper
from keras_genzoo.models.progan import ProGAN
from keras_genzoo.models.stylegan import StyleGAN

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 16, 16, 3), "uint8")
GROWTH = (
    {"size": 4, "images": 32, "batch_size": 8},
    {"size": 8, "images": 64, "fade": 48, "batch_size": 8, "learning_rate": 5e-4},
    {"size": 16, "fade": 40, "batch_size": 4},
)
STEPS = [4, 4, 4, 8, 8]  # of the epochs: one of 4 px, two of 8, two of 16


NARROW = {
    ProGAN: {
        "generator": {"network": "progressive_generator", "filters": [4, 4, 4]},
        "discriminator": {"network": "progressive_discriminator", "filters": [4, 4, 4]},
    },
    StyleGAN: {
        "style_dim": 4,
        "r1_every": 2,
        "mapping": {"network": "style_mapping", "depth": 2},
        "synthesis": {"network": "style_synthesis", "filters": [4, 4, 4]},
        "discriminator": {"network": "progressive_discriminator", "filters": [4, 4, 4], "blur": True},
    },
}


def build(kind=ProGAN, **arguments):
    keras.utils.set_random_seed(0)
    given = {"image_shape": (16, 16, 3), "latent_dim": 4, "growth": GROWTH, "ema_momentum": 0.9, **NARROW[kind]}
    model = kind(**{**given, **arguments})
    model.compile()
    return model


def stream():
    return Stream(ArraySource(PIXELS), 4, augment=("flip",))


def state(model):
    passing = model._validation_seeds.state  # which validation starts anew
    variables = [v for v in (*model.variables, *model.optimizer.variables) if v is not passing]
    return [ops.convert_to_numpy(v) for v in variables]


def alphas(model):
    return [float(ops.convert_to_numpy(layer.alpha)) for layer in model.fades()]


class Recording(keras.callbacks.Callback):
    """After each step: where it is, the state that is saved, alpha, and the number of graphs that were traced."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._step = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        model = self.model
        self.steps.append((self._epoch, self._step, model.stage, bytes(model.state()), alphas(model)))


@pytest.fixture(scope="module", params=[ProGAN, pytest.param(StyleGAN, marks=pytest.mark.slow)])
def whole(request):
    """A training through all stages."""
    model, recording = build(request.param), Recording()
    traced = []
    original = model.training_step
    model.training_step = lambda data: traced.append(model.stage) or original(data)
    held_out = Stream(ArraySource(PIXELS[:9]), 4, shuffle=False)
    history = model.fit(stream(), epochs=5, validation_data=held_out, callbacks=[recording], verbose=0)
    return model, recording.steps, history.history, traced


def test_it_grows_and_alpha_counts_images(whole):
    _, steps, history, _ = whole
    assert [(epoch, step) for epoch, step, *_ in steps] == [(e, s + 1) for e, n in enumerate(STEPS) for s in range(n)]
    assert [stage for _, _, stage, *_ in steps] == [0] * 4 + [1] * 8 + [2] * 16
    assert all(len(set(found)) <= 1 for *_, found in steps)  # both networks that grow, and the average
    found = [found[0] if found else None for *_, found in steps]
    assert found[:4] == [None] * 4
    np.testing.assert_allclose(found[4:12], np.minimum(np.arange(8) * 8 / 48, 1), rtol=1e-6)
    np.testing.assert_allclose(found[12:], np.minimum(np.arange(16) * 4 / 40, 1), rtol=1e-6)
    assert all(np.isfinite(values).all() and len(values) == 5 for values in history.values())


def test_a_stage_is_traced_once(whole):
    *_, traced = whole
    assert traced == sorted(traced)
    assert all(traced.count(stage) <= 2 for stage in range(3))  # TensorFlow may trace a function twice


@pytest.mark.parametrize("kind", [ProGAN, StyleGAN])
def test_images_are_those_of_the_stage(kind):
    model = build(kind)
    assert model.image_shape == (4, 4, 3) and model.generate(2).shape == (2, 4, 4, 3)
    z = np.ones((1, 4), "float32")
    before = ops.convert_to_numpy(model(z))
    model.begin_stage(1)
    assert model.image_shape == (8, 8, 3) and model.get_config()["image_shape"] == [16, 16, 3]
    after = ops.convert_to_numpy(model(z))
    np.testing.assert_allclose(after, before.repeat(2, 1).repeat(2, 2), atol=1e-6)  # alpha is 0
    assert model.generate(2).shape == (2, 8, 8, 3)


def test_real_images_fade_in_as_generated_ones_do():
    model = build()
    model.begin_stage(1)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32")
    coarse = x.reshape(2, 4, 2, 4, 2, 3).mean((2, 4)).repeat(2, 1).repeat(2, 2)
    for alpha in (0.0, 0.5, 1.0):
        for layer in model.fades():
            layer.alpha.assign(alpha)
        np.testing.assert_allclose(ops.convert_to_numpy(model.faded(x)), (1 - alpha) * coarse + alpha * x, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("at", [2, 3, 6, 11, 12, 15, 20])  # within a stage, within fades, and at both borders
def test_a_training_that_was_stopped_anywhere_goes_on_as_if_it_had_not(whole, at, tmp_path):
    """To the bit, but for sums that a kernel's threads may add in another order: one training in thousands showed it.

    The trainings that are killed (tests/kills) are compared bit for bit.
    """
    model, steps, *_ = whole
    epoch, step, stage, saved, _ = steps[at]
    (tmp_path / "state.weights.h5").write_bytes(saved)
    again = build(type(model))
    again.begin_stage(stage)
    again.load_weights(tmp_path / "state.weights.h5")
    epoch, step = (epoch + 1, 0) if step == STEPS[epoch] else (epoch, step)
    again.fit(stream(), epochs=5, initial_epoch=epoch, initial_step=step, verbose=0)
    for one, other in zip(state(again), state(model), strict=True):
        rounding = 1e-6 * np.abs(other).max() if other.dtype.kind == "f" else 0
        np.testing.assert_allclose(one, other, rtol=0, atol=rounding)


@pytest.mark.slow
def test_a_saved_model_comes_back_in_its_stage(whole, tmp_path):
    model, *_ = whole
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.stage == 2 and again.image_shape == (16, 16, 3)
    for one, other in zip(state(again), state(model), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again.generate(3, seed=1), model.generate(3, seed=1))


def test_the_paper_s_stages():
    growth = growth_of_the_paper(4, 1024)
    assert [part["size"] for part in growth] == [4, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert [part["batch_size"] for part in growth] == [16] * 6 + [14, 6, 3]
    assert [part["images"] for part in growth] == [800_000] + [1_600_000] * 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (24, 24, 3)}, "24 x 24 pixels, but squares are expected whose side is a power of two"),
        ({"image_shape": (16, 8, 3)}, "16 x 8 pixels, but squares are expected"),
        ({"growth": (GROWTH[1], GROWTH[0], GROWTH[2])}, r"growth\[1\].size is 4, but each stage doubles.*give 16"),
        ({"growth": GROWTH[:2]}, "growth ends at 8 pixels, but image_shape says 16"),
        ({"growth": ({"size": 8}, {"size": 16})}, r"growth\[0\].images is missing"),
        ({"growth": ({"size": 8, "images": 8}, {"size": 16})}, r"growth\[1\]: give images, of which half fade in"),
        ({"growth": ({"size": 8, "images": 8}, {"size": 16, "images": 9, "fade": 10})}, "the stage has 9 images"),
        ({"growth": ({"size": 4, "images": 8, "fade": 4}, *GROWTH[1:])}, "there is no smaller level to fade from"),
        ({"growth": ({"size": 16, "image": 4},)}, "growth.*image.*[Ee]xtra"),
        ({"growth": ()}, "growth"),
        ({"generator": {"network": "progressive_generator", "filters": [4, 4]}}, "2 filters, but images of 16 pixels"),
        ({"generator": keras.Sequential()}, "generator is a keras.Model, which cannot grow"),
    ],
)
def test_what_cannot_grow_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        model = build(**arguments)
        model.begin_stage(len(model.growth) - 1)


def test_a_stage_larger_than_the_data_is_refused():
    model = build()
    with pytest.raises((DataError, ValueError), match="16"):
        model.fit(Stream(ArraySource(PIXELS[:, :8, :8]), 4), epochs=5, verbose=0)
