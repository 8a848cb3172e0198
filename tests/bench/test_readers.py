"""Guards: every reader of the benchmark reads the same numbers before it is timed, and the pinned question stays."""

from __future__ import annotations

import re

import numpy as np
import pytest
from transformers.pipelines import SUPPORTED_TASKS

AXES = {"order": ("p1", "p2"), "cue": ("answer", "choice")}
NAMES = ["padded", "last_rows", "prefix", "dense", "trie", "study_plain", "study_dense", "study", "exact"]


@pytest.fixture
def small(bench, demo_folder):
    """A tiny model and four formats."""
    return bench("readers").Bench("tiny", demo_folder, AXES, batch=2)


def test_every_reader_says_the_same_and_is_timed(bench, small, tmp_path, monkeypatch):
    readers = bench("readers")
    monkeypatch.setattr(readers, "measured_peak", lambda: 1e11)
    samples = readers.measure(small, NAMES, 1, readers.Samples("tiny"))
    readers.remember(tmp_path / "samples", samples)
    again = readers.measure(small, ["trie", "study"], 1, readers.recalled(tmp_path / "samples", "tiny"))
    assert {name: len(took) for name, took in again.seconds.items()} == {
        **dict.fromkeys(NAMES, 1),
        **dict.fromkeys(("trie", "study"), 2),
    }
    text = readers.told(again)
    assert text.count("\n| ") == len(NAMES) + 2
    assert re.search(
        r"^Largest operators of the trie's time: aten::\w+ \d+%, \S+ \d+%, \S+ \d+%\.$", text, re.MULTILINE
    )
    (line,) = (line for line in text.splitlines() if line.startswith("| **trie, tiles** |"))
    assert line.split("|")[5].strip() == "1.00"


@pytest.mark.parametrize("name", ["padded", "last_rows", "prefix", "dense", "study_plain"])
def test_a_reader_that_is_wrong_is_not_timed(bench, small, name):
    found = small.reader(name).read(small.given(name))
    small.refuse_wrong(name, found)
    with pytest.raises(ValueError, match=f"{name}: differs"):
        small.refuse_wrong(name, np.roll(found, 1) + 0.01)


def test_padding_is_not_seen(bench, small):
    """Prompts of other lengths in the batch: a mask that is ignored would show."""
    pack = small.alone
    prompts = tuple(type(p)(p.input_ids[: len(p.input_ids) - 3 * n], ()) for n, p in enumerate(pack.prompts))
    uneven = type(pack)(prompts, pack.budget)
    wanted = [one.top_logprob for one in small.trie.read(uneven)]
    for name in ("padded", "last_rows", "prefix", "dense"):
        assert small.reader(name).read(uneven) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.skipif("decision" not in SUPPORTED_TASKS, reason="this transformers has no pipeline('decision')")
def test_the_decision_pipeline_answers_as_often(small):
    assert small.reader("decisions").read(small.alone) == pytest.approx(np.ones(4))


@pytest.mark.lm_eval
def test_the_harness_says_the_same(small):
    small.refuse_wrong("harness", small.reader("harness").read(small.pack))


def test_useful_work_is_counted_by_hand(bench):
    shapes, question = bench("shapes"), bench("question")
    from probe.prompts.trie import grow

    model = shapes.random_model("tiny", 300)
    pack = question.drawn_pack(1, 300, 10, (2,), 3, 4096)
    trie = grow(enumerate(pack.prompts))
    assert trie.size == 10 + 2 * 3 + 2 * 4
    layer = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128
    pairs = sum(range(1, 11)) + 2 * (11 + 12 + 13) + 8 * 14
    rows = 2 + 8
    assert shapes.useful_operations(model, trie) == 2 * 2 * layer * 24 + 4 * 64 * 2 * pairs + 2 * rows * 300 * 64


@pytest.mark.real
def test_the_pinned_question(bench, real_dir):
    question = bench("question")
    prompts, tokens, nodes = question.counts(question.question_pack(real_dir / "tokenizers" / "qwen2.5-instruct"))
    assert prompts == 48
    assert tokens == pytest.approx(13_300, rel=0.05)
    assert nodes == pytest.approx(1_320, rel=0.05)
    assert len(question.item().text.split()) == 150


def test_sets_of_formats_grow_into_each_other(bench):
    question = bench("question")
    before: dict[str, tuple[str, ...]] = {}
    for power in range(2, 10):
        axes = question.growing(2**power)
        assert np.prod([len(levels) for levels in axes.values()]) == 2**power
        assert all(axes[axis][: len(levels)] == levels for axis, levels in before.items())
        before = axes
