"""System texts as conditions of a study: what each is called behind the name of a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["conditions"]

_LONGEST = 24
"""So many characters of a system text stand in the name of a condition, in whole words."""


def conditions(systems: Sequence[str]) -> tuple[tuple[str | None, str], ...]:
    """Every system text with what stands behind a model's name; nothing where there is only one, or none.

    Example:
        >>> conditions(["Be honest.", ""])
        (('Be honest.', '+be-honest'), ('', '+no-system'))
        >>> conditions(["Be kind.", "Be kind!"]), conditions(["Be kind."]), conditions([])
        ((('Be kind.', '+be-kind-1'), ('Be kind!', '+be-kind-2')), (('Be kind.', ''),), ((None, ''),))
        >>> [name for _, name in conditions(["Be kind.", "Be kind!", "Be kind 1"])]
        ['+be-kind-1', '+be-kind-2', '+be-kind-1-3']
    """
    if len(systems) <= 1:
        return tuple((text, "") for text in systems or (None,))
    short = [_short_name(text) for text in systems]
    numbered = [f"{one}-{index + 1}" for index, one in enumerate(short)]
    called = [one if short.count(one) == 1 else two for one, two in zip(short, numbered, strict=True)]
    called = called if len(set(called)) == len(called) else numbered
    return tuple((text, f"+{name}") for text, name in zip(systems, called, strict=True))


def _short_name(text: str) -> str:
    """The first words of a system text, as a part of a name.

    Example:
        >>> _short_name("Be honest, whatever it costs you."), _short_name("")
        ('be-honest-whatever-it', 'no-system')
    """
    words: list[str] = re.findall(r"[a-z0-9]+", text.lower())
    if not words:
        return "system" if text else "no-system"
    name = words[0][:_LONGEST]
    for word in words[1:]:
        if len(name) + 1 + len(word) > _LONGEST:
            break
        name = f"{name}-{word}"
    return name
