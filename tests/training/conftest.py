import signal

import pytest

import keras_genzoo

PRESET = {
    "schema": 1,
    "model": "vae",
    "data": {"dataset": "drawn_faces", "batch_size": 16, "num_images": 64, "held_out": 20},
    "arguments": {
        "image_shape": [16, 16, 3],
        "latent_dim": 4,
        "encoder": {"network": "conv_encoder", "filters": [4, 8]},
        "decoder": {"network": "conv_decoder", "filters": [8, 4]},
    },
    "fit": {"epochs": 2, "steps_per_epoch": 2},
}


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Prepared folders and features go elsewhere than into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run with an average of its decoder, trained from Python; it is shared, and must not be changed."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    return keras_genzoo.train(PRESET, folder, epochs=1, seed=3, set={"arguments.beta": 0.5})


@pytest.fixture
def not_ignored():
    """Who starts the tests in the background may have them ignore SIGINT."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
