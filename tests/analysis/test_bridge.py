from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from probe.analysis.bridge import Draws, split_by_bridges
from probe.analysis.preference import Clusters

BRIDGES = np.array([[1.0, 3.0], [0.0, 0.0], [5.0, 5.0]])
CHOICES = np.array([[-1.0, 1.0], [-3.0, -3.0], [0.5, 0.5], [9.0, 9.0]])
SCENARIOS = ["a", "a", "b", "lonely"]
DRAWS = Draws(99, [0])


def roots(*latent):
    n = len(latent)
    names = tuple("xyzuvw"[:n])
    return Clusters(names, ("choose",) * n, np.full(n, 1 / n), np.array(latent), np.array(latent), np.array(latent))


def test_the_gap_splits_over_paired_scenarios():
    found = split_by_bridges((["a", "b", "unpaired"], BRIDGES), (SCENARIOS, CHOICES), roots(0.25), DRAWS)
    assert found.scenarios == 2
    assert found.by_scenario == pytest.approx({"a": -1.5 - 2.0, "b": 0.5})
    assert found.general_to_bridge == pytest.approx(1.0 - 0.25)
    assert found.bridge_to_choice == pytest.approx(-1.5)
    assert found.general_to_bridge + found.bridge_to_choice == pytest.approx((-1.5 + 0.5) / 2 - 0.25)
    assert found.deployed == pytest.approx((expit([1.0, 3.0]).mean() + 0.5) / 2)


def test_each_part_has_an_interval_and_the_second_a_paired_test():
    rng = np.random.default_rng(0)
    names = list("abcdef")
    bridges, choices, stated = rng.normal(1, 0.3, (6, 1)), rng.normal(0.9, 0.3, (6, 1)), rng.normal(2, 0.4, 5)
    found = split_by_bridges((names, bridges), (names, choices), roots(*stated), DRAWS)
    paired = stats.ttest_rel(choices[:, 0], bridges[:, 0])
    expected = paired.confidence_interval()
    assert found.bridge_to_choice_interval == pytest.approx((expected.low, expected.high), abs=1e-12)
    apart = stats.ttest_ind(bridges[:, 0], stated, equal_var=False)
    ends = apart.confidence_interval()
    assert found.general_to_bridge_interval == pytest.approx((ends.low, ends.high), abs=1e-12)
    signs = stats.permutation_test(
        (choices[:, 0] - bridges[:, 0],), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert found.sign_flip_p == pytest.approx(signs.pvalue)
    assert found.sign_flip_exact


def test_without_a_stated_side_or_a_pair():
    alone = split_by_bridges((["a"], BRIDGES[:1]), (SCENARIOS, CHOICES), None, DRAWS)
    assert (alone.general_to_bridge, alone.general_to_bridge_interval) == (None, None)
    assert (alone.bridge_to_choice_interval, alone.sign_flip_p) == (None, 1.0)
    assert split_by_bridges((["z"], BRIDGES[:1]), (SCENARIOS, CHOICES), roots(0.0), DRAWS) is None
