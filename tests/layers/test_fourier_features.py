"""Numbers beside their sines and cosines."""

import math

import numpy as np
from keras import ops

from keras_genzoo.layers.fourier_features import FourierFeatures


def test_numbers_stand_beside_their_sines_and_cosines():
    layer = FourierFeatures(2)
    found = ops.convert_to_numpy(layer(np.array([[0.3, -0.1]], "float32")))[0]
    x = np.array([0.3, -0.1])
    waves = [f(2**k * math.pi * x) for f in (np.sin, np.cos) for k in (0, 1)]
    np.testing.assert_allclose(found, np.concatenate([x, *waves]), rtol=1e-5)
    assert layer.compute_output_shape((None, 2)) == (None, 10)
    assert FourierFeatures.from_config(layer.get_config()).octaves == 2
