"""Guards: every cell of the numeric floor is in one pack of each way that is asked for, beside cells of its neighbours."""

from __future__ import annotations

import pyarrow as pa
import pytest

from probe.study.packs import ALONE, TOGETHER, floor_packs

ROWS = {
    item: pa.record_batch({"input_ids": [[item, row] for row in range(3)], "continuations": [[[7]], [[8]], [[9]]]})
    for item in range(16)
}
SAMPLE = [(5 * n % 16, n % 3) for n in range(48)]


@pytest.mark.parametrize(("alone", "together"), [(True, True), (True, False), (False, True)])
def test_each_way_has_every_cell_once(alone, together):
    packs = list(floor_packs(ROWS, SAMPLE, 64, alone=alone, together=together))
    by_itself = [(pack, cells) for pack, cells in packs if pack.budget == ALONE]
    many = [(pack, cells) for pack, cells in packs if pack.budget == -64]
    assert len(packs) == len(by_itself) + len(many)
    for asked, found in ((alone, by_itself), (together, many)):
        assert sorted(cell for _, cells in found for cell in cells) == (sorted(SAMPLE) if asked else [])
    assert all(len(cells) == 1 for _, cells in by_itself)
    assert [len(cells) for _, cells in many] == ([TOGETHER, TOGETHER, len(SAMPLE) - 2 * TOGETHER] if together else [])
    for pack, cells in packs:
        assert [prompt.input_ids for prompt in pack.prompts] == list(cells)
        assert [prompt.continuations for prompt in pack.prompts] == [((7 + row,),) for _, row in cells]


def test_those_that_are_together_are_neighbours():
    """So that what the texts of a scenario begin with is computed once."""
    (first, *rest) = [
        {item for item, _ in cells} for _, cells in floor_packs(ROWS, SAMPLE, 64, alone=False, together=True)
    ]
    assert first == set(range(7))
    assert all(min(one) >= max(first) for one in rest)
