"""One copy of a model in one process, to which units are handed; and what comes of a unit."""

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
from probe.study.model_reader import opened
from probe.workers.transfer import Parcel, parcel_files, unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probe.study.job import EngineFacts, Work
    from probe.study.model_reader import OpenModel
    from probe.workers.chunks import Unit
    from probe.workers.transfer import Files

__all__ = ["Outcome", "Replica", "Result"]

Result = Literal["read", "apart", "memory", "model", "failed"]
"""``read``; ``apart``: its store is not the sender's, the unit must come as a parcel; ``memory`` ran out; the ``model``
cannot be read, as no other try would; ``failed`` otherwise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a unit.

    Attributes:
        unit: Which.
        result: In a word.
        error: Why it was not read.
        facts: How the model was loaded and read.
        engine: Key of everything that the readings depend on beside the packs.
        lines: Lines for the run's log.
        files: Where the store is not shared: what the sender's is to hold.
        fault: The error itself, of its own class, where it is one that no other try would mend.
        seconds: Of reading, without loading the model.
    """

    unit: Unit
    result: Result
    error: str = ""
    facts: EngineFacts | None = None
    engine: str = ""
    lines: tuple[tuple[str, ...], ...] = ()
    files: Files | None = None
    fault: ProbeError | None = None
    seconds: float = 0.0


@dataclass(repr=False)
class Replica:
    """Reads units of one model; loads it when the first comes and keeps it.

    Attributes:
        work: Of which the units are parts.
        environment: Variables to set before torch is loaded.
    """

    work: Work
    environment: Mapping[str, str] = field(default_factory=dict)
    _model: OpenModel | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def read(self, unit: Unit, parcel: Parcel | None = None) -> Outcome:
        """Read a unit into the store; whatever goes wrong is told, not raised.

        Args:
            unit: What to read.
            parcel: Its cells, where the sheet cannot be seen from here.
        """
        os.environ.update(self.environment)
        if parcel is None and not self.work.sheet.path.is_file():
            return Outcome(unit, "apart")
        lines: list[tuple[str, ...]] = []
        try:
            return self._read(unit, parcel, lines)
        except ProbeError as error:
            from probe.engine.out_of_memory import NoMemoryError  # noqa: PLC0415  torch is loaded when something is read

            result: Result = "memory" if isinstance(error, NoMemoryError) else "model"
            return Outcome(unit, result, str(error), lines=tuple(lines), fault=_bare(error))
        except Exception as error:  # noqa: BLE001  told to whoever sent the unit
            return Outcome(unit, "failed", f"{type(error).__name__}: {error}", lines=tuple(lines))

    def __repr__(self) -> str:
        """Short: a scheduler's logs show it."""
        return f"Replica({self.work.name})"

    def close(self) -> None:
        """Give the model's memory back."""
        self._model = None
        self._stack.close()

    def _read(self, unit: Unit, parcel: Parcel | None, lines: list[tuple[str, ...]]) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="probe-") as folder:
            work = self._here(parcel, Path(folder))
            if self._model is None:
                self._model = self._stack.enter_context(opened(work))
                self.work = replace(self.work, device=work.device)
            model = replace(self._model, work=work)
            items = unit.items if parcel is None else range(*parcel.items)
            facts, started = model.facts, time.perf_counter()
            if unit.beside:
                facts = model.read_beside(Silent())
            else:
                model.read(items, lambda *words: lines.append(words), Silent())
            seconds = time.perf_counter() - started
            files = None if parcel is None else parcel_files(model, items, beside=unit.beside)
        engine = model.shards.engine
        return Outcome(unit, "read", "", facts, engine, tuple(lines), files, seconds=seconds)

    def _here(self, parcel: Parcel | None, folder: Path) -> Work:
        """The work as this process can do it: on its own device, from cells and in a store that it can see."""
        from probe.engine.placement import choose_device  # noqa: PLC0415  torch is loaded when something is read

        work = self.work if self._model else replace(self.work, device=choose_device(self.work.device or None))
        if parcel is None:
            return replace(work)
        return replace(work, sheet=unpacked(parcel, folder), sample=parcel.sample, cache=open_cache(), kept=frozenset())


def _bare(error: ProbeError) -> ProbeError:
    """The error without its traceback, which would keep the tensors of its frames alive."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
