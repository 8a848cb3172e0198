"""Which cells are read after every layer: some of each side, chosen by a hash, order and labels crossed in each."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from probe.design.items import CROSSED, Item, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from probe.design.axes import Design
    from probe.design.items import Variant

__all__ = ["BEHIND_ID", "SEED", "SIDES", "depth_items", "depth_left_out", "fitting_items", "layered_items"]

BEHIND_ID = "~depth"
"""What follows the id of an item in that of the same question, read after every layer in some of its formats."""

SEED = "depth 1"
"""What the hash of every choice begins with."""

SIDES: tuple[Side, ...] = ("stated", "revealed")


def depth_items(items: Iterable[Item], design: Design, cells: int) -> tuple[Item, ...]:
    """Items to read after every layer, each with its formats, sorted by id.

    A side's cells come in blocks: one item in one format with the order of its options and its labels crossed, so that
    what depends on either alone cancels in the mean of a block. Root questions and scenarios are taken in the order of
    their hash, one block each, then again with the next of their items and formats, while `cells` lasts; one block is
    taken however few are asked for. Items of the agree form and those that are asked as they stand are passed over.

    Args:
        items: What the study reads.
        design: In which formats.
        cells: Most of each side of each trade-off.
    """
    found: dict[str, set[str]] = {}
    by_id = {item.id: item for item in items}
    for own in _sides(by_id.values()).values() if cells else ():
        taken = 0
        for item, block in _blocks(own, design):
            if taken and taken + len(block) > cells:
                break
            found.setdefault(item.id, set()).update(one.id for one in block)
            taken += len(block)
    return _layered(by_id, found)


def fitting_items(items: Iterable[Item]) -> tuple[Item, ...]:
    """Every item that can be read after every layer, in all formats of its side."""
    by_id = {item.id: item for own in _sides(items).values() for item in own}
    return _layered(by_id, {name: set() for name in by_id})


def layered_items(items: Iterable[Item], rows: pa.Table) -> tuple[Item, ...]:
    """The items that rows of ``depth.parquet`` are of, with the formats that they are in, sorted by id."""
    found: dict[str, set[str]] = {}
    pairs = rows.group_by(["item", "variant"]).aggregate([])
    for item, variant in zip(pairs["item"].to_pylist(), pairs["variant"].to_pylist(), strict=True):
        found.setdefault(item.removesuffix(BEHIND_ID), set()).add(variant)
    by_id = {item.id: item for item in items}
    return _layered(by_id, {name: variants for name, variants in found.items() if name in by_id})


def _layered(by_id: Mapping[str, Item], found: Mapping[str, set[str]]) -> tuple[Item, ...]:
    chosen = (
        replace(by_id[name], id=f"{name}{BEHIND_ID}", table="depth", variants=tuple(sorted(variants)))
        for name, variants in found.items()
    )
    return tuple(sorted(chosen, key=lambda item: item.id))


def depth_left_out(items: Iterable[Item]) -> dict[str, str]:
    """Sides (``tradeoff stated``, ``tradeoff revealed``) that no cell can be taken of, with the reason."""
    found = {}
    for (tradeoff, side), own in sorted(_sides(items, every=True).items()):
        if not any(map(_fits, own)):
            found[f"{tradeoff} {side}"] = "its items are of the agree form or are asked as they stand"
    return found


def _sides(items: Iterable[Item], *, every: bool = False) -> dict[tuple[str, str], list[Item]]:
    found: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.side in SIDES and (every or _fits(item)):
            found.setdefault((item.tradeoff, item.side), []).append(item)
    return found


def _fits(item: Item) -> bool:
    return item.fixed is None and item.agreeing is None


def _blocks(items: Sequence[Item], design: Design) -> Iterator[tuple[Item, tuple[Variant, ...]]]:
    """Every block of a side, in the order in which they are taken."""
    clusters: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda one: _hash(one.id)):
        clusters.setdefault(item.cluster, []).append(item)
    queues = [_of_cluster(clusters[name], design) for name in sorted(clusters, key=_hash)]
    ranked = [(rank, at, block) for at, queue in enumerate(queues) for rank, block in enumerate(queue)]
    for _, _, block in sorted(ranked, key=lambda one: one[:2]):
        yield block


def _of_cluster(items: Sequence[Item], design: Design) -> list[tuple[Item, tuple[Variant, ...]]]:
    """Blocks of a root question or a scenario: one of each item, then the next of each."""
    found = []
    for at, item in enumerate(items):
        blocks: dict[str, list[Variant]] = {}
        for variant in design.variants_of(item):
            blocks.setdefault(_without_crossed(variant), []).append(variant)
        names = sorted(blocks, key=lambda name: _hash(f"{item.id}\t{name}"))
        found += [(rank, at, item, tuple(blocks[name])) for rank, name in enumerate(names)]
    return [(item, block) for _, _, item, block in sorted(found, key=lambda one: one[:2])]


def _without_crossed(variant: Variant) -> str:
    return ",".join(f"{axis}={variant[axis]}" for axis in variant.axes if axis not in CROSSED)


def _hash(text: str) -> str:
    return hashlib.sha256(f"{SEED}\t{text}".encode()).hexdigest()
