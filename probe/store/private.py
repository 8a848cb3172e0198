"""Folders that nobody else may write: what lies in them is unpickled."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from probe.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["private_folder"]


def private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, or make sure that one is.

    Raises:
        EnvironmentFault: It is a link or another user's, or others may put another in its place.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not hasattr(os, "geteuid"):
        return
    about, above = folder.lstat(), folder.parent.stat()
    exchangeable = above.st_mode & 0o022 and not above.st_mode & stat.S_ISVTX
    if stat.S_ISLNK(about.st_mode) or about.st_uid != os.geteuid() or exchangeable:
        raise EnvironmentFault(
            f"{folder}: is a link, or belongs to another user, or others may exchange it, and jobs are read from it as "
            "code. Point PROBE_CACHE at a folder that is yours alone."
        )
    folder.chmod(0o700)
