"""Folders of the cache that stand for a model whose files lie elsewhere or in another form: made once, moved whole."""

from __future__ import annotations

import os
import shutil
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["made_once", "point_link"]


def made_once(parent: Path, key: str, marker: str, write: Callable[[Path], None]) -> Path:
    """The folder of this key, written unless it is there.

    Args:
        parent: Where such folders lie.
        key: Names it; equal means equal content.
        marker: A file that a whole one holds.
        write: Makes it under another name.
    """
    folder = parent / key
    if not (folder / marker).is_file():
        parent.mkdir(parents=True, exist_ok=True)
        new = parent / f".{uuid.uuid4().hex}.tmp"
        try:
            write(new)
            if not folder.is_dir():
                new.rename(folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return folder


def point_link(link: Path, file: Path) -> None:
    """Let a link point at a file as it lies now."""
    if link.is_symlink() and link.readlink() == file.resolve():
        return
    new = link.with_name(f".{uuid.uuid4().hex}")
    new.symlink_to(file.resolve())
    os.replace(new, link)  # noqa: PTH105  in one step, over the link itself
