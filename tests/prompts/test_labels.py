"""Guards: every form that continues the prompt counts, once; a form that changes the prompt never does; labels exclude
each other; what they share is forced.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.errors import TokenPlanError
from probe.prompts.labels import common_prefix, form_texts, plan_labels

PROMPT = (10, 11)
WHERE = "gift/ask/order=p1 on fake"


def plan(*joint, prompt=PROMPT, labels=("A", "B")):
    return plan_labels(prompt, joint, labels, WHERE, "\n\nAnswer:")


def test_forms_are_bare_and_space_led_and_opened():
    assert form_texts("A", "") == ("A", " A")
    assert form_texts("A", "[") == ("A", " A", "[A", " [A")


@given(st.text(min_size=1), st.text())
def test_every_form_ends_in_the_bare_label(label, opening):
    forms = form_texts(label, opening)
    assert all(form.endswith(label) for form in forms)
    assert len(set(forms)) == len(forms) == (4 if opening else 2)


def test_forms_of_both_labels_are_kept():
    found = plan([(10, 11, 1), (10, 11, 2)], [(10, 11, 3), (10, 11, 4)])
    assert found.forms == (((1,), (2,)), ((3,), (4,)))
    assert found.forced_prefix == ()


def test_forms_that_are_one_id_twice_count_once():
    """After phi-3's chat header 'A' and ' A' are the same id."""
    assert plan([(10, 11, 1), (10, 11, 1)], [(10, 11, 3), (10, 11, 3)]).forms == (((1,),), ((3,),))


def test_a_form_that_changes_the_prompt_is_dropped():
    """':A' is one token in many vocabularies: the prompt's last token is gone."""
    assert plan([(10, 99), (10, 11, 2)], [(10, 98), (10, 11, 4)]).forms == (((2,),), ((4,),))
    assert plan([(10, 99, 7), (10, 11, 2)], [(10, 11, 4), (12, 13, 14, 15)]).forms == (((2,),), ((4,),))


def test_a_form_that_adds_nothing_is_dropped():
    assert plan([(10, 11), (10, 11, 2)], [(10, 11), (10, 11, 4)]).forms == (((2,),), ((4,),))


@pytest.mark.parametrize("label", [0, 1])
def test_a_label_without_a_form_is_refused(label):
    joint = [[(10, 11, 1)], [(10, 11, 2)]]
    joint[label] = [(10, 99), (98,), (10, 99, 7)]
    name = "AB"[label]
    message = (
        f"{WHERE}: label '{name}' merges with the end of the prompt '\\n\\nAnswer:'. "
        "Choose another cue or label set, or move white space from the cue's end into the label."
    )
    with pytest.raises(TokenPlanError, match=f"^{re.escape(message)}$"):
        plan(*joint)


def test_what_all_forms_share_is_forced():
    """' 1' and ' 2' begin with the same token: the first token alone would say one half."""
    found = plan([(10, 11, 220, 16)], [(10, 11, 220, 17)])
    assert found.forced_prefix == (220,)
    assert found.forms == (((16,),), ((17,),))


def test_what_only_some_forms_share_is_not_forced():
    found = plan([(10, 11, 16), (10, 11, 220, 16)], [(10, 11, 17), (10, 11, 220, 17)])
    assert found.forced_prefix == ()
    assert found.forms == (((16,), (220, 16)), ((17,), (220, 17)))


@pytest.mark.parametrize(("long", "short"), [(0, 1), (1, 0)])
def test_nested_labels_are_refused(long, short):
    joint = [[], []]
    joint[long], joint[short] = [(10, 11, 1, 2)], [(10, 11, 1)]
    with pytest.raises(TokenPlanError, match=rf"label '{'AB'[long]}' begins with the tokens of label '{'AB'[short]}'"):
        plan(*joint)


def test_equal_labels_are_refused():
    with pytest.raises(TokenPlanError, match="begins with the tokens of label"):
        plan([(10, 11, 1)], [(10, 11, 1)])


def test_a_form_that_begins_with_another_of_its_own_is_counted_in_it():
    assert plan([(10, 11, 1), (10, 11, 1, 5)], [(10, 11, 2)]).forms == (((1,),), ((2,),))


ids = st.lists(st.integers(0, 3), max_size=5).map(tuple)


@given(st.lists(ids, min_size=1, max_size=6))
def test_the_common_prefix_is_the_longest(sequences):
    prefix = common_prefix(sequences)
    assert all(sequence[: len(prefix)] == prefix for sequence in sequences)
    beyond = {sequence[: len(prefix) + 1] for sequence in sequences}
    assert len(beyond) > 1 or prefix in beyond


@given(ids, st.lists(st.lists(ids, min_size=1, max_size=4), min_size=2, max_size=2))
def test_a_plan_has_every_continuing_form_and_no_two_nested(prompt, tails):
    joint = [[prompt + tail for tail in forms] for forms in tails]
    try:
        found = plan(*joint, prompt=prompt)
    except TokenPlanError:
        return
    whole = [[found.forced_prefix + form for form in forms] for forms in found.forms]
    for kept, forms in zip(whole, tails, strict=True):
        assert set(kept) <= set(forms)
        assert all(any(form[: len(k)] == k for k in kept) for form in forms if form)
    every = [form for kept in whole for form in kept]
    assert not any(i != j and a[: len(b)] == b for i, a in enumerate(every) for j, b in enumerate(every))
