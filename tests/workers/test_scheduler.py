"""Chunks that fail are tried three times, lost workers are replaced, and nothing is said of a model that is not so."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from probe.errors import ModelError
from probe.progress import ADVICE, Silent
from probe.store.cache import Cache
from probe.store.plan_file import PlanFile
from probe.study.running_mass import MassSoFar
from probe.workers.chunks import Chunk, Waiting
from probe.workers.replica import Outcome
from probe.workers.scheduler import Dispatch, ReadTogether
from probe.workers.transfer import Files
from probe.workers.unread import Unread


@dataclass
class Scripted:
    """Answers each chunk by its script: outcomes or what is raised, in turn, then that it was read."""

    script: dict[int, list[object]] = field(default_factory=dict)
    holds: tuple[str, int] | None = None
    apart: bool = False
    tries: int = 1
    log: list[object] = field(default_factory=list)

    def start(self, _, chunk, *__):
        self.holds = chunk.holder
        self.log.append(chunk.start)
        next_one = self.script.get(chunk.start, [])
        said = next_one.pop(0) if next_one else "read"
        if isinstance(said, KeyboardInterrupt):
            raise said
        future = Future()
        if isinstance(said, Exception):
            future.set_exception(said)
        elif isinstance(said, Outcome):
            future.set_result(said)
        else:
            result, _, error = said.partition(":")
            fault = ModelError(error) if result in ("memory", "model") else None
            facts = SimpleNamespace(name=chunk.start)
            future.set_result(Outcome(chunk, result, error, facts=facts, engine="e", fault=fault))
        return future

    def drop(self):
        self.holds = None
        self.log.append("dropped")

    def close(self, *, now):
        self.holds = None
        if now:
            self.log.append("ended")


def dispatched(worker, chunks, tmp_path, others=()):
    plan_file = PlanFile(Path("none"), ("a", "b", "c", "d"), tuple(n * 64 for n in "0123"), 1)
    job = SimpleNamespace(name="m", plan_file=plan_file, cache=Cache(tmp_path))
    models = {"m": ReadTogether(job)}
    waiting = Waiting()
    for one in chunks:
        waiting.add(one)
    lines, steps = [], []

    def advance(count, _=""):
        steps.append(count)

    unread = Unread({"m": job}, shared=False)
    Dispatch(models, (worker, *others), waiting, unread, advance, lambda *words: lines.append(words), Silent()).run()
    return models["m"], lines, sum(steps)


CHUNKS = [Chunk("m", 8, start, start + 2, 1) for start in (0, 2)]


def test_a_unit_that_fails_twice_is_read_the_third_time(tmp_path):
    worker = Scripted({0: ["failed:once", RuntimeError("gone")]})
    model, lines, steps = dispatched(worker, CHUNKS, tmp_path)
    assert (model.lost, model.failure, model.engine, steps) == ({}, None, "e", 4)
    assert [line[3] for line in lines] == ["once", "the worker was lost (RuntimeError: gone)"]
    assert worker.log == [0, 2, 0, "dropped", 0]


def test_a_unit_that_fails_three_times_is_named_and_the_rest_goes_on(tmp_path):
    worker = Scripted({0: ["failed:one", "failed:two", "failed:three", "failed:four"]})
    model, _, steps = dispatched(worker, CHUNKS, tmp_path)
    assert worker.log == [0, 2, 0, 0]
    assert (model.failure, steps) == (None, 4)
    model.job.cache.shards("e").path("1" * 64).parent.mkdir(parents=True)
    model.job.cache.shards("e").path("1" * 64).touch()
    assert model.lost_items() == {"a": "three"}


def test_a_model_of_which_nothing_was_read_has_failed_as_a_whole(tmp_path):
    model, _, _ = dispatched(Scripted({0: ["failed:x"] * 3, 2: ["failed:y"] * 3}), CHUNKS, tmp_path)
    assert str(model.failure) in {"x", "y"}


def test_a_model_whose_cells_alone_were_not_read_has_failed(tmp_path):
    beside = Chunk("m", 8, 9, 9, 1, beside=True)
    model, _, _ = dispatched(Scripted({9: ["failed:no floor"] * 3}), [beside, *CHUNKS], tmp_path)
    assert str(model.failure) == "m: its cells alone: no floor"


def test_a_scheduler_that_has_tried_itself_is_not_asked_again(tmp_path):
    worker = Scripted({0: [RuntimeError("dead")]}, tries=3)
    model, _, _ = dispatched(worker, CHUNKS, tmp_path)
    assert worker.log == [0, "dropped", 2]
    assert list(model.lost) == [CHUNKS[0]]


@pytest.mark.parametrize(("result", "memory"), [("memory", True), ("model", False)])
def test_what_no_other_try_would_mend_ends_the_model(tmp_path, result, memory):
    worker = Scripted({0: [f"{result}:why"]})
    model, _, steps = dispatched(worker, CHUNKS, tmp_path)
    assert (str(model.failure), model.memory, worker.log, steps) == ("why", memory, [0], 0)


def test_a_worker_with_a_store_of_its_own_is_sent_the_unit_again_once(tmp_path):
    worker = Scripted({0: ["apart:"]})
    model, _, _ = dispatched(worker, CHUNKS, tmp_path)
    assert (worker.apart, worker.log, model.failure) == (True, [0, 2, 0], None)
    worker = Scripted({0: ["apart:", "apart:"]})
    assert "PROBE_CACHE" in dispatched(worker, CHUNKS, tmp_path)[0].lost[CHUNKS[0]]


def test_what_comes_back_is_put_into_the_store_or_refused(tmp_path):
    files = Files((), (("answer", "[1]"),))
    back = Outcome(CHUNKS[0], "read", facts=SimpleNamespace(), engine="e", files=files)
    dispatched(Scripted({0: [back]}), CHUNKS, tmp_path)
    assert Cache(tmp_path).notes("written").get("answer") == "[1]"


def test_two_kinds_of_machine_make_no_table(tmp_path):
    other = Outcome(CHUNKS[1], "read", facts=SimpleNamespace(), engine="another")
    model, _, _ = dispatched(Scripted({2: [other]}), CHUNKS, tmp_path)
    assert "machines of more than one kind" in str(model.failure)


def test_a_worker_without_work_gives_back_what_it_holds(tmp_path):
    first, second = Scripted(), Scripted()
    dispatched(first, [*CHUNKS, Chunk("m", 8, 4, 4, 1)], tmp_path, [second])
    assert sorted([first.log, second.log], key=len) in ([[0], [2, 4]], [[2], [0, 4]])
    assert {first.holds, second.holds} == {None, ("m", 8)}


def test_an_interrupt_ends_every_worker_at_once(tmp_path):
    first, second = Scripted(), Scripted({2: [KeyboardInterrupt()], 0: [KeyboardInterrupt()]})
    with pytest.raises(KeyboardInterrupt):
        dispatched(first, CHUNKS, tmp_path, [second])
    assert "ended" in first.log
    assert "ended" in second.log


def test_a_low_option_mass_is_said_beside_the_chunks_with_what_to_try(tmp_path):
    """Of two models, of which one answers with labels and the other does not; each is named."""
    masses, waiting, notes = {"low": MassSoFar(20.0, 100), "high": MassSoFar(9.0, 10)}, Waiting(), []
    plan_file = PlanFile(Path("none"), ("a", "b", "c", "d"), tuple(n * 64 for n in "0123"), 1)
    models = {
        name: ReadTogether(SimpleNamespace(name=name, plan_file=plan_file, cache=Cache(tmp_path))) for name in masses
    }
    script = {}
    for start, (name, mass) in enumerate(masses.items()):
        chunk = Chunk(name, 8, start, start + 1, 1)
        waiting.add(chunk)
        script[start] = [Outcome(chunk, "read", facts=SimpleNamespace(), engine="e", mass=mass)]
    log = lambda *_: None  # noqa: E731
    unread = Unread({name: model.job for name, model in models.items()}, shared=False)
    Dispatch(models, (Scripted(script),), waiting, unread, lambda _, note: notes.append(note), log, Silent()).run()
    low, high = notes
    assert low.startswith("low: option mass 0.200, low: ")
    assert low.partition(ADVICE)[2].startswith("low: option mass is low, and the check of it will fail")
    assert high == "high: option mass 0.900"
