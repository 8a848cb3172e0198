"""A file system that fails at a chosen step, and an engine that costs nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import probe.engine.floor
import probe.engine.load
import probe.prompts.tokenizer
import probe.report.publish
import probe.study.model_reader
import probe.study.planning
from probe.loaded_facts import ReaderFacts, WeightFacts
from probe.prompts.pack import Pack, PromptReading
from probe.store.disk import Disk

__all__ = ["Crash", "FakeEngine", "FaultyDisk", "install_fake_engine"]


class Crash(BaseException):
    """The process is gone: nothing catches this."""


@dataclass
class FaultyDisk:
    """Counts steps and fails at one of them.

    Attributes:
        kind: ``crash`` before the step; ``power`` the same, and what was not synced is lost; ``torn`` in the middle of
            a write; ``full`` once, as a full disk does; ``short`` a write that takes half of what it is given.
        at: Which step, from 1; 0 for none.
    """

    kind: str
    at: int
    steps: int = 0
    dead: bool = False
    _disk: Disk = field(default_factory=Disk)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: dict[int, Path] = field(default_factory=dict)
    _unsynced: set[Path] = field(default_factory=set)
    _renames: list[tuple[Path, Path, bytes | None]] = field(default_factory=list)

    def create(self, path: Path) -> int:
        self._step()
        file = self._disk.create(path)
        self._open[file] = path
        self._unsynced.add(path)
        return file

    def write(self, file: int, data: bytes) -> int:
        if self.kind in {"torn", "short"} and self._counts():
            half = self._disk.write(file, data[: max(1, len(data) // 2)])
            if self.kind == "torn":
                self._die()
            return half
        if self.kind not in {"torn", "short"}:
            self._step()
        self._alive()
        return self._disk.write(file, data)

    def sync(self, file: int) -> None:
        self._step()  # that a real fsync waits for the medium adds nothing here but time
        self._unsynced.discard(self._open[file])

    def close(self, file: int) -> None:
        self._open.pop(file)
        self._disk.close(file)

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        before = target.read_bytes() if target.is_file() else None
        self._disk.rename(source, target)
        self._renames.append((source, target, before))

    def sync_folder(self, folder: Path) -> None:
        self._step()
        self._renames = [one for one in self._renames if one[1].parent != folder]

    def append(self, path: Path, data: bytes) -> None:
        self._step()
        self._disk.append(path, data)

    def make_folder(self, folder: Path) -> None:
        self._step()
        self._disk.make_folder(folder)

    def remove(self, path: Path) -> None:
        self._alive()
        self._disk.remove(path)

    def lose_power(self) -> None:
        """Undo renames whose folder was not synced, and cut files that were not."""
        for source, target, before in reversed(self._renames):
            if target.is_file():
                source.write_bytes(target.read_bytes())
                target.unlink()
                if before is not None:
                    target.write_bytes(before)
        for path in self._unsynced:
            if path.is_file():
                os.truncate(path, path.stat().st_size // 2)

    def _counts(self) -> bool:
        self._alive()
        with self._lock:
            self.steps += 1
            return self.steps == self.at

    def _step(self) -> None:
        if self.kind in {"torn", "short"}:
            self._alive()
        elif self._counts():
            if self.kind == "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            self._die()

    def _alive(self) -> None:
        if self.dead:
            raise Crash

    def _die(self) -> None:
        self.dead = True
        raise Crash


@dataclass
class FakeEngine:
    """Reads numbers off the tokens, in no time, and remembers what it read."""

    read_packs: list[str] = field(default_factory=list)

    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        self.read_packs.append(pack.sha256)
        return tuple(
            PromptReading(
                tuple(self.alone(prompt)), tuple(0.5 for _ in prompt.continuations), prompt.input_ids[-1], -0.25
            )
            for prompt in pack.prompts
        )

    def alone(self, prompt) -> tuple[float, ...]:
        seed = sum(n * token for n, token in enumerate(prompt.input_ids, 1))
        return tuple(-0.1 - (seed + 7 * sum(one)) % 89 / 16 for one in prompt.continuations)


@dataclass(frozen=True)
class FakeModel:
    weights: WeightFacts
    model: None = None
    name: str = ""
    threads: int = 0


def install_fake_engine(patch) -> FakeEngine:
    """Put a `FakeEngine` in the place of models, keep tokenizers open, and make the report a line."""
    engine = FakeEngine()

    class FakeFloor:
        absent = "computes in float32"

        def __init__(self, *_):
            pass

        def read(self, pack):
            return tuple(map(engine.alone, pack.prompts))

    weights = WeightFacts(
        **{
            **dict.fromkeys(WeightFacts.__dataclass_fields__, 0),
            **dict.fromkeys(("dtype", "attention", "device", "architecture", "compute"), "fake"),
            **{name: {} for name in ("quantisation", "placement", "numerics")},
        }
    )
    reading = ReaderFacts("fake", logits_dtype="fake")
    model = FakeModel(weights)
    opened = {}
    real = probe.study.planning.open_model

    def open_once(source, system=None, *, merge=False):
        if source.snapshot.identity not in opened:
            opened[source.snapshot.identity] = real(source, system, merge=merge)
        return opened[source.snapshot.identity]

    patch.setattr(probe.study.planning, "open_model", open_once)
    patch.setattr(probe.engine.load, "loaded", lambda *_, **__: contextlib.nullcontext(model))
    patch.setattr(probe.engine.floor, "FloorReader", FakeFloor)
    patch.setattr(probe.study.model_reader, "_choose_reader", lambda *_: (engine, reading))
    patch.setattr(probe.study.planning, "check_pack", lambda *_: None)
    patch.setattr(probe.prompts.tokenizer.TextEncoder, "boundary_tokens", lambda _: None)
    patch.setattr(probe.report.publish, "render_page", lambda _: "<!doctype html>\n")
    return engine
