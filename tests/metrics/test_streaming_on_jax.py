"""The Keras metrics on JAX give what the functions of arrays give."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import numpy as np

from keras_genzoo import metrics

rng = np.random.default_rng(0)
a, b = rng.integers(0, 256, (2, 7, 16, 16, 3), "uint8")
for kind, function in ((metrics.MSE, metrics.mse), (metrics.PSNR, metrics.psnr), (metrics.SSIM, metrics.ssim)):
    metric = kind()
    for start in (0, 4):
        metric.update_state(a[start : start + 4], b[start : start + 4])
    np.testing.assert_allclose(float(metric.result()), function(a, b).mean(), rtol=1e-5)
x, y = rng.normal(size=(2, 200, 8))
for metric, expected in (
    (metrics.FrechetDistance(8), metrics.frechet_distance(x, y)),
    (metrics.PrecisionRecall(), metrics.precision_recall(x, y)),
):
    metric.update_state(x[:90], y[:90])
    metric.update_state(x[90:], y[90:])
    found = metric.result()
    found = tuple(found.values()) if isinstance(found, dict) else float(found)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
print("alike")
"""


@pytest.mark.slow
def test_metrics_on_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    found = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert found.stdout == "alike\n", found.stderr
