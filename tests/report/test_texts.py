"""Guards: labels and option texts stand side by side, and a word that rests on texts is shown with its sign rates."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from probe.analysis.claim import ValidityCheck
from probe.analysis.results import ModelResults, StudyResults, TradeOffResult, from_json, to_json
from probe.analysis.text_results import Convergence, KnownAnswers, Methods, SignRate, TextResult, TextSide, TextWord
from probe.exports.result_tables import tradeoffs_table
from probe.report.brief import closed_line, outcome_line
from probe.report.claim_tables import claim_tables
from probe.report.dataset_card import dataset_card
from probe.report.first_figure import sides_and_gaps
from probe.report.main_table import main_cells
from probe.report.method_text import method_line, method_sentence, method_tables
from probe.report.sentences import answer
from probe.report.summary import headline, points
from probe.report.terminal import RunNames, print_summary
from probe.report.worded import as_worded, closing_checks, labels_unread, text_word

KNOWN = {
    "labels": KnownAnswers(25, 54, (0.3262, 0.6039), 0.7517),
    "pmi": KnownAnswers(50, 54, (0.8211, 0.9794), 2e-11),
    "token": KnownAnswers(44, 54, (0.6857, 0.9075), 2e-6),
    "sum": KnownAnswers(35, 54, (0.5062, 0.7732), 0.0201),
}
CONVERGING = {
    "pmi": Convergence(0.31, (0.1, 0.5), 40, 20),
    "token": Convergence(None, None, 40, 20),
    "sum": Convergence(-0.2, None, 40, 20),
}
RATES = {
    "labels": SignRate(0.5, (0.4, 0.6)),
    "pmi": SignRate(0.8, (0.7, 0.9)),
    "token": SignRate(1.0, None),
    "sum": SignRate(0.6, None),
}
SIDES = {
    "stated": TextSide(18, 9, 6, RATES, {"pmi": SignRate(0.75, None)}),
    "revealed": TextSide(32, 8, 0, {**RATES, "pmi": SignRate(0.25, (0.1, 0.4))}, {}),
}
WORD = TextWord(
    method="pmi",
    stated=SignRate(0.8, (0.7, 0.9)),
    revealed=SignRate(0.25, (0.1, 0.4)),
    gap=-0.55,
    gap_interval=(-0.7, -0.4),
    gap_interval_90=(-0.65, -0.45),
    flat=False,
    checks=(ValidityCheck("dominated", "control", 0.95, 0.9, "open", {}, 20),),
    verdict_by_labels="not interpretable",
    reason_by_labels="a validity check failed: dominated (control)",
)
SENTENCE = (
    "Known answers whose right option is ahead in the mean over formats: 25 of 54 by labels (0.463, 95 % interval [0.326, 0.604]), 50 of 54 by option texts against "
    "their baseline (PMI) (0.926, 95 % interval [0.821, 0.979]), 44 of 54 by option texts per token (0.815, 95 % interval "
    "[0.686, 0.907]) and 35 of 54 by option texts as sums (0.648, 95 % interval [0.506, 0.773]). Words rest on option "
    "texts against their baseline (PMI), as labels are not shown to be better than guessing; only the signs of these "
    "enter them. Correlation of an item's content by label and by text: +0.310 [+0.100, +0.500] (PMI), – (per token) and "
    "-0.200 (sum)."
)


@pytest.fixture
def by_text(model: ModelResults, gift: TradeOffResult) -> ModelResults:
    """One trade-off, whose word rests on texts although the check of its labels failed."""
    return replace(
        model,
        methods=Methods("pmi", KNOWN, CONVERGING, 2),
        tradeoffs={"gift": worded(gift)},
    )


def worded(gift: TradeOffResult, **changes: object) -> TradeOffResult:
    word = replace(WORD, **changes)
    return replace(gift, verdict="deviation", direction="reversal", texts=TextResult(SIDES, CONVERGING, word))


def printed(model: ModelResults) -> list[str]:
    shown = io.StringIO()
    console = Console(file=shown, width=110)
    print_summary(StudyResults(1, {"m": model}), RunNames(("s",), "d", "f"), console)
    return shown.getvalue().splitlines()


def test_the_sentence(by_text: ModelResults) -> None:
    assert method_sentence(by_text) == SENTENCE
    assert [point.answer for point in points(by_text) if point.question == "By label or by text?"] == [SENTENCE]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [("labels", "Words rest on labels"), ("none", "By no method is that shown"), ("sum", "option texts as sums, as")],
)
def test_the_sentence_of_another_choice(by_text: ModelResults, chosen: str, words: str) -> None:
    assert by_text.methods is not None
    other = replace(by_text, methods=replace(by_text.methods, chosen=chosen))
    assert words in method_sentence(other)


def test_the_line_stands_on_the_terminal_only_where_it_decides_something(by_text: ModelResults) -> None:
    line = (
        "Words rest on option texts against their baseline (PMI): of 54 known answers the right one is ahead by labels 25, PMI 50, "
        "per token 44, sum 35."
    )
    assert method_line(by_text) == line
    text = printed(by_text)
    assert line in " ".join(one.strip() for one in text)
    assert len(text) <= 16
    assert by_text.methods is not None
    labels = replace(by_text, methods=replace(by_text.methods, chosen="labels"))
    assert method_line(labels) == ""
    none = replace(by_text, methods=replace(by_text.methods, chosen="none"))
    assert method_line(none).startswith("No method is better than guessing: of 54")


def test_trade_offs_that_print_their_own_answers_are_named(by_text: ModelResults, gift: TradeOffResult) -> None:
    bare = replace(gift, verdict="not interpretable", texts=TextResult({}, {}))
    absent = replace(bare, verdict=None)
    one = replace(by_text, tradeoffs={**by_text.tradeoffs, "litmus": bare, "half": absent})
    said = " No word on litmus: its items print their own answers, so no texts."
    assert method_line(one).endswith(f"sum 35.{said}")
    assert f"enter them.{said} Correlation" in method_sentence(one)
    many = replace(by_text, tradeoffs={**by_text.tradeoffs, **{f"t{n}": bare for n in range(5)}})
    assert "No word on t0, t1, t2 and 2 more: their items print" in method_line(many)
    labels = replace(one, methods=replace(one.methods, chosen="labels"))
    assert "No word on" not in method_sentence(labels)
    assert "No word on" not in method_sentence(by_text)


def test_the_tables_have_both_rates_with_intervals(by_text: ModelResults) -> None:
    methods, signs, converging = method_tables(by_text)
    assert methods.rows[0] == ("labels", "25 of 54", "0.463 [0.326, 0.604]", "0.752", "–", "no")
    assert methods.rows[1][1:4] == ("50 of 54", "0.926 [0.821, 0.979]", "2.0e-11")
    assert [row[-1] for row in methods.rows] == ["no", "yes", "no", "no"]
    assert signs.rows[0] == (
        "gift", "stated", "18, 6 marked", "0.500 [0.400, 0.600]", "0.800 [0.700, 0.900] / 0.750", "1.000", "0.600",
    )  # fmt: skip
    assert signs.rows[1][4] == "0.250 [0.100, 0.400]"
    assert converging.rows == (("gift", "40", "+0.310 [+0.100, +0.500]", "–", "-0.200"),)


def test_nothing_is_shown_where_texts_were_not_read(model: ModelResults, gift: TradeOffResult) -> None:
    assert method_tables(model) == ()
    assert (method_line(model), method_sentence(model)) == ("", "")
    assert text_word(gift) is None
    assert as_worded(gift) is gift
    assert closing_checks(gift) == gift.gates


def test_a_row_has_sign_rates_where_the_word_rests_on_them(gift: TradeOffResult) -> None:
    row = main_cells("gift", worded(gift))
    assert (row["stated"], row["revealed"]) == ("0.800", "0.250")
    assert row["R-S [95 % CI]"] == "-0.55 [-0.70, -0.40]"
    assert (row["KL"], row["gap/format"]) == ("–", "–")
    assert row["word"] == "deviation (reversal, option texts)"


def test_the_figure_has_them_too(by_text: ModelResults) -> None:
    drawn = sides_and_gaps(by_text).to_plotly_json()["data"]
    assert sorted(float(x) for one in drawn for x in one["x"]) == pytest.approx([-0.55, 0.25, 0.8])
    assert "sign rate" in drawn[0]["text"][0]


def test_the_answer_has_the_word_by_text_and_what_labels_would_give(gift: TradeOffResult, model: ModelResults) -> None:
    closed = replace(worded(gift), gates=tuple(model.tradeoffs["gift"].gates))
    found = answer("gift", closed, model.numeric_floor)
    assert found.lead.startswith("By option texts it favours ")
    assert not found.closed
    text = " ".join(found.lines)
    assert "Deviation (reversal), by option texts against their baseline (PMI): " in text
    assert "By labels it would be “not interpretable”: a validity check failed: dominated (control)." in text


def test_checks_of_the_normaliser_close_a_word(by_text: ModelResults, gift: TradeOffResult) -> None:
    failing = ValidityCheck("fact", "control", 0.7, 0.9, "closed", {}, 20)
    own = replace(worded(gift, checks=(failing,)), verdict="not interpretable", direction=None)
    model = replace(by_text, tradeoffs={"gift": own})
    assert outcome_line("m", model).startswith("m: nothing can be said, 1 of 1 trade-off fails: 14 of 20 known answers")
    assert "14 of 20" in closed_line("m", model)
    assert answer("gift", own, model.numeric_floor).closed
    assert "nothing is concluded" in headline("m", model)


def test_checks_of_the_labels_close_none(by_text: ModelResults, gift: TradeOffResult) -> None:
    assert outcome_line("m", by_text) == "m, one trade-off: deviation in 1."
    assert closed_line("m", by_text) == ""


def test_where_labels_were_not_read_that_is_what_is_said(by_text: ModelResults, gift: TradeOffResult) -> None:
    bare = replace(
        gift, stated=None, revealed=None, inference=None, gap=None, kl_revealed_stated=None, verdict=None, claim=None
    )
    unread = replace(bare, texts=TextResult(SIDES, {}))
    assert labels_unread(unread)
    assert not labels_unread(bare)
    assert main_cells("gift", unread)["bare"] == "labels not read"
    assert main_cells("gift", bare)["bare"] == "a side is missing"
    assert by_text.methods is not None
    model = replace(by_text, methods=replace(by_text.methods, chosen="none"), tradeoffs={"gift": unread})
    assert headline("m", model) == "m: labels were not read, and no word rests on option texts."
    assert len(method_tables(model)) == 2
    nothing = "m: nothing can be compared, since no trade-off has both sides."
    for others in ({"gift": unread, "bare": bare}, {}):
        assert headline("m", replace(model, tradeoffs=others)) == nothing


def test_card_and_json(by_text: ModelResults) -> None:
    study = StudyResults(1, {"m": by_text})
    assert "| `texts.parquet` |" in dataset_card(study, "t")
    assert "config_name: texts" in dataset_card(study, "t")
    assert from_json(to_json(study)) == study


def test_exported_rows_name_what_the_word_rests_on(by_text: ModelResults, model: ModelResults) -> None:
    (row,) = tradeoffs_table(StudyResults(1, {"m": by_text})).to_pylist()
    assert (row["word_by"], row["stated_sign_rate"], row["revealed_sign_rate"]) == ("pmi", 0.8, 0.25)
    assert row["stated"] == by_text.tradeoffs["gift"].stated.deployed
    plain = tradeoffs_table(StudyResults(1, {"m": model})).to_pylist()
    assert {row["word_by"] for row in plain} == {"labels", None}
    assert all((row["word_by"] is None) == (row["verdict"] is None) for row in plain)
    assert (row["sign_rate_gap"], row["gap"]) == (pytest.approx(-0.55), by_text.tradeoffs["gift"].gap)
    assert {row["stated_sign_rate"] for row in plain} == {None}


def test_the_claims_have_no_figure_of_labels_where_the_word_rests_on_texts(by_text: ModelResults) -> None:
    table = next(one for one in claim_tables(by_text) if one.title == "Claims")
    (row,) = (dict(zip(table.columns, one, strict=True)) for one in table.rows)
    assert row["formats"] == "option texts"
    labels = ("over all formats", "formats random", "content gap", "its 95 % interval", "arrangements")
    assert {row[name] for name in labels} == {"–"}
