import numpy as np
from keras import ops
from scipy import special

from keras_genzoo.layers.gated_linear_unit import GatedLinearUnit


def test_half_of_the_channels_gate_the_other():
    x = np.random.default_rng(0).standard_normal((2, 3, 3, 6)).astype("float32")
    found = ops.convert_to_numpy(GatedLinearUnit()(x))
    np.testing.assert_allclose(found, x[..., :3] * special.expit(x[..., 3:]), rtol=1e-5)
    assert GatedLinearUnit().compute_output_shape((None, 3, 3, 6)) == (None, 3, 3, 3)
