"""run.log of a run folder: one line per pack that was read, and what else went on; never a part of the numbers."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from probe.store.atomic import RUN_REMEDY
from probe.store.disk import reported

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from probe.store.disk import FileSystem

__all__ = ["RunLog"]


@dataclass
class RunLog:
    """Appends lines; whole ones, also where several processes do.

    Attributes:
        path: The file.
        disk: How it is written.
        begin: Called before the first line: makes the run folder.
    """

    path: Path
    disk: FileSystem
    begin: Callable[[], None]
    _begun: bool = field(default=False)

    def line(self, *words: str) -> None:
        """Write one line: the time in UTC, the process, and words separated by tabs.

        Raises:
            EnvironmentFault: The folder cannot be written.
        """
        if not self._begun:
            self.begin()
            self._begun = True
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        text = "\t".join((now, str(os.getpid()), *(" ".join(word.split()) for word in words)))
        with reported(self.path.name, RUN_REMEDY):
            self.disk.append(self.path, f"{text}\n".encode())
