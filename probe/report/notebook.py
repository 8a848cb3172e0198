"""A study at a glance, as HTML for a notebook: the answer for each model and a row per trade-off."""

from __future__ import annotations

import html

from probe.analysis.results import ModelResults, StudyResults
from probe.report.brief import outcome_line
from probe.report.main_table import main_table
from probe.report.partial import partial_line

__all__ = ["glance"]


def glance(results: StudyResults) -> str:
    """HTML without scripts or styles of its own; names are text in it."""
    part = f"<p><strong>{html.escape(partial_line(results.partial))}</strong></p>" if results.partial else ""
    return part + "".join(_model(name, model) for name, model in sorted(results.models.items()))


def _model(name: str, model: ModelResults) -> str:
    table = main_table(model)
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in table.columns)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    reported = html.escape(outcome_line(name, model, advice=False))
    return f"<p>{reported}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
