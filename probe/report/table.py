"""A table of text: each heading beside the function that fills its cells. Knows no HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from probe.report.number_format import clean

__all__ = ["Column", "Table", "build", "word"]

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Column(Generic[Record]):
    """One column.

    Attributes:
        heading: What stands above it.
        cell: The text of a record's cell.
        words: Whether it holds words instead of numbers.
    """

    heading: str
    cell: Callable[[Record], str]
    words: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        title: Its heading.
        caption: How to read it, with the unit.
        columns: Headings; the first column names the row.
        rows: Cells, as many as headings.
        words: For each column whether it holds words instead of numbers.
    """

    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[bool, ...]


def word(heading: str, cell: Callable[[Record], str]) -> Column[Record]:
    """A column of words."""
    return Column(heading, cell, words=True)


def build(title: str, caption: str, records: Iterable[Record], columns: Sequence[Column[Record]]) -> Table:
    """One row a record.

    Example:
        >>> table = build("Squares", "", [2, 3], [Column("n", str), Column("n²", lambda n: str(n * n))])
        >>> table.rows
        (('2', '4'), ('3', '9'))
    """
    return Table(
        title,
        caption,
        tuple(column.heading for column in columns),
        tuple(tuple(clean(column.cell(record)) for column in columns) for record in records),
        tuple(column.words for column in columns),
    )
