"""Guards: what may be claimed, its conditions and what gates forbid stand in the right columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.analysis.claim import Ranks
from probe.analysis.results import ModelResults
from probe.report.claim_tables import claim_tables
from probe.report.number_format import MISSING
from probe.report.table import Table


@pytest.fixture
def tables(model: ModelResults) -> dict[str, Table]:
    return {table.title: table for table in claim_tables(model)}


def cells(table: Table, *starts: str) -> dict[str, str]:
    (row,) = [row for row in table.rows if row[: len(starts)] == starts]
    return dict(zip(table.columns, row, strict=True))


def test_every_row_is_as_wide_as_its_heading(tables: dict[str, Table]) -> None:
    assert list(tables) == ["Claims", "Intervals of the distances", "Gates", "Between trade-offs"]
    for table in tables.values():
        assert {len(row) for row in table.rows} == {len(table.columns)} == {len(table.words)}


def test_claims(tables: dict[str, Table]) -> None:
    row = cells(tables["Claims"], "gift")
    assert (row["claim"], row["shift of preference"], row["ungated"]) == ("deviation (reversal)", "yes", "deviation")
    assert (row["R - S"], row["95 % interval"]) == ("-0.410", "[-0.460, -0.360]")
    assert (row["adjusted p"], row["family"], row["arrangements"]) == ("4.0e-4", "5", "24310 (all)")
    assert row["other thresholds"] == "option mass mean twice: not interpretable"
    closed = cells(tables["Claims"], "loan")
    assert (closed["claim"], closed["shift of preference"], closed["ungated"]) == (
        "not interpretable",
        "no",
        "deviation",
    )
    assert closed["why"] == "a validity check failed: option_mass_mean (stated)"
    assert [row[0] for row in tables["Claims"].rows] == ["gift", "loan", "queue", "mirror"]


def test_intervals(tables: dict[str, Table]) -> None:
    row = cells(tables["Intervals of the distances"], "gift")
    assert (row["interval"], row["its interval"], row["bias"]) == ("[0.010, 0.500]", "[0.020, 0.600]", "0.002")
    assert (row["gap to noise"], row["formats of its sign"]) == ("5.400", "97 %")
    assert cells(tables["Intervals of the distances"], "loan")["interpretable"] == "no"
    assert cells(tables["Intervals of the distances"], "mirror")["gap to noise"] == MISSING


def test_noise_below_its_floor_is_no_ratio(model: ModelResults) -> None:
    gift = model.tradeoffs["gift"]
    assert gift.gap_to_noise is not None
    below = replace(gift, gap_to_noise=replace(gift.gap_to_noise, ratio=None, noise_below_floor=True))
    found = {table.title: table for table in claim_tables(replace(model, tradeoffs={"gift": below}))}
    assert cells(found["Intervals of the distances"], "gift")["gap to noise"] == "noise below floor"


def test_gates_that_were_not_measured_are_listed(tables: dict[str, Table]) -> None:
    row = cells(tables["Gates"], "gift", "written agreement")
    assert (row["state"], row["measured"], row["limit"]) == ("not measured", MISSING, "0.900")
    assert cells(tables["Gates"], "loan", "option mass mean")["state"] == "closed"


def test_between_trade_offs(model: ModelResults, tables: dict[str, Table]) -> None:
    row = cells(tables["Between trade-offs"], "gates open")
    assert (row["number"], row["same sign"], row["interval of the share"]) == ("4", "75 %", "[19 %, 99 %]")
    assert (row["cosine"], row["95 % interval"], row["corrected cosine"]) == ("+0.620", "[-0.100, +0.900]", "+0.730")
    assert row["ranks of principles"].startswith("ranks refused")
    assert cells(tables["Between trade-offs"], "all, not to be claimed")["number"] == "5"
    assert model.between is not None
    ranked = replace(
        model.between, ranks=Ranks({"a": -0.5, "b": 0.5}, {"a": 0.25, "b": -0.25}, None), ranks_refused=None
    )
    found = {table.title: table for table in claim_tables(replace(model, between=ranked))}
    told = cells(found["Between trade-offs"], "gates open")["ranks of principles"]
    assert told == "stated / revealed: b +0.500 / -0.250, a -0.500 / +0.250; rank correlation –"
