"""From a plan and what was read after every layer to rows of the table: a row for each cell and layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from probe.errors import StudyError
from probe.prompts.layers import mass_layers
from probe.store.plan_file import KNOWN
from probe.store.schema import DEPTH
from probe.study.rows import in_schema, measured

if TYPE_CHECKING:
    from probe.loaded_facts import ReaderFacts

__all__ = ["depth_rows"]


def depth_rows(cells: pa.RecordBatch, shard: pa.RecordBatch, reading: ReaderFacts) -> pa.Table:
    """Rows of the table, of one item: sorted as its cells, then by layer.

    Args:
        cells: Planned cells of an item.
        shard: What `probe.engine.depth.LayerReader` read of its pack.
        reading: How it was read.

    Raises:
        StudyError: The shard is not of the item's pack.
    """
    layers = _layers(cells, shard)
    every = cells.take(pa.array(np.repeat(np.arange(cells.num_rows), layers)))
    at = np.tile(np.arange(layers), cells.num_rows)
    index = cells["place"].to_numpy().repeat(layers) * layers + at
    column = every.schema.get_field_index("place")
    every = every.set_column(column, every.schema.field(column), pa.array(index, pa.int32()))
    numbers = measured(every, _by_layer(shard, layers))
    unknown = ~np.isin(at, mass_layers(layers))
    known = pa.Table.from_batches([every.select([name for name in KNOWN if name in DEPTH.names])])
    columns = {
        **{name: known[name] for name in known.column_names},
        "layer": pa.array(at + 1),
        "log_odds": pa.array(numbers["log_odds"]),
        **{name: pa.array(numbers[name], mask=unknown) for name in ("logprob_p1", "logprob_p2", "option_mass")},
    }
    return in_schema(DEPTH, columns, reading)


def _layers(cells: pa.RecordBatch, shard: pa.RecordBatch) -> int:
    """How many layers a shard has numbers of."""
    held = np.diff(shard["logprobs"].offsets.to_numpy())
    forms = sum(cells[f"forms_{name}"].to_numpy().astype(np.int64) for name in ("first", "second", "third"))
    fits = len(held) == cells.num_rows
    layers = held[cells["place"].to_numpy()] / forms if fits else np.array([0.0])
    if not (fits and (layers == layers[0]).all() and layers[0] >= 1 and layers[0] == int(layers[0])):
        raise StudyError("a finished pack has not every layer of the item that it is read for.")
    return int(layers[0])


def _by_layer(shard: pa.RecordBatch, layers: int) -> pa.RecordBatch:
    """The same numbers with a row for each prompt and layer."""
    offsets = shard["logprobs"].offsets.to_numpy().astype(np.int64)
    steps = np.diff(offsets) // layers
    starts = (offsets[:-1, None] + steps[:, None] * np.arange(layers)).ravel()
    ends = pa.array(np.append(starts, offsets[-1]), pa.int32())
    times = pa.array(np.repeat(np.arange(shard.num_rows), layers))
    columns = []
    for field in shard.schema:
        values = shard[field.name]
        spread = pa.types.is_list(field.type)
        columns.append(pa.ListArray.from_arrays(ends, values.values, type=field.type) if spread else values.take(times))
    return pa.RecordBatch.from_arrays(columns, schema=shard.schema)
