"""From a plan and what the engine read to rows of option texts: a row for each question and cue, baseline beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from probe.errors import StudyError
from probe.store.plan_file import KNOWN
from probe.store.schema import OPTION_TEXTS
from probe.study.rows import in_schema, measured

if TYPE_CHECKING:
    from probe.loaded_facts import ReaderFacts

__all__ = ["text_rows"]


def text_rows(cells: pa.RecordBatch, shard: pa.RecordBatch, reading: ReaderFacts) -> pa.Table:
    """Rows of the table, of one item, sorted as its cells.

    Args:
        cells: Planned cells of an item from `probe.prompts.option_texts.plan_texts`, two for each row: at an even index
            of the pack the question, at the next one the greeting in its position.
        shard: What was read of its pack.
        reading: How it was read.

    Raises:
        StudyError: The shard is not of the item's pack, or the cells are not such pairs.
    """
    index = cells["place"].to_numpy()
    own = np.flatnonzero(index % 2 == 0)
    partner = {int(at): row for row, at in enumerate(index)}
    if len(own) * 2 != len(index) or any(int(index[row]) + 1 not in partner for row in own):
        raise StudyError("option texts: the plan holds a question without its baseline. Run the same command again.")
    baseline = np.array([partner[int(index[row]) + 1] for row in own], dtype=np.int64)
    numbers, known = measured(cells, shard), pa.Table.from_batches([cells.select(list(KNOWN))]).take(pa.array(own))
    # The first text shown is that of the first principle, and a text has one form.
    tokens = [pc.list_value_length(pc.list_element(cells["continuations"], at)).take(pa.array(own)) for at in (0, 1)]
    columns = {
        **{name: known[name] for name in KNOWN if name in OPTION_TEXTS.names},
        "asks_which": cells["asks_which"].take(pa.array(own)),
        "text_p1": known["label_p1"],
        "text_p2": known["label_p2"],
        **{f"tokens_p{at}": size.cast(pa.int64()) for at, size in enumerate(tokens, 1)},
        **{f"logprob_p{at}": pa.array(numbers[f"logprob_p{at}"][own]) for at in (1, 2)},
        **{f"baseline_p{at}": pa.array(numbers[f"logprob_p{at}"][baseline]) for at in (1, 2)},
        "baseline_sha256": cells["prompt_sha256"].take(pa.array(baseline)),
    }
    return in_schema(OPTION_TEXTS, columns, reading)
