"""The embedding of Vaswani et al., by its formula."""

import numpy as np
import pytest
from keras import ops

from keras_genzoo.layers.sinusoidal_embedding import SinusoidalEmbedding


def test_it_is_cosines_and_sines_of_falling_frequencies():
    layer = SinusoidalEmbedding(4, max_period=100.0)
    x = np.array([0.0, 0.5, 3.0], "float32")
    angles = x[:, None] * np.array([1.0, 0.1])
    expected = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), expected, atol=1e-6)
    twin = SinusoidalEmbedding.from_config(layer.get_config())
    np.testing.assert_array_equal(ops.convert_to_numpy(twin(x)), ops.convert_to_numpy(layer(x)))


def test_an_odd_number_of_features_is_refused():
    with pytest.raises(ValueError, match="features=5, but an even number"):
        SinusoidalEmbedding(5)
