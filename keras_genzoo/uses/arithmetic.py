"""Arithmetic on latents: the direction of an attribute, added to the latents of images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_genzoo.model import GenerativeModel
from keras_genzoo.registry import did_you_mean
from keras_genzoo.uses.latents import decode, vectors, with_vectors
from keras_genzoo.uses.properties import Property, means_absent
from keras_genzoo.uses.spaces import LatentSpace, space_of

FEWEST = 3
"""The least number of images with an attribute, and without it, for a direction: as many as Radford et al. took."""


def find_attribute(known: Mapping[str, Property], attribute: str) -> tuple[str, np.ndarray]:
    """Finds the images that have an attribute that a user names.

    Args:
        known: the properties of the images, as `properties` gives them.
        attribute: "NAME=VALUE", a property and one of its classes, or the number that it must exceed; or a class of
            `label` alone; or "NAME" alone: for a choice between something and nothing (0, -1, false, no, none,
            without, face) the former, for a number its upper half.

    Returns:
        The attribute in full, such as "glasses=with", and an integer array (n,): 1 for images with it, 0 for images
        without it, -1 where it is not known.

    Raises:
        ValueError: there is no such attribute, or its name stands for more than one.

    Example:
        >>> name, has = find_attribute(properties(examples, held_out), "glasses")
    """
    name, _, value = (part.strip() for part in attribute.partition("="))
    if name not in known and "label" in known and attribute in known["label"].classes:
        name, value = "label", attribute
    if name not in known:
        names = [*known, *(known["label"].classes if "label" in known else ())]
        near = did_you_mean(name, names) if names else "they have no labels, factors, nor a table labels.csv"
        raise ValueError(f"attribute: these images have no property '{name}'; {near}")
    values, classes = known[name]
    if classes:
        some = [of for of in classes if not means_absent(of)]
        if not value and len(some) != 1:
            raise ValueError(
                f"attribute: {name} is one of {', '.join(classes)}: give one of them, as {name}={classes[0]}."
            )
        value = value or some[0]
        if value not in classes:
            raise ValueError(f"attribute: {name} has no class '{value}'; {did_you_mean(value, classes)}")
        full, has = f"{name}={value}", values == classes.index(value)
    else:
        try:
            least = float(value) if value else float(np.nanmedian(values))
        except ValueError:
            raise ValueError(
                f"attribute: {name} is a number, but '{value}' is given: give a number, or leave it out."
            ) from None
        full, has = f"{name}>{least:.3g}", values > least
    return full, np.where(np.isnan(values), -1, has).astype("int64")


def attribute_direction(latents: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Returns the mean of the latents of images with an attribute, less that of the others.

    Use it with `move` to add the attribute to images or remove it. What is correlated with the attribute in these
    images (hats with short hair) is in the direction too. `separation` measures, on other images, how well the
    direction separates images by the attribute.

    Reference: Larsen et al. 2016, arXiv:1512.09300, section 4.2; Radford et al. 2016, arXiv:1511.06434, section 6.3.2.

    Args:
        latents: float array (n, latent_dim), the `vectors` of latents.
        has: bool or 0/1 array (n,).

    Returns:
        float32 array (latent_dim,).

    Raises:
        ValueError: fewer than three images have the attribute, or lack it.

    Example:
        >>> glasses = attribute_direction(vectors(encode(model, x)), has_glasses)
    """
    latents, has = np.asarray(latents), np.asarray(has).astype(bool)
    if latents.ndim != 2 or has.shape != latents.shape[:1]:
        raise ValueError(
            f"attribute_direction: latents have shape {latents.shape} and `has` {has.shape}, but (n, latent_dim) "
            "and (n,) are expected."
        )
    if min(has.sum(), (~has).sum()) < FEWEST:
        raise ValueError(
            f"attribute_direction: {has.sum()} images have the attribute and {(~has).sum()} lack it, but at least "
            f"{FEWEST} of each are needed: give more labeled images."
        )
    return (latents[has].mean(axis=0, dtype="float64") - latents[~has].mean(axis=0, dtype="float64")).astype("float32")


def separation(latents: np.ndarray, has: np.ndarray, direction: np.ndarray) -> float:
    """Returns how well positions along a direction separate images by an attribute: the area under the ROC curve.

    It is the probability that an image with the attribute lies further along than an image without it: 1 if the
    direction separates them, 0.5 if it is unrelated to the attribute. Take other images than those it was made of.

    Reference: Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.

    Args:
        latents: float array (n, latent_dim).
        has: bool or 0/1 array (n,), with both values in it.
        direction: float array (latent_dim,).

    Returns:
        float in [0, 1].

    Raises:
        ValueError: all images have the attribute, or none has.

    Example:
        >>> separation(vectors(encode(model, other)), other_has_glasses, glasses)
    """
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    has = np.asarray(has).astype(bool)
    if has.all() or not has.any():
        raise ValueError(f"separation: {has.sum()} of {len(has)} images have the attribute: give images of both kinds.")
    return float(roc_auc_score(has, np.asarray(latents, "float64") @ np.asarray(direction, "float64")))


def move(
    model: GenerativeModel | LatentSpace, z: Any, direction: np.ndarray, strengths: Sequence[float] | np.ndarray
) -> np.ndarray:
    """Returns images of latents that are moved along a direction; the label of a conditional model stays.

    Reference: White 2016, "Sampling generative networks", arXiv:1609.04468, section 3 (attribute vectors).

    Args:
        model: a built model with latents, or a space of them.
        z: latents (n, latent_dim), as `uses.encode` and `uses.draw` give them.
        direction: float array (latent_dim,), as `attribute_direction` gives it.
        strengths: floats, multiples of the direction that are added; 0 is the reconstruction.

    Returns:
        uint8 array of shape (n, strengths, height, width, channels).

    Raises:
        ValueError: the model has no latents, or the direction has another size.

    Example:
        >>> rows = move(model, encode(model, faces), glasses, np.linspace(-2, 2, 9))
    """
    space = space_of(model, "move")
    direction = np.asarray(direction, "float32")
    if direction.shape != (space.latent_dim,):
        raise ValueError(f"move: direction has shape {direction.shape}, but ({space.latent_dim},) is expected.")
    moved = vectors(z).astype("float32")[:, None] + np.asarray(strengths, "float32")[:, None] * direction
    return decode(space, with_vectors(z, moved))
