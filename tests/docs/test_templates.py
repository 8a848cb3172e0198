"""Guards: the page on templates names every trait and value, and each of its remedies works where it says so."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from hostile import make_tokenizer
from planned import plan_model

from probe.design.models import ModelEntry, load_models
from probe.errors import ProbeError
from probe.prompts import traits
from probe.prompts.problems import UnreadableLabelsError
from probe.study.request import Request
from probe.study.resolve import resolve

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/templates.md").read_text(encoding="utf-8")
FIELDS = (ROOT / "docs/inputs.md").read_text(encoding="utf-8").partition("## Models")[2]
SHORT = str(ROOT / "tests/data/short.yaml")
CHAT = "{% for m in messages %}<|{{ m.role[0] }}|>{{ m.content }}<EOT>{% endfor %}<|a|>"

REFUSED = {
    "The prompt ends inside a thought": ("byte-bpe", CHAT + "<think>\n", "unclosed <think>"),
    "A keyword switches thoughts off": (
        "byte-bpe",
        CHAT + "{% if be_quick %}<think></think>{% else %}<think>{% endif %}",
        "unclosed <think>.*or the keyword",
    ),
    "The template writes a header before an answer": (
        "byte-bpe",
        "{% for m in messages %}<|{{ m.role[0] }}|>{% if m.role == 'assistant' %}<|channel|>final<|message|>{% endif %}"
        "{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|a|>{% endif %}",
        r"append: '<\|channel\|>final<\|message\|>'",
    ),
    "Tokens that no text gives": ("byte-bpe", CHAT + "<think>", "unclosed <think>"),
    "A template that cannot ask a plain question": ("byte-bpe", "{{ raise_exception('no') }}", "set kind: base"),
    "A raw prompt without a cue": ("byte-bpe", None, "Use another level of the axis 'cue'"),
    "A label that merges with the prompt, or begins like the other": ("whole-words", CHAT, "Choose labels"),
}
NO_EXAMPLE = {"A prompt that is too long"}


def remedies() -> dict[str, str]:
    """The YAML below each heading of the section."""
    section = PAGE.partition("## Remedies")[2].partition("\n## ")[0]
    parts = re.split(r"^### (.+)$", section, flags=re.MULTILINE)[1:]
    blocks = {
        title: re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) for title, text in zip(*[iter(parts)] * 2, strict=True)
    }
    assert {title for title, found in blocks.items() if len(found) != 1} == NO_EXAMPLE
    return {title: found[0] for title, found in blocks.items() if found}


@pytest.fixture
def folder(tmp_path, demo_folder):
    """A folder with a tokenizer, and with config and weights of the embedded model."""

    def make(kind, template):
        path = make_tokenizer(kind, template, tmp_path / "my-model")
        for name in ("config.json", "model.safetensors"):
            (path / name).write_bytes((demo_folder / name).read_bytes())
        return path

    return make


def plan(**options):
    study = resolve(Request(suite=(SHORT,), limit=1, **options), weights=False)
    return plan_model(study, study.sources[0])


@pytest.mark.parametrize("title", REFUSED)
def test_a_remedy_works_where_the_model_was_refused(title, folder, tmp_path):
    kind, template, message = REFUSED[title]
    path = str(folder(kind, template))
    own = tmp_path / "own.yaml"
    own.write_text(remedies()[title].replace("../weights/my-model", path), encoding="utf-8")
    every = tmp_path / "every.yaml"
    every.write_text("design: every\naxes: {order: [p1, p2], cue: [answer, none]}\n", encoding="utf-8")
    before = str(every) if "cue" in title else "quick"
    with pytest.raises(ProbeError, match=message) as caught:
        plan(models=(path,), design=before)
    if "models:" in own.read_text(encoding="utf-8"):
        found = plan(models=(path,), design="quick", models_file=own)
        assert found.source.name == "my-model"
    else:
        assert isinstance(caught.value, UnreadableLabelsError)
        found = plan(models=(path,), design=str(own))
    assert sum(planned.item.table == "readings" for planned in found.items) == 6


def test_every_remedy_is_tried():
    assert remedies().keys() == REFUSED.keys()


def test_every_trait_and_every_value_is_told():
    rows = dict(re.findall(r"^\| (\w+) \| (.+?) \|", PAGE, re.MULTILINE))
    assert {field.name for field in fields(traits.TemplateTraits)} <= rows.keys()
    for name, kind in (("system", traits.System), ("date", traits.Date), ("thinking", traits.Thinking)):
        assert [word.strip() for word in rows[name].split(",")] == list(get_args(kind))


def test_the_entry_on_the_page_of_models_is_one(tmp_path):
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "mine.yaml").write_text(block, encoding="utf-8")
    entry = load_models(tmp_path / "mine.yaml")["mine"]
    assert (entry.source, entry.kind) == ("org/name", "instruct")
    verbs = set(re.findall(r"^probe (\w+ mine(?: --pin)?) --models mine.yaml", page, re.MULTILINE))
    assert verbs == {"plan mine", "check mine", "pull mine", "pull mine --pin"}
    assert {name for name in ModelEntry.model_fields if f"`{name}`" not in FIELDS} == set()
