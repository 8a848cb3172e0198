"""Guards: differences are paired by item, weighted as within a run, second minus first."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from probe.analysis.cells import Cells, ItemRow
from probe.analysis.paired import paired_difference

from .build import laid


def row(name, side, cluster, form="choose"):
    return ItemRow(f"t/{name}", "t", side, form, f"t/{cluster}", None, (), "a", "b")


ITEMS = (
    *(row(f"r{n}~{cell}", "revealed", f"r{n}", "choice") for n in range(6) for cell in "xy"),
    *(row(f"s{n}", "stated", f"s{n}", "choose" if n < 3 else "advise") for n in range(5)),
)


def cells(z, items=ITEMS):
    return Cells(items, z, np.ones_like(z), laid({}), np.full_like(z, np.nan))


@pytest.fixture
def two():
    dice = np.random.default_rng(3)
    return dice.normal(0, 1.5, (len(ITEMS), 4)), dice.normal(0.4, 1.5, (len(ITEMS), 4))


def test_the_same_condition_differs_by_nothing(two):
    found = paired_difference(cells(two[0]), cells(two[0]))
    for change in (found.stated, found.revealed, found.gap):
        assert change.value == 0.0
        assert change.interval == (0.0, 0.0)
    assert (found.items, found.unpaired) == (len(ITEMS), 0)


def test_revealed_is_the_paired_t_interval_of_scenario_means(two):
    found = paired_difference(cells(two[0]), cells(two[1])).revealed
    means = [expit(z[:12]).mean(axis=1).reshape(6, 2).mean(axis=1) for z in two]
    test = stats.ttest_rel(means[1], means[0])
    assert found.value == pytest.approx(np.mean(means[1] - means[0]), abs=1e-12)
    assert found.interval == pytest.approx(tuple(test.confidence_interval()), abs=1e-12)
    assert found.clusters == 6


def test_stated_forms_weigh_alike(two):
    found = paired_difference(cells(two[0]), cells(two[1])).stated
    change = expit(two[1][12:]).mean(axis=1) - expit(two[0][12:]).mean(axis=1)
    assert found.value == pytest.approx((change[:3].mean() + change[3:].mean()) / 2, abs=1e-12)


def test_the_gap_is_welch_on_the_changes(two):
    found = paired_difference(cells(two[0]), cells(two[1])).gap
    stated = [12, 13, 14]  # one form, so that roots weigh alike
    part = [cells(z[[*range(12), *stated]], (*ITEMS[:12], *(ITEMS[n] for n in stated))) for z in two]
    alike = paired_difference(*part).gap
    change = [expit(z).mean(axis=1) for z in two]
    revealed = (change[1] - change[0])[:12].reshape(6, 2).mean(axis=1)
    test = stats.ttest_ind(revealed, (change[1] - change[0])[stated], equal_var=False)
    assert alike.interval == pytest.approx(tuple(test.confidence_interval()), abs=1e-12)
    both = paired_difference(cells(two[0]), cells(two[1]))
    assert found.value == pytest.approx(both.revealed.value - both.stated.value, abs=1e-12)


def test_exchanging_the_conditions_turns_every_sign(two):
    there, back = (paired_difference(cells(a), cells(b)) for a, b in (two, two[::-1]))
    for name in ("stated", "revealed", "gap"):
        one, other = getattr(there, name), getattr(back, name)
        assert other.value == pytest.approx(-one.value, abs=1e-15)
        assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]), abs=1e-12)


def test_what_only_one_has_is_left_out_and_counted(two):
    kept = [n for n in range(len(ITEMS)) if n not in {0, 1, 12}]
    less = cells(two[1][kept], tuple(ITEMS[n] for n in kept))
    found = paired_difference(cells(two[0]), less)
    assert (found.items, found.unpaired) == (14, 3)
    assert found.revealed.clusters == 5
    assert found.revealed.first == pytest.approx(expit(two[0][2:12]).mean(), abs=1e-12)


def test_formats_need_not_be_the_same(two):
    found = paired_difference(cells(two[0]), cells(two[1][:, :2]))
    assert found.revealed.second == pytest.approx(expit(two[1][:12, :2]).mean(), abs=1e-12)


def test_a_missing_side_is_missing(two):
    found = paired_difference(cells(two[0][:12], ITEMS[:12]), cells(two[1]))
    assert found.stated is None
    assert found.gap is None
    assert found.revealed is not None


def test_one_cluster_has_no_interval(two):
    found = paired_difference(cells(two[0][:2], ITEMS[:2]), cells(two[1][:2], ITEMS[:2]))
    assert found.revealed.interval is None


def test_a_change_of_a_side_is_at_most_one_and_of_a_gap_two():
    pairs = [ITEMS[n] for n in (0, 2, 12, 13)]
    one, two = (cells(sign * np.array([[8.0], [-8.0], [-8.0], [8.0]]), tuple(pairs)) for sign in (1, -1))
    found = paired_difference(one, two)
    assert (found.stated.interval, found.revealed.interval, found.gap.interval) == ((-1, 1), (-1, 1), (-2, 2))
