"""What `probe.compare` returns: runs side by side, as a table, in words and as a page."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.errors import InputError
from probe.results import Results

if TYPE_CHECKING:
    from probe.analysis.paired import Difference
    from probe.commands.compare import Compared

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every further condition of some runs against the first: differences paired by item.

    Attributes:
        runs: The run folders, in the order in which they were given.
        pairs: The first condition with each further one.
    """

    runs: tuple[Path, ...]
    pairs: tuple[Compared, ...]

    @property
    def tradeoffs(self) -> pa.Table:
        """One row per pair of conditions, trade-off and quantity (stated, revealed, gap): second minus first.

        Probabilities with 95 % intervals over root questions and scenarios.
        """
        rows = [
            {
                "first": one.first.name,
                "second": one.second.name,
                "tradeoff": key,
                "quantity": quantity,
                **_row(getattr(found, quantity)),
                "items": found.items,
                "unpaired": found.unpaired,
                "closed_gates": ", ".join(one.change.closed[key]),
            }
            for one in self.pairs
            for key, found in one.change.pairs.items()
            for quantity in ("stated", "revealed", "gap")
        ]
        return pa.Table.from_pylist(rows, schema=CHANGES)

    @property
    def largest(self) -> float:
        """Largest absolute change of a stated or revealed preference, a probability."""
        from probe.commands.compare import largest  # noqa: PLC0415  the statistics take a while to load

        return largest(self.pairs)

    def report(self, path: str | Path) -> Path:
        """Write one page over all conditions."""
        from probe.commands.compare import page_of  # noqa: PLC0415
        from probe.store.atomic import write_bytes  # noqa: PLC0415

        write_bytes(Path(path), page_of(self.runs).encode())
        return Path(path)

    def __str__(self) -> str:
        from probe.commands.compare import comparison_lines  # noqa: PLC0415

        return "\n".join(comparison_lines(self.pairs))

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


CHANGES = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("first", "second", "tradeoff", "quantity")),
        *(pa.field(name, pa.float64()) for name in ("first_value", "second_value", "change", "low", "high")),
        *(pa.field(name, pa.int64()) for name in ("clusters", "items", "unpaired")),
        pa.field("closed_gates", pa.string()),
    ]
)


def compare(*runs: Results | str | Path) -> Comparison:
    """Runs side by side: every model of every run against the first model of the first run, paired by item.

    Args:
        runs: What `probe.run` returned, or run folders; one with several models may stand alone.

    Raises:
        StudyError: A run is not finished or damaged.
        InputError: There is nothing to compare, or the runs share no trade-off.
    """
    from probe.commands.compare import compare as paired  # noqa: PLC0415

    if not runs:
        raise InputError("compare: no run was named. Give results of `probe.run`, or run folders.")
    folders = tuple(one.path if isinstance(one, Results) else Path(one) for one in runs)
    return Comparison(folders, paired(folders))


def _row(change: Difference | None) -> dict[str, object]:
    if change is None:
        return {}
    low, high = change.interval or (None, None)
    return {
        "first_value": change.first,
        "second_value": change.second,
        "change": change.value,
        "low": low,
        "high": high,
        "clusters": change.clusters,
    }
