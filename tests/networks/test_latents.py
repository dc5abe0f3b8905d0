import numpy as np
from keras import ops

from keras_genzoo.networks.latents import latent_discriminator


def test_it_scores_latents_by_dense_layers():
    network = latent_discriminator(3, outputs=2, hidden=(5,), hidden_activation="tanh")
    first, first_bias, second, second_bias = network.get_weights()
    z = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")
    expected = np.tanh(z @ first + first_bias) @ second + second_bias
    np.testing.assert_allclose(ops.convert_to_numpy(network(z)), expected, atol=1e-5)
    assert latent_discriminator(3).output_shape == (None, 1) and latent_discriminator(3, hidden=()).count_params() == 4
