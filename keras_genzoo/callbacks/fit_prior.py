"""FitPrior: fits a prior to the latents of training images, for autoencoders whose training has none."""

import warnings

import keras
import numpy as np

from keras_genzoo import counter_rng
from keras_genzoo.capabilities import FitsPrior
from keras_genzoo.data import Source
from keras_genzoo.data.weighting import probabilities, weighted_order

_MOST_NUMBERS = 2**25  # latents times images that a mixture is fitted to


class FitPrior(keras.callbacks.Callback):
    """Fits the mixture over latents after the last epoch, which `generate` draws from.

    Put it before the callbacks that save the model or draw its samples. A model that has a prior is left as it is, and
    training is the same with this callback and without.

    Args:
        source: the training images.
        num: integer, how many of them are encoded, chosen by `seed`; all if there are fewer. With many latents it is
            fewer, so that the fit takes less than a gigabyte.
        every: optional integer, epochs from one fit to the next, for samples during training; by default only after the
            last epoch.
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
        """Fits, if it is due; an error becomes a warning."""
        number = epoch + 1
        last = number == (self.epochs or self.params["epochs"])
        due = last or (self.every is not None and number % self.every == 0)
        if not due or not isinstance(self.model, FitsPrior):
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
            warnings.warn(
                f"epoch {number}: no prior could be fitted to the latents: {error}",
                stacklevel=1,
            )
