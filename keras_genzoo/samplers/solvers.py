"""Samplers: from noise to images by a denoiser, in one loop that is compiled once for any number of steps.

Each is a function of a denoiser `D(x, t)`, the mean of the images of which x at the time t may have been made, of the
noise x (n, ...) that it begins with, and of a `Path`. What a denoiser says is enough: the noise in x is
`(x - alpha D) / sigma`, and the probability flow `dx/dt = alpha' D + sigma' (x - alpha D) / sigma`.
"""

import math
from collections.abc import Callable
from typing import Any, Literal

from keras import ops

from keras_genzoo.samplers.paths import Path

Tensor = Any
Denoise = Callable[[Tensor, Tensor], Tensor]
"""From x (n, ...) and a time, a scalar, to images (n, ...)."""
Noise = Callable[[Tensor], Tensor]
"""From the number of a step to noise N(0, 1) of the shape of x: another one for each step."""
SamplerName = Literal["ddim", "ancestral", "euler", "heun", "dpm_solver"]

_MOST_CHURN = math.sqrt(2.0) - 1.0


def _loop(steps: Tensor, body: Callable[[Tensor, Any], Any], state: Any) -> Any:
    """What is left of `state` after so many times `body(i, state)`."""
    # Without a graph TensorFlow's loop counts in Python's integers.
    return ops.fori_loop(0, steps, lambda i, state: body(ops.convert_to_tensor(i, "int32"), state), state)


def _without_noise(denoise: Denoise, x: Tensor, path: Path, steps: Tensor) -> Tensor:
    """The last step: at time 0 nothing is left but what the denoiser says. (The flow of some paths has no limit.)"""
    return denoise(x, path.time(steps - 1, steps))


def noise_in(x: Tensor, images: Tensor, t: Tensor, path: Path) -> Tensor:
    """The noise in x at the time t, if these are its images."""
    return (x - path.alpha(t) * images) / path.sigma(t)


def flow(denoise: Denoise, x: Tensor, t: Tensor, path: Path) -> Tensor:
    """dx/dt of the probability flow: an image and its noise move along `alpha' x_0 + sigma' n`."""
    images = denoise(x, t)
    of_alpha, of_sigma = path.slopes(t)
    return of_alpha * images + of_sigma * noise_in(x, images, t, path)


def ddim(denoise: Denoise, x: Tensor, path: Path, steps: Tensor, noise: Noise, eta: Tensor = 0.0) -> Tensor:
    """DDIM: to the next time with the same image and the same noise, of which a part is replaced by fresh noise.

    Evaluations: `steps`. With eta = 1 it draws from the posterior q(x_s given x_t, x_0), as DDPM does.

    Reference: Song et al. 2021, arXiv:2010.02502, equations 12 and 16; Ho et al. 2020, arXiv:2006.11239, equation 7.

    Args:
        denoise: see above.
        x: noise (n, ...), of the path's `scale`.
        path: a `Path`.
        steps: integer.
        noise: see above; unused at eta = 0.
        eta: number, the deviation of fresh noise as a share of the posterior's; 0 (the number) for none.
    """
    fresh = not (isinstance(eta, int | float) and eta == 0)

    def step(i: Tensor, x: Tensor) -> Tensor:
        t, s = path.time(i, steps), path.time(i + 1, steps)
        images = denoise(x, t)
        own, sigma, alpha = noise_in(x, images, t, path), path.sigma(s), path.alpha(s)
        if not fresh:
            return alpha * images + sigma * own
        # The posterior's variance: sigma_s^2 / sigma_t^2 times that of x_t given x_s.
        gained = ops.square(path.sigma(t)) - ops.square(path.alpha(t) / alpha * sigma)
        variance = ops.square(eta * sigma / path.sigma(t)) * ops.maximum(gained, 0.0)
        kept = ops.sqrt(ops.maximum(ops.square(sigma) - variance, 0.0))
        return alpha * images + kept * own + ops.sqrt(variance) * noise(i)

    return _loop(steps, step, x)


def euler(denoise: Denoise, x: Tensor, path: Path, steps: Tensor) -> Tensor:
    """Euler's method for the probability flow, in the path's own time: first order.

    Evaluations: `steps`. Of `LinearPath` and `KarrasPath` it is DDIM, and the last step, to time 0, of any path.

    Reference: Karras et al. 2022, arXiv:2206.00364, equation 1 and section 3.

    Args:
        denoise, x, path, steps: as for `ddim`.
    """

    def step(i: Tensor, x: Tensor) -> Tensor:
        t, s = path.time(i, steps), path.time(i + 1, steps)
        return x + (s - t) * flow(denoise, x, t, path)

    return _without_noise(denoise, _loop(steps - 1, step, x), path, steps)


def heun(
    denoise: Denoise,
    x: Tensor,
    path: Path,
    steps: Tensor,
    noise: Noise,
    churn: Tensor = 0.0,
    churn_range: tuple[float, float] = (0.0, math.inf),
    churn_noise: float = 1.0,
) -> Tensor:
    """Heun's method for the probability flow: second order; with `churn` a little noise is added before each step.

    Evaluations: `2 steps - 1`: the last step, to time 0, is one of first order.

    Reference: Karras et al. 2022, arXiv:2206.00364, algorithms 1 and 2.

    Args:
        denoise, x, path, steps: as for `ddim`.
        noise: unused without churn.
        churn: number, S_churn; 0 (the number) for none.
        churn_range: numbers, the noise levels sigma / alpha at which there is churn: S_tmin and S_tmax.
        churn_noise: number, the deviation of the noise that is added: S_noise.
    """
    churned = not (isinstance(churn, int | float) and churn == 0)
    steps = ops.convert_to_tensor(steps, "int32")

    def up(i: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha = ops.maximum(path.alpha(t), 1e-6)  # which may be 0 at first, where there is noise enough
        level = path.sigma(t) / alpha
        inside = ops.logical_and(level >= churn_range[0], level <= churn_range[1])
        inside = ops.logical_and(inside, i > 0)
        gamma = ops.minimum(churn / ops.cast(steps, "float32"), _MOST_CHURN)
        higher = ops.where(inside, ops.maximum(path.time_of(level * (1.0 + gamma)), t), t)
        factor = ops.where(inside, path.alpha(higher) / alpha, 1.0)
        added = ops.maximum(ops.square(path.sigma(higher)) - ops.square(factor * path.sigma(t)), 0.0)
        return factor * x + churn_noise * ops.sqrt(added) * noise(i), higher

    def step(i: Tensor, x: Tensor) -> Tensor:
        t, s = path.time(i, steps), path.time(i + 1, steps)
        if churned:
            x, t = up(i, x, t)
        first = flow(denoise, x, t, path)
        end = x + (s - t) * first
        second = flow(denoise, end, s, path)
        return x + (s - t) * 0.5 * (first + second)

    return _without_noise(denoise, _loop(steps - 1, step, x), path, steps)


def dpm_solver(denoise: Denoise, x: Tensor, path: Path, steps: Tensor) -> Tensor:
    """DPM-Solver++(2M): second order in the logarithm of alpha / sigma, by what the last step's denoiser said.

    Evaluations: `steps`. The first and the last step are of first order.

    Reference: Lu et al. 2022, arXiv:2211.01095, algorithm 2.

    Args:
        denoise, x, path, steps: as for `ddim`.
    """

    def log_ratio(t: Tensor) -> Tensor:
        return ops.log(path.alpha(t)) - ops.log(path.sigma(t))

    def step(i: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        x, before = state
        t, s = path.time(i, steps), path.time(i + 1, steps)
        images = denoise(x, t)
        h = log_ratio(s) - log_ratio(t)
        h_before = log_ratio(t) - log_ratio(path.time(ops.maximum(i - 1, 0), steps))
        multistep = ops.logical_and(i > 0, i < steps - 1)
        # h is infinite in a last step, to sigma 0, and in a first one from alpha 0.
        half = ops.where(multistep, 0.5 * h / ops.where(multistep, h_before, 1.0), 0.0)
        combined = images + half * (images - before)
        decay = path.sigma(s) / path.sigma(t)
        return decay * x + (path.alpha(s) - decay * path.alpha(t)) * combined, images

    return _loop(steps, step, (x, ops.zeros_like(x)))[0]


def towards_noise(denoise: Denoise, x: Tensor, path: Path, steps: Tensor) -> Tensor:
    """The noise of images: the probability flow backwards, by Heun's method.

    Evaluations: `2 steps`. Of a model that is exact, samplers of the flow lead from it to the images again.

    Reference: Song et al. 2021, arXiv:2010.02502, section 4.3; Song et al. 2021, arXiv:2011.13456, section 4.3.

    Args:
        denoise, path, steps: as for `ddim`.
        x: images (n, ...).

    Returns:
        x at the path's last time.
    """

    def step(i: Tensor, x: Tensor) -> Tensor:
        t, s = path.time_upwards(i, steps), path.time_upwards(i + 1, steps)
        first = flow(denoise, x, t, path)
        second = flow(denoise, x + (s - t) * first, s, path)
        return x + (s - t) * 0.5 * (first + second)

    return _loop(steps, step, path.alpha(ops.convert_to_tensor(path.least)) * x)


def log_likelihood(
    denoise: Denoise,
    product: Callable[[Callable[[Tensor], Tensor], Tensor, Tensor], tuple[Tensor, Tensor]],
    x: Tensor,
    path: Path,
    steps: Tensor,
    probes: Tensor,
) -> Tensor:
    """log p(x) by the instantaneous change of variables along the probability flow, in nats, (n,).

    The divergence of the flow is estimated by Hutchinson's probes; with as many one-hot ones, times the square root of
    their number, as x has numbers it is exact. By the classic method of Runge and Kutta, of fourth order, since the
    density adds up over all noise levels. Evaluations: `4 steps`, each with a gradient for each probe.

    Reference: Song et al. 2021, arXiv:2011.13456, section 4.3 and appendix D.2; Chen et al. 2018, arXiv:1806.07366.

    Args:
        denoise, path, steps: as for `ddim`.
        product: function from a function f, x and a probe v (n, ...) to f(x) and `v^T J v` (n,) of its Jacobian J.
        x: what the density is of, (n, ...): images with noise between their grey levels.
        probes: (k, n, ...) of variance 1: signs, for example.
    """
    axes = tuple(range(1, len(x.shape)))
    count = probes.shape[0]

    def with_divergence(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        total: Tensor = 0.0
        for number in range(count):
            value, part = product(lambda x: flow(denoise, x, t, path), x, probes[number])
            total = total + part / count
        return value, total

    def step(i: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        x, total = state
        t, s = path.time_upwards(i, steps), path.time_upwards(i + 1, steps)
        h, middle = s - t, 0.5 * (t + s)
        first, of_first = with_divergence(x, t)
        second, of_second = with_divergence(x + 0.5 * h * first, middle)
        third, of_third = with_divergence(x + 0.5 * h * second, middle)
        last, of_last = with_divergence(x + h * third, s)
        slope = (first + 2.0 * (second + third) + last) / 6.0
        return x + h * slope, total + h * (of_first + 2.0 * (of_second + of_third) + of_last) / 6.0

    numbers = math.prod(x.shape[1:])
    least = path.alpha(ops.convert_to_tensor(path.least))
    start = least * x, ops.zeros(ops.shape(x)[:1])
    x, total = _loop(steps, step, start)
    squares = ops.sum(ops.square(x), axis=axes) / path.scale**2
    log_normal = -0.5 * squares - numbers * (0.5 * math.log(2.0 * math.pi) + math.log(path.scale))
    return log_normal + total + numbers * ops.log(least)
