"""Guards: a question without listed options, and both texts encoded with it; the baseline differs in nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.design.axes import load_design
from probe.design.items import Level, unlisted
from probe.design.option_texts import text_items
from probe.errors import TokenPlanError
from probe.prompts.option_texts import plan_texts
from probe.prompts.plan import ItemPlan, TooLong
from probe.prompts.problems import item_problems
from probe.prompts.style import PromptStyle

RAW = PromptStyle("raw")
CHAT = PromptStyle("chat")
TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
)


@pytest.fixture
def plan(item, levels):
    def of(encoder, *cues, style=RAW, limit=None, **changes):
        (asked,) = text_items([replace(item, **changes)])
        chosen = [unlisted(Level(cue)) for cue in cues or ("answer",)]
        return plan_texts(encoder, style, asked, chosen, levels, limit=limit, budget=64)

    return of


def test_nothing_is_listed_and_nothing_asks_for_a_label(fake, plan):
    question, hello = plan(fake()).prompts
    assert question.text == "What matters more?\n\nAnswer:"
    assert hello.text == "Hello.\n\nAnswer:"


def test_a_pack_has_a_question_and_its_baseline_for_each_cue(fake, plan):
    found = plan(fake(), "answer", "choice")
    assert [prompt.text.partition("\n\n") for prompt in found.prompts] == [
        (question, "\n\n", cue) for cue in ("Answer:", "My choice:") for question in ("What matters more?", "Hello.")
    ]
    assert found.pack.prompts == tuple(prompt.prompt for prompt in found.prompts)


def test_a_chat_template_is_filled_in_for_both(fake, plan):
    question, hello = plan(fake(chat_template=TEMPLATE), "none", style=CHAT).prompts
    assert (question.text, hello.text) == ("<user>What matters more?<a>", "<user>Hello.<a>")


def test_system_text_and_what_an_entry_adds_stand_where_they_stand_with_labels(fake, plan):
    style = PromptStyle("chat", system="Be brief.", append="[done]")
    question, hello = plan(fake(chat_template=TEMPLATE), style=style).prompts
    assert question.text == "<system>Be brief.<user>What matters more?<a>[done]Answer:"
    assert hello.text == question.text.replace("What matters more?", "Hello.")
    merged = PromptStyle("raw", system="Be brief.", merge=True)
    assert plan(fake(), style=merged).prompts[1].text == "Be brief.\n\nHello.\n\nAnswer:"


def test_a_text_is_read_with_its_space_and_its_full_stop_the_first_principle_first(fake, plan):
    encoder = fake(" To", "honest.", "kind.")
    for prompt in plan(encoder, option_p2="To be kind").prompts:
        assert prompt.prompt.continuations == tuple(
            tuple(encoder.tokenizer.tokenize(text)) for text in (" To be honest.", " To be kind.")
        )
        assert prompt.labels.forced_prefix == ()


def test_prompt_and_text_are_encoded_together(fake, plan):
    """What merges over the border cannot be counted, and is refused by item, cue and model."""
    encoder = fake(": T")
    message = (
        "gift/ask~texts/order=none,label_order=none,label_set=none,enclosure=none,layout=none,instruction=none,"
        "cue=answer on fake: the option's text 'To be honest.' merges with the end of the prompt "
        "'t matters more?\\n\\nAnswer:'"
    )
    with pytest.raises(TokenPlanError, match=re.escape(message)):
        plan(encoder)
    (asked,) = text_items([replace(plan(fake()).item, id="gift/ask")])
    problems = item_problems(encoder, RAW, asked, [unlisted(Level("answer"))], load_design("quick").levels)
    assert [problem.reason.startswith("the option's text") for problem in problems] == [True]


def test_a_text_that_adds_no_token_is_refused(fake, plan):
    encoder = fake()
    whole = encoder.tokenizer.tokenize
    encoder.tokenizer.tokenize = lambda text: whole(text.removesuffix(" To be honest."))
    with pytest.raises(TokenPlanError, match=r"the option's text 'To be honest\.' merges with the end of the prompt"):
        plan(encoder)


def test_what_the_tokenizer_puts_in_front_stands_in_front_of_the_prompt(fake, plan):
    encoder = fake(bos="<s>")
    for prompt in plan(encoder).prompts:
        assert prompt.input_ids == (encoder.tokenizer.bos_token_id, *encoder.tokenizer.tokenize(prompt.text))
        assert prompt.prompt.continuations[0] == tuple(encoder.tokenizer.tokenize(" To be honest."))


def test_two_bos_are_refused_as_with_labels(fake, plan):
    encoder = fake(bos="<s>", chat_template="<s><s>{{ messages[0]['content'] }}")
    with pytest.raises(TokenPlanError, match="gift/ask~texts on fake: the prompt starts with 2 BOS tokens"):
        plan(encoder, style=CHAT)


def test_a_control_token_in_an_option_is_letters(fake, plan):
    encoder = fake(eos="</s>")
    encoder.tokenizer.convert_tokens_to_ids = lambda tokens: list(map(encoder.tokenizer.number, tokens))
    (first, _), _ = (prompt.prompt.continuations for prompt in plan(encoder, option_p1="Say </s>.").prompts)
    assert encoder.tokenizer.eos_token_id not in first
    assert first == tuple(map(encoder.tokenizer.number, " Say </s>."))


def test_one_text_may_begin_the_other(fake, plan):
    one, two = plan(fake(), option_p1="Go.", option_p2="Go. Now.").prompts[0].prompt.continuations
    assert two[: len(one)] == one


def test_too_long_is_refused_whole(fake, plan):
    longest = plan(fake()).pack.prompts[0]
    needed = len(longest.input_ids) + max(map(len, longest.continuations))
    assert isinstance(plan(fake(), limit=needed), ItemPlan)
    assert plan(fake(), limit=needed - 1) == TooLong("gift/ask~texts", needed, needed - 1)


@given(st.text("ab .", min_size=1).map(str.strip).filter(bool), st.text("ab .", min_size=1).map(str.strip).filter(bool))
def test_whatever_the_texts_prompt_and_continuation_are_the_whole(one, other):
    from probe.design.items import Item, OptionId
    from probe.prompts.tokenizer import TextEncoder

    from .conftest import FakeTokenizer

    encoder = TextEncoder(FakeTokenizer(" a", "ab", "a.", "b "), "fake")
    ids = (OptionId("x"), OptionId("y"))
    asked = Item("t/i", "t", "stated", "choose", "t/i", None, (), "a b?", *ids, one, other, table="texts")
    levels = load_design("quick").levels
    found = plan_texts(encoder, RAW, asked, [unlisted(Level("answer"))], levels, limit=None, budget=64)
    for prompt in found.prompts:
        for shown, tokens in zip(prompt.rendered.shown, prompt.prompt.continuations, strict=True):
            whole = tuple(encoder.tokenizer.tokenize(f"{prompt.text} {shown.text}"))
            assert prompt.input_ids + tokens == whole
