import numpy as np
import pytest

from keras_genzoo.distributions.flows import PlanarFlow, made_masks


@pytest.mark.parametrize(("inputs", "units"), [(2, 256), (5, 4), (256, 256), (300, 256)])
def test_outputs_are_reached_by_the_inputs_before_them_alone(inputs, units):
    inward, outward = made_masks(inputs, units)
    reached = inward @ outward > 0
    before = np.triu(np.ones((inputs, inputs), bool), 1)
    assert not (reached & ~before).any()
    if units >= inputs - 1:
        assert (reached == before).all()
    assert reached.any(axis=1).sum() >= inputs - 2  # where units are few, hardly an input is left out


def test_a_plane_that_almost_folds_has_a_finite_density():
    flow = PlanarFlow(latent_dim=2, steps=1)
    parameters = np.array([[0.0, 0.0, 0.0, 0.0, -30.0, 0.0, 30.0, 0.0, 0.0]], "float32")  # w u = -900, at the plane
    z, log_q = flow.sample(parameters, np.zeros((1, 2), "float32"))
    assert np.isfinite(np.asarray(z)).all() and np.isfinite(np.asarray(log_q)).all()
