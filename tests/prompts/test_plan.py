"""Guards: prompt and label are encoded together; what cannot be read exactly is refused whole, never cut."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from probe.errors import TokenPlanError
from probe.prompts.plan import ItemPlan, TooLong, plan_item
from probe.prompts.style import Asking, PromptStyle, prompt_style

RAW = PromptStyle("raw")
CHAT = PromptStyle("chat")


@pytest.fixture
def plan(item, levels, variant):
    def of(encoder, *variants, style=RAW, limit=None, asked=item):
        chosen = [variant(text) for text in variants or ("",)]
        return plan_item(encoder, style, asked, chosen, levels, limit=limit, budget=64)

    return of


def test_a_merge_of_cue_and_label_is_told_with_item_variant_and_model(fake, plan):
    encoder = fake(":A", ": A")
    message = (
        "gift/ask/order=p1,label_order=position,label_set=AB,enclosure=paren,layout=lines,instruction=label,cue=answer "
        "on fake: label 'A' merges with the end of the prompt ' of one option.\\n\\nAnswer:'."
    )
    with pytest.raises(TokenPlanError, match=re.escape(message)):
        plan(encoder)


def test_a_merge_of_one_form_leaves_the_other(fake, plan):
    encoder = fake(":A", ":B")
    (prompt,) = plan(encoder).prompts
    space = encoder.tokenizer.number(" ")
    assert prompt.labels.forced_prefix == (space,)
    assert prompt.labels.forms == (((encoder.tokenizer.number("A"),),), ((encoder.tokenizer.number("B"),),))


def test_the_labels_stand_in_the_order_shown(fake, plan):
    encoder = fake(" A", " B")
    for order in ("p1", "p2"):
        (prompt,) = plan(encoder, f"order={order},label_order=p1").prompts
        labels = [shown.label for shown in prompt.rendered.shown]
        assert labels == (["A", "B"] if order == "p1" else ["B", "A"])
        number = encoder.tokenizer.number
        assert [forms[1] for forms in prompt.labels.forms] == [(number(f" {label}"),) for label in labels]


def test_an_opening_enclosure_is_a_form_where_the_cue_has_not_given_it(fake, plan):
    (prompt,) = plan(fake(), "enclosure=round").prompts
    assert [len(forms) for forms in prompt.labels.forms] == [4, 4]
    (prompt,) = plan(fake(), "enclosure=paren").prompts
    assert [len(forms) for forms in prompt.labels.forms] == [2, 2]


def test_continuations_are_whole_and_in_order(fake, plan):
    encoder = fake()
    found = plan(encoder, "cue=answer", "cue=choice")
    assert isinstance(found, ItemPlan)
    for prompt in found.prompts:
        texts = [form for shown in prompt.rendered.shown for form in (shown.label, f" {shown.label}")]
        assert prompt.prompt.continuations == tuple(tuple(encoder.tokenizer.tokenize(text)) for text in texts)
        assert prompt.prompt.input_ids == tuple(encoder.tokenizer.tokenize(prompt.text))
    assert found.pack.prompts == tuple(prompt.prompt for prompt in found.prompts)
    assert found.pack.budget == 64


def test_a_raw_prompt_has_what_the_tokenizer_puts_in_front_and_nothing_behind(fake, plan):
    encoder = fake(bos="<s>", eos="</s>")
    (prompt,) = plan(encoder).prompts
    number = encoder.tokenizer.number
    assert prompt.input_ids[0] == number("<s>")
    assert number("</s>") not in prompt.input_ids
    assert prompt.input_ids[1:] == tuple(encoder.tokenizer.tokenize(prompt.text))


def test_a_chat_prompt_has_only_what_its_template_writes(fake, plan):
    encoder = fake(bos="<s>", eos="</s>", chat_template="<s>{{ messages[0]['content'] }}|")
    (prompt,) = plan(encoder, style=CHAT).prompts
    assert prompt.input_ids.count(encoder.tokenizer.number("<s>")) == 1
    assert prompt.input_ids == tuple(encoder.tokenizer.tokenize(prompt.text))


@pytest.mark.parametrize(
    ("template", "eos", "count"),
    [
        ("<s><s>QUESTION|", None, 2),
        ("<s><s>QUESTION<s>|", "<s>", 2),
    ],
)
def test_two_bos_are_refused(fake, plan, template, eos, count):
    encoder = fake(bos="<s>", eos=eos, chat_template=template.replace("QUESTION", "{{ messages[0]['content'] }}"))
    with pytest.raises(TokenPlanError, match=f"gift/ask on fake: the prompt has {count} BOS tokens"):
        plan(encoder, style=CHAT)


def test_a_bos_that_ends_turns_too_may_come_again(fake, plan):
    encoder = fake(bos="<s>", eos="<s>", chat_template="<s>{{ messages[0]['content'] }}<s>|")
    (prompt,) = plan(encoder, style=CHAT).prompts
    assert prompt.input_ids.count(encoder.tokenizer.number("<s>")) == 2


def test_too_long_is_refused_whole(fake, plan):
    encoder = fake()
    lengths = [len(p.input_ids) for p in plan(encoder, "cue=answer", "cue=select").prompts]
    longest = max(lengths) + 2  # ' A' is two tokens here
    assert isinstance(plan(encoder, "cue=answer", "cue=select", limit=longest), ItemPlan)
    refused = plan(encoder, "cue=answer", "cue=select", limit=longest - 1)
    assert refused == TooLong("gift/ask", longest, longest - 1)
    assert str(refused).startswith(
        f"gift/ask: a prompt of {longest} tokens does not fit into the model's {longest - 1}. Shorten the item"
    )


def test_nothing_is_ever_cut(fake, plan, item):
    long = replace(item, text="word " * 5000)
    encoder = fake()
    (prompt,) = plan(encoder, asked=long).prompts
    assert len(prompt.input_ids) > 20_000
    assert prompt.text.startswith("word word")
    assert prompt.text.endswith("Answer:")


def test_the_hash_is_of_the_text(fake, plan):
    one, other = plan(fake(), "cue=answer", "cue=choice").prompts
    assert one.sha256 != other.sha256
    assert one.sha256 == plan(fake(), "cue=answer").prompts[0].sha256


@pytest.mark.real
def test_phi_3_has_one_id_for_a_and_space_a_behind_its_header(real_dir, item, levels, variant):
    from probe.prompts.tokenizer import load_encoder

    encoder = load_encoder(real_dir / "tokenizers" / "phi-3-mini", "phi-3")
    style = prompt_style(encoder, Asking())
    found = plan_item(encoder, style, item, [variant("cue=none")], levels, limit=None, budget=64)
    assert [len(forms) for forms in found.prompts[0].labels.forms] == [1, 1]


PREFIXES = {
    "deepseek-v3": ("chat", ()),
    "gpt2": ("raw", ()),
    "mistral-v0.3-instruct": ("chat", (1,)),
    "olmo-2-dolma2": ("raw", ()),
    "phi-3-mini": ("chat", ()),
    "phi-4": ("chat", ()),
    "pythia": ("raw", ()),
    "qwen2.5-instruct": ("chat", ()),
    "qwen3": ("chat", ()),
    "smollm3": ("chat", ()),
}


@pytest.mark.real
@pytest.mark.parametrize("name", PREFIXES)
def test_real_tokenizers_are_planned(real_dir, item, standard, name):
    from probe.prompts.tokenizer import load_encoder

    encoder = load_encoder(real_dir / "tokenizers" / name, name)
    style = prompt_style(encoder, Asking())
    assert (style.kind, encoder.raw_prefix) == PREFIXES[name]
    found = plan_item(encoder, style, item, standard.variants(), standard.levels, limit=None, budget=4096)
    for prompt in found.prompts:
        assert_exact(encoder, prompt)


def assert_exact(encoder, prompt):
    """Prompt and label together are tokens of their text, and every label text that can follow is a form."""
    tokenizer = encoder.tokenizer
    bos = tokenizer.bos_token_id
    assert bos is None or prompt.input_ids.count(bos) <= 1
    assert tuple(tokenizer.encode(prompt.text, add_special_tokens=False)) == prompt.input_ids
    for shown, forms in zip(prompt.rendered.shown, prompt.labels.forms, strict=True):
        expected = set()
        for text in (shown.label, f" {shown.label}"):
            joint = tuple(tokenizer.encode(prompt.text + text, add_special_tokens=False))
            if joint[: len(prompt.input_ids)] == prompt.input_ids:
                expected.add(joint[len(prompt.input_ids) :])
        assert {prompt.labels.forced_prefix + form for form in forms} == expected
        assert len(forms) == len(expected) >= 1


@pytest.mark.real
def test_gpt_oss_needs_its_final_channel(real_dir, item, standard):
    """Its template ends before the channel: what is written there is no answer of the model's."""
    from probe.prompts.tokenizer import load_encoder

    encoder = load_encoder(real_dir / "tokenizers" / "gpt-oss", "gpt-oss")
    bare = prompt_style(encoder, Asking())
    with pytest.raises(TokenPlanError, match=r"channel.*append: '<\|channel\|>final<\|message\|>'"):
        plan_item(encoder, bare, item, standard.variants(), standard.levels, limit=None, budget=4096)
    final = prompt_style(encoder, Asking(append="<|channel|>final<|message|>"))
    for prompt in plan_item(encoder, final, item, standard.variants(), standard.levels, limit=None, budget=64).prompts:
        assert_exact(encoder, prompt)
