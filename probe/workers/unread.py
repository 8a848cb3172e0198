"""Which packs of a study are still to be read, as far as this process sees the store: what its progress counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from probe.study.job import known_reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.store.shards import Shards
    from probe.study.job import Job
    from probe.workers.chunks import Chunk

__all__ = ["Unread"]


@dataclass
class Unread:
    """Packs that no worker is known to have read, by model: numbers of items in its plan file.

    What the store or the run folder holds when workers begin is no step, and so does not count as pace. From then on a
    pack is a step as soon as it is in the store, where workers and this process share one; else with its chunk.

    Attributes:
        jobs: What is read, by model.
        shared: Whether workers read into the store that this process sees.
        left: Items without a pack so far, by model.
    """

    jobs: Mapping[str, Job]
    shared: bool
    left: dict[str, set[int]] = field(default_factory=dict)
    _shards: dict[str, Shards] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look at the store; what no model has been opened for is unread."""
        for name, job in self.jobs.items():
            shards = self._store(name)
            kept = job.kept if shards and shards.engine == job.kept_by else frozenset()
            pairs = enumerate(zip(job.plan_file.items, job.plan_file.packs, strict=True))
            self.left[name] = {n for n, pair in pairs if not (pair in kept or (shards and shards.holds(pair[1])))}

    def __len__(self) -> int:
        """How many there are."""
        return sum(map(len, self.left.values()))

    def arrived(self, chunk: Chunk) -> int:
        """How many packs of a chunk that a worker has in hand have come into the store since this was last asked."""
        shards, left, before = self._store(chunk.model), self.left[chunk.model], len(self)
        if shards is None:
            return 0
        for item in chunk.items:  # a worker reads in their order: none is behind one that is absent
            if item in left:
                if not shards.holds(self.jobs[chunk.model].plan_file.packs[item]):
                    break
                left.remove(item)
        return before - len(self)

    def ended(self, chunk: Chunk) -> int:
        """How many packs of a chunk were still to come when it was read or given up."""
        before = len(self)
        self.left[chunk.model].difference_update(chunk.items)
        return before - len(self)

    def _store(self, name: str) -> Shards | None:
        """Where a model's packs go, as soon as anybody has opened it."""
        if self.shared and name not in self._shards:
            job = self.jobs[name]
            facts = known_reader(job)
            if facts is not None:
                self._shards[name] = job.cache.shards(job.engine(facts))
        return self._shards.get(name)
