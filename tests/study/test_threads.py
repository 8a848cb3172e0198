"""Threads beside the forward pass hand on every element once, in order, and every error."""

from __future__ import annotations

import threading
import time

import pytest

from probe.study.threads import ahead, behind, one_behind, side_by_side


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

    def function() -> None:
        with behind(put_away, 2) as later:
            for n in range(100):
                later.put(n)

    with pytest.raises(OSError, match="full"):
        function()
    assert done == [0, 1, 2]


def test_an_error_with_the_last_element_is_not_lost():
    def put_away(_: int) -> None:
        raise OSError("full")

    def function() -> None:
        with behind(put_away, 2) as later:
            later.put(1)

    with pytest.raises(OSError, match="full"):
        function()


@pytest.mark.parametrize("replicas", [1, 3])
def test_lanes_give_back_in_order_and_each_has_one_element_at_a_time(replicas):
    busy, most, settled = [0] * replicas, [0] * replicas, []

    def function(replica, element):
        busy[replica] += 1
        most[replica] = max(most[replica], busy[replica])
        time.sleep(0.002 * (element % 3))
        busy[replica] -= 1
        return replica, 2 * element

    with side_by_side(function, range(replicas), range(40), lambda: settled.append(threading.get_ident())) as done:
        found = list(done)
    assert [twice for _, twice in found] == [2 * n for n in range(40)]
    assert most == [1] * replicas
    assert {replica for replica, _ in found} == set(range(replicas))
    assert len(set(settled)) == (0 if replicas == 1 else replicas)


def test_lanes_begin_only_a_few_elements_in_advance():
    made = []

    def elements():
        for n in range(100):
            made.append(n)
            yield n

    with side_by_side(lambda _, n: n, range(3), elements(), lambda: None) as done:
        assert next(done) == 0
        assert len(made) <= 6


def test_what_lanes_have_begun_is_ended_whatever_ends_the_block():
    begun, ended = [], []

    def function(_, element):
        begun.append(element)
        if element == 1:
            raise ValueError("broken")
        time.sleep(0.05)
        ended.append(element)
        return element

    with pytest.raises(ValueError, match="broken"), side_by_side(function, range(3), range(100), lambda: None) as done:
        list(done)
    assert sorted(ended) == [n for n in sorted(begun) if n != 1]
    assert len(begun) <= 1 + 2 * 3


def test_what_is_begun_is_waited_for_once_the_next_has_been():
    said: list[str] = []

    def begin(n):
        said.append(f"begin {n}")
        return lambda: said.append(f"wait {n}") or n

    with one_behind(begin, range(3)) as done:
        assert list(done) == [0, 1, 2]
    assert said == ["begin 0", "begin 1", "wait 0", "begin 2", "wait 1", "wait 2"]
    with one_behind(begin, ()) as done:
        assert list(done) == []


@pytest.mark.parametrize("ended", ["by what begins", "by whoever takes"])
def test_what_has_been_begun_is_waited_for_whatever_ends_it(ended):
    said: list[int] = []

    def begin(n):
        if ended == "by what begins" and n == 1:
            raise KeyError
        return lambda: said.append(n)

    with one_behind(begin, range(3)) as done:
        if ended == "by what begins":
            with pytest.raises(KeyError):
                next(done)
        else:
            next(done)
    assert said == ([0] if ended == "by what begins" else [0, 1])
