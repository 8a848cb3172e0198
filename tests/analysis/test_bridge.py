from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from probe.analysis.bridge import split_by_bridges

BRIDGES = np.array([[1.0, 3.0], [0.0, 0.0], [5.0, 5.0]])
CHOICES = np.array([[-1.0, 1.0], [-3.0, -3.0], [0.5, 0.5], [9.0, 9.0]])
SCENARIOS = ["a", "a", "b", "lonely"]


def test_the_gap_splits_over_paired_scenarios():
    found = split_by_bridges((["a", "b", "unpaired"], BRIDGES), (SCENARIOS, CHOICES), 0.25)
    assert found.scenarios == 2
    assert found.by_scenario == pytest.approx({"a": -1.5 - 2.0, "b": 0.5})
    assert found.general_to_bridge == pytest.approx(1.0 - 0.25)
    assert found.bridge_to_choice == pytest.approx(-1.5)
    assert found.general_to_bridge + found.bridge_to_choice == pytest.approx((-1.5 + 0.5) / 2 - 0.25)
    assert found.deployed == pytest.approx((expit([1.0, 3.0]).mean() + 0.5) / 2)


def test_without_a_stated_side_or_a_pair():
    assert split_by_bridges((["a"], BRIDGES[:1]), (SCENARIOS, CHOICES), None).general_to_bridge is None
    assert split_by_bridges((["z"], BRIDGES[:1]), (SCENARIOS, CHOICES), 0.0) is None
