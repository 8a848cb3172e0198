"""Guards: whatever a tokenizer or a chat template does, a reading is right, or refused with a remedy that works."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import transformers
import yaml
from hostile import TOKENIZERS, make_tokenizer
from reference import ROOT, Oracle
from tiny import write_model_folder

import probe
from probe.errors import ModelError, TokenPlanError

SHORT = ROOT / "tests/data/short.yaml"
END = "{% if add_generation_prompt %}<|a|>{% endif %}"
LOOP = "{% for m in messages %}<|{{ m.role[0] }}|>{{ BODY }}<EOT>{% endfor %}"
CHAT = "{{ bos_token }}" + LOOP.replace("BODY", "m.content") + END


@dataclass(frozen=True)
class Trouble:
    """A template, what it is refused with, the remedy, and how the reference has to ask it."""

    template: str
    refused: str | None = None
    remedy: dict[str, object] | None = None
    kind: str = "instruct"
    chat: bool = True
    parts: bool = False


def body(text: str) -> str:
    return LOOP.replace("BODY", text) + END


TEMPLATES = {
    "parts only": Trouble(
        "{% for m in messages %}<|{{ m.role[0] }}|>{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}"
        "{% endfor %}<EOT>{% endfor %}" + END,
        parts=True,
    ),
    "parts by index": Trouble(body("m.content[0]['text']"), parts=True),
    "parts or text": Trouble(body("m.content if m.content is string else m.content[0].text")),
    "trimmed": Trouble(body("m.content | trim")),
    "namespace and macro": Trouble(
        "{% macro turn(m) %}<|{{ m.role[0] }}|>{{ m.content }}{% endmacro %}{% set ns = namespace(n=0) %}"
        "{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ turn(m) }}[{{ ns.n }}]{% endfor %}" + END
    ),
    "alternating": Trouble(
        "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('order') }}"
        "{% endif %}{% endfor %}" + CHAT
    ),
    "a date of today": Trouble("{{ strftime_now('%d %B %Y') }}\n" + CHAT),
    "dumped tools": Trouble("{% if tools %}{{ tools | tojson(indent=2) }}{% endif %}" + CHAT),
    "always a prompt": Trouble(LOOP.replace("BODY", "m.content") + "<|a|>"),
    "own system text": Trouble("{% if messages[0].role != 'system' %}<|s|>Be brief.<EOT>{% endif %}" + CHAT),
    "white space around": Trouble("\n\n " + body("m.content") + "\n"),
    "question twice": Trouble(body("m.content ~ '\n(' ~ m.content ~ ')\n'")),
    "no prompt": Trouble(
        "{% for m in messages %}<|{{ m.role[0] }}|>{{ m.content }}{% endfor %}", "before an answer", {"append": "<|a|>"}
    ),
    "opens a thought": Trouble(
        body("m.content") + "<think>\n", r'append: "</think>\\n\\n"', {"append": "</think>\n\n"}, "reasoning"
    ),
    "closes thoughts its own way": Trouble(
        "{% for m in messages %}<|{{ m.role[0] }}|>{% if m.reasoning_content %}<think>{{ m.reasoning_content }}"
        "</think><|m|>{% endif %}{{ m.content }}<EOT>{% endfor %}" + END + "<think>",
        r"append: '</think><\|m\|>'",
        {"append": "</think><|m|>"},
        "reasoning",
    ),
    "opens a channel": Trouble(
        "{% for m in messages %}<|{{ m.role[0] }}|>{% if m.thinking %}<|m|>analysis {{ m.thinking }}<EOT><|a|>{% endif %}"
        "{{ m.content }}<EOT>{% endfor %}" + END + "<|m|>analysis",
        r"append: '<EOT><\|a\|>'",
        {"append": "<EOT><|a|>"},
        "reasoning",
    ),
    "escaped": Trouble(body("m.content | tojson"), "changes or drops the question", kind="base", chat=False),
    "on one line": Trouble(
        body("m.content | replace('\n', ' ')"), "changes or drops the question", kind="base", chat=False
    ),
    "fails": Trouble("{{ raise_exception('tools only') }}", "fails on a single user message", kind="base", chat=False),
    "does not parse": Trouble("{% for %}", "cannot be parsed", kind="base", chat=False),
    "unknown filter": Trouble("{{ messages | shuffle }}", "cannot be parsed", kind="base", chat=False),
    "chance": Trouble("{{ ['a', 'b'] | random }}" + CHAT, "gives another prompt each time", kind="base", chat=False),
    "two BOS": Trouble("{{ bos_token }}{{ bos_token }}" + CHAT, "BOS tokens", kind="base", chat=False),
    "BOS at every turn": Trouble(
        "{{ bos_token }}<|s|>Be brief.{% for m in messages %}{{ bos_token }}<|{{ m.role[0] }}|>{{ m.content }}{% endfor %}"
        + END,
    ),
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder with the weights of a tiny model that is wide enough for all of these vocabularies."""
    tokenizer = make_tokenizer("byte-bpe", None, tmp_path_factory.mktemp("tokenizer"))
    return write_model_folder(tmp_path_factory.mktemp("weights"), "llama", tokenizer, "float32", {"vocab_size": 640})


@pytest.fixture
def folder(weights, tmp_path):
    """``folder(kind, template)``: a complete model folder."""

    def make(kind, template):
        path = make_tokenizer(kind, template, tmp_path / "own")
        for name in ("config.json", "model.safetensors"):
            shutil.copyfile(weights / name, path / name)
        return path

    return make


def entries(path: Path, to: Path, **more: object) -> Path:
    entry = {"id": "mine", "path": str(path), "family": "own", "licence": "MIT", **more}
    to.write_text(yaml.safe_dump({"models": [entry]}), encoding="utf-8")
    return to


def read(path, out, design="quick", **options):
    return probe.run(str(path), suite=str(SHORT), design=design, limit=1, out=out, **options).readings


def slow_unless(fast, values):
    """All of them, those that are not in `fast` as slow tests."""
    return [value if value in fast else pytest.param(*_tuple(value), marks=pytest.mark.slow) for value in values]


def _tuple(value):
    return value if isinstance(value, tuple) else (value,)


ASKED = [(kind, chat) for kind in sorted(set(TOKENIZERS) - {"whole-words"}) for chat in (True, False)]
QUICK = {("word-piece", True), ("dummy-prefix", False)}
TRICKY = {"parts only", "no prompt", "closes thoughts its own way", "opens a channel", "BOS at every turn", "escaped"}


@pytest.mark.parametrize(("kind", "chat"), slow_unless(QUICK, ASKED))
def test_tokenizers(compare, folder, tmp_path, kind, chat):
    path = folder(kind, CHAT if chat else None)
    table = read(path, tmp_path / "run", design=str(ROOT / "tests/oracle/hostile.yaml"))
    design = ROOT / "tests/oracle/hostile.yaml"
    assert compare(table, Oracle(path, chat=chat), [SHORT], 5e-5, design) == 6 * 12


def test_labels_that_a_tokenizer_does_not_know_are_refused_and_others_are_not(compare, folder, tmp_path):
    path = folder("whole-words", CHAT)
    with pytest.raises(TokenPlanError, match=r"label 'A' begins with the tokens of label 'B'.*Choose labels"):
        read(path, tmp_path / "run")
    design = tmp_path / "own.yaml"
    design.write_text("design: own\naxes:\n  order: [p1, p2]\n  label_set: ['12']\n", encoding="utf-8")
    table = read(path, tmp_path / "run", design=str(design))
    assert compare(table, Oracle(path, chat=True), [SHORT], 5e-5, design) == 6 * 2


@pytest.mark.parametrize("name", slow_unless(TRICKY, TEMPLATES))
def test_templates(compare, folder, tmp_path, name):
    trouble = TEMPLATES[name]
    path, options = folder("byte-bpe", trouble.template), {}
    if trouble.refused is not None:
        with pytest.raises((TokenPlanError, ModelError), match=trouble.refused):
            read(path, tmp_path / "run")
        remedy = {"kind": trouble.kind, "template": trouble.remedy or {}}
        options = {"models_file": entries(path, tmp_path / "mine.yaml", **remedy)}
    table = read(path, tmp_path / "run", **options)
    append = str((trouble.remedy or {}).get("append", ""))
    oracle = Oracle(path, chat=trouble.chat, append=append, parts=trouble.parts)
    assert compare(table, oracle, [SHORT], 5e-5) == 6 * 4


@pytest.mark.parametrize("place", slow_unless({"legacy"}, ["jinja", "legacy", "named", "named files"]))
def test_places_of_a_template(compare, folder, tmp_path, place):
    """In a file of its own, in the one of processors, or one of several of which one is the default."""
    path = folder("byte-bpe", None)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(path))
    if place == "legacy":
        (path / "chat_template.json").write_text(json.dumps({"chat_template": CHAT}), encoding="utf-8")
    else:
        tokenizer.chat_template = CHAT if place == "jinja" else {"default": CHAT, "tool_use": "{{ tools }}"}
        tokenizer.save_pretrained(path, save_jinja_files=place != "named")
    oracle = Oracle(path, chat=True)
    oracle.tokenizer.chat_template = CHAT
    assert compare(read(path, tmp_path / "run"), oracle, [SHORT], 5e-5) == 6 * 4


def test_several_templates_without_a_default_are_refused(folder, tmp_path):
    path = folder("byte-bpe", None)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(path))
    tokenizer.chat_template = {"rag": CHAT, "tool_use": CHAT}
    tokenizer.save_pretrained(path, save_jinja_files=False)
    with pytest.raises(ModelError, match=r"several chat templates \(rag, tool_use\) and none is called 'default'"):
        read(path, tmp_path / "run")
