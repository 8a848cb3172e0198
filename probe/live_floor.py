"""The numeric floor while a run goes on, so that readings which rounding could carry away are seen at once."""

from __future__ import annotations

import threading

import pyarrow as pa

from probe.assemble import measured

__all__ = ["LARGE", "FloorSoFar"]

LARGE = 0.1
"""Nats above which the note warns: a probability moves by a quarter of its log-odds' error at most, and the gate on
rounding closes where R - S could move by 0.05, half of it on each side."""


class FloorSoFar:
    """Largest difference in log-odds so far between the readings and the same cells read alone; for several threads."""

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
        together, cell = pack.take(cell["place"]), _first(cell)
        apart = abs(_log_odds(cell, together) - _log_odds(cell, alone))
        with self._lock:
            self._largest = max(self._largest or 0.0, apart)

    @property
    def note(self) -> str:
        """What to say of it; empty before the first cell."""
        if self._largest is None:
            return ""
        large = (
            ", large: rounding moves choices (try --dtype float32 or --compute fp32)" if self._largest > LARGE else ""
        )
        return f"{self._largest:.1e} nats{large}"


def _log_odds(cell: pa.RecordBatch, rows: pa.RecordBatch) -> float:
    return float(measured(cell, rows)["log_odds"][0])


def _first(cell: pa.RecordBatch) -> pa.RecordBatch:
    """The cell as the only one of its pack."""
    at = cell.schema.get_field_index("place")
    return cell.set_column(at, cell.schema.field(at), pa.array([0], pa.int32()))
