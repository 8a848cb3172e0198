"""Looking after the cache: what it holds, what may go, and whether every byte is still the one that was written."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from probe.errors import StudyError
from probe.store.disk import reported
from probe.store.shards import CACHE_REMEDY, SUFFIX, read_shard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from probe.store.cache import Cache

__all__ = ["CachedEngine", "Freed", "collect_garbage", "damaged_files", "list_engines"]

_LEFT_BEHIND_SECONDS = 24 * 3600.0
"""A temporary file of this age belongs to no run that still goes on."""


@dataclass(frozen=True, slots=True)
class CachedEngine:
    """Packs of one engine.

    Attributes:
        engine: Its key.
        about: What it is, as noted when it first read: model, precision, device, reader.
        packs: How many shards.
        bytes: Their size.
        written: When the last of them was written, in seconds since 1970.
    """

    engine: str
    about: dict[str, str]
    packs: int
    bytes: int
    written: float


@dataclass(frozen=True, slots=True)
class Freed:
    """What was removed."""

    files: int
    bytes: int


def list_engines(cache: Cache) -> list[CachedEngine]:
    """What the cache holds, an entry per engine, the last written first."""
    found = []
    for folder in _folders(cache.packs):
        stats = [path.stat() for path in _shards(folder)]
        written = max((one.st_mtime for one in stats), default=0.0)
        found.append(CachedEngine(folder.name, _about(folder), len(stats), sum(s.st_size for s in stats), written))
    return sorted(found, key=lambda one: (-one.written, one.engine))


def damaged_files(cache: Cache, *, remove: bool) -> list[str]:
    """Names of files that are not as they were written; removed, if so asked: they are then read again when needed."""
    damaged = []
    for path in _everything(cache):
        if not _is_sound(cache, path):
            damaged.append(str(path.relative_to(cache.root)))
            if remove:
                _remove(cache, path)
    return sorted(damaged)


def collect_garbage(
    cache: Cache, *, older_than: float | None = None, keep_bytes: int | None = None, engine: str | None = None
) -> Freed:
    """Remove what killed runs have left, and finished packs by age, size or engine.

    Args:
        cache: Where.
        older_than: Seconds since a pack was written; one from the future counts as new.
        keep_bytes: Remove the oldest packs until at most so many bytes are left.
        engine: Consider this engine's packs only, by the beginning of its key.
    """
    now = time.time()
    gone = [path for path in _left_behind(cache, now) if _remove(cache, path)]
    sizes = _by_age(cache, engine)
    drop = set()
    if older_than is not None:
        drop |= {path for written, _, path in sizes if now - written > older_than}
    if keep_bytes is not None:
        left = sum(size for _, size, _ in sizes)
        for _, size, path in sizes:
            if left <= keep_bytes:
                break
            drop.add(path)
            left -= size
    if engine is not None and older_than is None and keep_bytes is None:
        drop = {path for _, _, path in sizes}
    freed = sum(size for _, size, path in sizes if path in drop)
    for path in sorted(drop):
        _remove(cache, path)
    _drop_empty(cache)
    return Freed(len(gone) + len(drop), freed)


def _by_age(cache: Cache, engine: str | None) -> list[tuple[float, int, Path]]:
    """Shards with time and size, the oldest first."""
    folders = [one for one in _folders(cache.packs) if engine is None or one.name.startswith(engine)]
    found = []
    for path in (path for folder in folders for path in _shards(folder)):
        with contextlib.suppress(FileNotFoundError):
            about = path.stat()
            found.append((about.st_mtime, about.st_size, path))
    return sorted(found)


def _left_behind(cache: Cache, now: float) -> list[Path]:
    temporary = [*cache.root.rglob(".*.tmp"), *_folders(cache.root / "scratch")]
    return [path for path in temporary if now - path.stat().st_mtime > _LEFT_BEHIND_SECONDS]


def _remove(cache: Cache, path: Path) -> bool:
    with reported("the cache of finished packs", CACHE_REMEDY):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            cache.disk.remove(path)
    return True


def _drop_empty(cache: Cache) -> None:
    """Remove folders of engines that hold no pack any more."""
    for folder in _folders(cache.packs):
        if not any(True for _ in _shards(folder)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_sound(cache: Cache, path: Path) -> bool:
    if path.suffix == SUFFIX:
        try:
            read_shard(path, path.parents[1].name, path.stem)
        except (StudyError, OSError, ValueError, LookupError, TypeError, RecursionError, pa.ArrowException):
            return False
        return True
    return cache.notes(path.parent.name).sound(path)


def _everything(cache: Cache) -> Iterator[Path]:
    for folder in _folders(cache.packs):
        yield from _shards(folder)
    for folder in _folders(cache.root / "notes"):
        yield from sorted(folder.glob("*.json"))


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _shards(folder: Path) -> Iterator[Path]:
    yield from folder.glob(f"*/[!.]*{SUFFIX}")


def _about(folder: Path) -> dict[str, str]:
    try:
        content = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        return {str(key): str(value) for key, value in content.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
