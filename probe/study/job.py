"""What is to be read of one model, and what loading it says: plain data, which any process can be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from probe.loaded_facts import LoadedFacts
from probe.prompts.pack import Pack
from probe.store.cache import Cache, engine_key
from probe.store.plan_file import PlanFile
from probe.store.versions import READ_WITH, READING, library_versions, source_sha256
from probe.study.adapted import merging_versions
from probe.study.answer_cache import Writing

if TYPE_CHECKING:
    from probe.engine.precision import Precision

__all__ = ["Job", "known_reader"]


@dataclass(frozen=True)
class Job:
    """What a process must know to read packs of one model; can be sent to another process.

    Attributes:
        folder: The model's files.
        name: How the study calls it.
        identity: Of its weights.
        precision: In which numbers it is kept and computed.
        device: As `probe.engine.placement.choose_device` chose.
        reader: As asked for, or ``exact``.
        check: The pack that a reader is tried on, in the model's tokens; None if it has none.
        budget: Most tokens in one forward pass.
        plan_file: The planned cells.
        sample: Cells of the numeric floor, as item and row of the plan file.
        cache: Where finished packs are kept.
        writing: Answers that the model is to write.
        kept: Items of which the run folder has rows, with their packs.
        kept_by: Key of the engine that read those.
        gpu_fast: Whether in ways that no GPU has run yet.
        threads: Packs to read at a time on a CPU, with one thread each; None for as many as torch would use.
    """

    folder: Path
    name: str
    identity: str
    precision: Precision
    device: str
    reader: str
    check: Pack | None
    budget: int
    plan_file: PlanFile
    sample: tuple[tuple[int, int], ...]
    cache: Cache
    writing: Writing = field(default_factory=Writing)
    kept: frozenset[tuple[str, str]] = frozenset()
    kept_by: str = ""
    gpu_fast: bool = False
    threads: int | None = None

    @cached_property
    def key(self) -> str:
        """Key of everything but what only the loaded model can tell."""
        from probe.engine.identity import machine_parts  # noqa: PLC0415  torch

        versions = library_versions()
        return engine_key(
            {
                **{name: versions[name] for name in READ_WITH},
                **merging_versions(self.folder),
                **machine_parts(self.device),
                "source": source_sha256(READING),
                "weights": self.identity,
                "dtype": self.precision.dtype,
                "quant": self.precision.quant,
                "compute": self.precision.compute,
                "reader": self.reader,
                "gpu_fast": str(self.gpu_fast),
            }
        )

    @property
    def loads(self) -> tuple[Path, str, Precision, str, bool]:
        """What is loaded to read it: where this is equal, as with another system text, so are the weights in memory."""
        return self.folder, self.identity, self.precision, self.device, self.gpu_fast

    @property
    def opening(self) -> str:
        """Key of what loading the model says: beside `key` the packs that its reader is tried on."""
        return f"{self.key}/{self.check.sha256 if self.check else 'none'}/{self.plan_file.packs[0]}"

    def engine(self, facts: LoadedFacts) -> str:
        """Key of everything that a reading depends on beside its pack."""
        return engine_key(
            {
                "work": self.key,
                "reader": facts.reading.reader,
                "attention": facts.weights.attention,
                "trie_attention": facts.reading.trie_attention,
                "expansion": str(facts.weights.quantisation.get("expansion", "none")),
            }
        )


def known_reader(job: Job) -> LoadedFacts | None:
    """What loading the model will say, if it has been loaded here before."""
    note = job.cache.notes("engines").get(job.opening)
    try:
        return TypeAdapter(LoadedFacts).validate_json(note or "", strict=True)
    except (ValueError, RecursionError):
        return None
