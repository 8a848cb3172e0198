"""Guards: every divergence that is not above its numeric floor is printed as such, in every output."""

from __future__ import annotations

import html
import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from probe.analysis.results import Condition, NumericFloor, SideAgreement, StudyResults
from probe.report.check_tables import check_tables
from probe.report.claim_tables import claim_tables
from probe.report.dataset_card import dataset_card
from probe.report.figures import budget, pivots
from probe.report.number_format import BELOW, below, nats
from probe.report.page import render_page
from probe.report.preference_tables import preference_tables
from probe.report.sentences import answer
from probe.report.summary import asking_line, condition_line
from probe.report.terminal import RunNames, print_summary
from probe.results import _budget, _preferences

NAMES = RunNames(("demo",), "standard", "runs/demo")

DIVERGENCES = {"KL(R || S)", "KL(S || R)", "JSD", "total", "format", "context", "between scenarios", "gap"} | {
    f"both sides: {term}" for term in ("side", "item", "format")
}


@pytest.fixture(params=[(1e-9, False), (9.0, True)], ids=["low", "high"])
def floored(request, model):
    """The model with a floor below, or above, every divergence; and which."""
    delta, high = request.param
    kl = delta**2 / 2
    tradeoffs = {
        key: replace(t, kl_below_floor=None if t.kl_below_floor is None else t.kl_revealed_stated <= kl)
        for key, t in model.tradeoffs.items()
    }
    return replace(model, numeric_floor=NumericFloor(delta, kl), tradeoffs=tradeoffs), high


def cells_of(tables):
    for table in tables:
        for row in table.rows:
            yield from ((table.title, heading, cell) for heading, cell in zip(table.columns, row, strict=True))


def test_every_cell_of_a_table_that_holds_a_divergence(floored):
    model, high = floored
    found = [
        cell
        for title, heading, cell in cells_of([*preference_tables(model), *claim_tables(model)])
        if (heading in DIVERGENCES or title == "Format term by axis") and any(c.isdigit() for c in cell)
    ]
    assert len(found) > 20
    marked = [cell for cell in found if BELOW in cell]
    assert len(marked) == len(found) if high else all(cell.startswith("0 ") for cell in marked)


def test_the_sentences(floored):
    model, high = floored
    for key, found in model.tradeoffs.items():
        told = " ".join(answer(key, found, model.numeric_floor).lines)
        if found.budget is not None and found.budget.total is not None:
            assert ("deviation budget of" in told and "is not above the numeric floor" in told) == high
        if found.kl_revealed_stated:
            assert ("no distance can be read off" in told) == high


def test_the_terminal(floored):
    model, high = floored
    out = io.StringIO()
    print_summary(StudyResults(1, {"m": model}), NAMES, Console(file=out, width=200))
    compared = [t for t in model.tradeoffs.values() if t.kl_revealed_stated is not None]
    expected = sum(bool(t.kl_below_floor) for t in compared)
    assert expected == (len(compared) if high else 1)
    assert out.getvalue().count(" <floor ") == expected


def test_the_figures(floored):
    model, high = floored
    hovers = [text for figure in (budget(model), pivots(model)) for bar in figure.data for text in bar.hovertext]
    numbers = [text for text in hovers if "nat" in text and any(c.isdigit() for c in text)]
    assert numbers
    if high:
        assert all(BELOW in text for text in numbers if "– nats" not in text)


def test_the_tables_for_other_programs(floored):
    model, high = floored
    floor = model.numeric_floor.kl
    for key, found in model.tradeoffs.items():
        row = _preferences("m", key, found, floor)
        assert row["kl_floor"] == floor
        assert row["kl_below_floor"] == found.kl_below_floor
        for term in _budget("m", key, found, floor):
            assert term["floor"] == floor
            assert term["below_floor"] == (None if term["nats"] is None else term["nats"] <= floor)
            if high and term["nats"] is not None:
                assert term["below_floor"]


def test_what_equals_the_floor_is_not_above_it():
    floor = NumericFloor(0.2, 0.02)
    assert below(0.02, floor)
    assert not below(0.0200001, floor)
    assert not below(None, floor)
    assert nats(0.02, floor) == "0.020 (below floor)"


def test_written_answers_have_a_table(model):
    side = SideAgreement(120, 0.9, 0.95, 0.8, 0.04, 0.01, None)
    (table,) = [t for t in check_tables(replace(model, written={"revealed": side})) if t.title == "Written answers"]
    assert table.rows == (("revealed", "120", "90 %", "95 %", "+0.800", "4 %", "1 %", "–"),)
    assert not [t for t in check_tables(model) if t.title == "Written answers"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"style_remark": "asked without a chat template: it has none"}, "Asked without a chat template: it has none."),
        ({"default_system": "You are\nSmol <b>"}, "system text, which nobody gave: You are Smol <b>"),
        ({"without_system": True}, "Without a system text: an empty one keeps the chat template's own away."),
    ],
)
def test_how_it_was_asked_is_told_on_page_card_and_terminal(page, model, asked, words):
    told = replace(model, condition=Condition("bfloat16", "none", "native", 2**30, 0.0, **asked))
    assert words in asking_line(told)
    results = replace(page.results, models={"tiny": told})
    shown = html.unescape(render_page(replace(page, results=results)))
    assert f"<dt>How was it asked?</dt><dd>{asking_line(told)}</dd>" in shown
    assert "**How was it asked?**" in dataset_card(results, "x")
    console = Console(file=io.StringIO(), width=400)
    print_summary(results, NAMES, console, verbose=True)
    assert words in console.file.getvalue()


def test_what_needs_no_word_gets_none(model):
    told = replace(model, condition=Condition("bfloat16", "none", "native", 2**30, 0.0))
    assert asking_line(told) == asking_line(replace(model, condition=None)) == ""


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            Condition("bfloat16", "none", "native", 2**30, 0.0),
            r"^Weights of 1\.00 GiB in bfloat16; numeric floor .* of KL$",
        ),
        (
            Condition("bfloat16+int8", "int8", "native", 2**29, 0.07),
            r"0\.50 GiB, quantised to int8, 7 % .* A condition of",
        ),
        (
            Condition("bfloat16", "nf4", "fp32", 2**28, 0.9),
            r"quantised to nf4, 90 % .*, computed in float32; .* A condition",
        ),
        (
            Condition("bfloat16", "nf4", "native", 2**28, 0.9, "own"),
            r"as they are, expanded by probe since the library's kernel gave wrong numbers on this machine; .* A condit",
        ),
        (
            Condition("bfloat16", "none", "fp32", 2**30, 0.0),
            r"in bfloat16, computed in float32; .* A condition of its own",
        ),
        (
            Condition("bfloat16", "mxfp4", "native", 2**30, 0.0),
            r"in bfloat16, expanded from mxfp4; .* A condition of its own",
        ),
    ],
)
def test_a_condition_of_its_own_is_told_on_the_page_and_in_the_terminal(page, model, condition, words):
    told = replace(model, condition=condition)
    sentence = condition_line(told)
    assert re.search(words, sentence.removesuffix("."))
    out = io.StringIO()
    print_summary(StudyResults(1, {"m": told}), NAMES, Console(file=out, width=400), verbose=True)
    assert sentence in out.getvalue()
    assert sentence in html.unescape(render_page(replace(page, results=StudyResults(1, {"demo": told}))))
    assert condition_line(model) == ""
