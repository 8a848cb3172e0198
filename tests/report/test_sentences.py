"""Guards: the exact words; missing sides, floors and failed validity checks are told; nothing is claimed beyond the results."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from probe.analysis.claim import Repeated, Verdict
from probe.analysis.effects import FormatShares
from probe.analysis.results import FailedCheck, ModelResults, NumericFloor, OmissionResult, TradeOffResult
from probe.report.check_tables import check_tables
from probe.report.claim_text import check_text, failed_checks, verdict_text, verdicts_line
from probe.report.sentences import MEANING, answer, answers, by_distance
from probe.report.summary import format_line, headline, points

FLOOR = NumericFloor(2e-5, 2e-10)
GOLDEN = Path(__file__).with_name("golden_text.txt")


def first_screen(model: ModelResults) -> str:
    return "\n".join(f"{point.question} {point.answer}" for point in points(model))


def told(model: ModelResults) -> str:
    lines = [headline("demo", model), first_screen(model), ""]
    for one in answers(model):
        lines += [f"{one.tradeoff}: {one.lead}", *(f"  {line}" for line in one.lines), ""]
    return "\n".join([*lines, MEANING, ""])


def test_words_are_the_reviewed_ones(model: ModelResults) -> None:
    assert told(model) == GOLDEN.read_text("utf-8")


def test_nothing_is_claimed_that_was_not_tested(model: ModelResults) -> None:
    assert not re.search(r"significan|\bproves?\b", told(model), re.IGNORECASE)
    for key, found in model.tradeoffs.items():
        text = " ".join(answer(key, found, FLOOR).lines)
        assert ("It is a shift of preference" in text) == (key == "gift")
        assert ("No deviation: " in text) == (key == "mirror")
        assert ("Deviation (" in text) == (key == "gift")


def test_a_closed_gate_is_told_with_its_reason_and_marks_what_stands_ungated(model: ModelResults) -> None:
    said = answer("loan", model.tradeoffs["loan"], FLOOR)
    assert said.lead.startswith("Not interpretable; as measured, asked in general")
    assert said.lines[2] == (
        "Not interpretable, since a validity check failed: option_mass_mean (stated). Without validity checks it would be “deviation”, "
        "which is not to be claimed (R - S is -0.130, 95 % interval [-0.170, -0.090], 90 % [-0.162, -0.098])."
    )


def test_what_a_claim_hangs_on_is_told(model: ModelResults, gift: TradeOffResult) -> None:
    assert gift.claim is not None
    alike = {"margin": Repeated("deviation", "deviation")}
    same = replace(gift, claim=replace(gift.claim, repeated=alike, shift_of_preference=False, depends_on_form=True))
    lines = answer("gift", same, FLOOR).lines
    assert "Each threshold at half and at twice gives the same word." in lines
    assert any(
        line.startswith("It is not called a shift of preference: the bias-corrected (latent) gap is -1.880 nats")
        for line in lines
    )
    assert "It depends on the question form: R - S is -0.210 (agree) and -0.510 (choose)." in lines
    other = " ".join(answer("gift", gift, FLOOR).lines)
    assert "With another threshold it would be another word: option mass mean at twice: not interpretable." in other


def test_closed_gates_are_told_once_with_what_they_close(model: ModelResults) -> None:
    assert failed_checks(model) == (
        "Validity check failed: option mass mean (stated side): 0.312 measured, the limit is 0.500. Not interpretable: loan.",
    )
    gate = FailedCheck("fact", "control", 0.5, 0.9)
    many = {f"t{k}": replace(model.tradeoffs["gift"], gates=(gate,)) for k in range(10)}
    (line,) = failed_checks(replace(model, tradeoffs={**many, "z": model.tradeoffs["gift"]}))
    assert line.endswith("Not interpretable: t0, t1, t2, t3, t4, t5, t6, t7 and 2 more.")
    (line,) = failed_checks(replace(model, tradeoffs=many))
    assert line.endswith("Not interpretable: all 10.")


def test_trade_offs_that_fail_the_same_checks_are_named_once(model: ModelResults) -> None:
    gift = model.tradeoffs["gift"]
    fact, dominated, mass = (FailedCheck(name, "control", 0.5, 0.9) for name in ("fact", "dominated", "mass"))
    closed = {
        "a": replace(gift, gates=(fact, dominated)),
        "b": replace(gift, gates=(fact, dominated, mass)),
        "c": replace(gift, gates=(mass,)),
        "d": gift,
    }
    told = [line.partition("interpretable: ")[2] for line in failed_checks(replace(model, tradeoffs=closed))]
    assert told == ["a and b.", "the same 2.", "b and c."]


def test_claims_are_counted_by_word(model: ModelResults) -> None:
    assert verdicts_line(model) == (
        "Deviation in 1: gift (reversal). No deviation in 1: mirror. Undecided in 1: queue. "
        "Not interpretable in 1: loan."
    )


def test_order_is_by_distance_and_missing_sides_come_last(model: ModelResults) -> None:
    assert [key for key, _ in by_distance(model)] == ["gift", "loan", "queue", "mirror", "walk"]


def test_equal_distances_are_ordered_by_id(model: ModelResults, gift: TradeOffResult) -> None:
    twins = replace(model, tradeoffs={"b": gift, "a": gift})
    assert [key for key, _ in by_distance(twins)] == ["a", "b"]


def test_points_pass_over_closed_gates(model: ModelResults, gift: TradeOffResult) -> None:
    closed = replace(gift, gates=(FailedCheck("option_mass", "both", 0.3, 0.25),))
    gated = replace(model, tradeoffs={**model.tradeoffs, "gift": closed})
    assert "apart" not in headline("demo", gated)
    assert points(gated)[0].answer.startswith("In queue the two probabilities differ by 0.110")
    assert "0.300 measured, the limit is 0.250. Not interpretable: gift." in points(gated)[-1].answer


def test_headline_with_all_gates_closed_concludes_nothing(model: ModelResults) -> None:
    only = replace(model, tradeoffs={"loan": model.tradeoffs["loan"]})
    assert headline("demo", only).endswith("so nothing is concluded.")
    assert "0.750" not in headline("demo", only)
    assert [point.question for point in points(only)] == ["What may be claimed?", "What must not be read?"]
    assert points(only)[0].answer == "Not interpretable in 1: loan."
    assert points(only)[1].answer.startswith("Validity check failed: option mass mean (stated side): 0.312 measured")


def test_headline_without_both_sides(model: ModelResults) -> None:
    only = replace(model, tradeoffs={"walk": model.tradeoffs["walk"]})
    assert headline("demo", only) == "demo: nothing can be compared, since no trade-off has both sides."
    assert [point.answer for point in points(only)] == ["Left out because a side was not measured: 1."]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["a"], "demo, one trade-off: no deviation in 1."),
        (["a", "b"], "demo, 2 trade-offs: no deviation in 2."),
    ],
)
def test_headline_counts_words_and_names_no_distance(model: ModelResults, keys: list[str], told: str) -> None:
    equal = replace(model, tradeoffs=dict.fromkeys(keys, model.tradeoffs["mirror"]))
    assert headline("demo", equal) == told
    assert [point.answer for point in points(equal)] == [
        f"No deviation in {len(keys)}: {' and '.join(keys)}.",
        "Every validity check that was measured passed.",
    ]


def test_every_word_is_counted(model: ModelResults, gift: TradeOffResult) -> None:
    words = get_args(Verdict)
    every = replace(model, tradeoffs={word: replace(gift, verdict=word) for word in words})
    assert all(f"{word} in 1" in headline("demo", every) for word in words)
    assert verdicts_line(every).count(" in 1: ") == len(words)


def test_known_answers_are_counted_with_the_consequence() -> None:
    assert check_text(FailedCheck("dominated", "control", 0.2, 0.9, 5)) == (
        "Validity check failed: dominated (known-answer controls): 1 of 5 known answers right, 4.5 needed: no claim."
    )


def test_what_answers_follow_is_told_even_if_all_gates_are_closed(model: ModelResults) -> None:
    only = replace(model, tradeoffs={"loan": model.tradeoffs["loan"]})
    shares = FormatShares(1.0, 0.0004, 0.64, 0.09, 0.01, None, 0.2596)
    line = format_line(replace(only, format_shares=shares))
    assert line.startswith(
        "Answers follow option order (0.800 nats) and other formats (0.510 nats), not content (0.020 nats): it does "
        "not read the options"
    )
    assert points(replace(only, format_shares=shares))[0].answer == line
    reading = format_line(replace(only, format_shares=FormatShares(4.0, 0.75, 0.1, 0.1, 0.0, None, 0.05)))
    assert reading.startswith("Answers follow content (1.732 nats) more than")
    mixed = format_line(replace(only, format_shares=FormatShares(4.0, 0.2, None, None, None, 0.7, 0.1)))
    assert mixed.startswith("Answers follow slot (1.673 nats) and other formats (0.632 nats) more than content")
    together = format_line(replace(only, format_shares=FormatShares(1.0, 0.36, 0.25, 0.2, 0.0, None, 0.19)))
    assert together.startswith(
        "Answers follow formats together (0.800 nats) more than content (0.600 nats), most of all option order (0.500 "
        "nats) and label (0.447 nats): content makes 36 %"
    )


def test_a_deviation_by_format_says_so(model: ModelResults, gift: TradeOffResult) -> None:
    made = replace(gift, claim=replace(gift.claim, by_format=True))
    assert verdict_text(made) == "deviation (reversal, by format)"
    assert "gift (reversal, by format)" in verdicts_line(replace(model, tradeoffs={"gift": made}))
    ceiling = replace(gift, verdict="no deviation", claim=replace(gift.claim, at_ceiling=True))
    assert verdict_text(ceiling) == "no deviation (at the ceiling)"


def test_below_the_floor_no_direction_is_told(model: ModelResults) -> None:
    lines = " ".join(answer("mirror", model.tradeoffs["mirror"], FLOOR).lines)
    assert "no distance can be read off" in lines
    assert "attenuated" not in lines


def test_above_the_floor_the_direction_is_told(gift: TradeOffResult) -> None:
    assert "reversal" in " ".join(answer("gift", gift, FLOOR).lines)
    none = answer("gift", replace(gift, direction=None), FLOOR)
    assert none.lines[0].startswith("Deviation: the adjusted test rejects R = S; 5 tests")


def test_neither_side(gift: TradeOffResult) -> None:
    empty = replace(
        gift, stated=None, revealed=None, kl_revealed_stated=None, gap=None, budget=None, bias=None, claim=None
    )
    said = answer("gift", empty, FLOOR)
    assert said.lead == "Between honesty and kindness neither side was measured."
    assert said.lines == ("Not measured: the stated and revealed sides; no comparison is made.",)


def test_missing_revealed_side(gift: TradeOffResult) -> None:
    half = replace(gift, revealed=None, kl_revealed_stated=None, gap=None, budget=None, bias=None, claim=None)
    said = answer("gift", half, FLOOR)
    assert said.lead == "Asked in general it gives honesty over kindness a probability of 0.820."
    assert said.lines[0] == "Not measured: the revealed side; no comparison is made."


def test_a_budget_of_nothing_has_no_shares(gift: TradeOffResult) -> None:
    assert gift.budget is not None
    empty = replace(gift.budget, total=0.0, format=0.0, context=0.0, scenarios=0.0, gap=0.0)
    lines = answer("gift", replace(gift, budget=empty), FLOOR).lines
    assert "The deviation budget is 0: no cell departs from the stated preference." in lines


def test_an_undecided_trade_off_says_why(model: ModelResults) -> None:
    (line,) = [one for one in answer("queue", model.tradeoffs["queue"], FLOOR).lines if one.startswith("Undecided")]
    assert line == ("Undecided: the 95 % interval of R - S reaches into ±0.05; 5 tests in the family.")


def test_a_bias_against_what_is_first_is_a_loss(gift: TradeOffResult) -> None:
    assert gift.bias is not None
    biased = replace(gift, bias=replace(gift.bias, position=None, label=None, slot=-0.4))
    lines = " ".join(answer("gift", biased, FLOOR).lines)
    assert "the first slot (shown first and labelled first) loses 0.400 nats" in lines
    silent = replace(gift, bias=replace(gift.bias, position=None, label=None, slot=None))
    assert not [line for line in answer("gift", silent, FLOOR).lines if line.startswith("In the scenarios")]


def test_closed_gates_come_first(model: ModelResults) -> None:
    said = answer("loan", model.tradeoffs["loan"], FLOOR)
    assert said.closed
    assert said.lines[0].startswith("Validity check failed: option mass mean (stated side)")
    assert said.lines[1].endswith("nothing is to be concluded from them.")


def test_gate_names_what_was_measured_and_asked() -> None:
    assert check_text(FailedCheck("option_mass_difference", "both", 0.4, 0.25)) == (
        "Validity check failed: option mass difference (both sides): 0.400 measured, the limit is 0.250."
    )
    assert "(known-answer controls)" in check_text(FailedCheck("fact", "control", 0.5, 0.9))


def test_names_cannot_steer_a_terminal(model: ModelResults, gift: TradeOffResult) -> None:
    named = replace(
        gift, p1="\x1b[31mred\x07", p2="left\u202eright", pivot_axes=("\x1bx",), held_axes={"a\x1b": "b\x1b"}
    )
    text = told(replace(model, tradeoffs={"\x1b]0;x\x07": named}))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)


def test_few_of_many_closed_gates_are_told_first(model: ModelResults) -> None:
    closed = {
        f"t{place}": replace(model.tradeoffs["loan"], gates=(FailedCheck("fact", "control", place / 10, 0.9),))
        for place in range(6)
    }
    said = points(replace(model, tradeoffs=closed))[-1].answer
    assert said.count("Validity check failed") == 4
    assert "2 more failed validity checks are in the tables." in said


def test_what_an_omission_gains_stands_beside_position_and_label(gift: TradeOffResult) -> None:
    found = OmissionResult(-0.4, 1.0, 3, {"gift/a": -0.4}, (-0.6, -0.2), None, 0.01)
    lines = answer("gift", replace(gift, omission=found), FLOOR).lines
    (line,) = [text for text in lines if "both ways round" in text]
    assert line.startswith("In the scenarios, the option shown first")
    assert line.endswith(
        "Over 3 scenarios asked both ways round, the omission loses 0.400 nats "
        "(towards the omission -0.400, 95 % interval [-0.600, -0.200])."
    )
    (table,) = [t for t in check_tables(model_of(replace(gift, omission=found))) if t.title == "Omission"]
    assert table.rows[0][1:5] == ("3", "-0.400", "[-0.600, -0.200]", "+1.000")


def model_of(result: TradeOffResult) -> ModelResults:
    return ModelResults(FLOOR, {"gift": result}, {})
