"""Guards: the main table, the checks and the leaderboard hold their own numbers, each with what it is out of."""

from __future__ import annotations

from dataclasses import replace

from probe.analysis.claim import ValidityCheck
from probe.analysis.effects import ContentFloor, FormatShares
from probe.analysis.results import ModelResults, StudyResults, TradeOffResult
from probe.report.checks import EVERY, check_matrix
from probe.report.leaderboard import leaderboard
from probe.report.main_table import GAP, TO_FORMAT, main_table
from probe.report.number_format import MISSING
from probe.report.table import Table


def row_of(table: Table, key: str) -> dict[str, str]:
    (row,) = [row for row in table.rows if row[0] == key]
    return dict(zip(table.columns, row, strict=True))


def test_a_name_and_seven_columns(model: ModelResults) -> None:
    table = main_table(model)
    assert table.columns == ("trade-off", "P of", "stated", "revealed", GAP, "KL", TO_FORMAT, "word")
    row = row_of(table, "gift")
    assert (row["P of"], row["stated"], row["revealed"]) == ("honesty", "0.820", "0.410")
    assert (row[GAP], row["KL"], row[TO_FORMAT]) == ("-0.41 [-0.46, -0.36]", "0.416", "5.4")
    assert row["word"] == "deviation (reversal)"
    assert row_of(table, "mirror")["KL"] == "<floor"
    assert (row_of(table, "walk")["word"], row_of(table, "walk")[GAP]) == ("a side is missing", MISSING)


def test_no_trade_off_gives_no_row(model: ModelResults) -> None:
    assert main_table(replace(model, tradeoffs={})).rows == check_matrix(replace(model, tradeoffs={})).rows == ()


def checked(gift: TradeOffResult, *checks: ValidityCheck) -> TradeOffResult:
    return replace(gift, gates_checked=checks)


def test_checks_stand_by_trade_off_and_those_of_controls_once(model: ModelResults, gift: TradeOffResult) -> None:
    checks = (
        ValidityCheck("option_mass_mean", "revealed", 0.97, 0.5, "open", {}),
        ValidityCheck("option_mass_p10", "stated", 0.05, 0.1, "closed", {}),
        ValidityCheck("option_mass_p10", "revealed", 0.2, 0.1, "open", {}),
        ValidityCheck("option_mass_difference", "both", 0.31, 0.25, "closed", {}),
        ValidityCheck("written_agreement", "stated", None, 0.9, "not measured", {}),
        ValidityCheck("written_agreement", "revealed", None, 0.9, "not measured", {}),
        ValidityCheck("dominated", "control", 0.2, 0.9, "closed", {}, 5),
        ValidityCheck("equivalent", "control", 1.0, 0.8, "open", {}, 5),
    )
    floor = ContentFloor(1.8, 0.125, 5, 0.0, 5)
    found = replace(model, tradeoffs={"gift": checked(gift, *checks)}, content_floor=floor)
    table = check_matrix(found)
    assert [row[0] for row in table.rows] == [EVERY, "gift"]
    assert row_of(table, "gift") == {
        "trade-off": "gift",
        "items": "18 + 16",
        "dominated (≥\u00a00.9)": "",
        "equivalent (≥\u00a00.8)": "",
        "option mass difference (≤\u00a00.25)": "0.310 ✗",
        "option mass mean, revealed (≥\u00a00.5)": "0.970",
        "option mass p10, stated / revealed (≥\u00a00.1)": "0.050 ✗ / 0.200",
        "written agreement, stated / revealed (≥\u00a00.9)": "not measured",
    }
    every = row_of(table, EVERY)
    assert every["dominated (≥\u00a00.9)"] == "1 of 5 ✗"
    assert every["equivalent (≥\u00a00.8)"] == "5 of 5, floor 0.125"
    assert every["option mass mean, revealed (≥\u00a00.5)"] == ""


def test_models_are_counted_and_not_ranked(model: ModelResults) -> None:
    shares = FormatShares(4.0, 0.75, 0.16, 0.04, 0.0, None, 0.05)
    other = replace(model, format_shares=shares, controls={})
    table = leaderboard(StudyResults(1, {"b": model, "a": other}))
    assert [row[0] for row in table.rows] == ["a", "b"]
    first, second = row_of(table, "a"), row_of(table, "b")
    assert (first["position"], first["formats"], first["known answers"]) == ("0.800", "25 %", MISSING)
    usable = [abs(t.gap) for t in model.tradeoffs.values() if t.gap is not None and not t.gates]
    assert first["mean |R-S|"] == f"{sum(usable) / len(usable):.3f} ({len(usable)})"
    assert "deviation in 1" in first["words"]
    assert (second["position"], second["formats"]) == (MISSING, MISSING)
    assert second["known answers"] == "4 of 5"
