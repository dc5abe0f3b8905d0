import json

import pytest

from keras_genzoo import config
from keras_genzoo.config import ConfigError, limits
from tests.config.test_building import DCGAN, VAE, refusal

WGAN = {
    **DCGAN,
    "model": "wgan_gp",
    "arguments": {
        "image_shape": [8, 8, 3],
        "critic_steps": 3,
        "generator": {"network": "dcgan_generator", "filters": [8, 4]},
        "critic": {"network": "dcgan_discriminator", "filters": [4, 8], "normalization": None},
    },
}


@pytest.mark.slow
def test_parameters(monkeypatch):
    parameters = sum(config.build(VAE).get_layer(name).count_params() for name in ("encoder", "decoder"))
    monkeypatch.setattr(limits, "MOST_PARAMETERS", parameters)
    config.build(VAE)
    monkeypatch.setattr(limits, "MOST_PARAMETERS", parameters - 1)
    assert "preset: arguments: VAE.decoder: " in refusal(VAE)


@pytest.mark.slow
@pytest.mark.parametrize(("preset", "images"), [(VAE, "4"), (WGAN, "3 turns of 4")])
def test_the_images_of_a_step(preset, images, monkeypatch):
    size = 4 * 4 * 8 * 8 * 3 * (3 if preset is WGAN else 1)
    monkeypatch.setattr(limits, "MOST_BYTES", size)
    config.build(preset)
    monkeypatch.setattr(limits, "MOST_BYTES", size - 1)
    message = refusal(preset)
    assert message.startswith(f"preset: data.batch_size: a train step of {images} images of shape (8, 8, 3) takes ")
    assert message.endswith("lower data.batch_size, or arguments.image_shape")


@pytest.mark.slow
def test_turns(monkeypatch):
    monkeypatch.setattr(limits, "MOST_TURNS", 3)
    config.build(WGAN)
    assert "arguments: 4 turns of a player" in refusal(WGAN, critic_steps=4)


@pytest.mark.parametrize("name", config.list_presets())
def test_the_presets_of_the_zoo_are_far_from_the_limits(name):
    data, shape = config.resolve(name)["data"], config.resolve(name)["arguments"]["image_shape"]
    assert 4 * data["batch_size"] * 5 * shape[0] * shape[1] * shape[2] < limits.MOST_BYTES / 20


def test_a_preset_does_not_say_where_files_are_kept():
    data = {"dataset": "image_folder", "batch_size": 4}
    assert config.resolve({**VAE, "data": data})["data"]["cache"] is None
    assert config.resolve({**VAE, "data": {**data, "cache": None}})["data"]["cache"] is None
    with pytest.raises(ConfigError, match=r"data\.cache: expected null: .*set GENZOO_CACHE"):
        config.check({**VAE, "data": {**data, "cache": "/elsewhere"}}, "preset")
    assert json.dumps(config.schema())
