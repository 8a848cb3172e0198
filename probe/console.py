"""Printing: progress bars, and text from files that must not command a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from probe.report.number_format import clean, verbatim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task

    from probe.progress import Advance

__all__ = ["Bars", "say"]


def say(text: str, *, error: bool = False, data: bool = False) -> None:
    """Print a line: to standard error if `error`; as it is, unwrapped, if it is `data` for other tools."""
    stream = sys.stderr if error else sys.stdout
    print(text if data else verbatim(text), file=stream)


_EVERY_S = 30.0


class _Rate(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


class Bars:
    """Progress bars with rate and remaining time on standard error; plain lines where that is no terminal."""

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is shown before the first phase.

        Args:
            quiet: Show nothing at all.
            verbose: Also say of every phase how long it took.
            clock: Seconds, for the lines where there is no terminal.
        """
        console = Console(stderr=True, highlight=False, markup=False)
        self._quiet, self._verbose, self._clock = quiet, verbose and not quiet, clock
        self._live = console.is_terminal and not quiet
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
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
    def phase(self, name: str, total: int) -> Iterator[Advance]:
        """A bar; where that is no terminal, a line when the phase begins and one every half minute."""
        lines = not self._live and not self._quiet
        if lines:
            say(f"{name}: {total}", error=True)
        task = self._bars.add_task(clean(name), total=total, note="")
        began = last = self._clock()
        done, beside = 0, ""

        def advance(steps: int, note: str = "", /) -> None:
            nonlocal done, last, beside
            done, beside = done + steps, note
            self._bars.update(task, advance=steps, note=clean(note))
            now = self._clock()
            if lines and now - last >= _EVERY_S:
                last = now
                say(", ".join(filter(None, (_pace(name, done, total, now - began), note))), error=True)

        yield advance
        if self._verbose:
            took = f"{name}: {done} done in {self._clock() - began:.1f} s"
            say(", ".join(filter(None, (took, beside))), error=True)


def _pace(name: str, done: int, total: int, seconds: float) -> str:
    """How far a phase is, how fast it goes, and how long it takes if it goes on so.

    Example:
        >>> _pace("reading demo", 50, 200, 25.0)
        'reading demo: 50/200, 2.0/s, 75 s left'
    """
    rate = done / seconds
    return f"{name}: {done}/{total}, {rate:.1f}/s, {(total - done) / rate:.0f} s left"
