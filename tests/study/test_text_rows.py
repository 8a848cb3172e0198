"""Guards: a question's sums and its baseline's stand in one row, whatever the order of cells; no pair, no row."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.option_texts import text_items
from probe.design.suites import load_suites
from probe.errors import StudyError
from probe.loaded_facts import ReaderFacts
from probe.prompts.option_texts import plan_texts
from probe.prompts.pack import PromptReading
from probe.prompts.style import PromptStyle
from probe.prompts.tokenizer import load_encoder
from probe.study.rows import cell_rows, shard_rows
from probe.study.text_rows import text_rows


@pytest.fixture(scope="module")
def planned(demo_folder):
    items = [item for file in load_suites(["demo"]) for item in expand(file.tradeoff)]
    design = load_design("standard")
    asked = next(item for item in text_items(items) if item.side == "revealed")
    encoder = load_encoder(demo_folder, "demo")
    variants = design.variants_of(asked)
    return plan_texts(encoder, PromptStyle("chat"), asked, variants, design.levels, limit=None, budget=4096)


def numbered(plan):
    """Prompt n reads -(10 n + 1) of its first text and -(10 n + 2) of its second."""
    return [PromptReading((-10.0 * n - 1, -10.0 * n - 2), (1.0, 1.0), 0, 0.0) for n in range(len(plan.prompts))]


def rows(cells, plan):
    return text_rows(cells, shard_rows(numbered(plan)), ReaderFacts("trie")).to_pylist()


def test_a_row_has_its_own_sums_and_those_of_its_baseline(planned):
    cells = cell_rows("demo", planned)
    found = rows(cells, planned)
    assert [row["axis_cue"] for row in found] == ["answer", "choice"]
    for n, row in enumerate(found):
        own, baseline = planned.prompts[2 * n : 2 * n + 2]
        assert [row[f"logprob_{at}"] for at in ("p1", "p2")] == [-20.0 * n - 1, -20.0 * n - 2]
        assert [row[f"baseline_{at}"] for at in ("p1", "p2")] == [-20.0 * n - 11, -20.0 * n - 12]
        assert [row[f"tokens_{at}"] for at in ("p1", "p2")] == [len(one) for one in own.prompt.continuations]
        assert [row[f"text_{at}"] for at in ("p1", "p2")] == [planned.item.option_p1, planned.item.option_p2]
        assert (row["prompt_sha256"], row["baseline_sha256"]) == (own.sha256, baseline.sha256)
        assert row["item"] == planned.item.id
        assert row["side"] == "revealed"
        assert (row["reader"], row["logits_dtype"], row["asks_which"]) == ("trie", "float32", False)
    again = cells.take(pa.array(range(cells.num_rows)[::-1]))
    assert rows(again, planned) == found[::-1]


def test_what_asks_which_of_the_options_is_marked(planned):
    plan = replace(planned, item=replace(planned.item, text="Which of the two do you choose?"))
    assert {row["asks_which"] for row in rows(cell_rows("demo", plan), plan)} == {True}


@pytest.mark.parametrize("places", [[0, 1, 2], [0, 1, 3], [1, 3], [0, 1, 2, 5]])
def test_a_question_without_its_baseline_is_refused(planned, places):
    cells = cell_rows("demo", planned).slice(0, len(places))
    at = cells.schema.get_field_index("place")
    field = cells.schema.field(at)
    damaged = cells.set_column(at, field, pa.array(places, field.type))
    with pytest.raises(StudyError, match="a question without its baseline"):
        rows(damaged, planned)
