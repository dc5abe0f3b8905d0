"""Progressive GAN: its loss."""

import numpy as np
import pytest
from keras import ops

from keras_genzoo.models.progan import ProGAN


def test_the_discriminator_s_loss_in_closed_form():
    """Wasserstein's, 10 times the penalty and 0.001 times the drift, as if all scores were c."""
    model = ProGAN(**ProGAN.tiny)
    model.compile()
    model.discriminator.get_layer("score").set_weights([np.zeros((4, 1)), np.array([3.0])])
    loss, logs = model.discriminator_loss(ops.zeros((4, 8, 8, 3)), None, training=True)
    assert float(logs["discriminator_loss"]) == pytest.approx(0.0)
    assert float(logs["gradient_penalty"]) == pytest.approx(1.0, abs=1e-4)
    assert float(logs["drift"]) == pytest.approx(9.0)
    assert float(loss) == pytest.approx(10 * 1.0 + 0.001 * 9.0, abs=1e-3)
    assert set(model.logs) == {"discriminator_loss", "generator_loss", "gradient_penalty", "drift"}
