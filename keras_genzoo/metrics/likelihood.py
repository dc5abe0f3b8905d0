"""Likelihood of images under latent-variable models: the ELBO, and the tighter bound by importance weights.

Both are sums over pixels, in nats an image, one number for each image. Under a Gaussian likelihood they are the
logarithm of a density over pixels in [-1, 1], so they may be positive; see `likelihood_protocol`.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy import special

from keras_genzoo.bounds import SEEDS, integer_in
from keras_genzoo.capabilities import HasLikelihood
from keras_genzoo.images import as_floats

Progress = Callable[[int], None]

_SAMPLES_AT_ONCE = 8  # enough that encoding costs little beside decoding; the memory grows with them


def elbo(
    model: keras.Model,
    images: np.ndarray,
    samples: int = 1,
    seed: int = 0,
    batch_size: int = 64,
    start: int = 0,
    progress: Progress | None = None,
) -> np.ndarray:
    """The evidence lower bound of each image, by draws from its posterior.

    Use it to compare the objectives that trainings reach. It is the mean of `log p(x, z) - log q(z given x)` over draws
    z, and has the same expectation as minus the loss of a VAE at `beta` = 1, in which the KL divergence is taken in
    closed form.

    Reference:
        Kingma & Welling 2014, "Auto-encoding variational Bayes", equation 2 and section 2.3, arXiv:1312.6114.

    Args:
        model: a model with `log_importance_weight(x, indices, seed, samples)`, such as `VAE`.
        images: array of shape (n, height, width, channels), uint8 or float in [-1, 1].
        samples: integer, draws for each image; the mean over a thousand images is precise with one.
        seed: integer in [0, 2**32).
        batch_size: integer, images at a time.
        start: integer, the number of the first image; in pieces, a set of images gives the same numbers as in one call.
        progress: optional function, called now and then with the number of draws since the last call.

    Returns:
        float64 array of shape (n,), in nats. Sums over pixels are of float32: about 1e-6 of the value is noise.

    Raises:
        ValueError: the model has no such method, the images are not its own, or a number is out of range.

    Example:
        >>> elbo(model, held_out[np.arange(1000)]["image"]).mean()
    """
    found = _log_weights(model, images, samples, seed, batch_size, start, "elbo", progress)
    return np.concatenate([sum(part.sum(axis=1) for part in parts) / samples for parts in found])


def importance_weighted_log_likelihood(
    model: keras.Model,
    images: np.ndarray,
    samples: int = 1000,
    seed: int = 0,
    batch_size: int = 64,
    start: int = 0,
    progress: Progress | None = None,
) -> np.ndarray:
    """A lower bound of each image's log-likelihood: `log(1/k sum_i p(x, z_i) / q(z_i given x))` of k draws z.

    Use it as the likelihood of a VAE; papers take k = 5,000 on MNIST. Its expectation rises with k from the ELBO, at
    k = 1, to log p(x): numbers of unlike `samples` are not to be compared.

    Reference:
        Burda et al. 2016, "Importance weighted autoencoders", equation 8 and theorem 1, arXiv:1509.00519.

    Args:
        model, images, seed, batch_size, start, progress: as for `elbo`.
        samples: integer, the number k of draws for each image.

    Returns:
        float64 array of shape (n,), in nats.

    Raises:
        ValueError: as for `elbo`.

    Example:
        >>> importance_weighted_log_likelihood(model, held_out[np.arange(1000)]["image"], samples=1000).mean()
    """
    where = "importance_weighted_log_likelihood"
    results = []
    for parts in _log_weights(model, images, samples, seed, batch_size, start, where, progress):
        total: Any = -np.inf
        for part in parts:
            total = np.logaddexp(total, special.logsumexp(part, axis=1))
        results.append(total - math.log(samples))
    return np.concatenate(results)


def likelihood_protocol(model: keras.Model) -> dict[str, Any]:
    """Returns the protocol of these numbers: which likelihood they are of, and how to read it.

    For a Gaussian likelihood, an image of D numbers with log-likelihood L has `-L / (D log 2) + log2(127.5)` bits a
    dimension, as a density over pixels in 0..255. (This is no bound on the bits of a code, which needs pixels with
    uniform noise added: Theis et al. 2016, arXiv:1511.01844, section 3.1.) For a discretized logistic one it has
    `-L / (D log 2)`, which is such a bound.

    Args:
        model: a model with `log_importance_weight`, such as `VAE`.

    Returns:
        dictionary: `unit`; `likelihood`, its name; `scale`, that of a Gaussian or logistic one, else None; "learned"
        if it is a part of the model; `dimensions`, the numbers D in an image; `density`, in words; `normalized`,
        whether the likelihood of all images adds up to 1; `exact`, true where it is no bound, so that one draw is
        enough; `draws`, how many to take of an estimate that takes long.

    Raises:
        ValueError: the model has no importance weights.
    """
    _check_model(model, "likelihood_protocol")
    declared = model.pixel_likelihood
    return {
        "unit": "nats an image",
        "likelihood": declared["name"],
        "scale": declared["scale"],
        "dimensions": math.prod(model.image_shape),
        "density": declared["density"],
        "normalized": declared["normalized"],
        **({"exact": True} if declared["exact"] else {}),
        **({"draws": declared["draws"]} if "draws" in declared else {}),
    }


def _log_weights(
    model: keras.Model,
    images: np.ndarray,
    samples: int,
    seed: int,
    batch_size: int,
    start: int,
    where: str,
    progress: Progress | None,
) -> Iterator[Iterator[np.ndarray]]:
    """For each batch of images, their log weights in float64, some samples at a time: arrays (images, samples)."""
    _check_model(model, where)
    images = np.asarray(images)
    for name, value, low, high in (
        ("samples", samples, 1, None),
        ("batch_size", batch_size, 1, None),
        ("start", start, 0, 2**31 - 1),
        ("seed", seed, 0, SEEDS),
    ):
        integer_in(value, low, high, f"{where}: {name}")
    if not len(images):
        raise ValueError(f"{where}: there are no images: give at least one.")
    graph = model.graph("log_importance_weight")
    batch_size, at_once = min(batch_size, len(images)), min(_SAMPLES_AT_ONCE, samples)

    def weights_of(x: np.ndarray, first: int) -> Iterator[np.ndarray]:
        # Filled up to one shape, which is compiled once: the last batch by copies, the last samples by more of them.
        whole = np.concatenate([x, np.repeat(x[-1:], batch_size - len(x), axis=0)])
        indices = np.arange(first, first + batch_size, dtype="int32")
        for sample in range(0, samples, at_once):
            numbers = np.arange(sample, sample + at_once, dtype="int32")
            tensors = (ops.convert_to_tensor(array) for array in (whole, indices, np.uint32(seed), numbers))
            weights = ops.convert_to_numpy(graph(*tensors)).astype("float64")
            kept = weights[: len(x), : samples - sample]
            if progress is not None:
                progress(kept.size)
            yield kept

    for first in range(0, len(images), batch_size):
        x = as_floats(images[first : first + batch_size], model.image_shape, where)
        yield weights_of(x, start + first)


def _check_model(model: keras.Model, where: str) -> None:
    if not isinstance(model, HasLikelihood):
        raise ValueError(
            f"{where}: {type(model).__name__} has no log_importance_weight, so it gives no likelihood: give a model "
            "with a posterior, such as a VAE."
        )
