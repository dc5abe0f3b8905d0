"""Spaces of latents: z of any model, and of a model with styles w, for all layers or for each, and its principal axes.

The functions of `uses` take a space in the place of a model: `interpolate(StyleSpace(model), a, b, fractions)` walks
in w.
"""

from typing import Any

import keras
import numpy as np

from keras_genzoo.capabilities import DrawsLatents, FitsPrior, HasStyles
from keras_genzoo.distributions import VampPrior
from keras_genzoo.model import GenerativeModel

_DRAWS = 10_000  # of which principal axes are found


class LatentSpace:
    """The latents z that a model draws from its prior.

    Args:
        model: a built model that has latents: an autoencoder or a GAN.

    Raises:
        ValueError: it has none.
    """

    def __init__(self, model: GenerativeModel):
        self.model = model
        self.latent_dim: int = self._dimension()

    def _dimension(self) -> int:
        if not isinstance(self.model, DrawsLatents):
            raise ValueError(f"{type(self.model).__name__} has no latents: give an autoencoder, or a GAN.")
        return self.model.latent_dim

    @property
    def is_standard_normal(self) -> bool:
        """Whether latents are drawn from N(0, I): not from what was fitted afterwards, or learned."""
        learned = isinstance(getattr(self.model, "prior_distribution", None), VampPrior)
        return not isinstance(self.model, FitsPrior) and not learned

    def draw(self, numbers: np.ndarray, seed: int = 0) -> Any:
        """Latents (n, latent_dim) of samples' numbers; of a conditional model a pair of them and of labels' codes."""
        return self.model.in_batches("sample_latents", np.asarray(numbers), 64, np.uint32(seed))

    def images(self, z: Any) -> np.ndarray:
        """Images in [-1, 1] of latents."""
        return self.model.in_batches("images_of", z)


class StyleSpace(LatentSpace):
    """Styles w of a model that has them, in which steps of one length change images more evenly than in z.

    Reference: Karras et al. 2019, arXiv:1812.04948, section 4.

    Args:
        model: a built model with styles.
        each_layer: bool, whether a latent holds w for each layer (layers * style_dim numbers), as images are projected
            to, or one w for all (Abdal et al. 2019, arXiv:1904.03189, call the former W+).

    Raises:
        ValueError: it has no styles.
    """

    is_standard_normal = False

    def __init__(self, model: GenerativeModel, each_layer: bool = False):
        self.each_layer = each_layer
        super().__init__(model)

    def _dimension(self) -> int:
        styles = with_styles(self.model)
        return styles.style_dim * (styles.style_layers if self.each_layer else 1)

    def draw(self, numbers: np.ndarray, seed: int = 0) -> np.ndarray:
        """w (n, latent_dim) of samples' numbers."""
        w = with_styles(self.model).map(super().draw(numbers, seed))
        return np.tile(w, (1, with_styles(self.model).style_layers)) if self.each_layer else w

    def images(self, z: np.ndarray) -> np.ndarray:
        """Images in [-1, 1] of w."""
        styles = with_styles(self.model)
        layers = 1 if not self.each_layer else styles.style_layers
        w = np.asarray(z, "float32").reshape(len(z), layers, styles.style_dim)
        return self.model.in_batches("images_of_styles", np.repeat(w, styles.style_layers // layers, axis=1))


class PrincipalStyles(StyleSpace):
    """Coordinates of w along its principal axes, in standard deviations: the first change images most.

    Reference: Härkönen et al. 2020 (GANSpace), arXiv:2004.02546, section 2.2.

    Args:
        model: a built model with styles.
        seed: integer, of the 10,000 draws of w of which the axes are found.
    """

    def __init__(self, model: GenerativeModel, seed: int = 0):
        super().__init__(model)
        w = super().draw(np.arange(_DRAWS), seed).astype("float64")
        self.mean = w.mean(axis=0)
        variances, axes = np.linalg.eigh(np.cov(w, rowvar=False))
        axes = axes[:, ::-1].T
        # A sign is arbitrary: let the largest part of each axis be positive.
        self.axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
        self.deviations = np.sqrt(np.maximum(variances[::-1], 0.0))
        """float64 array (style_dim,), of w along each axis, the largest first; `axes` are in the same order."""

    def draw(self, numbers: np.ndarray, seed: int = 0) -> np.ndarray:
        """Coordinates (n, style_dim) of samples' numbers."""
        scale = np.where(self.deviations > 0, self.deviations, 1.0)
        return ((super().draw(numbers, seed) - self.mean) @ self.axes.T / scale).astype("float32")

    def images(self, z: np.ndarray) -> np.ndarray:
        """Images in [-1, 1] of coordinates."""
        w = self.mean + (np.asarray(z, "float64") * self.deviations) @ self.axes
        return super().images(w.astype("float32"))


def space_of(model: GenerativeModel | LatentSpace, where: str) -> LatentSpace:
    """The space itself, or that of a model's z; errors are in the name of the caller."""
    if isinstance(model, LatentSpace):
        return model
    try:
        return LatentSpace(model)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def with_styles(model: keras.Model) -> HasStyles:
    """The model, if it has styles.

    Raises:
        ValueError: it has none.
    """
    if not isinstance(model, HasStyles):
        raise ValueError(f"{type(model).__name__} has no styles: give a StyleGAN.")
    return model
