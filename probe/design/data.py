"""Where the files that ship with probe lie: inside the package, or beside it in a repository."""

from __future__ import annotations

from pathlib import Path

from probe.errors import EnvironmentFault

__all__ = ["PACKAGE", "data_path"]

PACKAGE = Path(__file__).resolve().parent.parent
"""The folder of the installed package."""


def data_path(name: str) -> Path:
    """Path of ``models.yaml`` or ``scenarios``, whichever way probe was installed.

    A wheel carries them under ``probe/data``; an editable install reads the repository's own, so that no copy
    can go stale.

    Raises:
        EnvironmentFault: Neither place has it.

    Example:
        >>> data_path("models.yaml").name
        'models.yaml'
    """
    for folder in (PACKAGE / "data", PACKAGE.parent):
        if (folder / name).exists():
            return folder / name
    raise EnvironmentFault(f"probe: '{name}', which ships with it, is missing. Install probe again.")
