"""Guards: system text reaches the model where the run says, or the run is refused; it is never dropped in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

import probe
from probe.cli import main
from probe.errors import InputError, ModelError, StudyError, TokenPlanError
from probe.prompts.chat import write_prompts
from probe.prompts.pieces import text_of
from probe.prompts.render import RenderedItem, ShownOption
from probe.prompts.style import Asking, prompt_style
from probe.prompts.tokenizer import TextEncoder

SHORT = str(Path(__file__).parents[1] / "data" / "short.yaml")
NATIVE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}|{% endif %}"
REJECTED = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + NATIVE
DROPPED = "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}|"
FOLDED = "<user>{{ messages|map(attribute='content')|join('; ') }}|"
SHOUTED = NATIVE.replace("m.content", "(m.content|upper if m.role == 'system' else m.content)")


def encoder(template):
    backend = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", eos_token="<|end|>")
    tokenizer.chat_template = template
    return TextEncoder(tokenizer, "own")


def written(template, **asking):
    own = encoder(template)
    shown = (ShownOption("p1", "A", "one"), ShownOption("p2", "B", "two"))
    style = prompt_style(own, Asking(system="Be brief.", **asking))
    (pieces,) = write_prompts(own, style, [RenderedItem("Which?", "Answer:", shown, "", "p1")], "gift/ask")
    return style.system_location, text_of(pieces)


@pytest.mark.parametrize(
    ("template", "merge", "place", "text"),
    [
        (NATIVE, False, "native", "<system>Be brief.<user>Which?|Answer:"),
        (NATIVE, True, "merged", "<user>Be brief.\n\nWhich?|Answer:"),
        (REJECTED, True, "merged", "<user>Be brief.\n\nWhich?|Answer:"),
        (DROPPED, True, "merged", "<user>Be brief.\n\nWhich?|Answer:"),
        (FOLDED, False, "folded", "<user>Be brief.; Which?|Answer:"),
        (None, True, "merged", "Be brief.\n\nWhich?\n\nAnswer:"),
    ],
)
def test_where_system_text_stands(template, merge, place, text):
    if template == FOLDED:
        template = FOLDED.replace("messages|", "(messages[-2:] if messages[0].role == 'system' else messages[-1:])|")
    assert written(template, merge=merge) == (place, text)


@pytest.mark.parametrize(
    ("template", "why"),
    [(REJECTED, "fails on a system message"), (DROPPED, "drops a system message"), (None, "without a chat template")],
)
def test_system_text_that_would_be_lost_is_refused(template, why):
    with pytest.raises(ModelError, match=f"own: .*{why}.*--system-merge"):
        written(template)


def test_system_text_that_is_changed_is_refused():
    with pytest.raises((TokenPlanError, ModelError), match=r"the text of --system|drops a system message"):
        written(SHOUTED)
    some_words = NATIVE.replace("m.content", "m.content|replace('brief', 'wordy')")
    with pytest.raises(TokenPlanError, match="changes or drops the text of --system"):
        written(some_words)


def test_nothing_is_said_by_default():
    style = prompt_style(encoder(NATIVE), Asking())
    assert (style.system, style.merge, style.system_location) == (None, False, "none")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"system": " "}, "the text is white space alone"),
        ({"system_merge": True}, "no system text to merge"),
        ({"system": "", "system_merge": True}, "no system text to merge"),
    ],
)
def test_options_that_say_nothing_are_refused(options, what, tmp_path):
    with pytest.raises(InputError, match=what):
        probe.run("demo", design="quick", out=tmp_path / "run", **options)


def test_system_text_is_a_part_of_the_study(tmp_path):
    options = {"suite": SHORT, "design": "quick", "limit": 1, "out": tmp_path / "run"}
    results = probe.run("demo", system="Be brief.", **options)
    record = results.manifest.models["demo"]
    assert (results.manifest.study.system, results.manifest.study.system_merge, record.system) == (
        "Be brief.",
        False,
        "native",
    )
    assert record.template_traits["system"] == "native"
    for other in ({}, {"system": "Be long."}, {"system": "Be brief.", "system_merge": True}):
        with pytest.raises(StudyError, match="system"):
            probe.run("demo", **other, **options)


OWN = "{% if messages[0].role != 'system' %}<system>You are own.{% endif %}" + NATIVE
STUBBORN = "<system>You are own." + NATIVE
REJECTS_EMPTY = "{% if messages[0].content == '' %}{{ raise_exception('empty') }}{% endif %}" + OWN


@pytest.mark.parametrize(
    ("template", "place", "text"),
    [
        (OWN, "empty", "<system><user>Which?|Answer:"),
        (NATIVE, "none", "<user>Which?|Answer:"),
        (REJECTED, "none", "<user>Which?|Answer:"),
        (None, "none", "Which?\n\nAnswer:"),
    ],
)
def test_an_empty_system_text_asks_without_any(template, place, text):
    own = encoder(template)
    style = prompt_style(own, Asking(system=""))
    shown = (ShownOption("p1", "A", "one"), ShownOption("p2", "B", "two"))
    (pieces,) = write_prompts(own, style, [RenderedItem("Which?", "Answer:", shown, "", "p1")], "gift/ask")
    assert (style.system_location, style.default_system, text_of(pieces)) == (place, None, text)


@pytest.mark.parametrize("template", [STUBBORN, REJECTS_EMPTY])
def test_a_template_that_writes_its_own_text_all_the_same_is_refused(template):
    assert prompt_style(encoder(template), Asking()).default_system == "<system>You are own."
    with pytest.raises(ModelError, match=r"own: .*'<system>You are own.'. even where an empty .*--system ''"):
        prompt_style(encoder(template), Asking(system=""))


@pytest.mark.parametrize(("base", "remark"), [(True, ""), (False, "asked without a chat template: it has none")])
def test_a_model_without_a_template_says_so_unless_its_entry_calls_it_base(base, remark):
    assert prompt_style(encoder(None), Asking(base=base)).remark == remark
    assert prompt_style(encoder(NATIVE), Asking(base=base)).remark == ""


def test_show_tells_where_it_stands(capsys):
    arguments = ["show", "demo", "--suite", SHORT, "--item", "short/apple/many=one", "--system", "Be brief."]
    assert main([*arguments, "--no-weights"]) == 0
    told = capsys.readouterr().out
    assert "system text: native" in told
    assert "Be brief." in told
    assert main([*arguments, "--json"]) == 0
    assert "Be brief." in json.loads(capsys.readouterr().out)["text"]
