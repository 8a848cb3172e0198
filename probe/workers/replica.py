"""One copy of a model in one process, to which chunks are handed; and what comes of a chunk."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from probe.errors import ProbeError
from probe.progress import Silent
from probe.store.cache import open_cache
from probe.study.model_reader import opened, reopened
from probe.study.running_mass import MassSoFar
from probe.workers.transfer import Transfer, transfer_files, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from probe.loaded_facts import LoadedFacts
    from probe.progress import Progress
    from probe.study.job import Job
    from probe.study.model_reader import OpenModel
    from probe.workers.chunks import Chunk
    from probe.workers.transfer import Files

__all__ = ["Outcome", "Replica", "Result", "read_chunk", "refusal"]

Result = Literal["read", "apart", "memory", "model", "failed"]
"""``read``; ``apart``: its store is not the sender's, the chunk must come as a transfer; ``memory`` ran out; the
``model`` cannot be read, and no other try would read it; ``failed`` otherwise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a chunk.

    Attributes:
        chunk: Which.
        result: In a word.
        error: Why another try may read it.
        facts: How the model was loaded and read.
        engine: Key of everything that the readings depend on beside the packs.
        lines: Lines for the run's log.
        files: Where the store is not shared: what the sender's is to hold.
        fault: The error itself, of its own class, where it is one that no other try would mend.
        seconds: Of reading, without loading the model.
        mass: Option mass of the packs that it had to read.
    """

    chunk: Chunk
    result: Result
    error: str = ""
    facts: LoadedFacts | None = None
    engine: str = ""
    lines: tuple[tuple[str, ...], ...] = ()
    files: Files | None = None
    fault: ProbeError | None = None
    seconds: float = 0.0
    mass: MassSoFar = field(default_factory=MassSoFar)


@dataclass(repr=False)
class Replica:
    """Reads chunks of one model, and of jobs that load the same; loads it when the first comes and keeps it.

    Attributes:
        job: Of which the chunks are parts.
        environment: Variables to set before torch is loaded.
    """

    job: Job
    environment: Mapping[str, str] = field(default_factory=dict)
    _model: OpenModel | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def read(self, chunk: Chunk, transfer: Transfer | None = None, job: Job | None = None) -> Outcome:
        """Read a chunk into the store; whatever goes wrong is told, not raised.

        Args:
            chunk: What to read.
            transfer: Its cells, where the plan file cannot be seen from here.
            job: Of which it is a part, where that is another than before; one that loads the same.
        """
        os.environ.update(self.environment)
        if job is not None:
            self.job = replace(job, device=self.job.device)
        if transfer is None and not self.job.plan_file.path.is_file():
            return Outcome(chunk, "apart")
        lines: list[tuple[str, ...]] = []
        try:
            return self._read(chunk, transfer, lines)
        except ProbeError as error:
            refused = replace(refusal(chunk, error), lines=tuple(lines))
        except Exception as error:  # noqa: BLE001  told to whoever sent the chunk
            return Outcome(chunk, "failed", f"{type(error).__name__}: {error}", lines=tuple(lines))
        self.close()  # outside of the handler: a traceback would keep tensors alive
        return refused

    def __repr__(self) -> str:
        """Short: a scheduler's logs show it."""
        return f"Replica({self.job.name})"

    def close(self) -> None:
        """Give the model's memory back."""
        self._model = None
        self._stack.close()

    def _read(self, chunk: Chunk, transfer: Transfer | None, lines: list[tuple[str, ...]]) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="probe-") as folder:
            job = self._here(transfer, Path(folder))
            if self._model is None:
                self._model = self._stack.enter_context(opened(job))
                self.job = replace(self.job, device=job.device)
            elif (self._model.job.name, self._model.job.budget) != (job.name, job.budget):
                self._model = reopened(self._model, job)
            model = replace(self._model, job=job)
            items = chunk.items if transfer is None else range(*transfer.items)
            outcome = read_chunk(model, chunk, items, lambda *words: lines.append(words), Silent())
            files = None if transfer is None else transfer_files(model, items, beside=chunk.beside)
        return replace(outcome, lines=tuple(lines), files=files)

    def _here(self, transfer: Transfer | None, folder: Path) -> Job:
        """The job as this process can do it: on its own device, from cells and in a store that it can see."""
        from probe.engine.placement import choose_device  # noqa: PLC0415  torch is loaded when something is read

        job = self.job if self._model else replace(self.job, device=choose_device(self.job.device or None))
        if transfer is None:
            return replace(job)
        cells, cache = unpacked(transfer, folder), open_cache()
        return replace(job, plan_file=cells, sample=transfer.sample, cache=cache, kept=frozenset())


def read_chunk(
    model: OpenModel, chunk: Chunk, items: Sequence[int], log: Callable[..., None], progress: Progress
) -> Outcome:
    """Read a chunk into the store, by a model in memory.

    Args:
        model: In memory.
        chunk: What to read.
        items: Numbers of its items in the model's plan file.
        log: Takes the words of a line for each pack that was kept.
        progress: Where to say how far it is.

    Raises:
        ProbeError: As `OpenModel.read` and `OpenModel.read_beside`.
    """
    facts, mass, started = model.facts, MassSoFar(), time.perf_counter()
    if chunk.beside:
        facts = model.read_beside(progress)
    else:
        mass = model.read(items, log, progress)
    seconds = time.perf_counter() - started
    return Outcome(chunk, "read", facts=facts, engine=model.shards.engine, seconds=seconds, mass=mass)


def refusal(chunk: Chunk, error: ProbeError) -> Outcome:
    """What became of a chunk whose reading has raised one of our errors, which no other try would mend."""
    from probe.engine.out_of_memory import NoMemoryError  # noqa: PLC0415  torch is loaded when something is read

    result: Result = "memory" if isinstance(error, NoMemoryError) else "model"
    return Outcome(chunk, result, fault=_bare(error))


def _bare(error: ProbeError) -> ProbeError:
    """The error without its traceback, which would keep the tensors of its frames alive."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
