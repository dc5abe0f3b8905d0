"""Arithmetic on latents: which images have an attribute, its direction, what that is worth, and what it does."""

import numpy as np
import pytest

from keras_genzoo import models  # noqa: F401 - fills the registry
from keras_genzoo.registry import MODELS
from keras_genzoo.uses import attribute_direction, decode, draw, find_attribute, move, separation
from keras_genzoo.uses.properties import Property

KNOWN = {
    "label": Property(np.array([0.0, 1.0, 2.0, 1.0]), ("Shirt", "Ankle boot", "Bag")),
    "glasses": Property(np.array([0.0, 1.0, 1.0, np.nan]), ("without", "with")),
    "hat": Property(np.array([0.0, 1.0, 2.0, 0.0]), ("none", "cap", "straw")),
    "yaw": Property(np.array([-30.0, 5.0, 10.0, 20.0])),
}


@pytest.mark.parametrize(
    ("attribute", "name", "has"),
    [
        ("glasses", "glasses=with", [0, 1, 1, -1]),
        ("glasses=without", "glasses=without", [1, 0, 0, -1]),
        ("hat=straw", "hat=straw", [0, 0, 1, 0]),
        ("Ankle boot", "label=Ankle boot", [0, 1, 0, 1]),
        ("label=Bag", "label=Bag", [0, 0, 1, 0]),
        ("yaw", "yaw>7.5", [0, 0, 1, 1]),
        ("yaw = 15", "yaw>15", [0, 0, 0, 1]),
    ],
)
def test_images_with_an_attribute(attribute, name, has):
    found = find_attribute(KNOWN, attribute)
    assert found[0] == name
    np.testing.assert_array_equal(found[1], has)


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("glases", "these images have no property 'glases'; did you mean 'glasses'"),
        ("Bagg", "did you mean 'Bag'"),
        ("hat", "hat is one of none, cap, straw: give one of them, as hat=none"),
        ("hat=strw", "hat has no class 'strw'; did you mean 'straw'"),
        ("yaw=left", "yaw is a number, but 'left' is given"),
    ],
)
def test_attributes_that_are_not_there(attribute, message):
    with pytest.raises(ValueError, match=message):
        find_attribute(KNOWN, attribute)
    with pytest.raises(ValueError, match="they have no labels, factors, nor a table"):
        find_attribute({}, attribute)


def test_the_direction_is_the_difference_of_the_means():
    latents = np.array([[1, 0], [2, 0], [3, 0], [0, 5], [0, 6], [0, 10]], "float32")
    has = np.array([1, 1, 1, 0, 0, 0])
    direction = attribute_direction(latents, has)
    np.testing.assert_allclose(direction, [2, -7])
    assert separation(latents, has, direction) == 1 and separation(latents, has, -direction) == 0


def test_separation_is_the_chance_that_one_lies_further_along():
    draws = np.random.default_rng(0)
    latents, has = draws.normal(size=(40, 3)), draws.integers(0, 2, 40)
    direction = np.array([1.0, -1.0, 0.5])
    along = latents @ direction
    expected = np.mean(along[has == 1][:, None] > along[has == 0])
    assert separation(latents, has, direction) == pytest.approx(expected)


def test_moving_adds_the_direction_and_leaves_the_label():
    model = MODELS["cvae"](**MODELS["cvae"].tiny)
    z = draw(model, np.arange(2))
    direction = np.array([1.0, 0, -2, 0.5], "float32")
    rows = move(model, z, direction, [-1.0, 0.0, 2.0])
    assert rows.shape == (2, 3, 8, 8, 3)
    for column, strength in enumerate((-1, 0, 2)):
        moved = z[0] + strength * direction, z[1]
        np.testing.assert_array_equal(rows[:, column], decode(model, moved))
    with pytest.raises(ValueError, match=r"direction has shape \(3,\), but \(4,\)"):
        move(model, z, z[1][0], [1.0])


def test_too_few_images():
    with pytest.raises(ValueError, match="2 images have the attribute and 3 lack it, but at least 3 of each"):
        attribute_direction(np.zeros((5, 2)), np.array([1, 1, 0, 0, 0]))
    with pytest.raises(ValueError, match=r"latents have shape \(5, 2\) and `has` \(4,\)"):
        attribute_direction(np.zeros((5, 2)), np.ones(4))
    with pytest.raises(ValueError, match="3 of 3 images have the attribute: give images of both kinds"):
        separation(np.zeros((3, 2)), np.ones(3), np.ones(2))
