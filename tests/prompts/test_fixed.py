"""Guards: a fixed item's prompt is its text, its labels are its options' words, and other items do not change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.design.axes import load_design
from probe.design.items import FIXED
from probe.prompts.plan import plan_item
from probe.prompts.render import render
from probe.prompts.style import Asking, prompt_style

CHAT = "{% for m in messages %}<u>{{ m.content }}</u>{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
TEXT = "Is it right to lie? Answer Yes or No."


@pytest.fixture
def fixed(item):
    return replace(item, text=TEXT, option_p1="No", option_p2="Yes", fixed=item.p2)


def planned(encoder, item, levels):
    style = prompt_style(encoder, Asking())
    return plan_item(encoder, style, item, load_design("standard").variants(), levels, limit=None, budget=64)


def test_the_text_alone_is_shown(fixed, levels, variant):
    for text in ("", "order=p2,label_set=12,cue=choice"):
        shown = render(fixed, variant(text), levels)
        assert (shown.question, shown.cue, shown.opening) == (TEXT, "", "")
        assert [(one.principle, one.label) for one in shown.shown] == [("kindness", "Yes"), ("honesty", "No")]
        assert shown.first_label == "kindness"


def test_one_prompt_under_any_design(fixed, fake, levels):
    plan = planned(fake("Yes", " Yes", "No", " No", chat_template=CHAT), fixed, levels)
    (prompt,) = plan.prompts
    assert prompt.variant == FIXED
    assert prompt.text == f"<u>{TEXT}</u><a>"
    assert [len(forms) for forms in prompt.labels.forms] == [2, 2]


def test_without_a_template_the_default_cue_parts_it_from_the_answer(fixed, fake, levels):
    (prompt,) = planned(fake("Yes", " Yes", "No", " No"), fixed, levels).prompts
    assert prompt.text == f"{TEXT}\n\nAnswer:"


def test_the_answer_printed_first_does_not_change_the_code_of_principles(fixed, fake, levels):
    one = planned(fake("Yes", "No", chat_template=CHAT), fixed, levels).prompts[0]
    other = planned(fake("Yes", "No", chat_template=CHAT), replace(fixed, fixed=fixed.p1), levels).prompts[0]
    assert one.input_ids == other.input_ids
    assert {s.principle: s.label for s in one.rendered.shown} == {s.principle: s.label for s in other.rendered.shown}
    assert one.labels.forms == other.labels.forms[::-1]
