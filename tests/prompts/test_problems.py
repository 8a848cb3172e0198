"""Guards: every prompt that cannot be asked is found and told with its reason; none is left out of a study in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.errors import TokenPlanError
from probe.prompts.plan import plan_item
from probe.prompts.problems import LabelProblem, UnreadableLabelsError, group_problems, item_problems
from probe.prompts.style import PromptStyle

RAW = PromptStyle("raw")


@pytest.fixture
def crossed(variant):
    sets, cues = ("AB", "12"), ("answer", "none")
    return [variant(f"label_set={labels},cue={cue}") for labels in sets for cue in cues]


@pytest.fixture
def merging(fake):
    """A tokenizer in which 'A' and 'B' can only be written together with the colon before them."""
    return fake(*(f":{space}{label}" for space in ("", " ") for label in "AB"))


def test_each_format_with_its_reason(merging, item, levels, crossed):
    problems = item_problems(merging, RAW, item, crossed, levels)
    assert [(one.variant["label_set"], one.variant["cue"]) for one in problems] == [
        ("AB", "answer"),
        ("AB", "none"),
        ("12", "none"),
    ]
    assert problems[0].reason.startswith("label 'A' merges with the end of the prompt")
    assert problems[1].reason == problems[2].reason
    assert problems[1].reason.startswith("the cue is empty")
    assert str(problems[1]) == f"gift/ask/{problems[1].variant.id}: {problems[1].reason}"


def test_no_problem_where_planning_works_and_one_at_least_where_it_fails(fake, merging, item, levels, crossed):
    assert item_problems(fake(), RAW, item, crossed[::2], levels) == ()
    for chosen in crossed:
        try:
            plan_item(merging, RAW, item, [chosen], levels, limit=None, budget=64)
            fails = False
        except TokenPlanError:
            fails = True
        assert bool(item_problems(merging, RAW, item, [chosen], levels)) == fails


def test_groups_share_a_reason_and_name_what_its_prompts_have_in_common(merging, item, levels, crossed):
    items = [item, replace(item, id="gift/other")]
    problems = [one for each in items for one in item_problems(merging, RAW, each, crossed, levels)]
    merged, empty = group_problems(problems, crossed)
    assert (merged.count, merged.common) == (2, {"label_set": "AB", "cue": "answer"})
    assert (empty.count, empty.common) == (4, {"cue": "none"})
    assert empty.prompts == {one.id: (crossed[1].id, crossed[3].id) for one in items}


def test_the_error_counts_all_and_tells_the_first_of_each_of_three_reasons(variant):
    reasons = ["one", "one", "two", "three", "four", "five"]
    problems = [LabelProblem(f"gift/{n // 2}", variant(""), reason) for n, reason in enumerate(reasons)]
    error = UnreadableLabelsError("own", problems)
    assert isinstance(error, TokenPlanError)
    first, *rest, last = str(error).splitlines()
    assert first == "own: 6 prompts of 3 items cannot be read; `probe plan` lists all."
    assert rest == [f"  gift/{n}/{variant('').id}: {reason}" for n, reason in ((0, "one"), (1, "two"), (1, "three"))]
    assert last == "  and 2 more reasons"
    assert error.problems == tuple(problems)
