"""Latents of any model: those of samples, of images, and which carry most."""

import types

import numpy as np
import pytest

from keras_genzoo import models  # noqa: F401 - fills the registry
from keras_genzoo.data import DataError
from keras_genzoo.registry import MODELS
from keras_genzoo.uses import LatentSpace, Ranking, at, decode, draw, encode, rank_latents, read_table, traverse
from keras_genzoo.uses.latents import prior_moments


@pytest.fixture(scope="module")
def build():
    built = {}

    def build(name):
        if name not in built:
            built[name] = MODELS[name](**MODELS[name].tiny)
        return built[name]

    return build


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae", "dcgan", "cvae", "ae"])
def test_drawn_latents_are_those_of_samples(build, name):
    model = build(name)
    made = decode(model, draw(model, np.arange(2, 5), seed=7)).astype(int)
    assert np.abs(made - model.generate(3, seed=7, start=2)).max() <= 1


def test_latents_in_any_layout_become_images(build):
    model = build("vae")
    z = draw(model, np.arange(6)).reshape(2, 3, -1)
    made = decode(model, z)
    assert made.shape == (2, 3, 8, 8, 3) and made.dtype == "uint8"
    np.testing.assert_array_equal(made[1, 0], decode(model, z[1, 0]))


def test_a_gan_has_no_encoder_and_its_latents_no_order(build):
    model = build("dcgan")
    with pytest.raises(ValueError, match="encode: DCGAN has no encoder"):
        encode(model, np.zeros((1, *model.image_shape), "uint8"))
    ranking = rank_latents(model)
    assert ranking.by == "index" and ranking.in_words(2) == ""
    np.testing.assert_array_equal(ranking.order, np.arange(model.latent_dim))


def test_what_has_no_latents():
    nothing = types.SimpleNamespace()
    for function in (lambda: draw(nothing, np.arange(2)), lambda: decode(nothing, np.zeros((1, 2)))):
        with pytest.raises(ValueError, match="SimpleNamespace has no latents: give an autoencoder, or a GAN"):
            function()


def test_latents_of_a_vae_are_ranked_by_kl(build):
    model = build("vae")
    x = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), "uint8")
    ranking = rank_latents(model, x)
    kl = model.in_batches("latent_statistics", x.astype("float32") / 127.5 - 1)[:, 1].mean(axis=0)
    np.testing.assert_allclose(ranking.values, kl, rtol=1e-5)
    np.testing.assert_array_equal(ranking.order, np.argsort(-kl))
    assert ranking.by == "kl" and ranking.in_words(1) == f"{kl[1]:.2f} nats"
    with pytest.raises(ValueError, match="rank_latents: got 1 images"):
        rank_latents(model, x[:1])


def test_latents_without_kl_are_ranked_by_variance(build):
    model = build("ae")
    x = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), "uint8")
    ranking = rank_latents(model, x)
    np.testing.assert_allclose(ranking.values, model.encode(x).var(axis=0), rtol=1e-4)
    assert ranking.by == "variance" and ranking.in_words(0).startswith("variance 0.")


def test_equal_values_keep_their_order():
    np.testing.assert_array_equal(Ranking.of("kl", [0, 2, 0, 2]).order, [1, 3, 0, 2])


def test_one_latent_changes_at_a_time(build):
    model = build("cvae")
    z = at(draw(model, np.arange(1), seed=3), 0)
    rows = traverse(model, z, [2, 0], [-3.0, 0.0, 3.0])
    assert rows.shape == (2, 3, 8, 8, 3)
    for row, latent in enumerate((2, 0)):
        for column, value in enumerate((-3, 0, 3)):
            expected = z[0].copy()
            expected[latent] = value
            np.testing.assert_array_equal(rows[row, column], decode(model, (expected, z[1])))


@pytest.mark.slow
def test_a_fitted_prior_gives_the_units(build):
    model = MODELS["ae"](**{**MODELS["ae"].tiny, "mixture_components": 1})
    assert not LatentSpace(model).is_standard_normal
    assert LatentSpace(build("vae")).is_standard_normal and LatentSpace(build("dcgan")).is_standard_normal
    latents = np.random.default_rng(0).normal(size=(500, 4)) * [1, 2, 3, 4] + [5, 0, 0, -5]
    model.mixture.fit(latents.astype("float32"))
    mean, deviation = prior_moments(model)
    np.testing.assert_allclose(mean, [5, 0, 0, -5], atol=0.5)
    np.testing.assert_allclose(deviation, [1, 2, 3, 4], rtol=0.15)
    z = np.zeros(4, "float32")
    (row,) = traverse(model, z, [3], [2.0])
    np.testing.assert_array_equal(row[0], decode(model, np.array([0, 0, 0, mean[3] + 2 * deviation[3]])))


@pytest.mark.parametrize(
    ("z", "latents", "message"),
    [
        (np.zeros(4), [0, 4], r"latents lie in \[0, 4\], but this model has 4: 0 to 3"),
        (np.zeros(4), [-1], r"latents lie in \[-1, -1\]"),
        (np.zeros((2, 4)), [0], r"z has shape \(2, 4\), but a single latent vector is expected"),
        (np.zeros(3), [0], r"z has shape \(3,\)"),
    ],
)
def test_mistakes_of_traversals(build, z, latents, message):
    with pytest.raises(ValueError, match=message):
        traverse(build("vae"), z, latents, [0.0])


def test_a_table_beside_images(tmp_path):
    assert read_table(tmp_path) is None
    (tmp_path / "labels.csv").write_text("file,glasses,who\na.png,1,Anna\nsub/b.png,0,\n")
    assert read_table(tmp_path) == {
        "a.png": {"glasses": "1", "who": "Anna"},
        "sub/b.png": {"glasses": "0", "who": ""},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file\na.png\n", "expected two columns or more"),
        ("file,x\na.png,1\na.png,0\n", "each image once, but 1 lines repeat a name"),
        ("file,x\na.png\n", "row 1 has 1 cells"),
        ("", "expected a line of column names"),
    ],
)
def test_tables_that_are_none(tmp_path, text, message):
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path)
