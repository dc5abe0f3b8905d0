"""Spaces of styles, style mixing, projection, and files of styles."""

import numpy as np
import pytest

from keras_genzoo import models as _  # noqa: F401 - fills the registry
from keras_genzoo.files import RunError
from keras_genzoo.registry import MODELS
from keras_genzoo.uses import (
    PrincipalStyles,
    StyleSpace,
    decode,
    draw,
    interpolate,
    layers_of,
    mix,
    move,
    project,
    rank_latents,
    read_styles,
    traverse,
    write_styles,
)
from keras_genzoo.uses.project import pyramid_error


@pytest.fixture(scope="module")
def axes(stylegan):
    return PrincipalStyles(stylegan)


def test_styles_of_samples_make_these_samples(stylegan, axes):
    expected = stylegan.generate(4, seed=3).astype(int)
    for space in (StyleSpace(stylegan), StyleSpace(stylegan, each_layer=True), axes):
        w = draw(space, np.arange(4), 3)
        assert w.shape == (4, space.latent_dim)
        assert np.abs(decode(space, w) - expected).max() <= 1


def test_walks_in_w_are_straight(stylegan):
    space = StyleSpace(stylegan)
    w = draw(space, np.arange(2))
    rows = interpolate(space, w[:1], w[1:], np.array([0.0, 0.25, 1.0]))
    expected = stylegan.synthesize(np.stack([w[0], 0.75 * w[0] + 0.25 * w[1], w[1]])).astype(int)
    assert np.abs(rows[0] - expected).max() <= 1


def test_directions_in_w(stylegan):
    space = StyleSpace(stylegan)
    w, direction = draw(space, np.arange(2)), np.array([1.0, 0.0, 0.0, -1.0])
    rows = move(space, w, direction, [0.0, 2.0])
    assert np.abs(rows[:, 1] - stylegan.synthesize(w + 2 * direction).astype(int)).max() <= 1


def test_principal_axes_are_those_of_w(stylegan, axes):
    w = draw(StyleSpace(stylegan), np.arange(2000), 1).astype("float64")
    np.testing.assert_allclose(axes.axes @ axes.axes.T, np.eye(4), atol=1e-8)
    spread = np.std((w - axes.mean) @ axes.axes.T, axis=0)
    np.testing.assert_allclose(spread, axes.deviations, rtol=0.15)
    assert (np.diff(axes.deviations) <= 0).all() and list(rank_latents(axes).order) == [0, 1, 2, 3]
    coordinates = draw(axes, np.arange(2000), 1)
    np.testing.assert_allclose(coordinates.std(axis=0), 1.0, rtol=0.15)


def test_a_traversal_along_principal_axes(stylegan, axes):
    start = draw(axes, np.arange(1))[0]
    rows = traverse(axes, start, [0, 2], [-2.0, 2.0])
    changed = np.tile(start, (2, 2, 1))
    changed[0, :, 0] = changed[1, :, 2] = -2.0, 2.0
    w = axes.mean + (changed * axes.deviations) @ axes.axes
    expected = stylegan.synthesize(w.reshape(4, 4)).reshape(rows.shape).astype(int)
    assert np.abs(rows - expected).max() <= 1


def test_a_table_of_mixed_styles(stylegan):
    w = draw(StyleSpace(stylegan), np.arange(5))
    table = mix(stylegan, w[:2], w[2:], [0, 1, 2, 3])
    assert table.shape == (2, 3, 16, 16, 3)
    one = np.repeat(w[1:2, None], 6, axis=1)
    one[:, :4] = w[3]
    assert np.abs(table[1, 1] - stylegan.synthesize(one)[0].astype(int)).max() <= 1
    whole = mix(stylegan, w[:2], w[2:], range(6))
    assert np.abs(whole[0] - stylegan.synthesize(w[2:]).astype(int)).max() <= 1  # all styles are the column's
    assert np.abs(mix(stylegan, w[:2], w[2:], [])[:, 0] - stylegan.synthesize(w[:2]).astype(int)).max() <= 1


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("coarse", [0, 1, 2, 3]),
        ("middle", [4, 5]),
        ("middle, fine", [4, 5]),
        ("5,0-1", [0, 1, 5]),
        ("3", [3]),
    ],
)
def test_names_of_layers(stylegan, text, layers):
    assert layers_of(stylegan, text) == layers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fine", "styles 'fine': this model ends at 16 pixels, and has no such layers"),
        ("4-6", "styles '4-6': expected coarse, middle, fine, or numbers and ranges of layers from 0 to 5"),
        ("3-1", "styles '3-1': expected"),
        ("corse", "styles 'corse': expected"),
        ("", "styles '': expected"),
    ],
)
def test_names_of_no_layers(stylegan, text, message):
    with pytest.raises(ValueError, match=message):
        layers_of(stylegan, text)


def test_images_of_the_model_are_found_again(stylegan):
    target = stylegan.generate(4, seed=5, truncation=0.25)  # from afar some searches of this raw model end elsewhere
    steps = []
    found = project(stylegan, target, steps=200, progress=lambda step, w: steps.append((step, w.shape)))
    assert steps == [(step, (4, 6, 4)) for step in range(1, 201)]
    assert found.w.shape == (4, 6, 4) and (found.images == stylegan.synthesize(found.w)).all()
    assert (found.psnr > found.mean_psnr).all() and found.psnr.min() > 40
    single = project(stylegan, target, steps=20, each_layer=False)
    assert (single.w == single.w[:, :1]).all()


def test_what_lies_beyond_black_and_white_is_no_error():
    target = np.array([1.0, 1.0, -1.0, 0.5], "float32").reshape(4, 1, 1, 1) * np.ones((1, 4, 4, 1), "float32")
    made = np.array([3.0, 0.0, -2.0, 1.5], "float32").reshape(4, 1, 1, 1) * np.ones((1, 4, 4, 1), "float32")
    np.testing.assert_allclose(np.asarray(pyramid_error(made, target)), [0.0, 1.0, 0.0, 1.0])


def test_the_error_at_every_size():
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 3, 16, 16, 1)).astype("float32")
    expected, size = 0.0, 16
    while size >= 4:
        halved = [part.reshape(3, size, 16 // size, size, 16 // size).mean((2, 4)) for part in (x, y)]
        expected, size = expected + np.mean((halved[0] - halved[1]) ** 2, axis=(1, 2)), size // 2
    np.testing.assert_allclose(np.asarray(pyramid_error(x, y)), expected, rtol=1e-5)


def test_a_file_of_styles(stylegan, tmp_path):
    w = draw(StyleSpace(stylegan), np.arange(3))
    write_styles(tmp_path / "w.npz", w, stylegan)
    np.testing.assert_array_equal(read_styles(tmp_path / "w.npz", stylegan), np.repeat(w[:, None], 6, axis=1))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (None, "there is no such file"),
        (b"PK", "is no file of styles"),
        ({"z": np.zeros((1, 6, 4))}, "holds no styles 'w'"),
        ({"w": np.zeros((1, 8, 4))}, r"w has shape \(1, 8, 4\), but \(n, 4\), or \(n, 6, 4\), is expected"),
        ({"w": np.full((1, 6, 4), np.nan)}, "empty, or not finite"),
        ({"w": np.zeros((0, 6, 4))}, "empty, or not finite"),
    ],
)
def test_files_that_hold_no_styles(stylegan, tmp_path, arrays, message):
    path = tmp_path / "w.npz"
    if isinstance(arrays, bytes):
        path.write_bytes(arrays)
    elif arrays is not None:
        np.savez(path, **arrays)
    with pytest.raises((RunError, ValueError), match=message):
        read_styles(path, stylegan)


def test_a_model_without_styles_is_refused(stylegan):
    dcgan = MODELS["dcgan"](**MODELS["dcgan"].tiny)
    for use in (
        lambda: StyleSpace(dcgan),
        lambda: mix(dcgan, np.zeros((1, 4)), np.zeros((1, 4)), [0]),
        lambda: layers_of(dcgan, "coarse"),
        lambda: project(dcgan, np.zeros((1, 8, 8, 3), "uint8")),
    ):
        with pytest.raises(ValueError, match="DCGAN has no styles: give a StyleGAN"):
            use()
    with pytest.raises(ValueError, match=r"project: .*\(n, 16, 16, 3\)|16"):
        project(stylegan, np.zeros((1, 8, 8, 3), "uint8"))
    with pytest.raises(ValueError, match=r"mix: layers \[6\]: this model has layers 0 to 5"):
        mix(stylegan, np.zeros((1, 4)), np.zeros((1, 4)), [6])
