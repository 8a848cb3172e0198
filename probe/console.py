"""Printing: progress bars, and text from files that must not command a terminal."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from probe.progress import ADVICE
from probe.report.number_format import clean, verbatim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from probe.progress import Advance

__all__ = ["Bars", "say"]


def say(text: str, *, error: bool = False, data: bool = False) -> None:
    """Print a line: to standard error if `error`; as it is, unwrapped, if it is `data` for other tools."""
    stream = sys.stderr if error else sys.stdout
    print(text if data else verbatim(text), file=stream)


_EVERY_S = 30.0

_LINES = 4
"""A rate is that since so many half minutes before: what was found finished at once does not count for long."""

_SLOW = 0.1
"""Steps a second under which a rate is that of a minute."""

_ENOUGH = 10
"""Steps of which a rate is made before half a minute is over: several workers may end their first ones at once."""


class Bars:
    """Progress bars with rate and remaining time on standard error; plain lines where that is no terminal."""

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is shown before the first phase.

        Args:
            quiet: Show nothing at all.
            verbose: Also say of every phase how long it took.
            clock: Seconds, of which rates are made.
        """
        console = Console(stderr=True, highlight=False, markup=False)
        self._quiet, self._verbose, self._clock = quiet, verbose and not quiet, clock
        self._live = console.is_terminal and not quiet
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[pace]}", markup=False),
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
            say(name if total == 1 else f"{name}: {total}", error=True)
        task = self._bars.add_task(clean(name), total=total, pace="", note="")
        began = last = self._clock()
        marks = deque([(began, 0)], maxlen=_LINES)
        done, beside, advised = 0, "", False

        def advance(steps: int, note: str = "", /) -> None:
            nonlocal done, last, beside, advised
            if not steps and not note:
                marks.clear()
                return
            note, _, advice = note.partition(ADVICE)
            now, done, beside = self._clock(), done + steps, note
            if not marks:
                marks.append((now, done))
            then, before = marks[0]
            pace = _pace(done - before, total - done, now - then)
            self._bars.update(task, advance=steps, pace=pace, note=clean(note))
            if advice and not advised and not self._quiet:
                advised = True
                self._bars.console.print(clean(f"{name}: {advice}"), soft_wrap=True)
            if total > 1 and now - last >= _EVERY_S:
                last = now
                marks.append((now, done))
                if lines:
                    say(", ".join(filter(None, (f"{name}: {done}/{total}", pace, note))), error=True)

        yield advance
        if self._verbose:
            took = f"{name}: {done} done in {self._clock() - began:.1f} s"
            say(", ".join(filter(None, (took, beside))), error=True)


def _pace(done: int, left: int, seconds: float) -> str:
    """How fast a phase goes, and how long it takes if it goes on so; empty where it has only begun.

    Example:
        >>> _pace(50, 150, 25.0), _pace(1, 9_999, 30.0), _pace(10, 0, 5.0)
        ('2.0/s, 2 min left', '2.0/min, 83 h 20 min left', '2.0/s')
        >>> _pace(0, 5, 30.0), _pace(1, 131, 3.0), _pace(24, 700, 0.001)
        ('', '', '')
    """
    if not done or seconds < 1 or (done < _ENOUGH and seconds < _EVERY_S):
        return ""
    rate = done / seconds
    return f"{_rate(rate)}, {_left(left / rate)} left" if left else _rate(rate)


def _rate(speed: float) -> str:
    """Steps a second, or a minute.

    Example:
        >>> _rate(12.34), _rate(0.05)
        ('12.3/s', '3.0/min')
    """
    return f"{speed:.1f}/s" if speed >= _SLOW else f"{60 * speed:.1f}/min"


def _left(seconds: float) -> str:
    """Hours and minutes, rounded up.

    Example:
        >>> _left(0.0), _left(61.0), _left(20_000.0)
        ('0 min', '2 min', '5 h 34 min')
    """
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
