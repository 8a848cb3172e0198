"""Folders that nobody else may write: what lies in them is unpickled."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from probe.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["close_to_others", "private_folder"]

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def close_to_others(folder: Path) -> None:
    """Make the root of a cache for its owner alone; one that is there and open to others' writing is closed to them.

    One of another user, or that cannot be made, stays as it is: what lies in a cache is checked when it is read, and
    what is unpickled lies in a `private_folder`.
    """
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.lstat()
        if hasattr(os, "geteuid") and about.st_uid == os.geteuid() and about.st_mode & _OTHERS_WRITE:
            folder.chmod(0o700)


def private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, or make sure that one is.

    Raises:
        EnvironmentFault: It is a link or another user's, or others may put another in its place.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not hasattr(os, "geteuid"):
        return
    about, above = folder.lstat(), folder.parent.stat()
    open_above = above.st_mode & _OTHERS_WRITE and not above.st_mode & stat.S_ISVTX
    exchangeable = open_above or above.st_uid not in (os.geteuid(), 0)
    if stat.S_ISLNK(about.st_mode) or about.st_uid != os.geteuid() or exchangeable:
        raise EnvironmentFault(
            f"{folder}: is a link, or belongs to another user, or others may exchange it, and jobs are read from it as "
            "code. Point PROBE_CACHE at a folder that is yours alone."
        )
    folder.chmod(0o700)
