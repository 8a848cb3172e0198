"""Guards: two turns are told in sentences, a line, tables and a figure that say no more than the numbers."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from probe.analysis.ladder_results import Step
from probe.analysis.own_words_results import OwnWordsResult, Turns, UnrelatedAnswers
from probe.analysis.results import FailedCheck, ModelResults, StudyResults, TradeOffResult
from probe.report.dataset_card import dataset_card
from probe.report.drawings import model_drawings
from probe.report.own_words_figure import own_words_figure
from probe.report.own_words_text import own_words_line, own_words_sentence, own_words_tables
from probe.report.summary import points
from probe.report.terminal import RunNames, print_summary

P1, P2 = "honesty", "kindness"
TURNS = Turns(
    pairs=12,
    scenarios=12,
    given={P1: 0.7, P2: 0.4},
    transition={P1: {P1: 0.5, P2: 0.2}, P2: {P1: 0.1, P2: 0.2}},
    alone=0.55,
    after=0.6,
    shift=Step(0.05, (0.01, 0.09)),
    pull=Step(1.2, (0.9, 1.5)),
    pull_of_means=Step(1.1, (0.8, 1.4)),
    label_echo=Step(0.3, (0.1, 0.5)),
    position_echo=Step(-0.2, None),
    by_form={"choose": 1.2},
    by_scenario={"gift/a": 1.2},
    option_mass=0.8,
    unrelated=UnrelatedAnswers(12, 0.1, Step(0.02, (0.0, 0.04)), Step(0.0, None), Step(0.3, None), Step(-0.2, None)),
    beyond_floor=True,
)
AGAINST = replace(TURNS, pull=Step(-0.6, (-0.7, -0.5)))
FLAT = replace(TURNS, pull=Step(0.05, (-0.1, 0.2)), beyond_floor=False)
SENTENCE = (
    "In gift, log-odds of the choice differ by +1.200 [+0.900, +1.500] nats between a forced first answer for honesty "
    "and one for kindness, positive towards what was said, over 12 scenarios; saying the same label again makes +0.300 "
    "[+0.100, +0.500] of difference, the same position -0.200. Forced answers to an unrelated question differ by 0.100 "
    "there. After its own first answer the mean probability of honesty is 0.600, without a first turn 0.550 (difference "
    "+0.050 [+0.010, +0.090]; after an unrelated turn +0.020 [0, +0.040]). Beyond what unrelated answers do, the choice "
    "follows what was said in 1 of 2 trade-offs and goes against it in 0. Beyond what unrelated answers do, the "
    "principle that is said follows an earlier choice in 0 of 1 trade-offs and goes against it in 1."
)


@pytest.fixture
def told(model: ModelResults, gift: TradeOffResult) -> ModelResults:
    """Three trade-offs: one that follows one way and goes against the other, one that is flat, one with a closed gate."""
    gift = replace(gift, p1=P1, p2=P2)
    shut = (FailedCheck("option_mass", "revealed", 0.1, 0.5),)
    return replace(
        model,
        tradeoffs={
            "gift": replace(gift, own_words=OwnWordsResult(TURNS, AGAINST)),
            "near": replace(gift, own_words=OwnWordsResult(FLAT, None)),
            "shut": replace(gift, own_words=OwnWordsResult(TURNS, TURNS), gates=shut),
        },
    )


def test_the_sentences_and_the_line(told: ModelResults, model: ModelResults) -> None:
    assert own_words_sentence(told) == SENTENCE
    question = "Do choices follow what was said?"
    assert [point.answer for point in points(told) if point.question == question] == [SENTENCE]
    assert own_words_line(told) == (
        "Own words: choice after principle +0.625 nats, beyond unrelated answers in 1 of 2; principle after choice "
        "-0.600 nats, beyond unrelated answers in 1 of 1."
    )
    assert (own_words_sentence(model), own_words_line(model), own_words_tables(model)) == ("", "", ())
    assert question not in [point.question for point in points(model)]


def test_without_a_floor_nothing_is_said_of_one(told: ModelResults, gift: TradeOffResult) -> None:
    bare = replace(TURNS, unrelated=None, beyond_floor=False)
    alone = replace(told, tradeoffs={"gift": replace(gift, own_words=OwnWordsResult(bare, None))})
    assert "unrelated question" not in own_words_sentence(alone)
    assert "unrelated turn" not in own_words_sentence(alone)
    assert own_words_tables(alone)[0].rows[0][7] == "–"


def test_a_trade_off_with_a_closed_gate_is_in_tables_and_in_no_sentence(told: ModelResults) -> None:
    only = replace(told, tradeoffs={"shut": told.tradeoffs["shut"]})
    assert (own_words_sentence(only), own_words_line(only)) == ("", "")
    pulls, _ = own_words_tables(only)
    assert [row[-1] for row in pulls.rows] == ["not interpretable"] * 2


def test_the_tables_hold_every_figure(told: ModelResults) -> None:
    pulls, means = own_words_tables(told)
    assert [(row[0], row[1], row[-1]) for row in pulls.rows] == [
        ("gift", "choice after principle", "yes"),
        ("near", "choice after principle", "not shown"),
        ("shut", "choice after principle", "not interpretable"),
        ("gift", "principle after choice", "against"),
        ("shut", "principle after choice", "not interpretable"),
    ]
    assert pulls.rows[0][2:-1] == (
        *("12", "12", "+1.200 [+0.900, +1.500]", "+0.300 [+0.100, +0.500]", "-0.200", "0.100", "0.800"),
    )
    assert dict(zip(means.columns, means.rows[0], strict=True)) == {
        "trade-off": "gift",
        "order": "choice after principle",
        "P1": P1,
        "P1 | P1": "0.700",
        "P1 | P2": "0.400",
        "alone": "0.550",
        "after": "0.600",
        "difference": "+0.050 [+0.010, +0.090]",
        "after unrelated": "+0.020 [0, +0.040]",
        **{"P1 then P1": "0.500", "P1 then P2": "0.200", "P2 then P1": "0.100", "P2 then P2": "0.200"},
    }


def test_the_figure_has_every_pull_with_its_interval_its_echoes_and_its_floor(told: ModelResults) -> None:
    figure = own_words_figure(told)
    assert figure is not None
    marks = {trace.name: trace for trace in figure.data}
    assert {name: list(trace.x) for name, trace in marks.items()} == {
        "choice after principle": [1.2, 0.05, 1.2],
        "principle after choice": [-0.6, 1.2],
        "same label": [0.3, 0.3, 0.3],
        "same position": [-0.2, -0.2, -0.2],
    }
    lines = [(one.x0, one.x1, one.line.width) for one in figure.layout.shapes]
    assert lines.count((-0.1, 0.1, 12)) == 5
    assert [ends for *ends, width in lines if width == 2] == [
        [0.9, 1.5],
        [-0.7, -0.5],
        [-0.1, 0.2],
        [0.9, 1.5],
        [0.9, 1.5],
    ]
    assert "pull" not in str(figure.layout.xaxis.title.text)
    notes = [one.text for one in figure.layout.annotations]
    assert any("honesty 0.550 → 0.600" in one for one in notes)
    assert sum("not interpretable" in one for one in notes) == 1
    assert "95 % interval" not in marks["same label"].hovertext[0]
    assert own_words_figure(replace(told, tradeoffs={})) is None


def test_the_figure_is_folded(told: ModelResults) -> None:
    (drawn,) = [one for one in model_drawings("m", told, whole=True) if one.title.startswith("What a forced first")]
    assert not drawn.shown


def test_the_terminal_says_it_in_one_line(told: ModelResults) -> None:
    out = io.StringIO()
    results = StudyResults(1, {"demo": told})
    print_summary(results, RunNames(("demo",), "quick", "runs/demo"), Console(file=out, width=120))
    assert sum(line.startswith("Own words: ") for line in out.getvalue().splitlines()) == 1
    assert len(out.getvalue().splitlines()) <= 16


def test_the_card_names_the_table(told: ModelResults, model: ModelResults) -> None:
    assert "data_files: own_words.parquet" in dataset_card(StudyResults(1, {"demo": told}), "t")
    assert "own_words" not in dataset_card(StudyResults(1, {"demo": model}), "t")
