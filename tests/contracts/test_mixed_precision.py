"""What every registered model keeps in half precision."""

import numpy as np
import pytest

from tests.contracts import helpers
from tests.contracts.lots import TWINS

pytestmark = pytest.mark.slow


HALF = [
    (name, policy)
    if (policy == "mixed_float16" and name not in TWINS) or name in ("vae", "dcgan", "vq_vae")
    else pytest.param(name, policy, marks=pytest.mark.matrix)  # without a scale of the losses less can go wrong
    for name in helpers.NAMES
    for policy in ("mixed_float16", "mixed_bfloat16")
]


@pytest.mark.parametrize(("name", "policy"), HALF)
def test_mixed_precision_stays_finite_until_every_player_moved(name, policy, tmp_path):
    model = helpers.build(name, dtype=policy)
    model.compile()
    steps, path = 20, tmp_path / "half.weights.h5"
    stream = helpers.training(model)
    first = model.fit(stream, steps_per_epoch=steps, verbose=0).history
    model.save_weights(path)
    second = model.fit(stream, steps_per_epoch=steps, initial_epoch=1, epochs=2, verbose=0).history
    for player in model.players():
        optimizer = model.optimizer.players[player.name]
        assert getattr(optimizer, "inner_optimizer", optimizer).iterations > 0, player.name
    assert np.isfinite([*first.values(), *second.values()]).all()
    for variable_path, value in helpers.state(model).items():
        assert np.isfinite(value).all(), variable_path
    assert len(np.unique(helpers.images(model, seed=0))) > 1
    resumed = helpers.build(name, dtype=policy)
    resumed.compile()
    resumed.load_weights(path)  # the scale of the losses among the rest
    resumed.fit(stream, steps_per_epoch=steps, initial_epoch=1, epochs=2, verbose=0)
    helpers.assert_same_training(helpers.state(resumed), helpers.state(model))
