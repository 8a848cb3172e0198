"""Merging finished packs into the tables of a run folder: time and peak memory, and the same bytes in pieces.

Writes `--items` packs of `--variants` rows as a run would leave them, then merges them in a process of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from probe.design.axes import load_design
from probe.design.items import AXES
from probe.loaded_facts import LoadedFacts, ReaderFacts, WeightFacts
from probe.store.cache import Cache
from probe.store.disk import Disk
from probe.store.folder import RunFolder
from probe.store.plan_file import CELLS, PlanFile, new_plan_file
from probe.store.previous_rows import EarlierRows
from probe.store.shards import SHARD, Shard
from probe.study.merge import ReadModel, merge_prompts, merge_readings

FORMS = 4
"""Forms of each label."""

SENTENCE = "A neighbour asks for the ladder on the day on which it is needed most, and says so only after a while. "


class Unsynced(Disk):
    """What is only the ground of a measurement need not outlast a power cut."""

    def sync(self, file: int) -> None:
        """Go on at once."""

    def sync_folder(self, folder: Path) -> None:
        """Go on at once."""


def main() -> int:
    """Print one line of figures; exit 1 if they are above the bounds that are given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--variants", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="bound on the time for readings.parquet")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="bound on peak memory")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        plan_file = prepare(Path(place), chosen.items, chosen.variants)
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            figures = pool.apply(merge, (Path(place), plan_file))
    sys.stdout.write(f"{json.dumps({'rows': chosen.items * chosen.variants, 'shards': chosen.items, **figures})}\n")
    return int(figures["readings_seconds"] > chosen.seconds or figures["peak_gigabytes"] > chosen.gigabytes)


def merge(place: Path, plan_file: PlanFile) -> dict[str, float]:
    """Merge what lies in `place`: seconds for each table, and the peak of memory."""
    folder = RunFolder(place / "run")
    weights = WeightFacts("float32", "sdpa", "none", 0, "cpu", {}, "native", 0, 0, 0.0)
    facts = LoadedFacts(weights, ReaderFacts("trie"), 1)
    read = {"m": ReadModel("m", plan_file, (), Cache(place / "cache").shards("e" * 64), facts, str, trusted=False)}
    started = time.perf_counter()
    merge_readings(folder, ["m"], read, EarlierRows(None))
    between = time.perf_counter()
    (place / "scratch").mkdir()
    merge_prompts(folder, ["m"], read, None, place / "scratch")
    ended = time.perf_counter()
    return {
        "readings_seconds": round(between - started, 1),
        "prompts_seconds": round(ended - between, 1),
        "readings_bytes": (folder.path / "readings.parquet").stat().st_size,
        "prompts_bytes": (folder.path / "prompts.parquet").stat().st_size,
        "peak_gigabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def prepare(place: Path, items: int, variants: int) -> PlanFile:
    """A sheet and its shards, with values of the lengths that real ones have."""
    disk = Unsynced()
    shards = Cache(place / "cache", disk).shards("e" * 64)
    names = [variant.id for variant in load_design("full").variants()]
    names = sorted(f"{names[n % len(names)]}-{n:04}" for n in range(variants))
    draw = np.random.default_rng(0)
    path = place / "plan.cells"
    with new_plan_file(path, disk) as writer:
        for number in range(items):
            item = f"tradeoff-{number // 100:02}/scenario-{number // 10:03}/who={number % 10}"
            pack = hashlib.sha256(item.encode()).hexdigest()
            writer.add(item, pack, cells(item, pack, names, number), 300)
            shards.keep(pack, Shard(readings(draw, variants), 0.1))
    return writer.plan_file(path)


def cells(item: str, pack: str, names: list[str], number: int) -> pa.RecordBatch:
    """Planned cells of one item."""
    rows = len(names)
    texts = [f"{item} {name}\n{SENTENCE * 6}" for name in names]
    same = {"model": "m", "item": item, "pack_sha256": pack, "context": json.dumps({"who": number % 10})}
    same |= {"tradeoff": item.partition("/")[0], "side": "revealed", "p1": "share", "p2": "keep"}
    columns: dict[str, list[object]] = {
        **{name: ["choice"] * rows for name in CELLS.names},
        **{f"axis_{axis}": ["p1"] * rows for axis in AXES},
        **{name: [value] * rows for name, value in same.items()},
        "variant": list(names),
        "shown_first": ["share" if n % 2 else "keep" for n in range(rows)],
        "n_tokens": [280 + n % 20 for n in range(rows)],
        "prompt_sha256": [hashlib.sha256(text.encode()).hexdigest() for text in texts],
        "place": list(range(rows)),
        "forms_first": [FORMS] * rows,
        "forms_second": [FORMS] * rows,
        "forms_third": [0] * rows,
        "neutral_place": [-1] * rows,
        "text": list(texts),
        "input_ids": [[1, 2, 3]] * rows,
        "continuations": [[[4]] * 2 * FORMS] * rows,
    }
    return pa.RecordBatch.from_arrays([pa.array(columns[f.name], f.type) for f in CELLS], schema=CELLS)


def readings(draw: np.random.Generator, rows: int) -> pa.RecordBatch:
    """What was read of one pack."""
    offsets = pa.array(np.arange(rows + 1) * 2 * FORMS, pa.int32())
    columns = [
        pa.ListArray.from_arrays(offsets, draw.uniform(-9, -1, rows * 2 * FORMS), type=SHARD.field(0).type),
        pa.ListArray.from_arrays(offsets, draw.uniform(0, 1, rows * 2 * FORMS), type=SHARD.field(1).type),
        pa.array(draw.integers(0, 50, rows)),
        pa.array(draw.uniform(-2, 0, rows)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SHARD)


if __name__ == "__main__":
    sys.exit(main())
