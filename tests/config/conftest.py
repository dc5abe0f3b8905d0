"""A toy zoo: a model, a network and a dataset that have a signature and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from keras_genzoo import config
from keras_genzoo.config import ConfigError, finding
from keras_genzoo.registry import DATASETS, MODELS, NETWORKS
from keras_genzoo.types import Config, Count, DType, ImageShape, Network, Prior, Regularizers, Scalar, Share


class Base:
    default_optimizer: Config = {"class_name": "Adam", "config": {"learning_rate": 1e-3}}

    def __init__(self, dtype: DType | None = None, name: str | None = None):
        pass


class Toy(Base):
    def __init__(
        self,
        image_shape: ImageShape,
        latent_dim: Count = 8,
        beta: Scalar = 1.0,
        dropout: Share = 0.5,
        encoder: Network = "toy_encoder",
        mapping: Network | None = None,
        prior: Prior | None = None,
        regularizers: Regularizers = (),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)


def toy_encoder(image_shape: ImageShape, outputs: Count, filters: tuple[Count, ...] = (4, 8), kernel_size: Count = 3):
    pass


def toy_data(size: Count, channels: Count, num_images: Count = 100, held_out: Count | Share = 0.1, path: str = ""):
    pass


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    monkeypatch.setitem(MODELS._entries, "toy", Toy)
    monkeypatch.setitem(NETWORKS._entries, "toy_encoder", toy_encoder)
    monkeypatch.setitem(DATASETS._entries, "toy_data", toy_data)


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """A folder of presets that stands in for the package's own."""
    monkeypatch.setattr(finding, "folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def preset() -> Callable[..., dict[str, Any]]:
    """Makes a preset of the toy model, with other sections in the place of its own."""

    def make(**sections: Any) -> dict[str, Any]:
        return {
            "schema": 2,
            "model": "toy",
            "about": "For tests.",
            "data": {"dataset": "toy_data", "batch_size": 8},
            "arguments": {"image_shape": [8, 8, 3]},
            "fit": {"epochs": 2},
            **sections,
        }

    return make


@pytest.fixture
def refusal() -> Callable[..., str]:
    """The message, of one line, with which a preset, or a setting of it, is refused."""

    def message(content: Any, *settings: str) -> str:
        with pytest.raises(ConfigError) as error:
            config.override(content, settings)
        assert "\n" not in str(error.value)
        return str(error.value)

    return message
