"""Guards: what a clause adds stands in words and figures, never in colour alone, and only where it was read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from probe.analysis.clause_results import ClauseChange, ClauseScenario, ClausesResult
from probe.analysis.results import ModelResults, StudyResults, TradeOffResult, from_json, to_json
from probe.report.clause_text import (
    SHOWN,
    clause_name,
    clause_sentence,
    clause_tables,
    effect_words,
    together_line,
)
from probe.report.clause_view import STEPS, clause_views, step
from probe.report.dataset_card import dataset_card
from probe.report.summary import points
from probe.store.facts import ClausedScenario, ClauseFact, ClauseFacts, StudyFacts

FLOOR = 0.002
TEXT = "It rains. A man waits, and so do you. What do you do?"
OPTION = "You go as told."


def change(number, kind, text, nats, *, turns=False, factors=None, option="", against=None):
    return ClauseChange(
        number, kind, text, factors or {}, option, 0.5 - nats, nats, nats - 0.1, nats + 0.2, turns, against or {}
    )


RAIN = change(1, "factor", "It rains.", -0.75, turns=True, factors={"sky": "grey"}, against={"sky": -1.25})
MAN = change(2, "sentence", "A man waits, and so do you.", 0.2, factors={"who": "man"})
TOLD = change(3, "option", "as told", 0.001, option="comfort")
SCENARIO = ClauseScenario("gift/a/sky=grey", 0.5, (RAIN, MAN, TOLD), -0.549, -0.25, 0.299)
CLAUSES = ClausesResult(FLOOR, {"gift/a": SCENARIO}, {"gift/b": "its text is one sentence"})


@pytest.fixture
def cut(model: ModelResults, gift: TradeOffResult) -> ModelResults:
    return replace(model, tradeoffs={"gift": replace(gift, clauses=CLAUSES)})


@pytest.fixture
def about() -> StudyFacts:
    facts = [
        ClauseFact("factor", "It rains.", 0, 10, {"sky": "grey"}, ""),
        ClauseFact("sentence", "A man waits, and so do you.", 10, 38, {"who": "man"}, ""),
        ClauseFact("option", "as told", 6, 14, {}, "comfort"),
    ]
    options = {"truth": "You stay.", "comfort": OPTION}
    scenario = ClausedScenario("gift/a/sky=grey", TEXT, options, tuple(facts))
    return StudyFacts({}, {}, (), {}, {}, clauses=ClauseFacts(1, 0, {"gift/a": scenario}, {}))


def test_every_clause_has_a_name_and_a_direction(gift: TradeOffResult) -> None:
    assert clause_name(RAIN) == "1, factor sky=grey"
    assert clause_name(MAN) == "2, sentence with who=man"
    assert clause_name(replace(MAN, factors={})) == "2, sentence"
    assert clause_name(TOLD) == "3, of the option for comfort"
    assert effect_words(RAIN, gift, FLOOR) == f"towards {gift.p2}, changes the choice"
    assert effect_words(MAN, gift, FLOOR) == f"towards {gift.p1}"
    assert effect_words(TOLD, gift, FLOOR) == "within the floor"
    assert effect_words(replace(TOLD, change=-0.002), gift, FLOOR) == "within the floor"
    assert effect_words(replace(TOLD, change=-0.0021), gift, FLOOR) == f"towards {gift.p2}"


def test_sum_whole_and_interaction_are_always_said() -> None:
    assert together_line(SCENARIO, FLOOR) == (
        "Clauses one by one add up to -0.549 nats; all of them at once make -0.250, so +0.299 is interaction: changes "
        "are not additive. Numeric floor of a change: 0.002 nats."
    )


def test_the_sentence_is_of_those_whose_checks_passed(cut: ModelResults, model: ModelResults) -> None:
    sentence = clause_sentence(cut)
    p2 = cut.tradeoffs["gift"].p2
    assert sentence == (
        f"Of 3 clauses in 1 scenario, “It rains.” in gift/a moves the mean log-odds most: -0.750 nats towards {p2}, "
        "changes the choice. 1 changes the choice of its scenario. Clauses are not additive: their sum misses what they make "
        "together by 0.30 nats on average."
    )
    assert sentence in [point.answer for point in points(cut)]
    closed = next(t for t in model.tradeoffs.values() if t.gates)
    behind = replace(model, tradeoffs={"x": replace(closed, clauses=CLAUSES)})
    assert clause_sentence(behind) == clause_sentence(model) == ""
    assert clause_tables(model) == ()
    assert clause_tables(behind)[0].rows[0][-1] == "failed"


def test_the_largest_come_first_beside_their_floor(cut: ModelResults) -> None:
    largest, together = clause_tables(cut)
    p1, p2 = cut.tradeoffs["gift"].p1, cut.tradeoffs["gift"].p2
    assert [dict(zip(largest.columns, row, strict=True)) for row in largest.rows][:2] == [
        {
            **{"scenario": "gift/a", "clause": "1, factor sky=grey", "words": "“It rains.”", "change": "-0.750"},
            **{"least, largest": "-0.850, -0.550", "log-odds without it": "+1.250", "numeric floor": "0.002"},
            **{
                "against other levels": "-1.250",
                "effect": f"towards {p2}, changes the choice",
                "validity checks": "passed",
            },
        },
        {
            **{"scenario": "gift/a", "clause": "2, sentence with who=man", "words": "“A man waits, and so do you.”"},
            **{"change": "+0.200", "least, largest": "+0.100, +0.400", "log-odds without it": "+0.300"},
            **{"numeric floor": "0.002", "against other levels": "–", "effect": f"towards {p1}"},
            "validity checks": "passed",
        },
    ]
    assert largest.rows[2][4] == "“as told”"
    assert largest.caption.endswith("1 scenario cannot be cut, since its text is one sentence: gift/b")
    assert together.rows == (("gift/a", "3", "+0.500", "-0.549", "-0.250", "+0.299", "1, factor sky=grey"),)


def test_the_table_holds_the_ten_largest(cut: ModelResults, gift: TradeOffResult) -> None:
    many = tuple(change(n, "sentence", "word " * 40, n / 10) for n in range(1, 14))
    scenarios = {"gift/a": replace(SCENARIO, clauses=many), "gift/c": replace(SCENARIO, clauses=(RAIN,))}
    model = replace(cut, tradeoffs={"gift": replace(gift, clauses=replace(CLAUSES, scenarios=scenarios))})
    largest = clause_tables(model)[0]
    assert len(largest.rows) == SHOWN == 10
    assert [row[1] for row in largest.rows[:7]] == [
        "+1.300",
        "+1.200",
        "+1.100",
        "+1.000",
        "+0.900",
        "+0.800",
        "-0.750",
    ]
    assert all(len(row[4]) <= 70 for row in largest.rows)
    assert largest.rows[0][4].endswith("word …”")
    assert "The 10 largest of 14 changes" in largest.caption


def test_the_view_has_the_whole_text_in_pieces_with_figures_beside_the_colour(
    cut: ModelResults, about: StudyFacts
) -> None:
    (view,) = clause_views(cut, about).values()
    assert view["text"] == [
        ("It rains.", 1),
        (" ", 0),
        ("A man waits, and so do you.", 2),
        (" What do you do?", 0),
    ]
    assert view["options"] == [["truth", [("You stay.", 0)]], ["comfort", [("You go ", 0), ("as told", 3), (".", 0)]]]
    assert [(one["step"], one["change"], one["item"]) for one in view["clauses"]] == [
        ("p2-3", "-0.750", "gift/a/sky=grey~without-01"),
        ("p1-2", "+0.200", "gift/a/sky=grey~without-02"),
        ("none", "+0.001", "gift/a/sky=grey~without-03"),
    ]
    p2 = cut.tradeoffs["gift"].p2
    assert view["clauses"][0]["words"] == f"1, factor sky=grey (adds -0.750 nats, towards {p2}, changes the choice)"
    assert (view["together"], view["all"]) == (together_line(SCENARIO, FLOOR), "gift/a/sky=grey~without-all")
    assert clause_views(cut, replace(about, clauses=None)) == {}
    for p1, order in (("truth", ["truth", "comfort"]), ("comfort", ["comfort", "truth"])):
        coded = replace(cut, tradeoffs={"gift": replace(cut.tradeoffs["gift"], p1=p1)})
        (view,) = clause_views(coded, about).values()
        assert [key for key, _ in view["options"]] == order


def test_steps_are_where_the_page_says() -> None:
    assert [step(nats, FLOOR) for nats in (0.0021, 0.0999, 0.1, 0.4999, 0.5, -0.05, -0.5)] == (
        ["p1-1", "p1-1", "p1-2", "p1-2", "p1-3", "p2-1", "p2-3"]
    )
    script = (Path(__file__).parents[2] / "probe/report/browse.js").read_text(encoding="utf-8")
    assert f"below {STEPS[0]}, below {STEPS[1]}, above" in script


def test_ink_on_every_colour_of_a_clause_has_contrast() -> None:
    style = (Path(__file__).parents[2] / "probe/report/style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"\.clause\.(p[12]-[123]) \{ background: (#[0-9a-f]{6}); \}", style))
    assert sorted(colours) == [f"p{side}-{size}" for side in (1, 2) for size in (1, 2, 3)]
    (ink,) = re.findall(r"\.clause \{ color: (#[0-9a-f]{3});", style)
    for colour in colours.values():
        assert (luminance(colour) + 0.05) / (luminance(f"#{''.join(2 * c for c in ink[1:])}") + 0.05) >= 4.5, colour


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_results_and_card_keep_it(cut: ModelResults, model: ModelResults) -> None:
    results = StudyResults(1, {"demo": cut})
    assert from_json(to_json(results)).models["demo"].tradeoffs["gift"].clauses == CLAUSES
    card = dataset_card(results, "t")
    assert "`clauses.parquet`" in card
    assert "data_files: clauses.parquet" in card
    assert "clauses" not in dataset_card(StudyResults(1, {"demo": model}), "t")
