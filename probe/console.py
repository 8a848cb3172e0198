"""Printing: progress bars, and text from files that must not command a terminal."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task

__all__ = ["Bars", "clean", "say"]

# C0 and C1 controls but tab and newline, and the characters that turn the direction of writing.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    r"""Text without the characters that a terminal would obey.

    Example:
        >>> clean("a\x1b[2Jb")
        'a[2Jb'
    """
    return _COMMANDS.sub("", text)


def say(text: str, *, error: bool = False, data: bool = False) -> None:
    """Print a line: to standard error if `error`; as it is, unwrapped, if it is `data` for other tools."""
    stream = sys.stderr if error else sys.stdout
    print(text if data else clean(text), file=stream)


class _Rate(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


class Bars:
    """Progress bars with rate and remaining time on standard error; plain lines where that is no terminal."""

    def __init__(self) -> None:
        """Nothing is shown before the first phase."""
        console = Console(stderr=True, highlight=False, markup=False)
        self._live = console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not self._live,
        )

    def __enter__(self) -> Bars:
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing."""
        self._bars.stop()

    @contextmanager
    def phase(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar, or a line when the phase begins."""
        if not self._live:
            say(f"{name}: {total}", error=True)
        task = self._bars.add_task(clean(name), total=total)
        yield lambda steps: self._bars.advance(task, steps)
