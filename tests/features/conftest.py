import numpy as np
import pytest

from tests.evaluation.conftest import Channels, cache

__all__ = ["cache"]  # a fixture here too


@pytest.fixture
def channels():
    return Channels()


@pytest.fixture(scope="session")
def pictures():
    """2,300 different small images."""
    return np.random.default_rng(0).integers(0, 256, (2300, 4, 4, 3), "uint8")
