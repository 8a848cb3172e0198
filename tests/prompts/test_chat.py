"""Guards: one way to a prompt's text; no date, no open thought, no control token and no chance in it."""

from __future__ import annotations

import datetime as dt

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from probe.errors import ModelError, TokenPlanError
from probe.prompts.chat import write_prompts
from probe.prompts.pieces import encode_scripts, mark, script, text_of
from probe.prompts.render import RenderedItem, ShownOption, render
from probe.prompts.style import Asking, PromptStyle, prompt_style
from probe.prompts.template import FROZEN_DATE, template_of
from probe.prompts.template_renderer import TemplateRenderer
from probe.prompts.tokenizer import TextEncoder, load_encoder

PLAIN = (
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}|{% endif %}"
)


@pytest.fixture
def encoder():
    """A transformers tokenizer of the test's own, one token per character, with the given template."""

    def of(template):
        backend = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", eos_token="<|end|>")
        tokenizer.chat_template = template
        return TextEncoder(tokenizer, "own")

    return of


def rendered(question="Which?", cue="Answer:"):
    shown = (ShownOption("p1", "A", "one"), ShownOption("p2", "B", "two"))
    return RenderedItem(question, cue, shown, "", "p1")


def written(encoder, style=None, **parts):
    style = style or prompt_style(encoder, Asking())
    (pieces,) = write_prompts(encoder, style, [rendered(**parts)], "gift/ask")
    return text_of(pieces)


def test_chat_text_is_the_template_then_the_cue(encoder):
    assert written(encoder(PLAIN)) == "<user>Which?|Answer:"
    assert written(encoder(PLAIN), cue="") == "<user>Which?|"


def test_raw_text_has_a_cue_below_the_question(encoder):
    assert written(encoder(None)) == "Which?\n\nAnswer:"


def test_raw_text_without_a_cue_is_refused(encoder):
    with pytest.raises(TokenPlanError, match="gift/ask on own: the cue is empty and the model has no chat template"):
        written(encoder(None), cue="")


def test_base_models_and_models_without_a_template_are_asked_raw(encoder):
    assert prompt_style(encoder(None), Asking()).kind == "raw"
    assert prompt_style(encoder(PLAIN), Asking(base=True)).kind == "raw"
    assert prompt_style(encoder(PLAIN), Asking()) == PromptStyle("chat")


@pytest.mark.parametrize("part", ["question", "cue"])
def test_a_control_token_in_a_text_is_set_apart(encoder, part):
    own = encoder(PLAIN)
    (pieces,) = write_prompts(own, PromptStyle("chat"), [rendered(**{part: "Which <|end|> now?"})], "gift/ask")
    assert [piece.text for piece in pieces if piece.kind == "plain"] == ["<|end|>"]
    assert "Which <|end|> now?" in text_of(pieces)


def test_a_control_token_that_cannot_be_written_as_letters_is_refused():
    backend = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    own = TextEncoder(PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", eos_token="\u00a7"), "own")
    with pytest.raises(
        TokenPlanError, match="gift/ask on own: the text contains '\u00a7', which this tokenizer cannot"
    ):
        encode_scripts(own, [script(mark(own, "a\u00a7a", "gift/ask"))], "gift/ask")


def test_a_control_token_of_the_template_is_not_refused(encoder):
    assert written(encoder(PLAIN + "<|end|>")).endswith("<|end|>Answer:")


@pytest.mark.parametrize("day", [dt.datetime(2026, 7, 3, tzinfo=dt.UTC), dt.datetime(2031, 1, 1, tzinfo=dt.UTC)])
def test_the_clock_stands_still(encoder, monkeypatch, day):
    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz=None):  # noqa: ARG003  the signature of datetime
            return day

    monkeypatch.setattr("transformers.utils.chat_template_utils.datetime", Clock)
    assert written(encoder("{{ strftime_now('%d %B %Y %H:%M') }}|" + PLAIN)).startswith("01 January 2025 00:00|")
    assert FROZEN_DATE.isoformat() == "2025-01-01T00:00:00+00:00"


def test_the_clock_goes_on_behind_it(encoder):
    own = encoder("{{ strftime_now('%Y') }}|{{ messages[0]['content'][:0] }}")
    written(encoder("{{ strftime_now('%Y') }}" + PLAIN))
    year = dt.datetime.now(tz=dt.UTC).year
    chat = [{"role": "user", "content": "x"}]
    assert own.tokenizer.apply_chat_template(chat, tokenize=False) in {f"{year}|", f"{year + 1}|"}


THINKING = (
    PLAIN + "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% else %}<think>{% endif %}"
)


def test_thinking_is_turned_off_where_the_template_knows_how(encoder):
    own = encoder(THINKING)
    assert prompt_style(own, Asking()).keywords == {"enable_thinking": False}
    assert written(own).endswith("|<think></think>Answer:")


def test_the_models_entry_has_the_last_word(encoder):
    style = prompt_style(encoder(THINKING), Asking(keywords={"enable_thinking": True}, append="</think>"))
    assert style == PromptStyle("chat", {"enable_thinking": True}, "</think>")
    assert written(encoder(THINKING), style).endswith("|<think></think>Answer:")


def test_a_template_that_merely_writes_the_word_does_not_know_it(encoder):
    assert prompt_style(encoder(PLAIN + "enable_thinking"), Asking()).keywords == {}


def test_a_template_that_jinja_alone_cannot_parse_is_searched(encoder):
    own = encoder("{% generation %}" + THINKING + "{% endgeneration %}")
    assert prompt_style(own, Asking()).keywords == {"enable_thinking": False}


@pytest.mark.parametrize("tag", ["<think>", "<thinking>", "[THINK]"])
def test_an_open_thought_is_refused_with_the_remedy(encoder, tag):
    closing = tag.replace("<", "</").replace("[", "[/")
    with pytest.raises(TokenPlanError) as caught:
        written(encoder(PLAIN + tag + "\n"))
    assert str(caught.value) == (
        f"gift/ask on own: the prompt ends inside an unclosed {tag}, so the next token is a thought and not an answer. "
        f'In models.yaml give the entry template: {{append: "{closing}\\n\\n"}}, or the keyword that turns thinking off.'
    )
    assert written(encoder(PLAIN + tag + "\n"), PromptStyle("chat", {}, f"{closing}\n\n")).endswith("\n\nAnswer:")


def test_a_closed_thought_is_no_open_one(encoder):
    assert written(encoder(PLAIN + "<think>\n\n</think>|")).endswith("</think>|Answer:")


def test_a_missing_channel_is_refused_with_the_remedy(encoder):
    own = encoder(
        "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{{ '<|channel|>final<|message|>' }}"
        "{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    with pytest.raises(TokenPlanError, match=r"gift/ask on own: .*append: '<\|channel\|>final<\|message\|>'"):
        written(own)
    final = prompt_style(own, Asking(append="<|channel|>final<|message|>"))
    assert written(own, final).endswith("<assistant><|channel|>final<|message|>Answer:")


def test_a_template_that_fails_is_the_models_fault(encoder):
    with pytest.raises(ModelError, match=r"own: the chat template fails on a single user message \(.*no user here"):
        written(encoder("{{ raise_exception('no user here') }}"))


@pytest.mark.parametrize(("template", "found"), [("{{ [1, 2] | random }}", "random"), ("{{ lipsum(1) }}", "lipsum")])
def test_chance_is_refused(encoder, template, found):
    with pytest.raises(ModelError, match=f"own: the chat template uses {found}, which gives another prompt each time"):
        prompt_style(encoder(template), Asking())


def test_several_prompts_are_written_in_order(encoder):
    style = PromptStyle("chat")
    scripts = write_prompts(encoder(PLAIN), style, [rendered(question=q) for q in "abc"], "gift/ask")
    assert [text_of(pieces) for pieces in scripts] == [f"<user>{q}|Answer:" for q in "abc"]


@pytest.mark.real
@pytest.mark.parametrize("name", ["smollm3", "gpt-oss"])
def test_real_templates_that_write_the_date(real_dir, name):
    own = load_encoder(real_dir / "tokenizers" / name, name)
    append = "<|channel|>final<|message|>" if name == "gpt-oss" else ""
    text = written(own, prompt_style(own, Asking(append=append)))
    assert "01 January 2025" in text or "2025-01-01" in text
    assert str(dt.datetime.now(tz=dt.UTC).year) not in text.replace("2025", "")


def test_what_a_template_does_is_found_out_once_for_all_items(demo_folder, monkeypatch, item, variant, levels):
    encoder = load_encoder(demo_folder, "demo")
    style = prompt_style(encoder, Asking())
    rendered = [render(item, variant(), levels)]
    write_prompts(encoder, style, rendered, "gift/ask")
    asked = []
    ask = TemplateRenderer.ask
    monkeypatch.setattr(TemplateRenderer, "ask", lambda *a, **k: asked.append(k["conversations"]) or ask(*a, **k))
    write_prompts(encoder, style, rendered, "gift/ask")
    assert len(asked) == 3, "the first prompt by both processes, and the rest: the question that nobody asks"
    assert asked[0] == asked[1] != asked[2]
    encoder.tokenizer.chat_template = PLAIN
    assert template_of(encoder).source == PLAIN
