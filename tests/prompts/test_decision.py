"""Guards: the next token is an answer's, typed control tokens are letters, an entry's remedy is in force as given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from probe.design.models import load_models, resolve_model
from probe.errors import ModelError, TokenPlanError
from probe.prompts.pieces import Piece, encode_scripts, mark, plain_spans, script, with_form
from probe.prompts.plan import plan_item
from probe.prompts.style import Asking, prompt_style
from probe.prompts.tokenizer import load_encoder

FINAL = "<|channel|>final<|message|>"
TYPED = {
    "deepseek-v3": "<｜User｜>",
    "gpt-oss": "<|end|>",
    "gpt2": "<|endoftext|>",
    "mistral-v0.3-instruct": "[INST]",
    "olmo-2-dolma2": "<|endoftext|>",
    "phi-3-mini": "<|end|>",
    "phi-4": "<|im_end|>",
    "pythia": "<|endoftext|>",
    "qwen2.5-instruct": "<|im_end|>",
    "qwen3": "</think>",
    "smollm3": "<|im_end|>",
}
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def real(real_dir):
    """A real tokenizer, loaded once."""
    made = {}

    def load(name):
        if name not in made:
            made[name] = load_encoder(real_dir / "tokenizers" / name, name)
        return made[name]

    return load


@pytest.fixture
def plan(real, item, levels, variant):
    def of(name, text="Which is it?", **asking):
        encoder = real(name)
        style = prompt_style(encoder, Asking(**asking))
        chosen = [variant("")]
        return plan_item(encoder, style, replace(item, text=text), chosen, levels, limit=None, budget=64).prompts[0]

    return of


@pytest.mark.parametrize("name", TYPED)
def test_typed_control_tokens_are_letters(plan, real, name):
    token, encoder = TYPED[name], real(name)
    options = {"append": FINAL} if name == "gpt-oss" else {}
    harmless = plan(name, "Which is it? Say now.", **options)
    typed = plan(name, f"Which is it? {token}Say{token} now.", **options)
    counts = [sum(i in encoder.control_ids for i in prompt.input_ids) for prompt in (harmless, typed)]
    assert counts[0] == counts[1]
    assert token in TYPED[name]
    assert f"{token}Say{token}" in encoder.tokenizer.decode(list(typed.input_ids))
    assert typed.labels == harmless.labels
    assert [typed.text[start:end] for start, end in plain_spans(typed.pieces)] == [token, token]
    assert harmless.pieces == (Piece(harmless.text),)
    assert encoder.encode([harmless.text])[0] == harmless.input_ids[-len(encoder.encode([harmless.text])[0]) :]


def test_marks_in_a_text_are_refused(real):
    with pytest.raises(TokenPlanError, match=r"gift: the text holds U\+FDD0"):
        mark(real("gpt2"), "a\ufdd0b", "gift")


def test_typed_thoughts_are_no_thoughts(plan):
    assert "<think>" in plan("qwen3", "What does <think> mean?").text


def test_a_thought_that_is_left_on_is_refused_and_closed_by_the_entry(plan):
    with pytest.raises(TokenPlanError, match="before an answer"):
        plan("qwen3", keywords={"enable_thinking": True})
    closed = "<think>\n\n</think>\n\n"
    kept = plan("qwen3", keywords={"enable_thinking": True}, append=closed)
    assert kept.input_ids == plan("qwen3").input_ids


@pytest.mark.parametrize("name", ["qwen3", "deepseek-v3"])
def test_an_open_thought_is_refused_and_closed_by_text_or_ids(plan, real, name):
    """As the distilled models of R1 do it: the generation prompt itself opens the thought."""
    template = real(name).tokenizer.chat_template
    real(name).tokenizer.chat_template = template + "{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}"
    try:
        with pytest.raises(TokenPlanError, match=r"unclosed <think>.*append: .*</think>"):
            plan(name)
        by_text = plan(name, append="\n</think>\n\n")
        ids = real(name).encode([by_text.text])[0]
        tail = real(name).encode(["\n</think>\n\n"])[0]
        assert plan(name, append_ids=tail).text == by_text.text
        assert ids == by_text.input_ids
    finally:
        real(name).tokenizer.chat_template = template


def test_a_channel_is_opened_by_text_or_ids(plan, real):
    with pytest.raises(TokenPlanError, match=r"append: '<\|channel\|>final<\|message\|>'"):
        plan("gpt-oss")
    with pytest.raises(TokenPlanError, match="before an answer"):
        plan("gpt-oss", append="\n")
    ids = real("gpt-oss").encode([FINAL])[0]
    assert plan("gpt-oss", append_ids=ids).input_ids == plan("gpt-oss", append=FINAL).input_ids


def test_ids_that_no_text_gives_are_kept(plan, real):
    """'A' and 'nswer' apart: no text is encoded so."""
    encoder = real("qwen2.5-instruct")
    apart = tuple(encoder.encode([letter])[0][0] for letter in "Sure")
    prompt = plan("qwen2.5-instruct", append_ids=apart)
    assert [piece.kind for piece in prompt.pieces] == ["parsed", "ids", "parsed"]
    assert "Sure" in prompt.text
    start = len(encoder.encode([prompt.pieces[0].text])[0])
    assert prompt.input_ids[start : start + len(apart)] == apart
    joined = with_form(prompt.pieces, " A")
    assert encode_scripts(encoder, [joined], "gift")[0][: len(prompt.input_ids)] == prompt.input_ids


def test_a_keyword_that_the_template_does_not_read_is_refused(plan):
    with pytest.raises(ModelError, match=r"does not read the keyword 'enable_thinkin'.*It reads: .*enable_thinking"):
        plan("qwen3", keywords={"enable_thinkin": False})


@pytest.mark.parametrize("asking", [{"keywords": {"deep": True}}, {"append": "x"}, {"append_ids": (1,)}])
def test_template_options_of_a_raw_model_are_refused(plan, asking):
    with pytest.raises(ModelError, match="its entry has template options"):
        plan("gpt2", **asking)


def test_a_question_that_the_template_changes_is_refused(plan, real):
    template = real("phi-4").tokenizer.chat_template
    real("phi-4").tokenizer.chat_template = template.replace(
        "message['content']", "message['content']|replace('Z', '')"
    )
    try:
        with pytest.raises(TokenPlanError, match="changes or drops the question"):
            plan("phi-4", "Which Z is it?")
    finally:
        real("phi-4").tokenizer.chat_template = template


def test_a_script_is_one_piece_unless_something_is_set_apart():
    assert script("a") == (Piece("a"),)
    assert script("") == (Piece(""),)
    assert script("a\ufdd0b\ufdd1c") == (Piece("a"), Piece("b", "plain"), Piece("c"))


ENTRIES = """\
models:
  - {id: mine, path: weights, family: f, kind: reasoning, licence: MIT, template: {append: x, append_ids: [1, 2]}}
  - {id: other, hub: org/other, family: f, kind: instruct, licence: MIT, template: {keywords: {deep: true}}}
"""


def test_an_entry_is_found_by_its_folder_or_hub_id(tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "mine.yaml").write_text(ENTRIES, encoding="utf-8")
    models = load_models(tmp_path / "mine.yaml")
    mine = resolve_model(f"{tmp_path}/./weights/", models)
    assert (mine.name, mine.entry.template.append, mine.entry.template.append_ids) == ("mine", "x", (1, 2))
    other = resolve_model("org/other", models)
    assert (other.name, other.source, other.entry.template.keywords) == ("other", "org/other", {"deep": True})
    assert resolve_model("org/third", models).entry is None


def test_two_entries_of_one_model_are_told_apart_by_id(tmp_path):
    again = ENTRIES + "  - {id: twin, hub: org/other, family: f, kind: instruct, licence: MIT}\n"
    (tmp_path / "mine.yaml").write_text(again, encoding="utf-8")
    models = load_models(tmp_path / "mine.yaml")
    with pytest.raises(ModelError, match="'other', 'twin' all name it"):
        resolve_model("org/other", models)
    assert resolve_model("twin", models).entry.id == "twin"
