"""How far a cell is from the same cell read alone; the largest so far is what progress shows while a run goes on."""

from __future__ import annotations

import math
import threading

import numpy as np
import pyarrow as pa

from probe.assemble import measured

__all__ = ["LARGE", "ODDS_FROM", "FloorSoFar", "Odds", "alone_odds", "apart", "odds"]

ODDS_FROM = ("log_odds", "logprob_p1", "logprob_p2", "logprob_neutral")
"""Columns that `odds` takes, in this order."""

LARGE = 0.1
"""Nats above which the note warns: a probability moves by a quarter of its log-odds' error at most, and the gate on
rounding closes where R - S could move by 0.05, half of it on each side."""

Odds = tuple[float, float | None]
"""Log-odds of p1 against p2, and of a neutral option against both, where there is one."""


def odds(log_odds: float, p1: float, p2: float, neutral: float | None) -> Odds:
    """Both log-odds of a cell, in nats."""
    return log_odds, None if neutral is None else neutral - float(np.logaddexp(p1, p2))


def apart(one: Odds, other: Odds) -> float:
    """The larger difference, in nats."""
    pairs = zip(one, other, strict=True)
    return max(abs(a - b) for a, b in pairs if a is not None and b is not None)


def alone_odds(cell: pa.RecordBatch, rows: pa.RecordBatch) -> Odds:
    """What was read of a cell that is the only one of its pack.

    Args:
        cell: Its row of the sheet.
        rows: The one row of its shard.
    """
    place = cell.schema.get_field_index("place")
    first = cell.set_column(place, cell.schema.field(place), pa.array([0], pa.int32()))
    found = measured(first, rows)
    log_odds, p1, p2, neutral = (float(found[name][0]) for name in ODDS_FROM)
    return odds(log_odds, p1, p2, None if math.isnan(neutral) else neutral)


class FloorSoFar:
    """Largest difference so far between the readings and the same cells read alone; for several threads."""

    def __init__(self) -> None:
        """Nothing was compared yet."""
        self._largest: float | None = None
        self._lock = threading.Lock()

    def add(self, cell: pa.RecordBatch, pack: pa.RecordBatch, alone: pa.RecordBatch) -> None:
        """Take in a cell.

        Args:
            cell: Its row of the sheet, with its place in the pack.
            pack: What was read of the pack.
            alone: What was read of the cell alone.
        """
        found = apart(alone_odds(cell, pack.take(cell["place"])), alone_odds(cell, alone))
        with self._lock:
            self._largest = max(self._largest or 0.0, found)

    @property
    def note(self) -> str:
        """What to say of it; empty before the first cell."""
        if self._largest is None:
            return ""
        told = f"{self._largest:.1e} nats"
        if self._largest <= LARGE:
            return told
        return f"{told}, large: rounding moves choices (try --dtype float32 or --compute fp32)"
