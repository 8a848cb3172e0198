"""Whether the content of a manifest has the types and names that one has, whoever wrote it."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from pydantic import TypeAdapter

from probe.design.fields import is_id

__all__ = ["check_shape"]

_ADAPTERS: dict[type[object], TypeAdapter[object]] = {}
"""Made once: one takes a tenth of a second."""


def check_shape(content: dict[str, Any], shape: type[object]) -> None:
    """Refuse values of another type, and names that would lead out of the folder.

    A sum over the text says that it is whole, not that its writer meant well.

    Args:
        content: What the text holds.
        shape: The dataclass that it is to become.

    Raises:
        ValueError: Something does not fit.
    """
    adapter = _ADAPTERS.get(shape) or _ADAPTERS.setdefault(shape, TypeAdapter(shape))
    adapter.validate_json(json.dumps(content), strict=True)
    names = [*content["study"]["tradeoffs"], *content["facts"]["tradeoffs"]]
    outside = [name for name in names if not is_id(name)]
    outside += [name for name in content["files"] if not _is_inside(name)]
    if outside:
        raise ValueError(f"{outside[0]!r} is no name of a trade-off or of a file in this folder")


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or any(sign in name for sign in "\\\0:"))
