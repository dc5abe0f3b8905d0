import numpy as np
from keras import ops

from keras_genzoo.layers.latent_basis import LatentBasis


def test_latents_weigh_maps():
    layer, z = LatentBasis((4, 2, 300)), np.random.default_rng(0).standard_normal((3, 5)).astype("float32")
    found = ops.convert_to_numpy(layer(z))
    maps, linear = layer.get_weights()
    np.testing.assert_allclose(found, maps[None] * (z @ linear)[:, None, None], rtol=1e-5, atol=1e-5)
    assert abs(maps.std() - 1.0) < 0.05 and abs(linear.std() - 5**-0.5) < 0.05
    assert LatentBasis.from_config(layer.get_config()).shape == (4, 2, 300)
    assert layer.compute_output_shape((None, 5)) == (None, 4, 2, 300)
