"""Guards: which log-probability belongs to which principle, and what every column of a row means."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned import reading_rows

from probe.design.axes import parse_variant, shipped_levels
from probe.design.items import AXES, Item, OptionId
from probe.design.levels import Neutral
from probe.errors import StudyError
from probe.prompts.labels import LabelPlan
from probe.prompts.pack import Pack, PromptReading
from probe.prompts.pieces import script
from probe.prompts.plan import ItemPlan, PromptPlan
from probe.prompts.render import render
from probe.store.schema import READINGS
from probe.study.rows import cell_rows, log_odds

ITEM = Item(
    id="gift/party/stakes=low,who=self",
    tradeoff="gift",
    side="revealed",
    form="choice",
    cluster="gift/party",
    scenario="gift/party",
    context=(("stakes", "low"), ("who", "self")),
    text="Your friend asks. What do you say?",
    p1=OptionId("honesty"),
    p2=OptionId("kindness"),
    option_p1="You tell the truth.",
    option_p2="You say something kind.",
)
VARIANTS = ["order=p1,label_order=p1", "order=p1,label_order=p2", "order=p2,label_order=p1", "order=p2,label_order=p2"]
PREFIX, FORMS = (50,), (((1,), (2, 3)), ((4,),))
"""The label shown first has two forms, the other one; both begin with token 50."""


def plan_of(*variants: str) -> ItemPlan:
    levels = shipped_levels()
    prompts = []
    for n, text in enumerate(variants):
        variant = parse_variant(text, levels)
        rendered = render(ITEM, variant, levels)
        ids = tuple(range(n, n + 7))
        prompts.append(PromptPlan(variant, rendered, script(rendered.question), ids, LabelPlan(PREFIX, FORMS)))
    return ItemPlan(ITEM, tuple(prompts), Pack(tuple(p.prompt for p in prompts), 64))


def fake_engine(pack: Pack) -> tuple[PromptReading, ...]:
    """First label: 0.2 and 0.1 with boundaries 1 and 0.25; second label: 0.4 with boundary 0.5."""
    logprobs = (math.log(0.2), math.log(0.1), math.log(0.4))
    return tuple(PromptReading(logprobs, (1.0, 0.25, 0.5), 9, math.log(0.45)) for _ in pack.prompts)


def rows(plan: ItemPlan) -> list[dict]:
    table = reading_rows(
        "tiny", plan, fake_engine(plan.pack), lambda i: f"t{i}", reader="plain", logits_dtype="float32"
    )
    assert table.schema == READINGS
    return table.to_pylist()


def test_what_is_read_begins_with_the_forced_prefix():
    """The fake engine's three numbers are those of three whole continuations, in the order of the forms."""
    (prompt,) = plan_of(VARIANTS[0]).pack.prompts
    assert prompt.continuations == ((50, 1), (50, 2, 3), (50, 4))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_label_shown_first_belongs_to_the_principle_shown_first(variant):
    (row,) = rows(plan_of(variant))
    first_is_p1 = variant.startswith("order=p1")
    shown_first, shown_second = ("p1", "p2") if first_is_p1 else ("p2", "p1")
    assert row["shown_first"] == row[shown_first]
    assert row[f"logprob_{shown_first}"] == pytest.approx(math.log(0.3), abs=1e-15)
    assert row[f"logprob_{shown_second}"] == pytest.approx(math.log(0.4), abs=1e-15)
    assert row["log_odds"] == row["logprob_p1"] - row["logprob_p2"]
    assert math.copysign(1, row["log_odds"]) == (-1 if first_is_p1 else 1)
    leader = "p1" if variant.endswith("label_order=p1") else "p2"
    assert row[f"label_{leader}"] == "A"
    assert {row["label_p1"], row["label_p2"]} == {"A", "B"}


def test_a_boundary_is_weighted_by_the_share_of_its_form():
    (row,) = rows(plan_of("order=p2,label_order=p1"))
    assert row["boundary_p2"] == pytest.approx((0.2 * 1.0 + 0.1 * 0.25) / 0.3, abs=1e-15)
    assert row["boundary_p1"] == pytest.approx(0.5, abs=1e-15)


def test_option_mass_is_the_sum_of_both_labels():
    assert rows(plan_of(VARIANTS[0]))[0]["option_mass"] == pytest.approx(0.7, abs=1e-15)


def test_every_other_column():
    plan = plan_of(*VARIANTS)
    for row, prompt in zip(rows(plan), plan.prompts, strict=True):
        assert set(row) == set(READINGS.names)
        assert (row["model"], row["tradeoff"], row["side"], row["form"]) == ("tiny", "gift", "revealed", "choice")
        assert (row["cluster"], row["scenario"], row["item"]) == ("gift/party", "gift/party", ITEM.id)
        assert json.loads(row["context"]) == {"stakes": "low", "who": "self"}
        assert list(json.loads(row["context"])) == ["stakes", "who"]
        assert row["variant"] == ",".join(f"{axis}={row[f'axis_{axis}']}" for axis in AXES)
        assert (row["p1"], row["p2"]) == ("honesty", "kindness")
        assert (row["label_neutral"], row["logprob_neutral"]) == (None, None)
        assert (row["top_token"], row["top_token_id"], row["top_logprob"]) == ("t9", 9, math.log(0.45))
        assert row["n_tokens"] == 7
        assert row["prompt_sha256"] == hashlib.sha256(prompt.text.encode()).hexdigest()
        assert row["pack_sha256"] == plan.pack.sha256
        assert (row["reader"], row["logits_dtype"]) == ("plain", "float32")


def test_log_odds_are_those_of_the_row():
    plan = plan_of(*VARIANTS)
    for row, prompt, reading in zip(rows(plan), plan.prompts, fake_engine(plan.pack), strict=True):
        assert log_odds(plan, prompt, reading.logprobs) == row["log_odds"]


@given(st.lists(st.floats(-800, 0), min_size=3, max_size=3))
def test_small_probabilities_do_not_underflow(logprobs):
    plan = plan_of(VARIANTS[0])
    found = log_odds(plan, plan.prompts[0], logprobs)
    top = max(logprobs[:2])
    expected = top + math.log(sum(math.exp(x - top) for x in logprobs[:2])) - logprobs[2]
    assert found == pytest.approx(expected, abs=1e-9)


def test_one_reading_too_few_is_a_fault():
    plan = plan_of(*VARIANTS)
    with pytest.raises(StudyError, match="another number of prompts"):
        reading_rows("tiny", plan, fake_engine(plan.pack)[:-1], str, reader="plain", logits_dtype="float32")


def test_rows_are_sorted_by_variant_wherever_they_stand_in_the_pack():
    """The third prompt of the pack is the only one whose first label is certain: its row says so."""
    order = [VARIANTS[3], VARIANTS[0], VARIANTS[2], VARIANTS[1]]
    plan = plan_of(*order)
    readings = [*fake_engine(plan.pack)]
    readings[2] = PromptReading((math.log(0.5), math.log(0.25), math.log(0.125)), (1.0, 1.0, 1.0), 7, math.log(0.5))
    table = reading_rows("tiny", plan, readings, lambda i: f"t{i}", reader="plain", logits_dtype="float32")
    found = table.to_pylist()
    assert [row["variant"] for row in found] == sorted(row["variant"] for row in found)
    (one,) = [row for row in found if row["top_token"] == "t7"]
    assert one["variant"] == plan.prompts[2].variant.id
    assert one["option_mass"] == pytest.approx(0.875, abs=1e-15)


def test_cells_carry_the_pack_and_the_text():
    plan = plan_of(*VARIANTS)
    for cell in cell_rows("tiny", plan).to_pylist():
        prompt = plan.prompts[cell["place"]]
        assert cell["variant"] == prompt.variant.id
        assert tuple(cell["input_ids"]) == prompt.input_ids
        assert tuple(map(tuple, cell["continuations"])) == prompt.prompt.continuations
        assert cell["prompt_sha256"] == hashlib.sha256(cell["text"].encode()).hexdigest()


NEUTRAL_FORMS = (((1,),), ((2,), (3,)), ((4,),))
"""Of three options shown, the label of the second one has two forms."""


def three_rows(place: str, order: str) -> tuple[dict, ItemPlan]:
    levels = replace(shipped_levels(), neutral=Neutral(revealed="Neither."))
    variant = parse_variant(f"order={order},label_order=p1,neutral={place}", levels)
    rendered = render(ITEM, variant, levels)
    prompt = PromptPlan(variant, rendered, script(rendered.question), (0, 1), LabelPlan((), NEUTRAL_FORMS))
    plan = ItemPlan(ITEM, (prompt,), Pack((prompt.prompt,), 64))
    read = PromptReading(tuple(map(math.log, (0.1, 0.2, 0.05, 0.4))), (1.0, 0.5, 0.5, 0.75), 9, math.log(0.45))
    (row,) = reading_rows("tiny", plan, [read], str, reader="plain", logits_dtype="float32").to_pylist()
    assert log_odds(plan, prompt, read.logprobs) == row["log_odds"]
    return row, plan


@pytest.mark.parametrize("order", ["p1", "p2"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_three_labels_belong_to_what_stands_at_their_place(place: str, order: str):
    """What is shown first has 0.1, second 0.25, third 0.4, whichever of the three it is."""
    row, plan = three_rows(place, order)
    shown = [option.principle for option in plan.prompts[0].rendered.shown]
    assert shown.index("neutral") == ("first", "middle", "last").index(place)
    expected = dict(zip(shown, (0.1, 0.25, 0.4), strict=True))
    assert row["logprob_neutral"] == pytest.approx(math.log(expected["neutral"]), abs=1e-14)
    assert row["logprob_p1"] == pytest.approx(math.log(expected[ITEM.p1]), abs=1e-14)
    assert row["logprob_p2"] == pytest.approx(math.log(expected[ITEM.p2]), abs=1e-14)
    assert row["log_odds"] == row["logprob_p1"] - row["logprob_p2"]
    assert row["option_mass"] == pytest.approx(0.75, abs=1e-14)
    assert row["label_neutral"] == "ABC"[shown.index("neutral")]
    assert row["shown_first"] == (ITEM.p1 if order == "p1" else ITEM.p2)
    boundaries = dict(zip(shown, (1.0, 0.5, 0.75), strict=True))
    assert row["boundary_p1"] == pytest.approx(boundaries[ITEM.p1], abs=1e-14)
    assert row["boundary_p2"] == pytest.approx(boundaries[ITEM.p2], abs=1e-14)
    assert row["variant"].endswith(f",cue=answer,neutral={place}")


def test_a_pack_of_two_labels_does_not_fit_a_prompt_of_three():
    _, plan = three_rows("last", "p1")
    with pytest.raises(StudyError, match="another number of prompts or forms"):
        reading_rows("tiny", plan, fake_engine(plan.pack), str, reader="plain", logits_dtype="float32")
