"""Guards: every real tokenizer, with a tiny model of its family, reads right or is refused with a remedy that works."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from reference import ROOT, Oracle

import probe
from probe.errors import TokenPlanError

HONESTY = ROOT / "scenarios/honesty/honesty-kindness.yaml"
FINAL = "<|channel|>final<|message|>"


@dataclass(frozen=True)
class Known:
    """What a reader of the tokenizer's files knows about it."""

    chat: bool
    append: str = ""


FAMILIES = {
    "gpt2": Known(chat=False),
    "pythia": Known(chat=False),
    "olmo-2-dolma2": Known(chat=False),
    "qwen2.5-instruct": Known(chat=True),
    "qwen3": Known(chat=True),
    "smollm3": Known(chat=True),
    "mistral-v0.3-instruct": Known(chat=True),
    "phi-3-mini": Known(chat=True),
    "phi-4": Known(chat=True),
    "gpt-oss": Known(chat=True, append=FINAL),
    "deepseek-v3": Known(chat=True),
}
SMALL = ("mistral-v0.3-instruct", "phi-3-mini")
pytestmark = pytest.mark.real


@pytest.fixture
def family(tiny_model_folder, real_dir):
    """A folder of the tokenizer's own architecture; the mistral one has a window shorter than its prompts."""

    def of(name):
        tokenizer = real_dir / "tokenizers" / name
        return tiny_model_folder(json.loads((tokenizer / "config.json").read_text())["model_type"], tokenizer)

    return of


def remedied(folder: Path, known: Known, to: Path) -> Path | None:
    """A file for --models with the remedy, where one is needed."""
    if not known.append:
        return None
    entry = {"id": "mine", "path": str(folder), "family": "own", "kind": "reasoning", "licence": "MIT"}
    to.write_text(yaml.safe_dump({"models": [{**entry, "template": {"append": known.append}}]}), encoding="utf-8")
    return to


def run(folder, name, to, design, limit):
    known = FAMILIES[name]
    options = {"suite": str(HONESTY), "design": design, "limit": limit}
    if known.append:
        with pytest.raises(TokenPlanError, match="append") as caught:
            probe.run(str(folder), out=to / "refused", **options)
        assert known.append in str(caught.value)
        assert not (to / "refused").exists()
    entries = remedied(folder, known, to / "mine.yaml")
    return probe.run(str(folder), out=to / "run", models_file=entries, **options)


def test_every_tokenizer_is_asked(real_dir):
    assert {path.name for path in (real_dir / "tokenizers").iterdir()} == set(FAMILIES)


@pytest.mark.parametrize("name", SMALL)
def test_a_part_of_a_study(compare, family, tmp_path, name):
    folder, known = family(name), FAMILIES[name]
    table = run(folder, name, tmp_path, "quick", 1).readings
    part = table.take(list(range(0, table.num_rows, 3)))
    assert table.num_rows >= 3 * 4
    assert compare(part, Oracle(folder, chat=known.chat, append=known.append), [HONESTY], 5e-5) == part.num_rows


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_whole_study(compare, family, tmp_path, name):
    folder, known = family(name), FAMILIES[name]
    table = run(folder, name, tmp_path, "standard", 3).readings
    assert set(table["side"].to_pylist()) == {"stated", "bridge", "revealed", "control"}
    assert table.num_rows >= 9 * 32
    assert compare(table, Oracle(folder, chat=known.chat, append=known.append), [HONESTY], 5e-5) == table.num_rows
