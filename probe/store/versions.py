"""Versions of everything that can touch a number, probe's own code included."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["READING", "READ_WITH", "code_record", "library_version", "library_versions", "same_code", "source_sha256"]

_NUMERIC = (
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "bitsandbytes",
    "compressed-tensors",
    "safetensors",
    "numpy",
    "scipy",
    "pyarrow",
)
_CHANGES_NUMERICS = ("fla", "flash-linear-attention", "causal-conv1d", "kernels", "flash-attn", "triton")

READ_WITH = ("torch", "transformers", "accelerate", "bitsandbytes", "compressed-tensors", "numpy", *_CHANGES_NUMERICS)
"""Libraries by which a forward pass can change: in use, or in use as soon as they are there."""


READING = ("prompts", "engine")
"""Rooms of the code that a reading is made in."""

_DERIVING = ("analysis", "report", "store")
"""Rooms of the code that makes results and report from readings."""

_PACKAGE = Path(__file__).resolve().parents[1]


def library_versions() -> dict[str, str]:
    """Versions of Python, the machine's instruction set and every library that touches a number; absent is said."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "probe": library_version("probe")}
    found.update({name: library_version(name) for name in (*_NUMERIC, *_CHANGES_NUMERICS)})
    return found


@functools.cache
def library_version(name: str) -> str:
    """Version of an installed library, or ``absent``."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


@functools.cache
def source_sha256(rooms: tuple[str, ...]) -> str:
    """Hash of the source of rooms of this package, whatever is no code of Python included.

    Args:
        rooms: Names of packages inside ``probe``.
    """
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted((_PACKAGE / room).iterdir()):
            if path.is_file():
                digest.update(f"{room}/{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


@functools.cache
def code_record() -> Mapping[str, str]:
    """What a manifest says of the code: ``reading`` and ``deriving`` hashes, ``version``, and any commit.

    ``changed`` tells whether the package differs from that commit.
    """
    found = {
        "reading": source_sha256(READING),
        "deriving": source_sha256(_DERIVING),
        "version": library_version("probe"),
    }
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return found
    return {**found, "commit": commit, "changed": "yes" if _git("status", "--porcelain", "--", "probe") else "no"}


def same_code(record: Mapping[str, str], part: str) -> bool:
    """Whether a manifest's record is of this code's ``reading`` or ``deriving``."""
    return record.get(part) == code_record()[part]


def _git(*arguments: str) -> str | None:
    """What git says of the checkout that this package lies in; None if it is installed, or there is no git."""
    root = _PACKAGE.parent
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
