"""Where a run says how far it is. Knows no terminal."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Whoever wants to know how far a run is."""

    def phase(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """A phase of `total` steps; what it yields is called with the number of steps just done."""
        ...


class Silent:
    """Says nothing."""

    @contextmanager
    def phase(self, name: str, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002  the protocol's names
        """A phase that nobody hears of."""
        yield lambda _: None
