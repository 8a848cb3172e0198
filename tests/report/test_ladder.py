"""Guards: the ladder is told in a sentence, a line, tables and a waterfall whose bars join, and only where it was read."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from probe.analysis.ladder_results import BareOptions, LadderResult, SameFacts, Step
from probe.analysis.results import ModelResults, StudyResults, TradeOffResult, from_json, to_json
from probe.report import colours
from probe.report.dataset_card import dataset_card
from probe.report.ladder_figure import waterfall
from probe.report.ladder_text import ladder_line, ladder_sentence, ladder_tables
from probe.report.summary import points
from probe.report.terminal import RunNames, print_summary

CELLS = {"000": 1.4, "100": 0.6, "010": 1.1, "110": 0.1, "111": -0.9, "bare": -0.45}
LADDER = LadderResult(
    scenarios=12,
    contexts=12,
    cells=CELLS,
    total=Step(-2.3, (-2.6, -2.0)),
    vignette=Step(-0.9, (-1.0, -0.8)),
    wording=Step(-0.4, (-0.5, -0.3)),
    should_to_do=Step(-1.0, (-1.2, -0.8)),
    path={"000-100": Step(-0.8, None), "100-110": Step(-0.5, None), "110-111": Step(-1.0, None)},
    general_to_bridge=Step(-0.3, (-0.5, -0.1)),
    first_to_mean=Step(0.1, (0.0, 0.2)),
    same_facts=SameFacts(Step(-1.5, (-1.8, -1.2)), 0.0005, True, 0.002, True),
    bare=BareOptions(0.39, Step(-0.45, (-0.6, -0.3)), 0.5),
    by_scenario={"gift/a": CELLS},
    left_out={"gift/b": "it has no bridge"},
)
SENTENCE = (
    "In gift log-odds move by -2.300 [-2.600, -2.000] nats from the general question about such a situation to "
    "the choice in it: situation -0.900, wording -0.400 and should to do -1.000, over 12 scenarios. With the same "
    "situation given, the log-odds of what one does are shown to differ from those of what should come first in 1 "
    "of 2 trade-offs (gift). The mean log-odds of gift's options without any situation are 50 % of those of the "
    "choice."
)


@pytest.fixture
def laddered(model: ModelResults, gift: TradeOffResult) -> ModelResults:
    """Two trade-offs, one of them consistent on the same facts, with its steps the other way."""
    turned = replace(
        LADDER,
        vignette=Step(0.1, None),
        wording=Step(0.4, None),
        same_facts=replace(LADDER.same_facts, p_adjusted=0.4, inconsistent=False),
        general_to_bridge=None,
        left_out={},
    )
    return replace(model, tradeoffs={"gift": replace(gift, ladder=LADDER), "near": replace(gift, ladder=turned)})


def test_the_sentence_and_the_line(laddered: ModelResults, model: ModelResults) -> None:
    assert ladder_sentence(laddered) == SENTENCE
    assert [point.answer for point in points(laddered) if point.question == "What lies between?"] == [SENTENCE]
    assert ladder_line(laddered) == "Ladder: situation 0.64, wording 0.40, should to do 1.00 nats; inconsistent 1 of 2."
    assert (ladder_sentence(model), ladder_line(model), ladder_tables(model)) == ("", "", ())
    assert "lies between" not in " ".join(point.question for point in points(model))


def test_the_tables_hold_every_figure(laddered: ModelResults) -> None:
    terms, cells = ladder_tables(laddered)
    assert terms.rows[0] == (
        *("gift", "12", "-0.300 [-0.500, -0.100]", "-0.900 [-1.000, -0.800]", "-0.400 [-0.500, -0.300]"),
        *("-1.000 [-1.200, -0.800]", "-2.300 [-2.600, -2.000]", "-1.500 [-1.800, -1.200]", "0.002", "yes"),
    )
    assert terms.rows[1][-1] == "not shown"
    assert terms.caption.endswith("1 scenario without a ladder, since it has no bridge: gift/b")
    assert dict(zip(cells.columns, cells.rows[0], strict=True)) == {
        "trade-off": "gift",
        **{"000": "+1.400", "100": "+0.600", "010": "+1.100", "110": "+0.100", "111": "-0.900", "bare": "-0.450"},
        **{"bare p": "0.390", "bare share": "50 %", "first cell": "+0.100 [0, +0.200]"},
    }


def test_the_bars_of_the_waterfall_join_from_bridge_to_choice(laddered: ModelResults, model: ModelResults) -> None:
    figure = waterfall(laddered)
    assert figure is not None
    bars = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    assert [trace.marker.color for trace in bars.values()] == list(colours.STEPS.values())
    begins, lengths = zip(*((trace.base[0], trace.x[0]) for trace in bars.values()), strict=True)
    assert begins[0] == 1.4
    assert begins[1:] == pytest.approx((begins[0] + lengths[0], begins[0] + lengths[0] + lengths[1]))
    assert begins[2] + lengths[2] == pytest.approx(-0.9)
    points = {trace.name: trace for trace in figure.data if trace.type == "scatter"}
    assert {name: trace.x[0] for name, trace in points.items()} == pytest.approx(
        {"stated in general": 1.7, "bridge": 1.4, "choice": -0.9}
    )
    assert len(points["stated in general"].x) == 1
    assert waterfall(model) is None


def test_the_terminal_says_it_in_one_line_or_that_there_is_none(laddered: ModelResults, model: ModelResults) -> None:
    def printed(results: StudyResults) -> str:
        out = io.StringIO()
        print_summary(results, RunNames(("demo",), "quick", "runs/demo"), Console(file=out, width=100))
        return out.getvalue()

    told = printed(StudyResults(1, {"demo": laddered}))
    assert sum(line.startswith("Ladder: ") for line in told.splitlines()) == 1
    assert len(told.splitlines()) <= 16
    absent = printed(
        StudyResults(1, {"demo": model}, no_ladder={"gift/a": "it has no bridge", "gift/b": "it has no bridge"})
    )
    assert "Ladder: 2 scenarios without a ladder, since it has no bridge: gift/a and 1 more." in absent
    assert "Ladder" not in printed(StudyResults(1, {"demo": model}))


def test_results_and_card_keep_it(laddered: ModelResults, model: ModelResults) -> None:
    results = StudyResults(1, {"demo": laddered}, no_ladder={"gift/b": "it has no bridge"})
    assert from_json(to_json(results)).models["demo"].tradeoffs["gift"].ladder == LADDER
    assert from_json(to_json(results)).no_ladder == results.no_ladder
    assert "`ladder.parquet`" in dataset_card(results, "t")
    assert "data_files: ladder.parquet" in dataset_card(results, "t")
    assert "ladder" not in dataset_card(StudyResults(1, {"demo": model}), "t")
