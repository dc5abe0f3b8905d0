"""StyleGAN: styles, their mixing and truncation, noise, and its loss."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.stylegan import StyleGAN, growth_of_the_paper

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (16, 8, 8, 3)).astype("float32")


def build(**arguments):
    model = StyleGAN(**{**StyleGAN.tiny, **arguments})
    model.compile()
    return model


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.fixture(scope="module")
def trained():
    model = build()
    model.fit(X, batch_size=8, epochs=2, verbose=0)
    for network in (model.synthesis, model.ema_synthesis):  # so that noise shows
        for layer in network.layers:
            if layer.name.startswith("noise_"):
                layer.set_weights([np.full(layer.strength.shape, 0.5)])
    return model


def test_the_paper_s_stages():
    growth = growth_of_the_paper(1024)
    assert [part["size"] for part in growth] == [8, 16, 32, 64, 128, 256, 512, 1024]
    assert [part["images"] for part in growth] == [600_000] + [1_200_000] * 7
    assert [part["learning_rate"] for part in growth] == [0.001] * 4 + [0.0015, 0.002, 0.003, 0.003]


def test_the_discriminator_s_loss_in_closed_form():
    """Scores c of all images: softplus(-c) + softplus(c); R1 is 0 where scores are constant."""
    model = build()
    model.discriminator.get_layer("score").set_weights([np.zeros((4, 1)), np.array([2.0])])
    loss, logs = model.discriminator_loss(X[:4], None, training=True)
    assert float(loss) == pytest.approx(np.log1p(np.exp(-2)) + np.log1p(np.exp(2)), rel=1e-5)
    assert float(logs["r1"]) == 0.0


def test_r1_in_every_second_step_with_twice_the_weight():
    model = build(ema_momentum=None)
    lazy, plain = model.regularizers[0], build(r1_every=1).regularizers[0]
    assert (lazy.weight, lazy.every, plain.every) == (5.0, 2, 1)


def test_the_mean_of_w_is_followed(trained):
    z = RNG.standard_normal((64, 4)).astype("float32")
    mean = array(trained.style_mean)
    assert mean.any()
    # After four of 200 batches it has gone a small part of the way, in the right direction.
    expected = trained.map(z).mean(0)
    assert np.dot(mean, expected) > 0 and np.linalg.norm(mean) < np.linalg.norm(expected)


def test_truncation_by_the_formula(trained):
    w = RNG.standard_normal((3, 4)).astype("float32")
    mean = array(trained.style_mean)
    whole = array(trained.truncated(w, 0.7))
    assert whole.shape == (3, 4, 4)
    np.testing.assert_allclose(whole, np.tile((mean + 0.7 * (w - mean))[:, None], (1, 4, 1)), atol=1e-6)
    first = array(trained.truncated(w, 0.7, 2))
    np.testing.assert_allclose(first[:, :2], whole[:, :2], atol=1e-6)
    np.testing.assert_allclose(first[:, 2:], np.tile(w[:, None], (1, 2, 1)), atol=1e-6)
    each = array(trained.truncated(w, np.array([0.0, 0.5, 1.0, 1.0])))
    np.testing.assert_allclose(each[:, 0], np.tile(mean, (3, 1)), atol=1e-6)
    np.testing.assert_allclose(each[:, 3], w, atol=1e-6)


def test_at_psi_0_there_is_one_image(trained):
    found = trained.generate(4, truncation=0.0)
    assert (found == found[:1]).all() and (trained.generate(4) != trained.generate(1)).any()
    np.testing.assert_array_equal(trained.generate(4, truncation=1.0), trained.generate(4))


def test_noise_is_fixed_or_fresh(trained):
    z = np.tile(RNG.standard_normal((1, 4)).astype("float32"), (2, 1))
    fixed = trained.decode(z)
    np.testing.assert_array_equal(fixed[0], fixed[1])
    fresh = trained.samples(np.arange(3), truncation=0.0, noise="fresh")
    assert np.abs(fresh[0] - fresh[1]).max() > 0.01
    np.testing.assert_allclose(trained.samples([2], truncation=0.0, noise="fresh")[0], fresh[2], atol=1e-5)


def test_styles_make_the_image_of_their_latents(trained):
    z = RNG.standard_normal((3, 4)).astype("float32")
    w = trained.map(z)
    np.testing.assert_array_equal(trained.synthesize(w), trained.decode(z))
    np.testing.assert_array_equal(trained.synthesize(np.repeat(w[:, None], 4, 1)), trained.decode(z))


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_styles_are_mixed_at_a_random_layer(share):
    model = build(style_mixing=share)
    styles, other = np.zeros((4000, 4, 4), "float32"), np.ones((4000, 4), "float32")
    found = array(model.mixed(styles, other))[..., 0]
    assert (np.diff(found, axis=1) >= 0).all() and (found[:, 0] == 0).all()  # once over, it stays; never all of it
    layers_of_other = found.sum(1)
    assert np.mean(layers_of_other > 0) == pytest.approx(share, abs=0.05)
    for count in (1, 2, 3):
        assert np.mean(layers_of_other == count) == pytest.approx(share / 3, abs=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"truncation": 0.7}, "StyleGAN.truncation: no mean of w yet, as nothing was trained"),
        ({"truncate": 0.7}, "without the option 'truncate'"),
    ],
)
def test_what_it_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        build().generate(1, **options)


def test_styles_of_another_shape_are_refused(trained):
    with pytest.raises(ValueError, match=r"w has shape \(2, 3\), but \(n, 4\), or for each layer \(n, 4, 4\)"):
        trained.synthesize(np.zeros((2, 3)))


def test_decoded_latents_have_no_number():
    with pytest.raises(ValueError, match="fresh noise is of images with a number"):
        build().decode(np.zeros((1, 4), "float32"), noise="fresh")


def test_it_is_saved_with_its_mean(trained, tmp_path):
    trained.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.generate(2, truncation=0.5), trained.generate(2, truncation=0.5))
