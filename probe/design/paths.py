"""Whether what somebody wrote is a file or a folder here; names that no file can have are neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_file", "is_folder", "is_there"]


def is_folder(path: Path) -> bool:
    """Whether a folder is there; not where its name is too long, or what holds it may not be read."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether a file is there, as `is_folder` tells it."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """Whether anything is there, as `is_folder` tells it."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
