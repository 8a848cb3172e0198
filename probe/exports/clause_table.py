"""Changes of clauses as a table, for export and for Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from probe.analysis.results import StudyResults

__all__ = ["CLAUSE_CHANGES", "clause_changes_table"]

CLAUSE_CHANGES = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("model", "tradeoff", "scenario", "item")),
        pa.field("number", pa.int64()),
        *(pa.field(name, pa.string()) for name in ("kind", "factors", "option", "text")),
        *(pa.field(name, pa.float64()) for name in ("z", "without", "change", "least", "largest", "floor")),
        pa.field("turns", pa.bool_()),
        *(pa.field(name, pa.float64()) for name in ("summed", "whole", "interaction")),
    ]
)
"""Columns of the table of clauses; nats of log-odds, and of the scenario the same three numbers in each of its rows."""


def clause_changes_table(results: StudyResults) -> pa.Table:
    """One row per model, scenario and clause, in nats; empty where none was read.

    `factors` has ``factor=level`` of the phrases among the words, `option` the principle of an option's clause.
    """
    rows = [
        {
            "model": name,
            "tradeoff": key,
            "scenario": scenario,
            "item": about.item,
            "number": one.number,
            "kind": one.kind,
            "factors": ",".join(f"{factor}={level}" for factor, level in one.factors.items()),
            "option": one.option,
            "text": one.text,
            "z": about.z,
            "without": one.without,
            "change": one.change,
            "least": one.least,
            "largest": one.largest,
            "floor": found.clauses.floor,
            "turns": one.turns,
            "summed": about.summed,
            "whole": about.whole,
            "interaction": about.interaction,
        }
        for name, model in sorted(results.models.items())
        for key, found in sorted(model.tradeoffs.items())
        if found.clauses is not None
        for scenario, about in sorted(found.clauses.scenarios.items())
        for one in about.clauses
    ]
    return pa.Table.from_pylist(rows, schema=CLAUSE_CHANGES)
