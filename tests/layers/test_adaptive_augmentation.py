"""Karras et al. 2020, "ADA", section 3 and appendix B."""

import colorsys

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.adaptive_augmentation import AdaptiveAugment
from keras_genzoo.models.dcgan import DCGAN

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (3, 16, 16, 3)).astype("float32")
ALL = ("blit", "geometry", "color", "cutout")


def array(tensor):
    return ops.convert_to_numpy(tensor)


def augmented(augmentation, images, seed=0):
    images = ops.convert_to_tensor(images)
    return array(augmentation(images, augmentation.draw(images, keras.random.SeedGenerator(seed))))


def given(operation, images, uniform, normal=()):
    """What an operation does by given numbers, at a probability of 1."""
    augmentation = AdaptiveAugment((operation,), probability=1.0)
    parts = [np.zeros((len(images), size), "float32") for size in (24, 7)]
    for part, numbers in zip(parts, (uniform, normal), strict=True):
        part[:, : len(numbers)] = numbers
    return array(augmentation(ops.convert_to_tensor(images), tuple(map(ops.convert_to_tensor, [*parts, 1.0]))))


# Uniform numbers of "blit": flip and whether, quarters and whether, right, down and whether.


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((0.6, 0, 0, 0, 0.5, 0.5, 0), lambda x: x[:, ::-1]),
        ((0, 0, 0.3, 0, 0.5, 0.5, 0), lambda x: np.rot90(x, 1)),
        ((0, 0, 0.6, 0, 0.5, 0.5, 0), lambda x: np.rot90(x, 2)),
        ((0, 0, 0, 0, 1, 0.5, 0), lambda x: np.concatenate([x[:, 1::-1], x[:, :-2]], axis=1)),
        ((0, 0, 0, 0, 0.5, 0, 0), lambda x: np.concatenate([x[2:], x[:-3:-1]], axis=0)),
        ((0, 0, 0, 0, 0.5, 0.5, 0), lambda x: x),
    ],
    ids=["flip", "quarter", "half", "right", "up", "nothing"],
)
def test_blit_moves_whole_pixels(numbers, expected):
    found = given("blit", X, numbers)
    np.testing.assert_allclose(found, [expected(image) for image in X], atol=1e-4)


# Uniform numbers of "geometry": whether to scale; angle and whether; whether to stretch; angle and whether; whether to
# shift. Normal ones: scale, stretch, right, down.


def test_geometry_scales_about_the_middle():
    image = np.zeros((1, 16, 16, 1), "float32")
    image[:, 4:12, 4:12] = 1.0
    none = (0, 0.5, 0, 0, 0.5, 0, 0)
    assert given("geometry", image, none, (0, 0, 0, 0)).sum() == pytest.approx(64, abs=0.01)
    assert given("geometry", image, none, (1, 0, 0, 0)).sum() == pytest.approx(64 * 2**0.4, rel=0.06)
    wide = given("geometry", image, none, (0, 2.5, 0, 0))[0, ..., 0]  # 2^0.5 as wide, and as much lower
    assert wide[8].sum() == pytest.approx(8 * 2**0.5, rel=0.05) and wide[:, 8].sum() == pytest.approx(
        8 / 2**0.5, rel=0.1
    )
    shifted = given("geometry", image, none, (0, 0, 0.5, -0.25))[0, ..., 0]  # by 1 to the right, half a pixel up
    np.testing.assert_allclose(shifted[8, 4:14], [0, 1, 1, 1, 1, 1, 1, 1, 1, 0], atol=1e-4)
    np.testing.assert_allclose(shifted[3:13, 8], [0.5, 1, 1, 1, 1, 1, 1, 1, 0.5, 0], atol=1e-4)
    turned = given("geometry", image, (0, 0.75, 0, 0, 0.5, 0, 0), (0, 0, 0, 0))  # by 90 degrees
    np.testing.assert_allclose(turned, image, atol=1e-3)


# Uniform numbers of "color": whether brightness, contrast; flip and whether; angle and whether; whether saturation.
# Normal ones: brightness, contrast, saturation.


def test_color_is_a_map_of_the_gray_diagonal_and_what_stands_on_it():
    none = (0, 0, 0, 0, 0.5, 0, 0)
    np.testing.assert_allclose(given("color", X, none, (0, 0, 0)), X, atol=1e-6)
    np.testing.assert_allclose(given("color", X, none, (1, 0, 0)), X + 0.2, atol=1e-6)
    np.testing.assert_allclose(given("color", X, none, (1, 2, 0)), 2 * (X + 0.2), atol=1e-5)
    gray = X.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(given("color", X, none, (0, 0, 1)), gray + 2 * (X - gray), atol=1e-5)
    np.testing.assert_allclose(given("color", X, (0, 0, 0.7, 0, 0.5, 0, 0), (0, 0, 0)), X - 2 * gray, atol=1e-5)
    third = given("color", X, (0, 0, 0, 0, 0.5 + 1 / 3, 0, 0), (0, 0, 0))  # by 120 degrees: red becomes green
    np.testing.assert_allclose(third, np.roll(X, 1, axis=-1), atol=1e-5)
    hue = given("color", np.full((1, 1, 1, 3), [1, 0, 0], "float32"), (0, 0, 0, 0, 0.6, 0, 0), (0, 0, 0))[0, 0, 0]
    assert 0 < colorsys.rgb_to_hsv(*np.clip(hue, 0, 1))[0] < 1 / 3 and hue.sum() == pytest.approx(1)


def test_gray_images_keep_one_channel():
    found = given("color", X[..., :1], (0, 0, 0.7, 0, 0.5, 0, 0), (1, 2, 0))
    np.testing.assert_allclose(found, -2 * (X[..., :1] + 0.2), atol=1e-5)


@pytest.mark.parametrize("operation", ALL)
def test_an_operation_is_done_to_a_share_of_the_images(operation):
    augmentation = AdaptiveAugment((operation,))
    same = np.repeat(X[:1], 512, axis=0)
    np.testing.assert_array_equal(augmented(augmentation, same), same)  # it begins at 0
    augmentation.probability.assign(0.1)
    changed = (augmented(augmentation, same) != same).any(axis=(1, 2, 3)).mean()
    flip, quarters, shift = 0.05, 0.075, 0.1 * 24 / 25  # the rest are flips, turns and shifts by nothing
    expected = {
        "blit": 1 - (1 - flip) * (1 - quarters) * (1 - shift),
        "geometry": 1 - 0.9**4,  # one of two turns in a tenth of the images
        "color": 1 - 0.9**4 * 0.95,
        "cutout": 0.1,
    }
    assert changed == pytest.approx(expected[operation], abs=0.06)


def test_it_adapts_by_the_sign_and_the_count():
    augmentation = AdaptiveAugment(ALL, target=0.6, images=1000)
    for overfitting, probability in ((0.9, 0.1), (1.0, 0.2), (0.5, 0.1), (-1.0, 0.0), (-1.0, 0.0)):
        augmentation.adapt(ops.convert_to_tensor(overfitting), 100)
        assert float(array(augmentation.probability)) == pytest.approx(probability, abs=1e-6)
    augmentation.adapt(ops.convert_to_tensor(1.0), 5000)
    assert float(array(augmentation.probability)) == 1.0


def test_its_config():
    augmentation = AdaptiveAugment(("cutout",), target=0.5, images=10)
    twin = AdaptiveAugment.from_config(augmentation.get_config())
    assert (twin.operations, twin.target, twin.images) == (("cutout",), 0.5, 10)
    assert float(array(AdaptiveAugment(probability=0.3).probability)) == pytest.approx(0.3)
    rising = AdaptiveAugment(probability=keras.optimizers.schedules.PolynomialDecay(0.0, 9, 0.4))
    assert AdaptiveAugment.from_config(rising.get_config()).given.get_config() == rising.given.get_config()


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"no operation 'translation'; there are: blit, color, cutout, geometry"):
        AdaptiveAugment(("translation",))
    with pytest.raises(ValueError, match=r"images of 16 x 8 pixels, but 'blit' and 'geometry' turn images"):
        augmented(AdaptiveAugment(), X[:, :, :8])


@pytest.mark.slow
def test_below_a_probability_of_08_nothing_leaks():
    """Images that are bright above and dark below, each turned by quarters in 0.6 of the cases: samples are upright."""
    rng = np.random.default_rng(0)
    x = np.repeat(np.linspace(0.8, -0.8, 8, dtype="float32")[None, :, None, None], 512, axis=0) * np.ones((1, 1, 8, 1))
    x = (x * rng.uniform(0.7, 1.2, (512, 1, 1, 1))).astype("float32")
    keras.utils.set_random_seed(0)
    model = DCGAN(
        (8, 8, 1),
        4,
        {"network": "mlp_decoder", "hidden": (32,)},
        {"network": "mlp_encoder", "hidden": (64,), "hidden_activation": "leaky_relu"},
        discriminator_augmentation={"augmentation": "ada", "operations": ("blit",), "probability": 0.6},
    )
    model.compile(keras.optimizers.Adam(1e-3, beta_1=0.5))
    model.fit(x, batch_size=64, epochs=150, verbose=0)
    made = model.generate(64, seed=0)[..., 0].astype("float64")
    assert ((made[:, :3].mean(axis=(1, 2)) - made[:, 5:].mean(axis=(1, 2))) > 50).mean() > 0.9
