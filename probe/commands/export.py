"""Suites and runs written for other tools."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.design.axes import Design, load_design
from probe.design.expand import expand
from probe.design.items import Item
from probe.design.limit import limit_items
from probe.design.suites import load_suites
from probe.errors import InputError
from probe.exports.every_eval_ever import records
from probe.exports.inspect_ai import dataset_lines
from probe.exports.lm_eval import sample_lines, task_files
from probe.exports.prompts import asked
from probe.exports.tables import csv_files, jsonl_files, latex_files, markdown_files
from probe.report.partial import partial_line
from probe.results import Results
from probe.store.atomic import write_bytes

if TYPE_CHECKING:
    from probe.store.facts import Partial

__all__ = ["FORMATS", "export"]

OF_SUITES = ("lm-eval", "inspect")
TABLES = {"csv": csv_files, "jsonl": jsonl_files}
DOCUMENTS = {"latex": latex_files, "markdown": markdown_files}
OF_RUNS = (*TABLES, *DOCUMENTS, "lm-eval-samples", "every-eval-ever")
FORMATS = (*OF_SUITES, *OF_RUNS)
"""What can be written; the first two from a suite or from a run, the others from a run alone."""


@dataclass(frozen=True, slots=True)
class _Questions:
    name: str
    items: tuple[Item, ...]
    design: Design
    partial: str = ""


def export(source: str, to: str, out: Path, design: str) -> list[Path]:
    """Write a suite or a run for another tool; the paths of what was written.

    Args:
        source: Run folder, or name or path of a suite.
        to: One of `FORMATS`.
        out: Folder to write into.
        design: Formats to ask a suite in; a run has its own.

    Raises:
        InputError: The format is not known, or the source is not what it needs.
        StudyError: The run is not finished.
    """
    if to not in FORMATS:
        raise InputError(f"--to {to}: not known. Use one of {', '.join(FORMATS)}.")
    is_run = (Path(source) / "manifest.json").is_file()
    if to in OF_RUNS:
        if not is_run:
            raise InputError(f"{source}: --to {to} needs a run folder. Make one with `probe run`.")
        files = _from_run(Results(source), to)
    else:
        questions = _of_run(Path(source)) if is_run else _of_suite(source, design)
        files = _from_questions(questions, to)
    paths = []
    for name, text in files.items():
        write_bytes(out / name, text.encode())
        paths.append(out / name)
    return paths


def _from_questions(questions: _Questions, to: str) -> dict[str, str]:
    cells = asked(questions.items, questions.design)
    if to == "lm-eval":
        return task_files(cells, questions.name, questions.partial)
    return {f"{questions.name}.jsonl": "\n".join(dataset_lines(cells)) + "\n"}


def _from_run(results: Results, to: str) -> dict[str, str]:
    if to in TABLES:
        ladder = ("ladder_terms", "ladder") if results.ladder.num_rows else ()
        unlisted = ("texts",) if results.texts.num_rows else ()
        said = ("own_words",) if results.own_words.num_rows else ()
        cut = ("clause_changes", "clauses") if results.clauses.num_rows else ()
        layers = ("depth_curves", "depth") if results.depth.num_rows else ()
        names = ("tradeoffs", "budget", "biases", "readings", *ladder, *unlisted, *said, *cut, *layers)
        return TABLES[to]({name: _marked(getattr(results, name), results.manifest.partial) for name in names})
    if to in DOCUMENTS:
        return DOCUMENTS[to](results.results)
    if to == "every-eval-ever":
        made = records(results.manifest, results.results, version("probe"), str(int(time.time())))
        return {f"{_file_name(model)}.json": text for model, text in made}
    prompts, partial = results.folder.prompts(), partial_line(results.manifest.partial)
    files = {}
    for model in results.manifest.models:
        own = prompts.filter([name == model for name in prompts["model"].to_pylist()])
        texts = dict(zip(own["prompt_sha256"].to_pylist(), own["text"].to_pylist(), strict=True))
        rows = (row for row in results.readings.to_pylist() if row["model"] == model)
        files[f"samples_{_file_name(model)}.jsonl"] = "\n".join(sample_lines(rows, texts, partial)) + "\n"
    return files


def _marked(table: pa.Table, partial: Partial | None) -> pa.Table:
    """A table of a limited run says so in a column of its own, which stays with rows that are taken elsewhere."""
    if partial is None:
        return table
    return table.append_column("partial", pa.array([partial_line(partial)] * len(table), pa.string()))


def _of_suite(source: str, design: str) -> _Questions:
    files = load_suites([source])
    items = sorted((item for file in files for item in expand(file.tradeoff)), key=lambda item: item.id)
    return _Questions(_file_name(Path(source).name), tuple(items), load_design(design))


def _of_run(run: Path) -> _Questions:
    files = load_suites([f"{run / 'study' / 'tradeoffs'}/"])
    items = sorted((item for file in files for item in expand(file.tradeoff)), key=lambda item: item.id)
    partial = Results(run).manifest.partial
    kept = tuple(items) if partial is None else limit_items(items, partial.limit)
    design = load_design(str(run / "study" / "design.yaml"))
    return _Questions(_file_name(run.name), kept, design, partial_line(partial))


def _file_name(text: str) -> str:
    return text.replace("/", "--").replace(" ", "_") or "suite"
