"""Where a run says how far it is. Knows no terminal."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ADVICE", "Advance", "Progress", "Silent", "Timed"]

ADVICE = "\n"
"""Divides a note from what to do about it, which is said once and not beside every step."""


class Advance(Protocol):
    """Takes how far a phase just came."""

    def __call__(self, steps: int, note: str = "", /) -> None:
        """So many steps more, and what to say beside them from now on; behind `ADVICE`, what to do about it.

        No step, and nothing to say: pace is counted from the next call on, since what came before is no measure of it.
        """
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


@dataclass(frozen=True)
class Timed:
    """Hands phases on to another, and adds up how long each took.

    Attributes:
        heard: Who is told.
        seconds: By name of a phase, whether it came to its end or not.
    """

    heard: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str, total: int) -> Iterator[Advance]:
        """A phase that is told and timed."""
        with self.timing(name), self.heard.phase(name, total) as advance:
            yield advance

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """The same of what is over too soon to be told."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
