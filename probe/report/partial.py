"""What every output says of a run that read a part of its suite."""

from __future__ import annotations

from dataclasses import replace

from probe.report.table import Table
from probe.store.facts import Partial

__all__ = ["marked", "partial_line", "titled"]


def partial_line(partial: Partial | None) -> str:
    """One sentence with the counts; empty for a whole suite.

    Example:
        >>> partial_line(Partial(2, 1, 4, 1, 4))
        'PARTIAL: 1 of 4 root questions and 1 of 4 scenarios were read (--limit 2), with every known-answer control.'
    """
    if partial is None:
        return ""
    return f"PARTIAL: {_counts(partial)} were read (--limit {partial.limit}), with every known-answer control."


def titled(title: str, partial: Partial | None) -> str:
    """A heading that says so, with the counts."""
    return title if partial is None else f"PARTIAL ({_counts(partial)}): {title}"


def marked(table: Table, partial: Partial | None) -> Table:
    """A table whose heading and caption say so."""
    if partial is None:
        return table
    return replace(table, title=f"PARTIAL: {table.title}", caption=f"{partial_line(partial)} {table.caption}")


def _counts(partial: Partial) -> str:
    return (
        f"{partial.roots} of {partial.roots_of} root questions and {partial.scenarios} of {partial.scenarios_of} "
        "scenarios"
    )
