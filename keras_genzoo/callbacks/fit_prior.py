"""FitPrior: gives an autoencoder without a prior one, from the latents of its training images."""

import warnings

import keras
import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.data import Source
from keras_genzoo.data.weighting import probabilities, weighted_order

_MOST_NUMBERS = 2**25  # latents of all images together that a mixture is fitted to


class FitPrior(keras.callbacks.Callback):
    """Fits the mixture over latents at the end of the last epoch, so that `generate` makes sense.

    Put it before the callbacks that save the model or draw its samples. A model that has a prior is left as it is, and
    so is the training of any: it is the same with this callback and without.

    Args:
        source: the images that are trained on.
        num: integer, how many of them are encoded, chosen by `seed`; all if there are fewer. Of
            models with many latents fewer, so that the fit takes less than a gigabyte.
        every: optional integer, epochs from one fit to the next, so that samples on the way make sense too; by default
            the last epoch alone.
        seed: integer in [0, 2**32), of the choice and the fit.
        epochs: optional integer, the last epoch; that of `fit` by default.
        weights: optional numbers >= 0 of shape (n,), by which a `Stream` draws the images: they are chosen in the same
            proportion, some of them more than once, so that samples come in the proportion that was learned.

    Raises:
        DataError: the weights do not fit the images.

    Example:
        >>> prior = FitPrior(train.source, weights=train.weights)
        >>> model.fit(train, epochs=20, callbacks=[prior, ImageGrid("samples")])
    """

    def __init__(
        self,
        source: Source,
        num: int = 5_000,
        every: int | None = None,
        seed: int = 0,
        epochs: int | None = None,
        weights: np.ndarray | None = None,
    ):
        super().__init__()
        self.source = source
        self.num = num
        self.every = every
        self.seed = seed
        self.epochs = epochs
        self.weights = None if weights is None else probabilities(weights, len(source), source.name)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Fits, if it is this epoch's turn. What cannot be fitted is told, and the training goes on."""
        number = epoch + 1
        last = number == (self.epochs or self.params["epochs"])
        due = last or (self.every is not None and number % self.every == 0)
        if not due or getattr(self.model, "has_prior", True):
            return
        if self.weights is None:
            order = counter_rng.permutation(self.seed, 0, len(self.source))
        else:
            order = weighted_order(self.weights, self.seed, 0)
        # The fit takes some 20 bytes a number.
        chosen = np.sort(order[: min(self.num, max(2, _MOST_NUMBERS // self.model.latent_dim))])
        try:
            self.model.fit_prior(self.source[chosen]["image"], self.seed)
        except Exception as error:  # even memory that runs out here must not end a training
            warnings.warn(f"epoch {number}: no prior was fitted to the latents: {error}", stacklevel=1)
