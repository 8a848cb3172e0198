"""Guards: two turns are written as the template writes them, in every format of both, or refused with the reason."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from probe.design.items import OptionId
from probe.errors import ModelError, TokenPlanError
from probe.prompts.plan import ItemPlan, TooLong
from probe.prompts.planners import planner_of
from probe.prompts.problems import item_problems
from probe.prompts.render import render
from probe.prompts.style import Asking, PromptStyle, prompt_style
from probe.prompts.two_turns import Exchange, forced_answer, plan_two_turns, refuse_one_turn_only, write_two_turns

RAW = PromptStyle("raw")
CHAT = PromptStyle("chat")
TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
ASKED = Exchange("Which?", "Answer: A) This.", "What next?", "Answer:")


@pytest.fixture
def pair(item):
    """A choice in a scenario, after the general question of `item`."""
    return replace(
        item,
        id="gift/hat~after-ask",
        side="own_words",
        form="choice",
        text="Her hat is odd. What do you do?",
        option_p1="Say so.",
        option_p2="Say nothing.",
        table="own_words",
        before=item,
    )


@pytest.fixture
def crossed(variant):
    return sorted(
        (variant(f"order={one},label_order={other}") for one, other in itertools.product(("p1", "p2"), repeat=2)),
        key=lambda one: one.id,
    )


@pytest.fixture
def plan(pair, crossed, levels):
    def of(encoder, style=RAW, *, variants=None, limit=None, **changes):
        asked = replace(pair, **changes)
        return plan_two_turns(encoder, style, asked, variants or crossed, levels, limit=limit, budget=64)

    return of


def blocks(text):
    """The three parts of a raw prompt: first question, what was said, second question with its cue."""
    found = re.fullmatch(r"(.*?option\.)\n\n(Answer: [^\n]*)\n\n(.*\n\nAnswer:)", text, re.DOTALL)
    return found.groups()


def test_every_format_of_the_first_with_either_answer_and_every_format_of_the_second(fake, plan, crossed):
    found = plan(fake())
    texts = [prompt.text for prompt in found.prompts]
    assert len(set(texts)) == len(texts) == 4 * 2 * 4
    assert {prompt.variant for prompt in found.prompts} == set(crossed)
    seen = set()
    for text in texts:
        first, said, second = blocks(text)
        options = dict(re.findall(r"^(\w)\) (.*)$", first, re.MULTILINE))
        label, words = re.fullmatch(r"Answer: (\w)\) (.*)", said).groups()
        assert options[label] == words
        assert set(options.values()) == {"To be honest.", "To be kind."}
        later = re.findall(r"^(\w)\) (.*)$", second, re.MULTILINE)
        seen.add((tuple(options.items()), words, tuple(later)))
    listings = [
        tuple(zip(labels, words, strict=True))
        for labels in (("A", "B"), ("B", "A"))
        for words in (("To be honest.", "To be kind."), ("To be kind.", "To be honest."))
    ]
    acts = [
        tuple(zip(labels, words, strict=True))
        for labels in (("A", "B"), ("B", "A"))
        for words in (("Say so.", "Say nothing."), ("Say nothing.", "Say so."))
    ]
    assert seen == set(itertools.product(listings, ("To be honest.", "To be kind."), acts))


def test_a_place_in_the_pack_says_what_came_first(fake, plan, crossed, item, levels):
    found = plan(fake())
    for at, prompt in enumerate(found.prompts):
        first, said = crossed[at // 8], (item.option_p1, item.option_p2)[at // 4 % 2]
        assert prompt.text.startswith(render(item, first, levels).question)
        assert blocks(prompt.text)[1].endswith(f") {said}")
        assert prompt.variant == crossed[at % 4]
    assert found.pack.prompts == tuple(prompt.prompt for prompt in found.prompts)


def test_without_a_template_an_empty_line_ends_what_was_said(fake, plan, crossed):
    text = plan(fake(), variants=crossed[:1]).prompts[0].text
    assert text == (
        "What matters more?\n\nA) To be honest.\nB) To be kind.\n\nAnswer with the label of one option.\n\n"
        "Answer: A) To be honest.\n\n"
        "Her hat is odd. What do you do?\n\nA) Say so.\nB) Say nothing.\n\nAnswer with the label of one option.\n\n"
        "Answer:"
    )


def test_through_a_template_what_was_said_is_a_turn_that_the_template_closes(fake, plan, crossed):
    text = plan(fake(chat_template=TEMPLATE), CHAT, variants=crossed[:1]).prompts[0].text
    assert text == (
        "<user>What matters more?\n\nA) To be honest.\nB) To be kind.\n\nAnswer with the label of one option.</user>"
        "<assistant>Answer: A) To be honest.</assistant>"
        "<user>Her hat is odd. What do you do?\n\nA) Say so.\nB) Say nothing.\n\n"
        "Answer with the label of one option.</user><assistant>Answer:"
    )


@pytest.mark.parametrize(
    ("format_", "answer"),
    [
        ("", "Answer: A) To be honest."),
        ("enclosure=round", "Answer: (A) To be honest."),
        ("enclosure=dot,cue=choice", "My choice: A. To be honest."),
        ("cue=none", "A) To be honest."),
        ("label_set=12,cue=select", "I select option 1) To be honest."),
    ],
)
def test_what_was_said_has_the_label_as_it_is_listed_behind_the_cue(item, variant, levels, format_, answer):
    chosen = variant(format_)
    shown = render(item, chosen, levels)
    assert forced_answer(shown, shown.principles[0], levels.enclosure(chosen["enclosure"])) == answer


def test_a_cue_that_opens_the_enclosure_is_not_opened_twice(item, variant, levels):
    chosen = variant("enclosure=round")
    shown = replace(render(item, chosen, levels), cue="Answer: (", opening="")
    assert forced_answer(shown, shown.principles[0], levels.enclosure("round")) == "Answer: (A) To be honest."


def test_system_text_and_what_an_entry_adds_stand_once(fake):
    encoder = fake(chat_template=TEMPLATE)
    style = PromptStyle("chat", system="Be brief.", append="[done]")
    (script,) = write_two_turns(encoder, style, [ASKED], "x")
    assert "".join(piece.text for piece in script) == (
        "<system>Be brief.</system><user>Which?</user><assistant>Answer: A) This.</assistant><user>What next?</user>"
        "<assistant>[done]Answer:"
    )
    merged = PromptStyle("chat", system="Be brief.", merge=True)
    (script,) = write_two_turns(encoder, merged, [ASKED], "x")
    assert script[0].text.startswith("<user>Be brief.\n\nWhich?</user><assistant>")
    assert script[0].text.count("Be brief.") == 1
    refuse_one_turn_only(encoder, merged)
    (script,) = write_two_turns(fake(), PromptStyle("raw", system="Be brief.", merge=True), [ASKED], "x")
    assert script[0].text == "Be brief.\n\nWhich?\n\nAnswer: A) This.\n\nWhat next?\n\nAnswer:"


def test_a_template_with_a_system_text_of_its_own_keeps_it(fake):
    own = "{% if messages[0].role != 'system' %}<system>You are kind.</system>{% endif %}"
    encoder = fake(chat_template=own + TEMPLATE)
    style = prompt_style(encoder, Asking())
    assert style.default_system
    (script,) = write_two_turns(encoder, style, [ASKED], "x")
    assert script[0].text.startswith("<system>You are kind.</system><user>Which?")
    once = "{% if messages|length == 1 %}<system>You are kind.</system>{% endif %}"
    with pytest.raises(ModelError, match="leaves the system text out where there is a second turn"):
        refuse_one_turn_only(fake(chat_template=once + TEMPLATE), replace(style))


ALTERNATING = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('must alternate') }}"
    "{% endif %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}<assistant>"
)
THINKING = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content.split('</think>')[-1] }}</{{ m.role }}>{% endfor %}"
    "<assistant>{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
)


def test_alternating_and_thinking_templates_are_right(fake):
    (script,) = write_two_turns(fake(chat_template=ALTERNATING), CHAT, [ASKED], "x")
    end = "<assistant>Answer: A) This.</assistant><user>What next?</user><assistant>"
    assert script[0].text == f"<user>Which?</user>{end}Answer:"
    encoder = fake(chat_template=THINKING)
    style = prompt_style(encoder, Asking())
    (script,) = write_two_turns(encoder, style, [ASKED], "x")
    assert script[0].text == f"<user>Which?</user>{end}<think>\n\n</think>\n\nAnswer:"


WRONG = {
    "fails on a second turn": "{% if messages|length > 1 %}{{ raise_exception('one turn') }}{% endif %}" + TEMPLATE,
    "leaves out or changes an earlier turn": "<user>{{ messages[-1].content }}</user><assistant>",
    "writes nothing between two turns": "{% for m in messages %}{{ m.content }}{% endfor %}",
    "writes an earlier answer inside a thought": TEMPLATE.replace(
        "<{{ m.role }}>{{", "<{{ m.role }}>{% if m.role == 'assistant' %}<think>{% endif %}{{"
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_right_is_refused_before_anything_is_planned(fake, what):
    encoder = fake(chat_template=WRONG[what])
    with pytest.raises(ModelError, match=f"--own-words on fake: the chat template .*{what}.*Leave --own-words out"):
        refuse_one_turn_only(encoder, CHAT)


@pytest.mark.parametrize(
    "reading",
    [
        "{% if m.role == 'assistant' and 'B)' in m.content %}!{% endif %}",
        "{% if m.role == 'user' and 'hat' in m.content %}!{% endif %}",
    ],
)
def test_a_template_that_reads_what_was_asked_or_said_is_refused(fake, plan, reading):
    encoder = fake(chat_template=TEMPLATE.replace("{{ m.content }}", f"{reading}{{{{ m.content }}}}"))
    refuse_one_turn_only(encoder, CHAT)
    with pytest.raises(
        ModelError, match=r"gift/hat~after-ask on fake: .* something else around it than around another"
    ):
        plan(encoder, CHAT)


def test_an_open_thought_and_a_missing_header_are_refused_at_the_second_decision(fake, plan, pair, crossed, levels):
    opened = fake(chat_template=TEMPLATE.replace("<assistant>{% endif", "<assistant><think>{% endif"))
    with pytest.raises(TokenPlanError, match="ends inside an unclosed <think>"):
        plan(opened, CHAT)
    problems = item_problems(opened, CHAT, pair, crossed, levels)
    assert [one.reason.startswith("the prompt ends inside") for one in problems] == [True] * 4
    with pytest.raises(TokenPlanError, match="writes '<final>' before an answer"):
        plan(fake(chat_template=TEMPLATE), PromptStyle("chat", header="<final>"))


def test_a_control_token_in_what_was_said_is_letters(fake, plan, item):
    encoder = fake(chat_template=TEMPLATE, eos="</s>")
    encoder.tokenizer.convert_tokens_to_ids = lambda tokens: list(map(encoder.tokenizer.number, tokens))
    found = plan(encoder, CHAT, before=replace(item, option_p1="Say </s>."))
    assert all(encoder.tokenizer.eos_token_id not in prompt.input_ids for prompt in found.prompts)


def test_too_long_is_refused_whole(fake, plan):
    needed = max(len(one.input_ids) + max(map(len, one.continuations)) for one in plan(fake()).pack.prompts)
    assert isinstance(plan(fake(), limit=needed), ItemPlan)
    assert plan(fake(), limit=needed - 1) == TooLong("gift/hat~after-ask", needed, needed - 1)


def test_the_table_says_how_an_item_is_planned(pair):
    assert planner_of(pair.table) is plan_two_turns
    with pytest.raises(ValueError, match="nothing is asked before it"):
        plan_two_turns(None, RAW, replace(pair, before=None), (), None, limit=None, budget=1)


def test_other_options_may_be_said_than_are_read(fake, plan, item, crossed):
    cups = replace(item, p1=OptionId("red"), p2=OptionId("blue"), option_p1="Red.", option_p2="Blue.")
    texts = [prompt.text for prompt in plan(fake(), before=cups, variants=crossed[:1]).prompts]
    assert ["Answer: A) Red." in text for text in texts] == [True, False]
    assert ["Answer: B) Blue." in text for text in texts] == [False, True]
