"""A run's tables for spreadsheets, scripts and papers. Computes no statistic."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from probe.report.check_tables import check_tables
from probe.report.checks import check_matrix
from probe.report.claim_tables import claim_tables
from probe.report.clause_text import clause_tables
from probe.report.ladder_text import ladder_tables
from probe.report.main_table import main_table
from probe.report.method_text import method_tables
from probe.report.number_format import clean, markdown_text
from probe.report.own_words_text import own_words_tables
from probe.report.partial import marked
from probe.report.preference_tables import preference_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from probe.analysis.results import StudyResults
    from probe.report.table import Table

__all__ = ["csv_files", "jsonl_files", "latex_files", "markdown_files", "markdown_table"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "−": r"$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "²": r"$^2$",
    "—": "---",
    "–": "--",
    "…": r"\ldots{}",
    "‖": r"$\parallel$",
}


def csv_files(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """A csv file of each table, by its name; numbers in full, missing empty.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    return {f"{name}.csv": _csv(table) for name, table in tables.items()}


def jsonl_files(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """The same with one JSON object a line; missing is null."""
    return {
        f"{name}.jsonl": "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in _rows(table))
        for name, table in tables.items()
    }


def latex_files(results: StudyResults) -> dict[str, str]:
    """``tables.tex``: the report's tables of every model for the packages booktabs and longtable."""
    made = ["% \\usepackage{booktabs,longtable}"]
    made += [_latex(name, table) for name, tables in _worded(results) for table in tables]
    return {"tables.tex": "\n\n".join(made) + "\n"}


def markdown_files(results: StudyResults) -> dict[str, str]:
    """``tables.md``: the report's tables of every model."""
    made = []
    for name, tables in _worded(results):
        made.append(f"# {markdown_text(name)}")
        made += [markdown_table(table) for table in tables]
    return {"tables.md": "\n\n".join(made) + "\n"}


def _rows(table: pa.Table) -> Iterator[dict[str, object]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


def _csv(table: pa.Table) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in _rows(table):
        writer.writerow([_spreadsheet(value) for value in row.values()])
    return buffer.getvalue()


def _spreadsheet(value: object) -> object:
    """A cell that no spreadsheet runs.

    Example:
        >>> _spreadsheet("=cmd()"), _spreadsheet(-1.5), _spreadsheet(None)
        ("'=cmd()", '-1.5', '')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
    return repr(value) if isinstance(value, float) else value


def _worded(results: StudyResults) -> Iterator[tuple[str, tuple[Table, ...]]]:
    for name, model in sorted(results.models.items()):
        found = (claim_tables, preference_tables, method_tables, ladder_tables, clause_tables, own_words_tables)
        reported = (main_table(model), *(table for tables in found for table in tables(model)))
        tables = (table for table in (*reported, check_matrix(model), *check_tables(model)) if table.rows)
        yield clean(name), tuple(marked(table, results.partial) for table in tables)


def _latex(model: str, table: Table) -> str:
    alignment = "".join("l" if words or index == 0 else "r" for index, words in enumerate(table.words))
    head = " & ".join(map(_latex_text, table.columns))
    body = [" & ".join(map(_latex_text, row)) + r" \\" for row in table.rows]
    return "\n".join(
        [
            rf"\begin{{longtable}}{{{alignment}}}",
            rf"\caption{{{_latex_text(f'{table.title}: {model}. {table.caption}')}}} \\",
            r"\toprule",
            rf"{head} \\",
            r"\midrule",
            r"\endhead",
            *body,
            r"\bottomrule",
            r"\end{longtable}",
        ]
    )


def _latex_text(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def markdown_table(table: Table) -> str:
    """A table of the report with its heading and caption, in Markdown."""
    rule = [":--" if words or index == 0 else "--:" for index, words in enumerate(table.words)]
    lines = [table.columns, tuple(rule), *table.rows]
    body = [f"| {' | '.join(cells if line == 1 else map(markdown_text, cells))} |" for line, cells in enumerate(lines)]
    return "\n\n".join([f"## {markdown_text(table.title)}", markdown_text(table.caption), "\n".join(body)])
