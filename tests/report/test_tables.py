"""Guards: each table holds its own numbers in the right column; a missing number is a dash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.analysis.results import ModelResults, TradeOffResult
from probe.report.check_tables import check_tables
from probe.report.number_format import MISSING
from probe.report.preference_tables import preference_tables, truth_table
from probe.report.sampling_table import sampling_tables
from probe.report.table import Column, Table, build
from probe.report.truth import Comparison


@pytest.fixture
def tables(model: ModelResults) -> dict[str, Table]:
    return {table.title: table for table in (*preference_tables(model), *check_tables(model), *sampling_tables(model))}


def cells(table: Table, *starts: str) -> dict[str, str]:
    """The row that starts with these cells, by heading."""
    (row,) = [row for row in table.rows if row[: len(starts)] == starts]
    return dict(zip(table.columns, row, strict=True))


def test_every_row_is_as_wide_as_its_heading(tables: dict[str, Table]) -> None:
    assert len(tables) == 13
    for table in tables.values():
        assert {len(row) for row in table.rows} == {len(table.columns)} == {len(table.words)}


def test_preferences(tables: dict[str, Table]) -> None:
    row = cells(tables["Preferences"], "gift", "revealed")
    assert (row["of"], row["over"]) == ("honesty", "kindness")
    assert (row["deployed"], row["latent"], row["greedy"]) == ("0.410", "0.430", "0.000")
    assert (row["95 % interval"], row["range"]) == ("[0.350, 0.470]", "[0.420, 0.440]")
    assert (row["items"], row["clusters"]) == ("16", "8")


def test_distances(tables: dict[str, Table]) -> None:
    row = cells(tables["Distances between the sides"], "gift")
    assert (row["R - S"], row["KL(R || S)"], row["KL(S || R)"]) == ("-0.410", "0.416", "0.355")
    assert (row["JSD"], row["TV"], row["±"], row["above floor"]) == ("0.092", "0.410", "1.0e-4", "yes")
    assert (row["log-odds gap"], row["hard switch"], row["direction"]) == ("-1.880", "yes", "reversal")
    assert (row["soft switch"], row["excess"], row["claim"]) == ("0.558", "0.168", "deviation (reversal)")


def test_a_direction_below_the_floor_is_not_told(tables: dict[str, Table]) -> None:
    row = cells(tables["Distances between the sides"], "mirror")
    assert (row["above floor"], row["direction"]) == ("no", MISSING)
    assert cells(tables["Distances between the sides"], "queue")["direction"] == "amplified"


def test_a_claim_that_depends_on_the_form_is_marked(model: ModelResults, gift: TradeOffResult) -> None:
    assert gift.claim is not None
    marked = replace(gift, claim=replace(gift.claim, depends_on_form=True))
    tables = {table.title: table for table in preference_tables(replace(model, tradeoffs={"gift": marked}))}
    row = cells(tables["Distances between the sides"], "gift")
    assert row["direction"] == "reversal, depends on the question form"


def test_missing_sides_are_dashes_or_absent(tables: dict[str, Table]) -> None:
    assert "walk" not in {row[0] for row in tables["Distances between the sides"].rows}
    row = cells(tables["Deviation budget"], "walk")
    assert (row["total"], row["format"], row["gap"], row["both sides: side"]) == (MISSING, "0.077", MISSING, MISSING)
    assert cells(tables["Option mass, form consistency and gates"], "walk")["mass, stated"] == MISSING


def test_budget(tables: dict[str, Table]) -> None:
    row = cells(tables["Deviation budget"], "gift")
    assert list(row.values()) == ["gift", "0.563", "0.077", "0.020", "0.050", "0.416", "0.092", "0.050", "0.060"]


def test_axes_stand_in_the_order_of_the_design(tables: dict[str, Table]) -> None:
    row = cells(tables["Format term by axis"], "queue")
    assert list(row) == ["trade-off", "order", "label order", "label set", "instruction", "cue", "pivot"]
    assert (row["order"], row["cue"]) == ("0.061 (80 %)", "0.003 (4 %)")
    assert row["pivot"] == "order and label order"


def test_biases(tables: dict[str, Table]) -> None:
    row = cells(tables["Biases"], "gift", "stated")
    assert (row["position"], row["label"], row["slot"]) == ("+0.810", "+0.290", MISSING)
    assert row["label by set"] == "12 +0.270, AB +0.310, KR without order"
    assert (row["acquiescence"], row["agree pairs"]) == ("+0.200", "3")
    assert cells(tables["Biases"], "gift", "revealed")["acquiescence"] == MISSING


def test_flips_and_variance(tables: dict[str, Table]) -> None:
    row = cells(tables["Flips and spread over formats"], "gift", "revealed")
    assert (row["flip rate"], row["two formats disagree"], row["formats"]) == ("0.120", "0.170", "32")
    shares = cells(tables["Where the variance of the log-odds lies"], "gift", "stated")
    assert [shares[x] for x in ("items", "axes", "axes with axes", "items with formats")] == [
        "50 %",
        "40 %",
        "2 %",
        "8 %",
    ]


def test_context_bridge_form_control_gate(tables: dict[str, Table]) -> None:
    low, high = (cells(tables["Context effects"], "gift", "stakes", level) for level in ("low", "high"))
    assert (low["on p"], low["95 % interval"]) == ("+0.050", "[+0.040, +0.060]")
    assert (high["on z"], high["95 % interval, z"]) == ("-0.240", MISSING)
    assert cells(tables["Bridges"], "gift")["bridge to choice"] == "-1.254"
    assert cells(tables["By question form"], "gift", "stated", "agree")["latent"] == "0.840"
    assert cells(tables["Controls"], "dominated")["as they should be"] == "80 %"
    assert cells(tables["Controls"], "identical")["as they should be"] == MISSING
    gates = tables["Option mass, form consistency and gates"]
    assert cells(gates, "loan")["failed validity checks"] == "option mass mean, stated: 0.312, limit 0.500"
    assert cells(gates, "gift")["failed validity checks"] == "none"


def test_tables_without_rows_are_left_out(model: ModelResults) -> None:
    empty = ModelResults(model.numeric_floor, {}, {})
    assert preference_tables(empty) == check_tables(empty) == sampling_tables(empty) == ()


def test_planted_against_measured() -> None:
    table = truth_table((Comparison("gift", "stated", 0.8, 0.79),))
    assert table.rows == (("gift", "stated", "0.800", "0.790", "-0.010"),)


def test_cells_are_cleaned() -> None:
    assert build("t", "c", ["a\x1b[0m"], [Column("x", str)]).rows == (("a[0m",),)


def test_what_sampling_would_have_concluded(tables: dict[str, Table]) -> None:
    table = tables["What sampling would have concluded"]
    row = cells(table, "gift")
    assert row["prompts"] == "18 + 16"
    assert row["5 to 95 %, fewer"] == "[-4.0e-4, 0.620]"
    assert (row["wrong sign"], row["wrong sign, fewer"]) == ("2 %", "8 %")
    assert (row["exact switch"], row["draws that would do"], row["answers in all"]) == ("yes", "4", "4352")
    assert [first for first, *_ in table.rows].count("walk") == 0
