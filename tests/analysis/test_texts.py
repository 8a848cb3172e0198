"""Guards: scores are what is written down, methods are chosen on known answers alone, planted cases are found."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from probe.analysis.intervals import t_interval
from probe.analysis.neutral_grids import tabulate_grids
from probe.analysis.study import Terms, analyse
from probe.analysis.text_results import SignRate
from probe.analysis.texts import NORMALISERS, choose_method, label_means, signs_of, tabulate_texts
from probe.design.items import Level, unlisted
from probe.errors import StudyError
from probe.store.facts import ControlFacts
from probe.store.schema import OPTION_TEXTS, READINGS

from .build import QUICK, STANDARD, Asked, facts, rows_of, steady, table
from .test_fixed import fixed_row
from .test_neutral import offered

NUMBERS = ("logprob_p1", "logprob_p2", "tokens_p1", "tokens_p2", "baseline_p1", "baseline_p2")


def text_row(item, numbers, cue="answer", model="m", **changes):
    """A row of ``texts.parquet`` of an `Asked`, with `numbers` in the order of `NUMBERS`."""
    cluster = item.cluster or item.id
    return {
        "model": model,
        "tradeoff": item.tradeoff,
        "side": item.side,
        "form": item.form,
        "cluster": cluster,
        "scenario": cluster if item.side in ("revealed", "bridge") else None,
        "item": f"{item.id}~texts",
        "context": json.dumps(item.context),
        "variant": unlisted(Level(cue)).id,
        "axis_cue": cue,
        "p1": item.p1,
        "p2": item.p2,
        "asks_which": False,
        "text_p1": "One.",
        "text_p2": "Two.",
        **dict(zip(NUMBERS, numbers, strict=True)),
        "n_tokens": 20,
        "prompt_sha256": "0" * 64,
        "baseline_sha256": "1" * 64,
        "pack_sha256": "2" * 64,
        "reader": "trie",
        "logits_dtype": "float32",
        **changes,
    }


def text_table(rows):
    return pa.Table.from_pylist(rows, schema=OPTION_TEXTS)


def favouring(sign, size=3.0):
    """Numbers by which every normaliser favours the first option by `sign`."""
    return (-10.0 + sign * size, -10.0, 5, 5, -10.0, -10.0)


def suite(stated, revealed, controls, *, by_label=0.0, tradeoff="t"):
    """Items with the sign of their texts, one a cluster, and controls of which the first `right` are right by text."""
    items, rows, known = [], [], {}
    for side, signs in (("stated", stated), ("revealed", revealed)):
        for n, sign in enumerate(signs):
            form = "choose" if side == "stated" else "choice"
            items.append(Asked(f"{tradeoff}/{side}{n}", side, by_label, form, tradeoff=tradeoff))
            rows.append(text_row(items[-1], favouring(sign)))
    for kind, signs, label in controls:
        for n, sign in enumerate(signs):
            one = Asked(f"{tradeoff}/{kind}{n}", "control", label, kind, tradeoff=tradeoff, p1="good", p2="bad")
            known[one.id] = ControlFacts(kind, "good")
            items.append(one)
            rows.append(text_row(one, favouring(sign)))
    return items, rows, known


def results_of(items, rows, known, floor=1e-6, **terms):
    return analyse(
        table(items), facts(controls=known), {"m": floor}, Terms(tables={"texts": text_table(rows)}, **terms)
    ).models["m"]


finite = st.floats(-200, -0.01)
row_numbers = st.tuples(finite, finite, st.integers(1, 30), st.integers(1, 30), finite, finite)


@steady
@given(st.lists(st.tuples(row_numbers, row_numbers), min_size=1, max_size=5))
def test_scores_are_the_three_normalisers_averaged_over_cues(drawn):
    items = [Asked(f"t/q{n}", "stated", 0.0) for n in range(len(drawn))]
    rows = [
        text_row(item, numbers, cue)
        for item, pair in zip(items, drawn, strict=True)
        for cue, numbers in zip(("answer", "choice"), pair, strict=True)
    ]
    found = tabulate_texts(text_table(rows[::-1]), facts())["m"]
    assert [item.id for item in found.items] == [item.id for item in items]
    assert found.cues == 2
    for n, pair in enumerate(drawn):
        total, token, pmi = 0.0, 0.0, 0.0
        for u1, u2, n1, n2, b1, b2 in pair:
            total += (u1 - u2) / 2
            token += (u1 / n1 - u2 / n2) / 2
            pmi += ((u1 - b1) - (u2 - b2)) / 2
        assert found.scores["sum"][n] == pytest.approx(total, abs=1e-12)
        assert found.scores["token"][n] == pytest.approx(token, abs=1e-12)
        assert found.scores["pmi"][n] == pytest.approx(pmi, abs=1e-11)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"logprob_p1": math.nan}, "not finite"),
        ({"tokens_p2": 0}, "no token"),
        ({"axis_cue": "choice"}, "lacks a cue"),
        ({"item": "t/q0~texts"}, "has one twice"),
        ({"p1": "other"}, "not those of the study"),
        ({"tradeoff": "u"}, "not those of the study"),
        ({"side": "control"}, "not part of the study"),
    ],
)
def test_a_damaged_table_is_refused(changes, message):
    rows = [text_row(Asked(f"t/q{n}", "stated", 0.0), favouring(1)) for n in range(2)]
    with pytest.raises(StudyError, match=message):
        tabulate_texts(text_table([rows[0], {**rows[1], **changes}]), facts())


limits = st.sampled_from([0.0, 1e-9, 0.01, 0.05 / 3, 0.0167, 0.02, 0.05, 0.0501])


@given(st.dictionaries(st.sampled_from(["labels", *NORMALISERS]), limits | st.floats(0, 1)))
def test_the_rule_of_choosing_word_for_word(p):
    chosen = choose_method(p)
    if p.get("labels", 1) <= 0.05:
        assert chosen == "labels"
        return
    able = {name: value for name, value in p.items() if name != "labels" and value <= 0.05 / 3}
    if not able:
        assert chosen == "none"
        return
    assert able[chosen] == min(able.values())
    ties = [name for name in ("pmi", "token", "sum") if able.get(name) == able[chosen]]
    assert chosen == ties[0]


@pytest.mark.parametrize(("right", "of"), [(0, 4), (25, 54), (35, 54), (54, 54), (33, 54)])
def test_known_answers_have_exact_intervals_and_a_binomial_p(right, of):
    signs = [1] * right + [-1] * (of - right)
    items, rows, known = suite([1, 1], [1, 1], [("fact", signs, -1.0)])
    found = results_of(items, rows, known).methods
    own = found.known_answers["pmi"]
    assert (own.right, own.of) == (right, of)
    low = stats.beta.ppf(0.025, right, of - right + 1) if right else 0.0
    high = stats.beta.ppf(0.975, right + 1, of - right) if right < of else 1.0
    assert own.interval == pytest.approx((low, high), abs=1e-9)
    assert own.p == pytest.approx(sum(math.comb(of, k) for k in range(right, of + 1)) / 2**of, rel=1e-9)
    assert found.known_answers["labels"].right == 0


def test_an_even_control_is_not_right_and_the_sound_option_may_be_the_second():
    items, rows, known = suite([1], [1], [("fact", [0, -1, 1], 0.0)])
    known["t/fact1"] = ControlFacts("fact", "bad")
    found = results_of(items, rows, known).methods.known_answers
    assert (found["sum"].right, found["labels"].right) == (2, 0)


STATED, REVEALED = [1] * 6 + [-1], [-1] * 7 + [1]


def planted(controls_by_label, known_signs=(1,) * 12, stated=STATED, revealed=REVEALED):
    """Labels say nothing of either side; texts reverse between the sides."""
    half = len(known_signs) // 2
    kinds = (("dominated", known_signs[:half]), ("fact", known_signs[half:]))
    return suite(stated, revealed, [(kind, signs, controls_by_label) for kind, signs in kinds])


def test_where_labels_carry_nothing_and_texts_do_words_rest_on_the_signs_of_texts():
    found = results_of(*planted(-0.5))
    assert found.methods.chosen == "pmi"
    t = found.tradeoffs["t"]
    assert t.verdict == "deviation"
    assert t.direction == "reversal"
    word = t.texts.word
    assert (word.stated.value, word.revealed.value) == pytest.approx((6 / 7, 1 / 8))
    stated, revealed = ((np.array(signs) + 1) / 2 for signs in (STATED, REVEALED))
    ends = stats.ttest_ind(revealed, stated, equal_var=False).confidence_interval()
    assert word.gap_interval == pytest.approx((-1.0, ends.high), abs=1e-9)
    # Of the 6,435 ways to give 7 favouring items of 15 to 7 questions: 6 or 7 of them, or none, are as far apart.
    assert t.claim.p_adjusted == pytest.approx((56 + 1 + 8) / math.comb(15, 7), rel=1e-12)
    ends = stats.ttest_1samp(stated, 0).confidence_interval()
    assert word.stated.interval == pytest.approx((ends.low, 1.0))
    ends = stats.ttest_1samp(revealed, 0).confidence_interval()
    assert word.revealed.interval == pytest.approx((0.0, ends.high))
    assert word.verdict_by_labels == "not interpretable"
    assert t.gates
    assert not t.claim.shift_of_preference
    assert not t.claim.ungated.shift_of_preference
    assert t.claim.by_temperature == {}
    assert (t.claim.p_content_adjusted, t.claim.by_format, t.claim.format_axes) == (None, False, ())
    assert [(check.gate, check.value, check.state) for check in word.checks] == [
        ("dominated", 1.0, "open"),
        ("fact", 1.0, "open"),
    ]


def test_neither_scale_nor_option_mass_enters_a_word_by_texts():
    items, rows, known = planted(-0.5)
    larger = [{**row, "logprob_p1": -10 + 100 * (row["logprob_p1"] + 10)} for row in rows]
    shifted = [replace(item, mass=0.001) for item in items]
    one = results_of(items, rows, known).tradeoffs["t"]
    for other in (results_of(items, larger, known), results_of(shifted, rows, known)):
        assert other.tradeoffs["t"].claim == one.claim
        assert replace(other.tradeoffs["t"].texts.word, reason_by_labels="") == replace(
            one.texts.word, reason_by_labels=""
        )


def test_labels_that_know_more_than_a_guess_are_kept_whatever_texts_say():
    items, rows, known = planted(2.0)
    with_texts, without = results_of(items, rows, known), analyse(table(items), facts(controls=known), {"m": 1e-6})
    assert with_texts.methods.chosen == "labels"
    t = with_texts.tradeoffs["t"]
    assert t.texts.word is None
    assert replace(t, texts=None) == without.models["m"].tradeoffs["t"]
    assert replace(with_texts, methods=None, tradeoffs={}) == replace(without.models["m"], tradeoffs={})


def test_no_method_no_word():
    items, rows, known = planted(-0.5, known_signs=(1, -1) * 6)
    found = results_of(items, rows, known)
    assert found.methods.chosen == "none"
    t = found.tradeoffs["t"]
    assert t.verdict == "not interpretable"
    assert "p_if_guessing" in {check.gate for check in t.gates}
    assert t.texts.word is None


def test_the_known_answers_of_a_chosen_normaliser_must_still_be_right_nine_times_in_ten():
    items, rows, known = planted(-0.5, known_signs=(1,) * 7 + (-1,) * 1 + (1,) * 8)
    found = results_of(items, rows, known)
    assert found.methods.chosen == "pmi"
    t = found.tradeoffs["t"]
    assert t.verdict == "not interpretable"
    assert [check.state for check in t.texts.word.checks] == ["closed", "open"]


@pytest.mark.parametrize("sign", [1, 0])
def test_signs_that_are_all_alike_are_never_called_equal(sign):
    """Neither at the ceiling nor where every item is even."""
    t = results_of(*planted(-0.5, stated=[sign] * 8, revealed=[sign] * 9)).tradeoffs["t"]
    assert t.verdict == "undecided"
    assert t.texts.word.flat
    assert "have the same rate" in t.claim.reason
    assert not t.claim.at_ceiling
    assert t.claim.ungated.verdict == "undecided"
    others = {word for one in t.claim.repeated.values() for word in (one.half, one.twice)}
    assert others <= {"undecided", "not interpretable"}


def test_one_side_without_spread_is_enough_to_call_nothing_equal():
    """The other side differs by one item of a hundred and sixty: far inside the margin."""
    items, rows, known = suite([1] * 8, [], [(kind, (1,) * 6, -0.5) for kind in ("dominated", "fact")])
    for n in range(8 * 20):
        items.append(Asked(f"t/revealed{n % 8}/f={n}", "revealed", 0.0, "choice", f"t/revealed{n % 8}"))
        rows.append(text_row(items[-1], favouring(1 if n else -1)))
    t = results_of(items, rows, known).tradeoffs["t"]
    assert t.texts.word.gap_interval_90 == pytest.approx((-0.018, 0.006), abs=1e-3)
    assert (t.verdict, t.texts.word.flat) == ("undecided", True)


def test_too_few_clusters_are_not_testable_by_texts_either():
    t = results_of(*planted(-0.5, stated=[1, -1, 1], revealed=[-1, 1, -1])).tradeoffs["t"]
    assert t.verdict == "not testable"
    assert "sign rates" not in t.claim.reason


def test_levels_that_are_dropped_for_the_labels_change_no_word_by_texts():
    items, rows, known = planted(-0.5)
    read = table(items, STANDARD)
    found = analyse(
        read, facts(STANDARD, controls=known), {"m": 1e-6}, Terms(tables={"texts": text_table(rows)})
    ).models["m"]
    assert found.levels.dropped
    t = found.tradeoffs["t"]
    assert t.verdict == "deviation"
    assert t.claim == results_of(items, rows, known).tradeoffs["t"].claim


@pytest.mark.parametrize("sign", [1, -1])
def test_whichever_principle_all_signs_favour_the_word_is_the_same(sign):
    """Clusters of several sizes, whose mean rates differ in their last bits."""
    items, rows, known = suite([], [], [(kind, (1,) * 6, -0.5) for kind in ("dominated", "fact")])
    for side, form in (("stated", "choose"), ("revealed", "choice")):
        for cluster, size in enumerate((1, 2, 3, 4, 6, 1, 2, 3, 4)):
            for n in range(size):
                one = Asked(f"t/{side}{cluster}/f={n}", side, 0.0, form, f"t/{side}{cluster}")
                items.append(one)
                rows.append(text_row(one, favouring(sign)))
    t = results_of(items, rows, known).tradeoffs["t"]
    assert (t.verdict, t.texts.word.flat, t.texts.word.stated) == ("undecided", True, SignRate((1 + sign) / 2, None))


def test_texts_of_a_part_of_what_was_read_by_label_decide_nothing():
    """A folder that was widened by labels alone."""
    items, rows, known = planted(2.0, known_signs=(1,) * 24)
    part = [row for row in rows if row["side"] != "control"] + [row for row in rows if row["side"] == "control"][:2]
    by_label = analyse(table(items), facts(controls=known), {"m": 1e-6}).models["m"].tradeoffs["t"]
    for held in (part, rows[1:]):
        found = results_of(items, held, known)
        assert (found.methods, found.tradeoffs["t"].verdict) == (None, by_label.verdict)


def test_what_has_no_texts_to_read_hinders_no_choice():
    """Controls without a right answer, bridges and items that print their own answers are read by label alone."""
    items, rows, known = planted(-0.5)
    known["t/same"] = ControlFacts("identical", None)
    beside = [
        Asked("t/same", "control", 0.0, "identical", p1="one", p2="other"),
        Asked("t/revealed0~bridge", "bridge", 0.0, "bridge", "t/revealed0"),
    ]
    printed = pa.Table.from_pylist([fixed_row(Asked("t/printed", "revealed", 1.0, "choice"))], schema=READINGS)
    read = pa.concat_tables([table([*items, *beside]), printed])
    found = analyse(read, facts(controls=known), {"m": 1e-6}, Terms(tables={"texts": text_table(rows)})).models["m"]
    assert found.methods.chosen == "pmi"
    assert found.tradeoffs["t"].texts.word is not None


def test_methods_are_compared_on_what_both_have_read():
    """A folder that was widened by texts alone."""
    items, rows, known = planted(-0.5)
    read = [item for item in items if item.id not in ("t/dominated0", "t/stated0")]
    found = results_of(read, rows, known)
    assert {name: (one.right, one.of) for name, one in found.methods.known_answers.items()} == {
        "labels": (0, 11),
        **dict.fromkeys(NORMALISERS, (11, 11)),
    }
    sides = found.tradeoffs["t"].texts.sides
    assert (set(sides["stated"].rates), set(sides["revealed"].rates)) == ({*NORMALISERS}, {"labels", *NORMALISERS})
    assert found.methods.convergence["sum"].items == len(STATED) + len(REVEALED) - 1


def test_the_mean_by_label_is_over_all_formats_with_a_neutral_option_or_without():
    offering, plain = Asked("t/asked", "stated", 0.0), Asked("t/plain", "revealed", [0.0, 1.0, 2.0, 4.0], "choice")
    z = np.arange(12.0).reshape(4, 3)
    read = pa.Table.from_pylist(offered(offering, z, -1.0) + rows_of([plain], QUICK), schema=READINGS)
    means = label_means(tabulate_grids(read, {**QUICK, "neutral": ("first", "middle", "last")})["m"])
    assert means == pytest.approx({"t/asked": 5.5, "t/plain": 1.75})


@pytest.mark.parametrize("axes", [QUICK, STANDARD], ids=["all formats", "admitted formats"])
def test_items_that_print_their_own_answers_have_no_word_where_words_rest_on_texts(axes):
    """Their labels know no more than a guess, and there are no texts of them: another trade-off's word is as alone."""
    items, rows, known = planted(-0.5)
    printed = [
        fixed_row(Asked(f"u/{side}{n}", side, z, form, tradeoff="u"))
        for side, form, z in (("stated", "choose", 3.0), ("revealed", "choice", -3.0))
        for n in range(9)
    ]
    read = pa.concat_tables([table(items, axes), pa.Table.from_pylist(printed, schema=READINGS)])
    about = facts(axes, controls=known)
    both = replace(about, tradeoffs={**about.tradeoffs, "u": about.tradeoffs["t"]})
    model = analyse(read, both, {"m": 1e-6}, Terms(tables={"texts": text_table(rows)})).models["m"]
    assert (model.methods.chosen, bool(model.levels.dropped)) == ("pmi", axes is STANDARD)
    assert (model.tradeoffs["t"].verdict, model.tradeoffs["t"].texts.word.method) == ("deviation", "pmi")
    u = model.tradeoffs["u"]
    assert (u.verdict, u.direction, u.texts.sides, u.texts.word) == ("not interpretable", None, {}, None)
    p = model.methods.known_answers["labels"].p
    (check,) = (one for one in u.gates if one.gate == "p_if_guessing")
    assert (check.side, check.value, check.threshold) == ("control", p, 0.05)
    assert "p_if_guessing (control)" in u.claim.reason
    assert {word for one in u.claim.repeated.values() for word in (one.half, one.twice)} == {"not interpretable"}
    assert "p_if_guessing" not in {one.gate for one in model.tradeoffs["t"].gates}
    by_label = analyse(read, both, {"m": 1e-6}).models["m"].tradeoffs["u"]
    bare = {"verdict": None, "claim": None, "gates": (), "gates_checked": (), "admitted": None}
    assert replace(u, texts=None, **bare) == replace(by_label, **bare)


def test_sides_that_are_apart_without_any_spread_are_a_deviation():
    t = results_of(*planted(-0.5, stated=[1] * 8, revealed=[-1] * 9)).tradeoffs["t"]
    assert t.verdict == "deviation"


def test_sign_rates_stand_by_side_and_method_with_and_without_marked_items():
    items, rows, known = suite([1, 1, -1, 0], [-1, 1], [("fact", [1], 1.0)], by_label=0.4)
    rows = [{**row, "asks_which": row["item"] == "t/stated2~texts"} for row in rows]
    bridge = Asked("t/revealed0~bridge", "bridge", -0.1, "bridge", "t/revealed0")
    found = results_of([*items, bridge], [*rows, text_row(bridge, favouring(1))], known).tradeoffs["t"].texts
    assert set(found.sides) == {"stated", "bridge", "revealed"}
    stated = found.sides["stated"]
    assert (stated.items, stated.clusters, stated.marked) == (4, 4, 1)
    assert stated.rates["sum"].value == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    assert stated.unmarked["sum"].value == pytest.approx((1 + 1 + 0.5) / 3)
    assert stated.rates["labels"].value == 1.0
    assert stated.rates["labels"].interval is None
    low, high = stats.ttest_1samp([1, 1, 0, 0.5], 0).confidence_interval()
    assert stated.rates["sum"].interval == pytest.approx((max(low, 0), min(high, 1)))
    assert found.sides["revealed"].unmarked == {}
    assert found.sides["bridge"].rates["labels"].value == 0.0


def test_only_texts_are_judged_where_labels_were_not_read():
    items, rows, known = planted(0.0)
    nothing = table(items).slice(0, 0)
    found = analyse(nothing, facts(controls=known), {"m": 0.0}, Terms(tables={"texts": text_table(rows)})).models["m"]
    assert set(found.methods.known_answers) == set(NORMALISERS)
    t = found.tradeoffs["t"]
    assert (t.verdict, t.direction, t.stated, t.texts.word.verdict_by_labels) == ("deviation", "reversal", None, None)
    assert "labels" not in t.texts.sides["stated"].rates


def test_labels_and_texts_of_several_models_are_one_family():
    items, rows, known = planted(-0.5)
    good, _, _ = planted(2.0, stated=[0], revealed=[0])
    good = [
        replace(one, z=3.0 * s if one.side != "control" else 2.0)
        for one, s in zip(items, [*STATED, *REVEALED, *[1] * 12], strict=True)
    ]
    both = pa.concat_tables([table(items), table(good, QUICK, "n")])
    found = analyse(both, facts(controls=known), {"m": 1e-6, "n": 1e-6}, Terms(tables={"texts": text_table(rows)}))
    alone = results_of(items, rows, known)
    by_text, by_label = (found.models[name].tradeoffs["t"] for name in ("m", "n"))
    assert by_text.claim.family == by_label.claim.family == 2
    assert by_text.texts.word is not None
    assert by_label.texts is None
    assert by_text.claim.p_adjusted > alone.tradeoffs["t"].claim.p_adjusted


def test_question_forms_count_equally_in_a_sign_rate():
    items, rows, known = suite([], [1, -1], [("fact", [1], 1.0)])
    signs = {"choose": [1], "agree": [1, -1, 0]}
    for form, own in signs.items():
        for n, sign in enumerate(own):
            items.append(Asked(f"t/{form}{n}", "stated", 0.0, form))
            rows.append(text_row(items[-1], favouring(sign)))
    rate = results_of(items, rows, known).tradeoffs["t"].texts.sides["stated"].rates["sum"]
    assert rate.value == pytest.approx(1 / 2 + 1 / 2 * 1.5 / 3)
    low, high = t_interval(np.array([1, 1, 0, 0.5]), np.array([1 / 2, 1 / 6, 1 / 6, 1 / 6]))
    assert rate.interval == pytest.approx((max(low, 0), min(high, 1)))


def test_the_number_of_formats_is_that_of_the_cues():
    items, rows, known = planted(-0.5)
    again = [text_row(item, (-7.0, -10.0, 5, 5, -10.0, -10.0), "choice") for item in items]
    assert results_of(items, rows, known).methods.formats == 1
    assert results_of(items, [*rows, *again], known).methods.formats == 2


def test_signs():
    assert signs_of(np.array([3.0, -0.1, 0.0])).tolist() == [1.0, 0.0, 0.5]
