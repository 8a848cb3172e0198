"""Threads beside the forward pass hand on every element once, in order, and every error."""

from __future__ import annotations

import threading
import time

import pytest

from probe.pipeline import ahead, behind


def test_elements_come_in_order_and_the_queue_is_bounded():
    made: list[int] = []

    def elements():
        for n in range(100):
            made.append(n)
            yield n

    with ahead(elements(), 4) as ready:
        first = next(ready)
        time.sleep(0.3)
        assert first == 0
        assert len(made) <= 1 + 4 + 1
        assert list(ready) == list(range(1, 100))


def test_an_error_is_raised_where_the_elements_are_used():
    def elements():
        yield 1
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"), ahead(elements(), 4) as ready:
        seen.extend(ready)
    assert seen == [1]
    with ahead(elements(), 4) as ready:
        assert next(ready) == 1


def test_leaving_early_ends_the_thread():
    before = threading.active_count()
    with ahead(iter(range(10**9)), 2) as ready:
        next(ready)
    assert threading.active_count() == before


def test_all_that_was_handed_over_is_put_away_whatever_ends_the_block():
    done: list[int] = []

    def slowly(n: int) -> None:
        time.sleep(0.01)
        done.append(n)

    def interrupted() -> None:
        with behind(slowly, 4) as later:
            for n in range(10):
                later.put(n)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == list(range(10))


def test_what_goes_wrong_behind_is_raised_in_front_and_nothing_more_is_put_away():
    done: list[int] = []

    def put_away(n: int) -> None:
        if n == 3:
            raise OSError("full")
        done.append(n)

    def work() -> None:
        with behind(put_away, 2) as later:
            for n in range(100):
                later.put(n)

    with pytest.raises(OSError, match="full"):
        work()
    assert done == [0, 1, 2]


def test_an_error_with_the_last_element_is_not_lost():
    def put_away(_: int) -> None:
        raise OSError("full")

    def work() -> None:
        with behind(put_away, 2) as later:
            later.put(1)

    with pytest.raises(OSError, match="full"):
        work()
