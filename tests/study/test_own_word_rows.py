"""Guards: what was said first stands in each row, found by a prompt's place alone, and other plans are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.design.items import AXES, FIXED
from probe.errors import StudyError
from probe.loaded_facts import ReaderFacts
from probe.prompts.pack import PromptReading
from probe.store.schema import OWN_WORDS
from probe.study.finished_rows import finished_rows
from probe.study.own_word_rows import with_first_turns
from probe.study.planning import survey_model
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.study.rows import cell_rows, finish_rows, shard_rows

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture(scope="module")
def planned():
    study = resolve(Request(suite=(str(SHORT),), design="quick", limit=1, own_words="some"), weights=False)
    return [one for one in survey_model(study, study.sources[0])[0].items if one.item.table == "own_words"]


def numbered(plan):
    """A reading whose number is that of its prompt."""
    return [
        PromptReading(tuple(-1.0 - at for _ in one.continuations), tuple(1.0 for _ in one.continuations), at, -1.0)
        for at, one in enumerate(plan.pack.prompts)
    ]


def test_every_row_has_the_reading_of_its_own_prompt_and_says_what_came_first(planned):
    cells = [cell_rows("m", one) for one in planned]
    table = finished_rows("own_words", cells, [shard_rows(numbered(one)) for one in planned], str, ReaderFacts("hand"))
    assert table.schema.equals(OWN_WORDS)
    keys = list(zip(table["item"].to_pylist(), table["variant"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    prompts = {one.item.id: one.prompts for one in planned}
    for row in table.to_pylist():
        prompt = prompts[row["item"]][row["top_token_id"]]
        assert prompt.sha256 == row["prompt_sha256"]
        assert prompt.variant.id == row["second_variant"]
        assert f"Answer: {row['said_label']}) " in prompt.text
        assert row["variant"].endswith(row["second_variant"])
        assert row["variant"].startswith(f"said={row['said']},first_order=")
        assert {f"axis_{axis}": row[f"axis_{axis}"] for axis in AXES} == {
            f"axis_{axis}": prompt.variant[axis] for axis in AXES
        }


def test_other_cells_are_refused(planned):
    cells = cell_rows("m", planned[0])
    rows = finish_rows([cells], [shard_rows(numbered(planned[0]))], str, ReaderFacts("hand"))
    place = cells.schema.get_field_index("place")
    moved = cells.set_column(place, cells.schema.field(place), cells["place"].take([1, 0, *range(2, len(cells))]))
    assert moved["variant"][0].as_py() == moved["variant"][1].as_py() != FIXED.id
    turned = cells.set_column(place, cells.schema.field(place), cells["place"].take([*range(1, len(cells)), 0]))
    with pytest.raises(StudyError, match="the plan holds other prompts than two turns have"):
        with_first_turns(rows, [turned])
