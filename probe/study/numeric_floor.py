"""The numeric floor of a model: how far its rows are from the same cells read once more, in other ways."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from probe.errors import StudyError
from probe.store.plan_file import TOKENS
from probe.study.packs import ALONE, floor_packs
from probe.study.rows import measured

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from probe.study.merge import ReadModel

__all__ = ["LARGE", "ODDS_FROM", "Floor", "FloorSoFar", "Odds", "alone_odds", "difference", "numeric_floor", "odds"]

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


def difference(one: Odds, other: Odds) -> float:
    """The larger difference, in nats."""
    pairs = zip(one, other, strict=True)
    return max(abs(a - b) for a, b in pairs if a is not None and b is not None)


def alone_odds(cell: pa.RecordBatch, rows: pa.RecordBatch) -> Odds:
    """What was read of a cell.

    Args:
        cell: Its row of the plan file.
        rows: Its one row of a shard.
    """
    column = cell.schema.get_field_index("place")
    first = cell.set_column(column, cell.schema.field(column), pa.array([0], pa.int32()))
    found = measured(first, rows)
    log_odds, p1, p2, neutral = (float(found[name][0]) for name in ODDS_FROM)
    return odds(log_odds, p1, p2, None if math.isnan(neutral) else neutral)


class FloorSoFar:
    """Largest difference so far between the readings and the same cells read once more; for several threads."""

    def __init__(self, least: float = 0.0) -> None:
        """Nothing was compared yet; the floor will be `least` nats or more."""
        self._least = least
        self._largest: float | None = None
        self._lock = threading.Lock()

    def add(self, cell: pa.RecordBatch, pack: pa.RecordBatch, alone: pa.RecordBatch) -> None:
        """Take in a cell.

        Args:
            cell: Its row of the plan file, with its place in the pack.
            pack: What was read of the pack.
            alone: The one row that was read of the cell once more.
        """
        found = difference(alone_odds(cell, pack.take(cell["place"])), alone_odds(cell, alone))
        with self._lock:
            self._largest = max(self._largest or self._least, found)

    @property
    def note(self) -> str:
        """What to say of it; empty before the first cell."""
        if self._largest is None:
            return ""
        reported = f"{self._largest:.1e} nats"
        if self._largest <= LARGE:
            return reported
        return f"{reported}, large: rounding moves choices (try --dtype float32 or --compute fp32)"


@dataclass(frozen=True, slots=True)
class Floor:
    """Largest differences in log-odds on a sample of cells, in nats; those of a neutral option against both others too.

    Attributes:
        reader: Between the study's readings and the same prompts read alone, in the run's own arithmetic; where that is
            float32, by the trie, and the same in other company, and what the reader's trial showed.
        compute: Between the study's readings and the same prompts with every module computing in float32 from the
            same stored or quantised weights; None where that was not measured.
        why: Why it was not; empty where it was.
        cells: Cells of the sample.
    """

    reader: float
    compute: float | None
    why: str
    cells: int

    @property
    def delta(self) -> float:
        """The difference in force: the larger of the two."""
        return max(self.reader, self.compute or 0.0)


def numeric_floor(model: ReadModel, table: Path) -> Floor:
    """Hold the rows of a model's sampled cells against what the store has of the same cells, read once more.

    Where no readings were asked for there is no sample, and nothing to say.

    Raises:
        StudyError: A cell that was read once more is gone from the cache.
    """
    absent = model.facts.floor_compute_absent
    if not model.sample:
        return Floor(0.0, None, absent, 0)
    facts, rows = model.facts, _log_odds(model, table)
    reader, compute = facts.floor_least, 0.0
    compared = 0
    with model.plan_file.open(TOKENS) as tokens, model.plan_file.open() as cells:
        packs = floor_packs(tokens, model.sample, model.budget, alone=facts.floor_alone, together=facts.floor_together)
        for pack, sampled in packs:
            again = _read_again(model, pack.sha256)
            for at, (item, row) in enumerate(sampled):
                if model.plan_file.items[item] in model.lost:
                    continue
                cell = cells[item].slice(row, 1)
                read = rows[cell["item"][0].as_py(), cell["variant"][0].as_py()]
                found = difference(alone_odds(cell, again.take([at])), read)
                if pack.budget == ALONE or not facts.floor_alone:
                    reader, compared = max(reader, found), compared + 1
                else:
                    compute = max(compute, found)
    return Floor(reader, None if absent else compute, absent, compared)


def _log_odds(model: ReadModel, table: Path) -> dict[tuple[str, str], Odds]:
    """Log-odds of the items that the sample is of, by item and variant."""
    items = sorted({model.plan_file.items[item] for item, _ in model.sample})
    wanted = pc.field("model").isin([model.name]) & pc.field("item").isin(items)
    columns = ["item", "variant", *ODDS_FROM]
    rows = pq.read_table(table, columns=columns, filters=wanted, use_threads=False)
    keys = zip(rows["item"].to_pylist(), rows["variant"].to_pylist(), strict=True)
    each = (odds(*row) for row in zip(*(rows[name].to_pylist() for name in ODDS_FROM), strict=True))
    return dict(zip(keys, each, strict=True))


def _read_again(model: ReadModel, pack: str) -> pa.RecordBatch:
    shard = model.shards.load(pack)
    if shard is None:
        raise StudyError(f"{model.name}: cells of the numeric floor are gone from the cache. Run the command again.")
    return shard.rows
