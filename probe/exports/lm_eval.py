"""Task files for lm-evaluation-harness, and readings as the samples that it would log.

References:
    Gao et al., A framework for few-shot language model evaluation, tasks of type ``multiple_choice``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

import yaml

from probe.exports.prompts import Asked

__all__ = ["sample_lines", "task_files"]

_LOADER = '''"""Reads the questions that lie beside the task files."""

import json
from pathlib import Path

from datasets import Dataset


def load(file: str, **_: object) -> dict:
    """One document per question and format."""
    lines = Path(__file__).with_name(file).read_text(encoding="utf-8").splitlines()
    return {"test": Dataset.from_list([json.loads(line) for line in lines])}
'''

Row = Mapping[str, object]


def task_files(questions: Iterable[Asked], group: str) -> dict[str, str]:
    """One task per trade-off and side, the documents of each, a group of all, and the loader that they share.

    A task scores the space-led form of each label; its accuracy is the share of documents in which that of p1 is the
    more probable one. The sum over all forms, the mass and everything statistical are `probe run`'s.
    """
    documents: dict[str, list[str]] = {}
    for one in questions:
        name = f"probe_{one.item.tradeoff}_{one.item.side}".replace("-", "_").lower()
        documents.setdefault(name, []).append(json.dumps(_document(one), ensure_ascii=False))
    files = {"documents.py": _LOADER}
    for name, lines in documents.items():
        files[f"{name}.jsonl"] = "\n".join(lines) + "\n"
        files[f"{name}.yaml"] = _task(name)
    members = yaml.safe_dump({"group": f"probe_{group}", "task": list(documents)}, sort_keys=False)
    return {**files, f"probe_{group}.yaml": members}


def sample_lines(rows: Iterable[Row], texts: Mapping[str, str]) -> Iterable[str]:
    """Readings as samples, one line each: the log-probability of a label is the sum over its forms.

    Args:
        rows: Rows of the table of readings.
        texts: Text of each prompt by its hash.
    """
    for number, row in enumerate(rows):
        text = texts[str(row["prompt_sha256"])]
        p1_first = row["shown_first"] == row["p1"]
        shown = ["p1", "p2"] if p1_first else ["p2", "p1"]
        if row.get("label_neutral") is not None:
            position = str(row["variant"]).rpartition(",neutral=")[2]
            shown.insert(("first", "middle", "last").index(position), "neutral")
        best = max(shown, key=lambda option: float(str(row[f"logprob_{option}"])))
        first_token = str(row["top_token"]).strip()
        answers = [[row[f"logprob_{o}"], first_token == row[f"label_{o}"] and o == best] for o in shown]
        target = shown.index("p1")
        document = {name: row[name] for name in ("item", "variant", "side", "p1", "p2")}
        sample = {
            "doc_id": number,
            "doc": {**document, "prompt": text, "choices": [row[f"label_{o}"] for o in shown], "p1_place": target},
            "target": target,
            "arguments": {f"gen_args_{n}": {"arg_0": text, "arg_1": row[f"label_{o}"]} for n, o in enumerate(shown)},
            "resps": [[answer] for answer in answers],
            "filtered_resps": answers,
            "filter": "none",
            "metrics": ["acc"],
            "acc": float(shown.index(best) == target),
            "doc_hash": _hash(document),
            "prompt_hash": row["prompt_sha256"],
            "target_hash": _hash(target),
        }
        yield json.dumps(sample, ensure_ascii=False)


def _document(one: Asked) -> dict[str, object]:
    return {
        "item": one.item.id,
        "variant": one.variant.id,
        "side": one.item.side,
        "p1": one.item.p1,
        "p2": one.item.p2,
        "prompt": one.text,
        "choices": list(one.labels),
        "p1_place": one.p1_index,
    }


class _Function(str):
    """A function that a task file names."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes names of functions with the tag that the harness reads."""


_Dumper.add_representer(_Function, lambda dumper, value: dumper.represent_scalar("!function", value))


def _task(name: str) -> str:
    task = {
        "task": name,
        "custom_dataset": _Function("documents.load"),
        "dataset_kwargs": {"file": f"{name}.jsonl"},
        "output_type": "multiple_choice",
        "test_split": "test",
        "doc_to_text": "{{prompt}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{p1_place}}",
        "target_delimiter": " ",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1.0},
    }
    return str(yaml.dump(task, Dumper=_Dumper, sort_keys=False))


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
