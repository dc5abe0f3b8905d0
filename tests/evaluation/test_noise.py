"""Losses with noise: each backend draws other numbers of one seed, so that their protocols name whose they are."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from keras_genzoo import counter_rng
from keras_genzoo.data import ArraySource
from keras_genzoo.evaluation import Evaluation, ModelSubject, Reference, differing_keys
from keras_genzoo.models.ae import AE
from keras_genzoo.models.vae import VAE


def results(jit_compile=False):
    """The losses of a VAE and of an autoencoder, and the VAE's ELBO, by weights and images that are always the same."""
    source = ArraySource(
        (128 + 40 * counter_rng.normal(3, np.arange(40), 192)).clip(0, 255).astype("uint8").reshape(-1, 8, 8, 3)
    )
    found = {}
    for kind in (VAE, AE):
        model = kind(**kind.tiny)
        model.compile(jit_compile=jit_compile)
        for number, weight in enumerate(model.trainable_variables):
            values = counter_rng.normal(number, np.arange(1), int(np.prod(weight.shape)))
            weight.assign(0.3 * values.reshape(weight.shape))
        evaluation = Evaluation(ModelSubject(model, "model"), Reference(source, "all"), batch_size=16)
        names = ["losses", "elbo"] if kind is VAE else ["losses"]
        found |= {f"{kind.__name__} {one.metric}": (one.value, one.protocol) for one in evaluation.results(names)}
    return found


@pytest.fixture(scope="module")
def here():
    return results()


@pytest.mark.slow
def test_the_protocol_says_whose_noise_is_in_a_loss(here):
    assert here["VAE val_loss"][1]["noise"] == "drawn by tensorflow"
    assert "noise" not in here["AE val_loss"][1]  # which draws none


@pytest.mark.slow
def test_losses_with_noise_of_another_kind_are_other_numbers(here):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    script = "import json; from tests.evaluation.test_noise import results; print(json.dumps(results()))"
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for other, noise in ((json.loads(ran.stdout), "drawn by jax"), (results(True), "drawn by tensorflow with XLA")):
        for name, (value, protocol) in here.items():
            found, its_protocol = other[name]
            if "noise" in protocol:
                assert differing_keys(protocol, its_protocol) == ["noise"] and its_protocol["noise"] == noise
            else:
                assert not differing_keys(protocol, its_protocol)
                assert found == pytest.approx(value, rel=1e-5), name
        assert other["VAE val_loss"][0] != pytest.approx(here["VAE val_loss"][0], rel=1e-5)
