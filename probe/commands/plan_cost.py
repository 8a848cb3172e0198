"""What each pack of a study costs before anything is loaded, and the chunks that workers would share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.prompts.prefix_sharing import pack_size
from probe.study.floor_sample import FloorSample
from probe.workers.chunks import cut_study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from probe.engine.estimates import FlopRate, Memory
    from probe.prompts.plan import ItemPlan

__all__ = [
    "ChunkOutline",
    "FloorOutline",
    "PackOutline",
    "Reckoning",
    "chunks_of",
    "floor_outline",
    "gpus_of",
    "pack_outlines",
    "shard_bytes",
    "time_text",
]

SHARES = 8
"""Chunks for each worker, as a run cuts them."""

PACK_SECONDS = 0.02
"""What a pack takes beside arithmetic: made ready, handed to a device, written, synced."""

_CORE = 5e10
"""About what a CPU core does in a second: docs/benchmarks.md, models of 180 M parameters and more in float32."""

_SHARE = 0.95
"""Of a GPU's memory that weights may take, as in a run."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """On what a plan reckons.

    Attributes:
        workers: How many.
        flops: Floating-point operations a second of each.
        gpu: Memory of a GPU, in GiB.
    """

    workers: int = 1
    flops: float = 1e14
    gpu: float = 80.0


@dataclass(frozen=True, slots=True)
class PackOutline:
    """Work on one pack.

    Attributes:
        item: Its item.
        pack: Its sha256.
        tokens: Tokens that are computed, but for prefixes that are read again where the budget cuts it.
        flops: Floating-point operations, about.
        bytes: Of its shard in the store, about.
    """

    item: str
    pack: str
    tokens: int
    flops: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FloorOutline:
    """Cells that are read once more for the numeric floor.

    Attributes:
        cells: How many.
        tokens: Tokens of their passes, at most.
        share: Of the tokens that reading the study computes.
    """

    cells: int
    tokens: int
    share: float


@dataclass(frozen=True, slots=True)
class ChunkOutline:
    """Neighbouring packs that one worker reads.

    Attributes:
        first: Item of the first pack.
        last: Item of the last.
        packs: How many.
        tokens: Sum over them; so are `flops` and `bytes`.
        minutes: On one worker.
    """

    first: str
    last: str
    packs: int
    tokens: int
    flops: int
    bytes: int
    minutes: float


def pack_outlines(items: Sequence[ItemPlan], rate: FlopRate, *, shared: bool) -> tuple[PackOutline, ...]:
    """What each item's pack costs.

    Args:
        items: As planned.
        rate: Of the model.
        shared: Whether prompts share their beginnings.
    """
    found = []
    for item in items:
        size = pack_size(item.pack, shared=shared)
        shard = shard_bytes(len(item.prompts), sum(len(one.continuations) for one in item.pack.prompts))
        found.append(PackOutline(item.item.id, item.pack.sha256, size.tokens, rate.flops(*size), shard))
    return tuple(found)


def floor_outline(
    items: Sequence[ItemPlan], packs: Sequence[PackOutline], passes: int, *, shared: bool
) -> FloorOutline:
    """What the numeric floor of planned items costs, as a run chooses its cells.

    Args:
        items: As planned.
        packs: Their packs.
        passes: How often each cell is read, at most.
        shared: Whether by a trie.
    """
    sample = FloorSample(passes, shared)
    for index, item in enumerate(items):
        sample.add(index, item)
    reading = sum(pack.tokens for pack in packs)
    cells, tokens = sample.chosen(reading)
    return FloorOutline(len(cells), tokens, tokens / reading if reading else 0.0)


def shard_bytes(prompts: int, forms: int) -> int:
    """Size of a shard: its columns, and a head that does not grow.

    Args:
        prompts: Rows.
        forms: Forms of labels of all rows.
    """
    return 1_000 + 24 * prompts + 16 * forms


def chunks_of(packs: Mapping[str, Sequence[PackOutline]], on: Reckoning) -> dict[str, tuple[ChunkOutline, ...]]:
    """Chunks of every model, cut as a run cuts them: by cost over all models.

    Args:
        packs: By model.
        on: Who reads.
    """
    costs = {name: [pack.flops for pack in own] for name, own in packs.items() if own}
    cut = cut_study(costs, dict.fromkeys(costs, 0), SHARES * on.workers)
    return {
        name: tuple(_chunk(packs[name][one.start : one.stop], on) for one in chunks) for name, chunks in cut.items()
    }


def time_text(flops: int, packs: int, on: Reckoning) -> str:
    """What packs take a worker: at the rate that was given, else on a CPU core and on a GPU.

    Args:
        flops: Floating-point operations of all.
        packs: How many.
        on: Who reads.
    """
    given = f"{_minutes(flops, packs, on.flops):.2g}"
    if on.flops != Reckoning().flops:
        return f"{given} minutes of a worker at {on.flops:.0e} a second"
    return (
        f"{_minutes(flops, packs, _CORE):.2g} minutes of a CPU core at {_CORE:.0e} a second (small models reach less), "
        f"{given} of a GPU at {on.flops:.0e} (--flops for another rate)"
    )


def gpus_of(memory: Memory, on: Reckoning) -> int:
    """Cards over which a model must be spread."""
    return max(1, math.ceil((memory.weights + memory.temporary) / (_SHARE * on.gpu * 2**30)))


def _minutes(flops: int, packs: int, rate: float) -> float:
    return (flops / rate + PACK_SECONDS * packs) / 60


def _chunk(packs: Sequence[PackOutline], on: Reckoning) -> ChunkOutline:
    flops = sum(pack.flops for pack in packs)
    return ChunkOutline(
        first=packs[0].item,
        last=packs[-1].item,
        packs=len(packs),
        tokens=sum(pack.tokens for pack in packs),
        flops=flops,
        bytes=sum(pack.bytes for pack in packs),
        minutes=_minutes(flops, len(packs), on.flops),
    )
