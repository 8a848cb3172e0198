"""What answers follow: content or formats, by their parts of the mean square. Computes no statistic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from probe.analysis.effects import FormatShares

__all__ = ["Followed", "followed"]

_UNREAD = 0.05
"""A model whose content makes less than this share of its answers does not read the options."""


_Most = Literal["formats alone", "a format", "formats together", "content"]


@dataclass(frozen=True, slots=True)
class Followed:
    """Content beside formats, as root mean squares in nats.

    Attributes:
        most: What they follow: formats alone, a format more than content, formats only together, or content.
        content: What no format moves.
        formats: What all formats move together.
        by_format: What each part that was told apart moves, by its field of `FormatShares`, the largest first.
    """

    most: _Most
    content: float
    formats: float
    by_format: dict[str, float]


def followed(found: FormatShares) -> Followed:
    """What a model's answers follow."""
    known = {name: getattr(found, name) for name in ("order", "label", "listing", "slot", "rest")}
    shares = {name: value for name, value in known.items() if value is not None}
    most: _Most = "content"
    if found.content < _UNREAD:
        most = "formats alone"
    elif found.content < max(shares.values()):
        most = "a format"
    elif found.content < 1 - found.content:
        most = "formats together"
    content, formats, *parts = (
        max(part * found.mean_square, 0.0) ** 0.5 for part in (found.content, 1 - found.content, *shares.values())
    )
    by_format = sorted(zip(shares, parts, strict=True), key=lambda part: part[1], reverse=True)
    return Followed(most, content, formats, dict(by_format))
