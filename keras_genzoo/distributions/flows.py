"""Posteriors beyond the Gaussian: normalizing flows, which transform its draws and their density."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_genzoo.distributions.posteriors import DiagonalGaussian
from keras_genzoo.registry import POSTERIORS
from keras_genzoo.types import Count, FlowSteps

Tensor = Any


_LEAST_PRODUCT = -1.0 + 1e-4  # at -1 the flow cannot be inverted, and 1e-4 is what float32 can distinguish from it


class _Flow(keras.layers.Layer):
    """A diagonal Gaussian whose draws go through `steps` transformations.

    Args:
        latent_dim: integer, the length of a latent vector.
        steps: integer, the number of transformations.
        kwargs: `name`.
    """

    def __init__(self, latent_dim: int, steps: FlowSteps, **kwargs: Any):
        super().__init__(dtype="float32", **kwargs)
        self.latent_dim = latent_dim
        self.steps = steps
        self.base = DiagonalGaussian(latent_dim)
        self.size = self.base.size + self.context_size
        self.built = True

    @property
    def context_size(self) -> int:
        """How many numbers the transformations take from the encoder for each image."""
        raise NotImplementedError

    def step(self, number: int, z: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Transformation number `number`: of z, and the logarithm of the absolute determinant of its Jacobian."""
        raise NotImplementedError

    def sample(self, parameters: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor]:
        """Draws, and the logarithm of their density; arguments and result as for `DiagonalGaussian`."""
        z, log_q = self.base.sample(parameters[..., : self.base.size], epsilon)
        for number in range(self.steps):
            z, log_determinant = self.step(number, z, parameters[..., self.base.size :])
            log_q = log_q - log_determinant
        return z, log_q

    def center(self, parameters: Tensor) -> Tensor:
        """The Gaussian's mean, transformed."""
        z = self.base.center(parameters[..., : self.base.size])
        for number in range(self.steps):
            z, _ = self.step(number, z, parameters[..., self.base.size :])
        return z


def _shortened(product: Tensor) -> Tensor:
    """elu(p) / p: 1 for p >= 0, and (exp(p) - 1) / p below, which is 1 at 0 as well."""
    far = ops.minimum(product, -1e-3)  # where the quotient loses no digits
    quotient = ops.maximum(ops.expm1(far), _LEAST_PRODUCT) / far
    series = 1.0 + product * (0.5 + product / 6.0)  # off by p^3 / 24
    return ops.where(product >= 0.0, 1.0, ops.where(product > -1e-3, series, quotient))


@POSTERIORS.register("planar")
class PlanarFlow(_Flow):
    """Latents are shifted along a direction, by a tanh of their distance from a plane; the encoder gives each plane.

    Use it for few latents: a step transforms one direction only.

    Reference: Rezende & Mohamed 2015, arXiv:1505.05770, equations 10 to 13.

    Differs from the paper: appendix A.1 keeps w u > -1, so that the step can be inverted, by moving u along w / |w|^2,
        which grows without bound where w is near 0. Here u is shortened instead, until w u becomes elu(w u): the same
        transformations, without a division.

    Args:
        latent_dim: integer, the length of a latent vector.
        steps: integer, the number of planes.
        kwargs: `name`.
    """

    def __init__(self, latent_dim: int, steps: FlowSteps = 4, **kwargs: Any):
        super().__init__(latent_dim, steps, **kwargs)

    @property
    def context_size(self) -> int:
        """A plane for each step: two vectors and a number."""
        return self.steps * (2 * self.latent_dim + 1)

    def step(self, number: int, z: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """`z + u tanh(w z + b)`, with w u > -1."""
        size, first = self.latent_dim, number * (2 * self.latent_dim + 1)
        u, w = parameters[..., first : first + size], parameters[..., first + size : first + 2 * size]
        b = parameters[..., first + 2 * size]
        product = ops.sum(w * u, axis=-1)
        shortened = _shortened(product)
        height = ops.tanh(ops.sum(w * z, axis=-1) + b)
        derivative = 1.0 - ops.square(height)
        z = z + (shortened * height)[..., None] * u
        return z, ops.log1p(derivative * shortened * product)


@POSTERIORS.register("iaf")
class InverseAutoregressiveFlow(_Flow):
    """Each latent is scaled and shifted by amounts that a masked network computes from the latents before it.

    Use it for many latents: a step transforms them all; the order of the latents is reversed from step to step.

    Reference: Kingma et al. 2016, arXiv:1606.04934, algorithm 1; its network, with one hidden layer: Germain et al.
        2015 (MADE), arXiv:1502.03509.

    Args:
        latent_dim: integer, the length of a latent vector.
        steps: integer, the number of transformations, each with a network of its own.
        units: integer, of a network's hidden layer.
        kwargs: `name`.
    """

    def __init__(self, latent_dim: int, steps: FlowSteps = 4, units: Count = 256, **kwargs: Any):
        super().__init__(latent_dim, steps, **kwargs)
        self._networks = []
        for number in range(steps):
            inward, outward = made_masks(latent_dim, units, reverse=bool(number % 2))
            shapes = {"inward": inward.shape, "context": (latent_dim, units), "hidden_bias": (units,)}
            shapes |= {"mean": outward.shape, "gate": outward.shape}
            weights = {
                name: self.add_weight(
                    shape,
                    initializer="zeros" if len(shape) == 1 else "glorot_uniform",
                    name=f"{name}_{number}",
                )
                for name, shape in shapes.items()
            }
            weights["mean_bias"] = self.add_weight((latent_dim,), initializer="zeros", name=f"mean_bias_{number}")
            # Open at first, so that a step begins as nearly the identity (section 3 of the paper).
            weights["gate_bias"] = self.add_weight(
                (latent_dim,), initializer=keras.initializers.Constant(2.0), name=f"gate_bias_{number}"
            )
            self._networks.append((weights, inward, outward))

    @property
    def context_size(self) -> int:
        """One number for each latent, an input of all networks."""
        return self.latent_dim

    def step(self, number: int, z: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """`gate * z + (1 - gate) * mean`, with gate and mean of a latent computed from those before it."""
        weights, inward, outward = self._networks[number]
        hidden = ops.matmul(z, weights["inward"] * inward) + ops.matmul(parameters, weights["context"])
        hidden = ops.elu(hidden + weights["hidden_bias"])
        mean = ops.matmul(hidden, weights["mean"] * outward) + weights["mean_bias"]
        score = ops.matmul(hidden, weights["gate"] * outward) + weights["gate_bias"]
        gate = ops.sigmoid(score)
        return gate * z + (1.0 - gate) * mean, -ops.sum(ops.softplus(-score), axis=-1)


def made_masks(inputs: int, units: int, reverse: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Masks of two dense kernels, so that output i depends on the inputs before i alone.

    Reference: Germain et al. 2015, arXiv:1502.03509, equations 8 and 9.

    Args:
        inputs: integer, the number of inputs and of outputs.
        units: integer, hidden units, whose degrees rise evenly.
        reverse: bool, whether the last input counts as the first.

    Returns:
        float32 arrays of 0 and 1, of shape (inputs, units) and (units, inputs).
    """
    degrees = np.arange(1, inputs + 1)[:: -1 if reverse else 1]
    # Evenly spread, also where there are more inputs than units.
    hidden = 1 + np.arange(units) * (inputs - 1) // units if inputs > 1 else np.zeros(units)
    inward, outward = hidden[None, :] >= degrees[:, None], degrees[None, :] > hidden[:, None]
    return inward.astype("float32"), outward.astype("float32")
