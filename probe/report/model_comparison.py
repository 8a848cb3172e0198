"""Models beside each other: each against the first, paired by item, and what changes as a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.analysis.paired import Difference, PairedTradeOff, paired_difference
from probe.report.number_format import MISSING, clean, signed
from probe.report.table import Column, Table, build, word

if TYPE_CHECKING:
    from probe.analysis.neutral_grids import NeutralGrids

__all__ = ["Change", "change_table", "change_text", "changes_from_first"]


@dataclass(frozen=True, slots=True)
class Change:
    """A condition compared with the first.

    Attributes:
        first: Name of the first.
        second: Name of the other.
        pairs: What changes from the first to the other, by trade-off.
        closed: For each trade-off behind a failed validity check, in which of the two.
    """

    first: str
    second: str
    pairs: Mapping[str, PairedTradeOff]
    closed: Mapping[str, Sequence[str]]


def changes_from_first(conditions: Sequence[tuple[str, NeutralGrids, Collection[str]]]) -> Iterator[Change]:
    """Every further condition against the first, over the trade-offs that both have, by id.

    Args:
        conditions: Name, cells and trade-offs behind a failed validity check.
    """
    if not conditions:
        return
    (first, cells, closed), *others = conditions
    for other, other_cells, other_closed in others:
        shared = sorted(_tradeoffs(cells) & _tradeoffs(other_cells))
        yield Change(
            first,
            other,
            {key: paired_difference(cells.of_tradeoff(key), other_cells.of_tradeoff(key)) for key in shared},
            {key: [n for n, shut in ((first, closed), (other, other_closed)) if key in shut] for key in shared},
        )


def _tradeoffs(cells: NeutralGrids) -> set[str]:
    return {item.tradeoff for item in cells.items}


def change_text(change: Difference | None) -> str:
    """A difference with its interval.

    Example:
        >>> change_text(Difference(0.5, 0.75, 0.25, (0.125, 0.375), 8)), change_text(None)
        ('+0.250 [+0.125, +0.375]', '–')
    """
    if change is None:
        return MISSING
    bounds = "" if change.interval is None else f" [{signed(change.interval[0])}, {signed(change.interval[1])}]"
    return f"{signed(change.value)}{bounds}"


def change_table(change: Change) -> Table:
    """A row per trade-off, by id."""
    return build(
        f"{clean(change.second)} minus {clean(change.first)}",
        "Differences of mean probabilities (deployed) over the items that both were asked, each paired with itself; in "
        "brackets 95 % intervals over root questions and scenarios, not corrected for looking at many.",
        sorted(change.pairs.items()),
        [
            Column("trade-off", lambda r: r[0]),
            Column("stated", lambda r: change_text(r[1].stated)),
            Column("revealed", lambda r: change_text(r[1].revealed)),
            Column("R - S", lambda r: change_text(r[1].gap)),
            Column("items", lambda r: f"{r[1].items}" + (f" ({r[1].unpaired} in one only)" if r[1].unpaired else "")),
            word("not interpretable in", lambda r: ", ".join(change.closed.get(r[0], ())) or MISSING),
        ],
    )
