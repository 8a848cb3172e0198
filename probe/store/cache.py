"""The cache: finished packs and small notes, shared by all runs of a user and all machines that see the folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probe.store.disk import DISK, reported
from probe.store.memo import Notes
from probe.store.private import close_to_others
from probe.store.shards import CACHE_REMEDY, Shards

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from probe.store.disk import FileSystem

__all__ = ["Cache", "cache_folder", "engine_key", "open_cache"]


def cache_folder() -> Path:
    """``PROBE_CACHE``, or ``probe`` in the place where this system keeps a user's caches."""
    named = os.environ.get("PROBE_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "probe" / "cache"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/probe").expanduser()
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path("~/.cache").expanduser()) / "probe"


def engine_key(parts: Mapping[str, str]) -> str:
    """One hash over everything that a reading depends on beside the pack itself.

    Example:
        >>> engine_key({"weights": "a", "device": "cpu"}) == engine_key({"device": "cpu", "weights": "a"})
        True
    """
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Cache:
    """A cache folder. Nothing is created within it before there is something to keep.

    Attributes:
        root: Where it lies.
        disk: How its files are written.
    """

    root: Path
    disk: FileSystem = DISK

    @property
    def packs(self) -> Path:
        """Where the shards of all engines lie."""
        return self.root / "packs"

    def shards(self, engine: str) -> Shards:
        """The packs that an engine has read."""
        return Shards(self.packs / engine, self.disk)

    def notes(self, kind: str) -> Notes:
        """Notes of one kind, such as ``weights``, ``engines``, ``readers`` and ``unloaded``."""
        return Notes(self.root / "notes" / kind, self.disk)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for the time of one run; what a kill leaves of it is removed by ``probe cache gc``.

        Raises:
            EnvironmentFault: The cache cannot be written.
        """
        folder = self.root / "scratch" / uuid.uuid4().hex
        with reported("the cache of finished packs", CACHE_REMEDY):
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def open_cache() -> Cache:
    """The cache of this user, its root open to nobody else."""
    root = cache_folder()
    close_to_others(root)
    return Cache(root)
