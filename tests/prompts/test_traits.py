"""Guards: a template's traits come from its renders and its source, whatever it is called."""

from __future__ import annotations

import pytest

from probe.errors import ModelError
from probe.prompts.template import ChatTemplate, template_of
from probe.prompts.thinking_tags import closing_tag, open_thought
from probe.prompts.tokenizer import load_encoder
from probe.prompts.traits import answer_header, derive_traits

TURNS = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}</s>{% endfor %}"
PROMPT = "{% if add_generation_prompt %}<|assistant|>{% endif %}"
PLAIN = TURNS + PROMPT
LOOP = "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ BODY }} [/INST]{% elif m.role == 'assistant' %} {{ m.content }}</s>{% endif %}{% endfor %}"
FOLDED = LOOP.replace(
    "BODY", "(messages[0].content + '\\n\\n' if loop.index0 == 1 and messages[0].role == 'system' else '') + m.content"
)
IN_TAGS = LOOP.replace(
    "BODY",
    "('<<SYS>>' + (messages[0].content if messages[0].role == 'system' else 'Be a kind helper.') + '<</SYS>>' if loop.index0 < 2 else '') + m.content",
)
BEFORE = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}{% for m in messages %}{% if m.role != 'system' %}<|{{ m.role }}|>{{ m.content }}{% endif %}{% endfor %}"
    + PROMPT
)


def traits(source, **tokens):
    return derive_traits(ChatTemplate(source, "own", {"bos_token": "<s>", "eos_token": "</s>", **tokens}))


@pytest.mark.parametrize(
    ("source", "role"),
    [
        (PLAIN, "native"),
        (BEFORE, "native"),
        (FOLDED, "folded"),
        (IN_TAGS, "folded"),
        (LOOP.replace("BODY", "m.content"), "dropped"),
        ("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + PLAIN, "rejected"),
        ("{{ messages[0].content }}{{ 1 // (messages[0].role != 'system')|int }}" + PLAIN, "rejected"),
    ],
)
def test_what_becomes_of_a_system_message(source, role):
    assert traits(source).system == role


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (PLAIN, None),
        ("[gMASK]<sop><|system|>" + PLAIN, None),
        ("{{ bos_token }}" + PLAIN, None),
        ("{% if messages[0].role != 'system' %}<|system|>Be kind.</s>{% endif %}" + PLAIN, "<|system|>Be kind."),
        (IN_TAGS, "<<SYS>>Be a kind helper.<</SYS>>"),
    ],
)
def test_a_default_system_text_is_words_before_the_user_s_turn(source, text):
    found = traits(source).default_system
    assert found is None if text is None else text in found


@pytest.mark.parametrize(
    ("source", "date"),
    [
        (PLAIN, "none"),
        ("{{ strftime_now('%d %B %Y') }}" + PLAIN, "dynamic"),
        ("{% if messages[0].role == 'system' %}{{ strftime_now('%Y') }}{% endif %}" + PLAIN, "dynamic"),
        ("{% if tools %}{{ strftime_now('%Y') }}{% endif %}" + PLAIN, "none"),
        ("{% if not date_string %}{% set date_string = '26 Jul 2024' %}{% endif %}{{ date_string }}" + PLAIN, "static"),
        ("Knowledge cutoff: 2024-06." + PLAIN, "none"),
    ],
)
def test_a_date_is_the_clock_s_or_a_fixed_one(source, date):
    assert traits(source).date == date


SWITCH = PLAIN + "{% if add_generation_prompt and (NAME is not defined or NAME) %}<think>{% endif %}"


@pytest.mark.parametrize(
    ("source", "thinking", "off"),
    [
        (PLAIN, "none", ()),
        (PLAIN + "<think>\n", "opened", ()),
        (SWITCH.replace("NAME", "enable_thinking"), "keyword", (("enable_thinking", False),)),
        (SWITCH.replace("NAME", "reasoning"), "keyword", (("reasoning", False),)),
        (
            PLAIN + "{% if add_generation_prompt and not skip_thinking %}<think>{% endif %}",
            "keyword",
            (("skip_thinking", True),),
        ),
        (PLAIN + "{% if add_generation_prompt %}<think>{% endif %}{{ '' if thinking else '' }}", "opened", ()),
        ("Effort: {{ reasoning_effort or 'low' }}" + PLAIN, "none", ()),
        (TURNS.replace("m.content", "(m.thinking or '') + m.content") + PROMPT, "always", ()),
        (TURNS.replace("m.content", "m.content.split('</think>')[-1]") + PROMPT, "always", ()),
    ],
)
def test_how_thoughts_are_turned_off(source, thinking, off):
    found = traits(source)
    assert (found.thinking, found.thinking_off) == (thinking, off)


def test_an_effort_that_is_written_out_is_no_switch():
    assert traits("Effort: {{ reasoning_effort|default('medium') }}" + PLAIN).thinking_off == ()


def test_bos_and_alternation():
    alternating = (
        "{% if messages|length > 1 and messages[0].role == messages[1].role %}{{ raise_exception('!') }}{% endif %}"
    )
    assert (traits(PLAIN).writes_bos, traits(PLAIN).alternates) == (False, False)
    found = traits("{{ bos_token }}" + alternating + PLAIN)
    assert (found.writes_bos, found.alternates) == (True, True)


@pytest.mark.parametrize(
    ("before", "header"),
    [("", ""), (" ", ""), ("\n", ""), ("<|channel|>final<|message|>", "<|channel|>final<|message|>")],
)
def test_a_header_stands_between_the_generation_prompt_and_an_answer(before, header):
    assistant = "{% if m.role == 'assistant' %}{{ '" + before.replace("\n", "\\n") + "' }}{% endif %}{{ m.content }}"
    source = TURNS.replace("{{ m.content }}", assistant) + PROMPT
    assert traits(source).header == header
    assert answer_header(ChatTemplate(source, "own"), {}) == header


def test_a_header_depends_on_the_keywords():
    source = TURNS.replace(
        "{{ m.content }}", "{% if m.role == 'assistant' and deep %}<|deep|>{% endif %}{{ m.content }}"
    )
    own = ChatTemplate(source + PROMPT, "own")
    assert (answer_header(own, {}), answer_header(own, {"deep": True})) == ("", "<|deep|>")


@pytest.mark.parametrize(
    "source",
    [
        "{{ [1, 2]|random }}",
        "{{ lipsum() }}",
        "{% filter random %}ab{% endfilter %}",
        "{{ [[1, 2]]|map('random')|list }}",
        "{% if tools %}{{ lipsum }}{% endif %}",
    ],
)
def test_chance_is_refused_wherever_it_stands(source):
    with pytest.raises(ModelError, match=r"own: the chat template uses (random|lipsum), which gives another prompt"):
        traits(PLAIN + source)


def test_a_word_is_no_chance():
    assert traits(PLAIN + "random lipsum {{ 'random' }}").system == "native"


def test_a_template_that_cannot_be_parsed_is_the_model_s_fault():
    with pytest.raises(ModelError, match="own: the chat template cannot be parsed"):
        traits("{% if %}")


def test_the_line_and_the_record_say_the_same():
    found = traits("{{ bos_token }}" + SWITCH.replace("NAME", "enable_thinking"))
    assert str(found) == (
        "system native, no default system text, date none, thinking keyword (enable_thinking=False), writes BOS"
    )
    assert found.record() == {
        "system": "native",
        "default_system": None,
        "date": "none",
        "thinking": "keyword",
        "thinking_off": "enable_thinking=False",
        "writes_bos": True,
        "alternates": False,
        "header": None,
        "wants_parts": False,
    }


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("<think>", "<think>"),
        ("</think>", None),
        ("<seed:think>", "<seed:think>"),
        ("[THINK]a[/THINK]", None),
        ("<|START_THINKING|><|END_THINKING|>", None),
        ("<|thought_start|>", "<|thought_start|>"),
        ("<|/think|>", None),
        ("a thought", None),
    ],
)
def test_a_text_that_ends_inside_a_thought(text, tag):
    assert open_thought(text) == tag
    assert tag is None or open_thought(text + closing_tag(tag)) is None


REAL = {
    "deepseek-v3": ("native", False, "none", "none", True, ""),
    "gpt-oss": ("native", True, "dynamic", "always", False, "<|channel|>final<|message|>"),
    "mistral-v0.3-instruct": ("folded", False, "none", "none", True, ""),
    "phi-3-mini": ("native", False, "none", "none", False, ""),
    "phi-4": ("native", False, "none", "none", False, ""),
    "qwen2.5-instruct": ("native", True, "none", "none", False, ""),
    "qwen3": ("native", False, "none", "keyword", False, ""),
    "smollm3": ("native", True, "dynamic", "keyword", False, ""),
}


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_real_tokenizers(real_dir, name):
    own = template_of(load_encoder(real_dir / "tokenizers" / name, name))
    found = derive_traits(own)
    default = found.default_system is not None
    assert (found.system, default, found.date, found.thinking, found.writes_bos, found.header) == REAL[name]


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_it_renders_what_transformers_renders(real_dir, name):
    encoder = load_encoder(real_dir / "tokenizers" / name, name)
    own, turns = template_of(encoder), [{"role": "user", "content": "Which? "}]
    date = {"gpt-oss", "smollm3"} & {name}
    expected = encoder.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert own.render([turns]) == [expected] or date
