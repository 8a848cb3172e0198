"""Threads around forward passes: one makes ready what comes next, one puts away what is done; several may compute."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from concurrent.futures import Future

__all__ = ["Behind", "ahead", "behind", "one_behind", "side_by_side"]

T = TypeVar("T")
L = TypeVar("L")
R = TypeVar("R")

_SECONDS = 0.2
"""How often a waiting thread looks whether the other has gone."""


class _End:
    """What stands behind the last element, with what went wrong, if anything did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@contextmanager
def ahead(elements: Iterable[T], size: int) -> Iterator[Iterator[T]]:
    """The elements in order, up to `size` of them made in advance in a thread of their own.

    What is raised while they are made is raised where they are used. Leaving the block ends the thread.
    """
    ready: queue.Queue[T | _End] = queue.Queue(size)
    stopped = threading.Event()

    def put(element: T | _End) -> bool:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(element, timeout=_SECONDS)
                return True
        return False

    def make() -> None:
        try:
            for element in elements:
                if not put(element):
                    return
            put(_End())
        except BaseException as error:  # noqa: BLE001  raised again where the elements are used
            put(_End(error))

    def take() -> Iterator[T]:
        while not isinstance(element := ready.get(), _End):
            yield element
        if element.error is not None:
            raise element.error

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        thread.join()


class Behind(Generic[T]):
    """A queue to a thread that puts things away in the order in which they come."""

    def __init__(self, put_away: Callable[[T], None], size: int) -> None:
        """Start the thread; `put` waits while `size` things are on their way."""
        self._put_away = put_away
        self._waiting: queue.Queue[T | _End] = queue.Queue(size)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._put_all_away, daemon=True)
        self._thread.start()

    def put(self, element: T) -> None:
        """Hand over; raises what went wrong with an earlier element."""
        while self._error is None:
            with contextlib.suppress(queue.Full):
                self._waiting.put(element, timeout=_SECONDS)
                return
        raise self._error

    def finish(self) -> None:
        """Wait for all; raises what went wrong."""
        while self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._waiting.put(_End(), timeout=_SECONDS)
                break
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _put_all_away(self) -> None:
        while not isinstance(element := self._waiting.get(), _End):
            try:
                self._put_away(element)
            except BaseException as error:  # noqa: BLE001  raised again where it was handed over
                self._error = error
                return


@contextmanager
def behind(put_away: Callable[[T], None], size: int) -> Iterator[Behind[T]]:
    """`Behind` for the time of a block: whatever ends the block, what was handed over is put away first."""
    worker = Behind(put_away, size)
    try:
        yield worker
    except BaseException:
        with contextlib.suppress(BaseException):  # what ends the block is told, and says more
            worker.finish()
        raise
    worker.finish()


@contextmanager
def one_behind(begin: Callable[[T], Callable[[], R]], elements: Iterable[T]) -> Iterator[Iterator[R]]:
    """What is begun with the elements, in their order; each is waited for once the next has been begun.

    Whatever ends the block early, the result of what had been begun is still waited for.
    """
    results = _one_behind(begin, elements)
    try:
        yield results
    finally:
        results.close()


def _one_behind(begin: Callable[[T], Callable[[], R]], elements: Iterable[T]) -> Generator[R, None, None]:
    waiting: Callable[[], R] | None = None
    try:
        for element in elements:
            begun = begin(element)
            done, waiting = waiting, begun
            if done is not None:
                yield done()
        if waiting is not None:
            done, waiting = waiting, None
            yield done()
    finally:
        if waiting is not None:
            with contextlib.suppress(Exception):  # what ends it is told, and says more
                waiting()


@contextmanager
def side_by_side(
    function: Callable[[L, T], R], replicas: Sequence[L], elements: Iterable[T], settle: Callable[[], None]
) -> Iterator[Iterator[R]]:
    """What `function` makes of the elements, in their order; every replica has one of them at a time.

    One replica works in this thread, several in a thread each, which calls `settle` first. What is raised is raised at
    its element's turn. Leaving the block waits for what has been begun, and begins nothing more.
    """
    if len(replicas) == 1:
        yield (function(replicas[0], element) for element in elements)
        return
    free: queue.SimpleQueue[L] = queue.SimpleQueue()
    for replica in replicas:
        free.put(replica)

    def on_a_replica(element: T) -> R:
        replica = free.get()
        try:
            return function(replica, element)
        finally:
            free.put(replica)

    def results() -> Iterator[R]:
        source = iter(elements)
        begun: deque[Future[R]] = deque()
        while True:
            begun.extend(
                pool.submit(on_a_replica, one) for one in itertools.islice(source, 2 * len(replicas) - len(begun))
            )
            if not begun:
                return
            yield begun.popleft().result()

    pool = ThreadPoolExecutor(len(replicas), "replica", settle)
    try:
        yield results()
    finally:
        pool.shutdown(cancel_futures=True)
