"""StyleGAN2: path length regularization. What all models with styles can do is tested for StyleGAN."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.cstylegan2 import CStyleGAN2
from keras_genzoo.models.stylegan2 import StyleGAN2

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (16, 8, 8, 3)).astype("float32")


def build(**arguments):
    keras.utils.set_random_seed(0)
    model = StyleGAN2(**{**StyleGAN2.tiny, **arguments})
    model.compile()
    return model


def array(tensor):
    return ops.convert_to_numpy(tensor)


def test_path_lengths_are_the_jacobian_s():
    """By central differences of <y, image> / sqrt(pixels), along each number of w."""
    model = build()
    styles = RNG.standard_normal((1, 4, 4)).astype("float32")
    noise, y = RNG.standard_normal((1, model._noise_size)).astype("float32"), RNG.standard_normal((1, 8, 8, 3))
    y = y.astype("float32")
    slopes, step = np.zeros((4, 4)), 1e-2
    for place in np.ndindex(4, 4):
        ends = []
        for sign in (1, -1):
            moved = styles.copy()
            moved[(0, *place)] += sign * step
            ends.append((array(model.synthesis([moved, noise])).astype("float64") * y).sum() / 8)
        slopes[place] = (ends[0] - ends[1]) / (2 * step)
    expected = np.sqrt((slopes**2).sum(axis=1).mean())
    found = model.path_lengths(*map(ops.convert_to_tensor, (styles, noise, y)), training=False)
    assert float(array(found)[0]) == pytest.approx(expected, rel=1e-2)


def test_lengths_are_drawn_to_their_mean_in_every_second_step():
    model = build(path_length_weight=3.0)
    means, penalties = [], []
    for _ in range(4):
        loss, logs = model.generator_loss(ops.convert_to_tensor(X[:8]), None, training=True)
        assert float(loss) == pytest.approx(float(logs["generator_loss"]) + 3.0 * float(logs["path_length"]), rel=1e-5)
        means.append(float(array(model.mean_path_length)))
        penalties.append(float(logs["path_length"]))
        model.optimizer._iterations.assign_add(1)
    assert 0 < means[0] == means[1] < means[2] == means[3]
    assert penalties[1] == penalties[3] == 0 < penalties[0]


@pytest.mark.slow
def test_its_gradient_reaches_both_networks():
    model = build(path_length_weight=1e6, style_mixing=0.0)
    before = [array(v) for v in model.mapping.trainable_variables]
    model.fit(X, batch_size=8, epochs=1, steps_per_epoch=1, verbose=0)
    assert any(np.abs(array(v) - b).max() > 0 for v, b in zip(model.mapping.trainable_variables, before, strict=True))


def test_the_mean_is_in_the_checkpoint(tmp_path):
    model, again = build(), build()
    model.mean_path_length.assign(0.5)
    model.save_weights(tmp_path / "model.weights.h5")
    again.load_weights(tmp_path / "model.weights.h5")
    assert float(array(again.mean_path_length)) == 0.5


def test_without_path_lengths_it_has_no_mean():
    model = build(path_length_weight=0.0)
    assert "path_length" not in model.logs and not hasattr(model, "mean_path_length")


def test_sides_are_powers_of_two():
    with pytest.raises(ValueError, match=r"StyleGAN2.image_shape: images of 12 x 12 pixels, but squares are expected"):
        build(image_shape=(12, 12, 3))


def test_it_has_styles():
    model = build()
    z = RNG.standard_normal((2, 4)).astype("float32")
    assert model.style_layers == 4
    np.testing.assert_array_equal(model.synthesize(model.map(z)), model.decode(z))


LABELED = {**StyleGAN2.tiny, "num_classes": 3, "path_length_every": 1}


def labeled():
    keras.utils.set_random_seed(0)
    model = CStyleGAN2(**LABELED)
    model.compile()
    return model


def test_a_label_reaches_styles_and_scores_and_no_other_place():
    model = labeled()
    z = np.zeros((3, 4), "float32") + RNG.standard_normal((1, 4)).astype("float32")
    w = model.map((z, np.eye(3, dtype="float32")))
    assert np.abs(np.diff(w, axis=0)).max(axis=1).min() > 1e-3
    assert [given.name for given in model.synthesis.inputs] == ["styles", "noise"]
    images = np.repeat(X[:1], 3, axis=0)
    scores = array(model.discriminator_outputs(ops.convert_to_tensor(images), np.arange(3), False))
    assert scores.shape == (3, 1) and np.abs(np.diff(scores, axis=0)).min() > 1e-4


def test_the_score_of_a_label_is_a_product():
    """Of the image's numbers and the label's: equation 6 of Miyato & Koyama, over the root of their length."""
    model = labeled()
    discriminator = model.discriminator
    product = next(layer for layer in discriminator.layers if isinstance(layer, keras.layers.Dot))
    parts = keras.Model(discriminator.inputs, product.input)
    rows, numbers = map(array, parts([X[:6], np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]]))
    assert rows.shape == (6, 1, 4) and numbers.shape == (6, 4)
    np.testing.assert_allclose(numbers[:3], numbers[3:], rtol=1e-6)
    found = array(discriminator([X[:6], np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]]))
    np.testing.assert_allclose(found, (rows[:, 0] * numbers).sum(1, keepdims=True) / 2, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_labeled_images_are_trained_on_and_chosen():
    model = labeled()
    labels = np.arange(16) % 3
    found = model.training_step((ops.convert_to_tensor(X), ops.convert_to_tensor(labels)))
    assert all(np.isfinite(float(value)) for value in found.values()) and float(found["path_length"]) > 0
    z = RNG.standard_normal((4, 4)).astype("float32")
    np.testing.assert_array_equal(
        model.decode(z, labels=2), model.synthesize(model.map((z, np.eye(3, dtype="float32")[[2] * 4])))
    )
    np.testing.assert_array_equal(model.generate(6)[2::3], model.generate(6, labels=2)[2::3])
    assert (model.generate(3, labels=1, noise="fresh") != model.generate(3, labels=1)).any()
