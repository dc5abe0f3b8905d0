"""Paths from images to noise: `x_t = alpha(t) x_0 + sigma(t) n`, which a denoiser learns to go back.

A path says at which times a sampler stops. Times run from `last`, where x is noise, to 0, where it is an image.
"""

import math
from typing import Any

from keras import ops

Tensor = Any


class Path:
    """The base of the paths: alpha, sigma and their derivatives as functions of the time.

    `last` is the time of noise alone, `least` the one from which the way to an image is a single step, and `scale` the
    standard deviation of x at `last`.
    """

    last: float = 1.0
    least: float = 1e-3

    @property
    def scale(self) -> float:
        """The standard deviation of the noise that samples begin with."""
        return 1.0

    def alpha(self, t: Tensor) -> Tensor:
        """The factor of the image."""
        raise NotImplementedError

    def sigma(self, t: Tensor) -> Tensor:
        """The standard deviation of the noise."""
        raise NotImplementedError

    def slopes(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """The derivatives of alpha and sigma by the time."""
        raise NotImplementedError

    def time_of(self, level: Tensor) -> Tensor:
        """The time at which sigma / alpha has this value, at most `last`."""
        raise NotImplementedError

    def time(self, step: Tensor, steps: Tensor) -> Tensor:
        """The time after `step` of `steps` steps: `last` at 0, and 0 at `steps`; here evenly spaced."""
        return self.last * (1.0 - _float(step) / _float(steps))

    def time_upwards(self, step: Tensor, steps: Tensor) -> Tensor:
        """The time after `step` of `steps` steps from `least` to `last`."""
        return self.least + (self.last - self.least) * _float(step) / _float(steps)


class LinearPath(Path):
    """`x_t = (1 - t) x_0 + t n`: straight lines.

    Reference: Lipman et al. 2023, arXiv:2210.02747, example II, without a least deviation; Liu et al. 2023,
        arXiv:2209.03003, equation 1; the time there is 1 - t.
    """

    def alpha(self, t: Tensor) -> Tensor:
        """1 - t."""
        return 1.0 - t

    def sigma(self, t: Tensor) -> Tensor:
        """t."""
        return t

    def slopes(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """-1 and 1."""
        return -ops.ones_like(t), ops.ones_like(t)

    def time_of(self, level: Tensor) -> Tensor:
        """level / (1 + level)."""
        return level / (1.0 + level)


class KarrasPath(Path):
    """`x_t = x_0 + t n`: the time is the noise level, and sampling times are dense where it is low.

    Reference: Karras et al. 2022, arXiv:2206.00364, equation 5 and table 1, column 4.

    Args:
        sigma_min: number, the lowest level but 0.
        sigma_max: number, the highest.
        rho: number, how much denser times are at low levels.
    """

    def __init__(self, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0):
        self.least, self.last, self.rho = sigma_min, sigma_max, rho

    @property
    def scale(self) -> float:
        """The highest noise level."""
        return self.last

    def alpha(self, t: Tensor) -> Tensor:
        """1."""
        return ops.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        """t."""
        return t

    def slopes(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """0 and 1."""
        return ops.zeros_like(t), ops.ones_like(t)

    def time_of(self, level: Tensor) -> Tensor:
        """The level."""
        return ops.minimum(level, self.last)

    def time(self, step: Tensor, steps: Tensor) -> Tensor:
        """Equation 5: evenly spaced as a power of 1 / rho, from the highest level to the lowest, and then 0."""
        step, steps = _float(step), _float(steps)
        level = self._level(step / ops.maximum(steps - 1.0, 1.0))
        return ops.where(step >= steps, ops.zeros_like(level), level)

    def time_upwards(self, step: Tensor, steps: Tensor) -> Tensor:
        """The same from the lowest level to the highest."""
        return self._level(1.0 - _float(step) / _float(steps))

    def _level(self, part: Tensor) -> Tensor:
        high, low = self.last ** (1.0 / self.rho), self.least ** (1.0 / self.rho)
        return (high + ops.clip(part, 0.0, 1.0) * (low - high)) ** self.rho


class VariancePreservingPath(Path):
    """`alpha^2 + sigma^2 = 1`: the paths of DDPM, as functions of a time from 0 to 1 that is continuous.

    Reference: "linear": Ho et al. 2020, arXiv:2006.11239, section 4, in the limit of many steps: Song et al. 2021,
        arXiv:2011.13456, equation 33; "cosine": Nichol & Dhariwal 2021, arXiv:2102.09672, equation 17; zero terminal
        SNR: Lin et al. 2024, arXiv:2305.08891, algorithm 1.

    Args:
        schedule: "linear" or "cosine".
        zero_terminal_snr: bool, whether alpha is shifted and scaled so that it ends at 0: samples then begin with
            noise alone, as they should. Otherwise a little of the image is left at the end.
    """

    _BETA = (0.1, 20.0)  # the paper's 1e-4 and 0.02, times 1,000 steps
    _OFFSET = 0.008
    _END = 0.999  # the cosine's last time, where the paper clips: there are no images in what comes then

    def __init__(self, schedule: str = "cosine", zero_terminal_snr: bool = False):
        self.schedule = schedule
        self.zero_terminal_snr = zero_terminal_snr
        self._end = 0.0
        if zero_terminal_snr:
            self._end = float(ops.convert_to_numpy(self._signal(ops.convert_to_tensor(1.0))))

    def _signal(self, t: Tensor) -> Tensor:
        """alpha, before it is made to end at 0."""
        if self.schedule == "linear":
            low, high = self._BETA
            return ops.exp(-0.5 * low * t - 0.25 * (high - low) * ops.square(t))
        return ops.cos(self._angle(t)) / math.cos(self._angle(0.0))

    def _angle(self, t: Any) -> Any:
        return (t * self._END + self._OFFSET) / (1.0 + self._OFFSET) * 0.5 * math.pi

    def _signal_slope(self, t: Tensor) -> Tensor:
        if self.schedule == "linear":
            low, high = self._BETA
            return -0.5 * (low + (high - low) * t) * self._signal(t)
        rate = self._END / (1.0 + self._OFFSET) * 0.5 * math.pi
        return -rate * ops.sin(self._angle(t)) / math.cos(self._angle(0.0))

    def alpha(self, t: Tensor) -> Tensor:
        """The square root of the paper's alpha bar."""
        return ops.maximum(self._signal(t) - self._end, 0.0) / (1.0 - self._end)

    def sigma(self, t: Tensor) -> Tensor:
        """The square root of 1 - alpha^2."""
        alpha = self.alpha(t)
        return ops.sqrt(ops.maximum((1.0 - alpha) * (1.0 + alpha), 0.0))

    def slopes(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """The derivatives; that of sigma, -alpha alpha' / sigma, has no limit at 0."""
        slope = self._signal_slope(t) / (1.0 - self._end)
        return slope, -self.alpha(t) * slope / self.sigma(t)

    def time_of(self, level: Tensor) -> Tensor:
        """The time of a level: alpha is 1 / sqrt(1 + level^2)."""
        signal = ops.rsqrt(1.0 + ops.square(level)) * (1.0 - self._end) + self._end
        if self.schedule == "linear":
            low, high = self._BETA
            rest = -4.0 * ops.log(signal)
            t = rest / (low + ops.sqrt(low**2 + (high - low) * rest))
        else:
            angle = ops.arccos(ops.clip(signal * math.cos(self._angle(0.0)), 0.0, 1.0))
            t = (angle / (0.5 * math.pi) * (1.0 + self._OFFSET) - self._OFFSET) / self._END
        return ops.clip(t, 0.0, self.last)


def _float(number: Tensor) -> Tensor:
    return ops.cast(ops.convert_to_tensor(number), "float32")
