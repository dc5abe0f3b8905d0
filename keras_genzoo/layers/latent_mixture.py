"""A Gaussian mixture over latents: a prior for autoencoders that are trained without one."""

import math
import warnings
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo import counter_rng

Tensor = Any

_DRAW, _COMPONENT, _SCORES = 0, 1, 2  # streams of noise
_UNUSED = -1e4  # the log weight of a component that there were too few latents for


@keras.saving.register_keras_serializable("keras_genzoo")
class LatentMixture(keras.layers.Layer):
    """A mixture of Gaussians with full covariances, in the directions in which latents vary most.

    Use it to draw images from an autoencoder without a prior: fit it to the latents of the training images, and decode
    its draws. Before it is fitted it draws from N(0, I).

    A latent is `center + scores @ basis + spread * epsilon`: the scores come from the mixture; the basis are the first
    `rank` principal directions; epsilon is N(0, I), for the other directions. With no more latents than `rank` there
    are none, and this is a mixture over the latents themselves. Its parameters are weights that are not trained, so
    checkpoints and exported models hold them.

    Reference: Ghosh et al. 2020, "From variational to deterministic autoencoders", arXiv:1903.12436, section 4.

    Args:
        latent_dim: integer, the length of a latent vector.
        components: integer in 1..1,000, of the mixture.
        rank: integer, directions that the mixture is over; fewer if there are fewer latents.
        kwargs: `name`, as for every layer.

    Raises:
        ValueError: `components` is out of range.

    Example:
        >>> mixture = LatentMixture(64)
        >>> mixture.fit(model.encode(images))
        >>> z = mixture.sample(np.arange(16), seed=0)
    """

    def __init__(self, latent_dim: int, components: int = 10, rank: int = 128, **kwargs: Any):
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=kwargs.pop("trainable", False), autocast=False, **kwargs)
        if not 1 <= components <= 1_000:
            raise ValueError(f"LatentMixture: components={components:,} must lie in 1..1,000.")
        self.latent_dim = latent_dim
        self.components = components
        self.rank = min(rank, latent_dim)
        size, rank = components, self.rank

        def weight(name: str, shape: tuple[int, ...], initializer: Any = "zeros") -> keras.Variable:
            return self.add_weight(shape, initializer, trainable=False, name=name)

        self.log_weights = weight("log_weights", (size,), keras.initializers.Constant(-math.log(size)))
        self.means = weight("means", (size, rank))
        self.factors = weight("factors", (size, rank, rank))
        self.basis = weight("basis", (rank, latent_dim))
        self.center = weight("center", (latent_dim,))
        self.spread = weight("spread", (latent_dim,), "ones")
        self.built = True

    def sample(self, indices: Tensor, seed: Tensor) -> Tensor:
        """Latents of the given numbers: number i of a seed is the same in every batch.

        Args:
            indices: integers of shape (n,).
            seed: integer scalar in [0, 2**32).

        Returns:
            float32 tensor of shape (n, latent_dim).
        """
        cumulative = ops.cumsum(ops.exp(self.log_weights))
        uniform = counter_rng.uniform(seed, indices, 1, _COMPONENT, xp=ops)
        component = ops.sum(ops.cast(uniform > cumulative[None, :-1], "int32"), axis=1)
        epsilon = counter_rng.normal(seed, indices, self.rank, _SCORES, xp=ops)
        scores = ops.take(self.means, component, axis=0)
        scores = scores + ops.einsum("nij,nj->ni", ops.take(self.factors, component, axis=0), epsilon)
        rest = self.spread * counter_rng.normal(seed, indices, self.latent_dim, _DRAW, xp=ops)
        return self.center + ops.matmul(scores, self.basis) + rest

    def fit(self, latents: np.ndarray, seed: int = 0) -> None:
        """Fits the mixture by expectation maximization; the same latents and seed give the same mixture.

        A covariance needs more latent vectors than directions: of few vectors fewer components are used, at least one.
        Latents that do not vary are drawn as they are.

        Args:
            latents: float array of shape (n, latent_dim), n at least 2.
            seed: integer in [0, 2**32), of the initial means.

        Raises:
            ValueError: another shape, fewer than 2 latent vectors, or NaN or infinity among them.
        """
        from sklearn import decomposition, exceptions, mixture  # type: ignore[import-untyped]

        latents = np.asarray(latents)
        self._check(latents)
        center = latents.mean(axis=0, dtype="float64")
        centered = (latents - center).astype(latents.dtype)
        unit = float(np.sqrt(np.mean(np.square(centered, dtype="float64"))))
        centered = centered / (unit or 1.0)
        rank = min(self.rank, len(latents))
        used = min(self.components, max(1, len(latents) // (rank + 1)))
        # Latents that do not vary, and fewer distinct ones than components, make a good mixture too.
        with np.errstate(invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
            directions = decomposition.PCA(rank, random_state=seed).fit(centered)
            scores = directions.transform(centered)
            fitted = mixture.GaussianMixture(used, random_state=seed, max_iter=200).fit(scores.astype("float64"))
        rest = centered - directions.inverse_transform(scores)
        values = {variable.name: np.zeros(variable.shape) for variable in self.weights}
        values["log_weights"] += _UNUSED
        values["log_weights"][:used] = np.log(np.maximum(fitted.weights_, 1e-30))
        values["means"][:used, :rank] = fitted.means_
        values["factors"][:used, :rank, :rank] = np.linalg.cholesky(fitted.covariances_)
        values["basis"][:rank] = unit * directions.components_
        values["center"] += center
        values["spread"] += unit * np.sqrt(np.mean(np.square(rest, dtype="float64"), axis=0))
        for variable in self.weights:
            variable.assign(values[variable.name])

    def _check(self, latents: np.ndarray) -> None:
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(
                f"LatentMixture.fit: latents have shape {latents.shape}, but (n, {self.latent_dim}) is expected."
            )
        if len(latents) < 2:
            raise ValueError(f"LatentMixture.fit: got {len(latents)} latent vectors: give those of 2 images or more.")
        if not np.isfinite(latents).all():
            raise ValueError(
                "LatentMixture.fit: there is NaN or infinity among the latents: the training diverged; lower the "
                "learning rate."
            )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"latent_dim": self.latent_dim, "components": self.components, "rank": self.rank}
        return {**super().get_config(), **own}
