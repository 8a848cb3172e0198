"""The cache of finished packs: listed, cleared, checked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from probe.errors import InputError
from probe.store.cache import open_cache
from probe.store.housekeeping import collect_garbage, damaged_files, list_engines

if TYPE_CHECKING:
    from probe.store.housekeeping import Freed

__all__ = ["Damaged", "cache_json", "cache_text", "clear", "find_damaged"]

_GB = 1e9


@dataclass(frozen=True, slots=True)
class Damaged:
    """Files of the cache that are not as they were written."""

    files: tuple[str, ...]
    removed: bool

    def text(self) -> str:
        """For a reader."""
        if not self.files:
            return "every file of the cache is as it was written"
        end = "removed; what was in them is read again when it is needed" if self.removed else "still there"
        return "\n".join([*(f"damaged: {name}" for name in self.files), f"{len(self.files)} damaged files, {end}"])

    def json(self) -> str:
        """For other tools."""
        return json.dumps(asdict(self), indent=1)


def cache_text() -> str:
    """Where the cache is and a line per engine."""
    cache = open_cache()
    engines = list_engines(cache)
    lines = [f"{cache.root}: {sum(e.packs for e in engines)} packs, {sum(e.bytes for e in engines) / _GB:.3f} GB"]
    for one in engines:
        about = ", ".join(
            one.about.get(name, "?") for name in ("model", "dtype", "quant", "compute", "device", "reader")
        )
        when = datetime.fromtimestamp(one.written, UTC).strftime("%Y-%m-%d %H:%M")
        lines.append(f"{one.engine[:12]}  {one.packs:7} packs {one.bytes / _GB:9.3f} GB  {when}  {about}")
    return "\n".join(lines)


def cache_json() -> str:
    """The same for other tools."""
    return json.dumps([asdict(one) for one in list_engines(open_cache())], indent=1)


def clear(older_than_days: float | None, keep_gigabytes: float | None, engine: str | None) -> Freed:
    """Remove leftovers of killed runs, and packs by age, size or engine.

    Raises:
        InputError: A number is negative, or the key fits no engine.
        EnvironmentFault: The cache cannot be written.
    """
    for flag, number in (("--older-than", older_than_days), ("--max-size", keep_gigabytes)):
        if number is not None and not number >= 0:
            raise InputError(f"{flag}: {number} is negative. Give zero or more.")
    cache = open_cache()
    if engine is not None and not any(one.engine.startswith(engine) for one in list_engines(cache)):
        raise InputError(f"--engine {engine}: no engine's key begins so. See `probe cache ls`.")
    return collect_garbage(
        cache,
        older_than=None if older_than_days is None else older_than_days * 86400,
        keep_bytes=None if keep_gigabytes is None else int(keep_gigabytes * _GB),
        engine=engine,
    )


def find_damaged(*, remove: bool) -> Damaged:
    """Check every byte of the cache."""
    return Damaged(tuple(damaged_files(open_cache(), remove=remove)), remove)
