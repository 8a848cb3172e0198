"""Small things worth remembering: a text by a key, each in a file of its own that any process may write."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probe.store.disk import replacing

if TYPE_CHECKING:
    from probe.store.disk import FileSystem

__all__ = ["Notes"]


_DAMAGED = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What a file raises that is binary, nests without end, or holds values of other types."""


@dataclass(frozen=True)
class Notes:
    """Texts by key. What is damaged is not there, and what cannot be written is not remembered: it can be redone.

    Attributes:
        folder: Where they lie.
        disk: How they are written.
    """

    folder: Path
    disk: FileSystem

    def get(self, key: str) -> str | None:
        """What was noted under `key`, or None."""
        try:
            content = json.loads(self._path(key).read_text(encoding="utf-8"))
            value = content["value"]
            if isinstance(value, str) and content["sha256"] == _digest(key, value) and content["key"] == key:
                return value
        except _DAMAGED:
            pass
        return None

    def put(self, key: str, value: str) -> None:
        """Note `value` under `key`."""
        content = {"key": key, "value": value, "sha256": _digest(key, value)}
        with suppress(OSError), replacing(self._path(key), self.disk) as file:
            file.write((json.dumps(content, ensure_ascii=False) + "\n").encode())

    def sound(self, path: Path) -> bool:
        """Whether a file of this folder holds what was written."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return self._path(content["key"]) == path and self.get(content["key"]) is not None
        except _DAMAGED:
            return False

    def _path(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def _digest(key: str, value: str) -> str:
    return hashlib.sha256(json.dumps([key, value]).encode()).hexdigest()
