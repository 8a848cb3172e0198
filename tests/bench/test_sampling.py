"""Guards: what sampling costs follows from the cells of a run, and one pass of an item is one pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

import probe

SHORT = str(Path(__file__).parents[1] / "data" / "short.yaml")


def test_costs_of_a_run_worked_out_by_simulation(bench, tmp_path):
    sampling = bench("sampling")
    results = probe.run("demo", suite=SHORT, design="quick", out=tmp_path / "run")
    rows = results.readings.to_pylist()
    (cost,) = sampling.costs(results)
    sides = {side: [row for row in rows if row["side"] == side] for side in ("stated", "revealed")}
    assert cost.cells == sum(map(len, sides.values()))
    assert cost.passes == len({row["item"] for side in sides.values() for row in side}) == cost.cells / 4
    rng = np.random.default_rng(1)
    p = {side: expit([row["log_odds"] for row in told]) for side, told in sides.items()}
    drawn = {side: (rng.random((20_000, one.size)) < one).mean(axis=1) for side, one in p.items()}
    spread = np.std(drawn["revealed"] - drawn["stated"])
    for error, draws in zip(sampling.ERRORS, cost.draws, strict=True):
        assert draws == pytest.approx((spread / error) ** 2, rel=0.05, abs=1)
    assert f"{cost.draws[0] * cost.cells:,} (" in sampling.told([cost])
