"""Assignments beside SciPy's, which are optimal."""

import numpy as np
import pytest
from keras import ops
from scipy.optimize import linear_sum_assignment

from keras_genzoo.losses.assignment import assignment


@pytest.mark.parametrize(("count", "numbers"), [(1, 3), (2, 1), (7, 5), (40, 300)])
def test_the_cost_is_nearly_the_least(count, numbers):
    rng = np.random.default_rng(count)
    rows, columns = (rng.normal(size=(count, numbers)).astype("float32") for _ in range(2))
    cost = -rows @ columns.T
    found = ops.convert_to_numpy(assignment(ops.convert_to_tensor(cost)))
    assert sorted(found) == list(range(count))
    best = cost[linear_sum_assignment(cost)].mean()
    assert cost[np.arange(count), found].mean() <= best + 0.011 * cost.std()


def test_equal_costs_are_assigned_as_well():
    found = ops.convert_to_numpy(assignment(ops.zeros((9, 9))))
    assert sorted(found) == list(range(9))
