"""Guards: a tokenizer that is opened the fast way is the one that the slow way opens, or the slow way is taken."""

from __future__ import annotations

import json
import shutil

import pytest

import probe.prompts.known_tokenizer as known
from probe.prompts.known_tokenizer import open_encoder
from probe.prompts.tokenizer import context_limit, load_encoder

TEXT = "In 2025, 1250 of 3400\n\n   said: caf\u00e9 <|user|> [INST] \u8336.\tA) Tea"


class Kept(dict[str, str]):
    def put(self, key, value):
        self[key] = value


@pytest.fixture
def notes():
    return Kept()


@pytest.fixture
def slow(monkeypatch):
    """Names of the folders that were opened the slow way."""
    opened = []
    monkeypatch.setattr(known, "load_encoder", lambda folder, name: opened.append(name) or load_encoder(folder, name))
    return opened


def test_the_second_time_neither_class_nor_config_is_looked_for(demo_folder, notes, slow, monkeypatch):
    first, limit = open_encoder(demo_folder, "demo", (notes, "v"))
    monkeypatch.setattr(known, "context_limit", None)
    second, again = open_encoder(demo_folder, "demo", (notes, "v"))
    assert slow == ["demo"]
    assert again == limit == context_limit(demo_folder, "demo")
    assert second.rows == first.rows is not None
    assert second.encode([TEXT]) == first.encode([TEXT])


def test_other_versions_and_other_bytes_are_opened_anew(demo_folder, notes, slow, tmp_path):
    folder = shutil.copytree(demo_folder, tmp_path / "demo")
    for versions in ("v", "w"):
        open_encoder(folder, versions, (notes, versions))
    (folder / "config.json").write_text(json.dumps({**json.loads((folder / "config.json").read_text()), "x": 1}))
    open_encoder(folder, "bytes", (notes, "w"))
    (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    encoder, _ = open_encoder(folder, "template", (notes, "w"))
    assert slow == ["v", "w", "bytes", "template"]
    assert encoder.tokenizer.chat_template == "{{ messages[0]['content'] }}"


@pytest.mark.parametrize("note", ["", "{}", '{"general": 1, "rows": 2, "limit": 3}', "[[", '{"general": true}'])
def test_a_note_that_says_something_else_is_no_note(demo_folder, notes, slow, note):
    open_encoder(demo_folder, "demo", (notes, "v"))
    (key,) = notes
    notes[key] = note
    open_encoder(demo_folder, "again", (notes, "v"))
    assert slow == ["demo", "again"]


@pytest.mark.real
@pytest.mark.parametrize(
    "kind", ["deepseek-v3", "gpt-oss", "gpt2", "mistral-v0.3-instruct", "phi-3-mini", "pythia", "qwen3", "smollm3"]
)
def test_real_tokenizers(kind, real_dir, notes, slow):
    folder = real_dir / "tokenizers" / kind
    first, limit = open_encoder(folder, "first", (notes, "v"))
    second, again = open_encoder(folder, "second", (notes, "v"))
    assert again == limit
    assert second.rows == first.rows
    for one in ("raw_prefix", "control_tokens", "control_ids"):
        assert getattr(second, one) == getattr(first, one)
    assert second.encode([TEXT]) == first.encode([TEXT])
    assert second.tokenizer.chat_template == first.tokenizer.chat_template
    assert second.tokenizer.special_tokens_map == first.tokenizer.special_tokens_map
    assert [second.decode(n) for n in range(300)] == [first.decode(n) for n in range(300)]
    assert slow == (["first", "second"] if kind in {"gpt2", "pythia"} else ["first"])


def test_a_class_that_does_more_than_its_files_is_opened_by_its_class(demo_folder, notes, slow, monkeypatch):
    def other(folder, name):
        encoder = load_encoder(folder, name)
        kind = type(encoder.tokenizer)
        encoder.tokenizer.__class__ = type("Own", (kind,), {"decode": lambda *_, **__: "own"})
        return encoder

    monkeypatch.setattr(known, "load_encoder", lambda folder, name: slow.append(name) or other(folder, name))
    for name in ("first", "second"):
        open_encoder(demo_folder, name, (notes, "v"))
    assert slow == ["first", "second"]
