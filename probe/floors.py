"""The numeric floor of a model: how far its rows are from the same cells read alone, and from float32 compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq

from probe.errors import StudyError
from probe.live_floor import ODDS_FROM, Odds, alone_odds, apart, odds
from probe.packs import ALONE, RAISED, single_pack
from probe.store.sheet import TOKENS

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from probe.merging import ReadModel

__all__ = ["Floor", "numeric_floor"]


@dataclass(frozen=True, slots=True)
class Floor:
    """Largest differences in log-odds on a sample of cells, in nats; those of a neutral option against both others too.

    Attributes:
        reader: Between the study's readings and the same prompts read alone, in the run's own arithmetic.
        compute: Between the study's readings and the same prompts read alone, every module computing in float32 from
            the same stored or quantised weights; None where that was not measured.
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
    """Hold the rows of a model's sampled cells against what the store has of the same cells, read alone.

    Raises:
        StudyError: A cell that was read alone is gone from the cache.
    """
    rows = _log_odds(model, table)
    absent = model.facts.floor_compute_absent
    reader, compute = 0.0, 0.0
    with model.sheet.open(TOKENS) as tokens, model.sheet.open() as cells:
        for item, row in model.sample:
            cell = cells[item].slice(row, 1)
            read = rows[cell["item"][0].as_py(), cell["variant"][0].as_py()]
            prompt = tokens[item].slice(row, 1)
            reader = max(reader, apart(_alone(model, cell, single_pack(prompt, ALONE).sha256), read))
            if not absent:
                compute = max(compute, apart(_alone(model, cell, single_pack(prompt, RAISED).sha256), read))
    return Floor(reader, None if absent else compute, absent, len(model.sample))


def _log_odds(model: ReadModel, table: Path) -> dict[tuple[str, str], Odds]:
    """Log-odds of the items that the sample is of, by item and variant."""
    items = sorted({model.sheet.items[item] for item, _ in model.sample})
    wanted = pc.field("model").isin([model.name]) & pc.field("item").isin(items)
    columns = ["item", "variant", *ODDS_FROM]
    rows = pq.read_table(table, columns=columns, filters=wanted, use_threads=False)
    keys = zip(rows["item"].to_pylist(), rows["variant"].to_pylist(), strict=True)
    each = (odds(*row) for row in zip(*(rows[name].to_pylist() for name in ODDS_FROM), strict=True))
    return dict(zip(keys, each, strict=True))


def _alone(model: ReadModel, cell: pa.RecordBatch, pack: str) -> Odds:
    shard = model.shards.load(pack)
    if shard is None:
        raise StudyError(f"{model.name}: cells of the numeric floor are gone from the cache. Run the command again.")
    return alone_odds(cell, shard.rows)
