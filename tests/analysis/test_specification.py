"""Guards: each format is what the analysis of that format alone finds; their mean is the deployed difference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from probe.analysis.results import from_json, to_json
from probe.analysis.study import analyse

from .build import STANDARD, Asked, facts, laid, table

COUNT = len(laid(STANDARD).variants)


def items(seed: int) -> list[Asked]:
    rng = np.random.default_rng(seed)

    def z(shift: float) -> np.ndarray:
        return rng.normal(shift, 1.5, COUNT)

    stated = [Asked(f"t/s{n}", "stated", z(1.0)) for n in range(4)]
    return [
        *stated,
        *(Asked(f"t/r{n}.{cell}", "revealed", z(-0.5), cluster=f"t/r{n}") for n in range(5) for cell in "ab"),
    ]


def analysed(asked: list[Asked], axes=STANDARD):
    return analyse(table(asked, axes), facts(axes), {"m": 1e-9})


def test_each_format_is_a_study_of_its_own() -> None:
    asked = items(3)
    found = analysed(asked).models["m"].tradeoffs["t"].specification
    assert found.formats == laid(STANDARD).variants
    p = {one.id: 1 / (1 + np.exp(-np.asarray(one.z))) for one in asked}
    stated = np.array([p[f"t/s{n}"] for n in range(4)])
    revealed = np.array([(p[f"t/r{n}.a"] + p[f"t/r{n}.b"]) / 2 for n in range(5)])
    for place in range(COUNT):
        own = ttest_ind(revealed[:, place], stated[:, place], equal_var=False).confidence_interval(0.95)
        assert found.gaps[place] == pytest.approx(revealed[:, place].mean() - stated[:, place].mean(), abs=1e-12)
        assert (found.low[place], found.high[place]) == pytest.approx((max(own.low, -1), min(own.high, 1)), abs=1e-12)


def test_their_mean_is_the_deployed_difference() -> None:
    found = analysed(items(4)).models["m"].tradeoffs["t"]
    assert np.mean(found.specification.gaps) == pytest.approx(found.gap, abs=1e-12)


def test_no_interval_leaves_where_a_difference_can_be() -> None:
    far = [
        Asked(f"t/{side}{n}", side, 9.0 - 18 * n, cluster=f"{side}{n}")
        for side in ("stated", "revealed")
        for n in (0, 1)
    ]
    found = analysed(far).models["m"].tradeoffs["t"]
    assert set(found.specification.low) == {-1.0}
    assert set(found.specification.high) == {1.0}
    assert found.formats_random.interval == (-1.0, 1.0)


def test_one_cluster_has_no_interval_and_one_side_no_curve() -> None:
    stated, revealed = items(5)[:1], items(5)[4:]
    found = analysed([*stated, *revealed]).models["m"].tradeoffs["t"].specification
    assert set(found.low) == set(found.high) == {None}
    assert analysed(revealed).models["m"].tradeoffs["t"].specification is None


def test_it_survives_its_file() -> None:
    found = analysed(items(6))
    assert from_json(to_json(found)) == found
