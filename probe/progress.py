"""Where a run says how far it is. Knows no terminal."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ADVICE", "Advance", "Progress", "Silent"]

ADVICE = "\n"
"""Divides a note from what to do about it, which is said once and not beside every step."""


class Advance(Protocol):
    """Takes how far a phase just came."""

    def __call__(self, steps: int, note: str = "", /) -> None:
        """So many steps more, and what to say beside them from now on; behind `ADVICE`, what to do about it."""
        ...


class Progress(Protocol):
    """Whoever wants to know how far a run is."""

    def phase(self, name: str, total: int) -> AbstractContextManager[Advance]:
        """A phase of `total` steps; what it yields is called with the number of steps just done."""
        ...


class Silent:
    """Says nothing."""

    @contextmanager
    def phase(self, name: str, total: int) -> Iterator[Advance]:  # noqa: ARG002  the protocol's names
        """A phase that nobody hears of."""
        yield lambda *_: None
