"""From an item's plan and what the engine read to rows of the table: where principles meet log-probabilities."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from probe.design.items import AXES
from probe.design.option_texts import asks_which
from probe.errors import StudyError
from probe.store.plan_file import CELLS, KNOWN
from probe.store.schema import READINGS
from probe.store.shards import SHARD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from probe.loaded_facts import ReaderFacts
    from probe.prompts.pack import PromptReading
    from probe.prompts.plan import ItemPlan, PromptPlan

__all__ = ["cell_rows", "finish_rows", "in_schema", "log_odds", "measured", "shard_rows"]


_POSITIONS = ("first", "second", "third")


def cell_rows(model: str, plan: ItemPlan) -> pa.RecordBatch:
    """Everything of an item's rows that is known before it is read, and its tokens; sorted by variant."""
    item, pack = plan.item, plan.pack.sha256
    order = sorted(range(len(plan.prompts)), key=lambda index: plan.prompts[index].variant.id)
    prompts = [plan.prompts[index] for index in order]
    rendered = [prompt.rendered for prompt in prompts]
    labels = [{one.principle: one.label for one in each.principles} for each in rendered]
    read = [prompt.prompt for prompt in prompts]
    same = {
        "model": model,
        "tradeoff": item.tradeoff,
        "side": item.side,
        "form": item.form,
        "cluster": item.cluster,
        "scenario": item.scenario,
        "item": item.id,
        "context": json.dumps(dict(item.context), ensure_ascii=False),
        "p1": item.p1,
        "p2": item.p2,
        "pack_sha256": pack,
    }
    columns: dict[str, Sequence[object]] = {
        **{name: [value] * len(prompts) for name, value in same.items()},
        "variant": [prompt.variant.id for prompt in prompts],
        **{f"axis_{axis}": [prompt.variant[axis] for prompt in prompts] for axis in AXES},
        "shown_first": [each.principles[0].principle for each in rendered],
        "label_p1": [label[item.p1] for label in labels],
        "label_p2": [label[item.p2] for label in labels],
        "label_neutral": [each.neutral.label if each.neutral else None for each in rendered],
        "n_tokens": [len(prompt.input_ids) for prompt in prompts],
        "prompt_sha256": [prompt.sha256 for prompt in prompts],
        "place": order,
        **{f"forms_{name}": [_forms_of(prompt, at) for prompt in prompts] for at, name in enumerate(_POSITIONS)},
        "neutral_place": [-1 if each.neutral_index is None else each.neutral_index for each in rendered],
        "asks_which": [asks_which(item.text)] * len(prompts),
        "left_out": [item.left_out] * len(prompts),
        "text": [prompt.text for prompt in prompts],
        "input_ids": [one.input_ids for one in read],
        "continuations": [one.continuations for one in read],
    }
    return pa.RecordBatch.from_arrays([pa.array(columns[field.name], field.type) for field in CELLS], schema=CELLS)


def shard_rows(readings: Sequence[PromptReading]) -> pa.RecordBatch:
    """What was read of a pack, as the store keeps it."""
    columns = [
        [one.logprobs for one in readings],
        [one.boundaries for one in readings],
        [one.top_token_id for one in readings],
        [one.top_logprob for one in readings],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SHARD, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SHARD)


def measured(cells: pa.RecordBatch, shard: pa.RecordBatch) -> dict[str, NDArray[np.generic]]:
    """The measured columns of an item, in the order of its cells: a function of these two alone.

    Raises:
        StudyError: The shard is not of this item's pack.
    """
    index = cells["place"].to_numpy()
    sizes = [cells[f"forms_{name}"].to_numpy().astype(np.int64) for name in _POSITIONS]
    offsets = shard["logprobs"].offsets.to_numpy().astype(np.int64)
    held = np.diff(offsets)
    fits = shard.num_rows == len(index) and np.array_equal(held[index], sum(sizes))
    if not fits or not np.array_equal(offsets, shard["boundaries"].offsets.to_numpy()):
        raise StudyError("a finished pack has another number of prompts or forms than the item that it is read for.")
    logprobs, boundaries = shard["logprobs"].values.to_numpy(), shard["boundaries"].values.to_numpy()
    start = offsets[:-1][index]
    starts = [start, start + sizes[0], start + sizes[0] + sizes[1]]
    shown = [_over_forms(logprobs, boundaries, at, size) for at, size in zip(starts, sizes, strict=True)]
    neutral_at = cells["neutral_place"].to_numpy()
    offered = neutral_at >= 0
    neutral = np.choose(np.maximum(neutral_at, 0), [one[0] for one in shown])
    first = np.where(neutral_at == 0, shown[1], shown[0])
    second = np.where(offered & (neutral_at < 2), shown[2], shown[1])
    ahead = np.asarray(cells["shown_first"]) == np.asarray(cells["p1"])
    p1, p2 = (np.where(ahead, first, second), np.where(ahead, second, first))
    mass = np.exp(p1[0]) + np.exp(p2[0])
    return {
        "logprob_p1": p1[0],
        "logprob_p2": p2[0],
        "logprob_neutral": np.where(offered, neutral, np.nan),
        "log_odds": p1[0] - p2[0],
        "option_mass": np.where(offered, mass + np.exp(neutral), mass),
        "boundary_p1": p1[1],
        "boundary_p2": p2[1],
        "top_token_id": shard["top_token_id"].to_numpy()[index],
        "top_logprob": shard["top_logprob"].to_numpy()[index],
    }


def finish_rows(
    cells: Sequence[pa.RecordBatch],
    shards: Sequence[pa.RecordBatch],
    decode: Callable[[int], str],
    reading: ReaderFacts,
) -> pa.Table:
    """Rows of the table, of several items at once, in the order of their cells."""
    numbers = [measured(one, shard) for one, shard in zip(cells, shards, strict=True)]
    together = {name: np.concatenate([one[name] for one in numbers]) for name in numbers[0]}
    known = pa.Table.from_batches([one.select(list(KNOWN)) for one in cells])
    tokens, where = np.unique(together["top_token_id"], return_inverse=True)
    texts = pa.array([decode(int(token)) for token in tokens], pa.string())
    columns = {name: pa.array(values) for name, values in together.items()}
    without = np.isnan(together["logprob_neutral"])  # where no neutral option was offered
    columns["logprob_neutral"] = pa.array(together["logprob_neutral"], mask=without)
    columns["top_token"] = texts.take(pa.array(where))
    return in_schema(READINGS, {**{name: known[name] for name in KNOWN}, **columns}, reading)


def in_schema(schema: pa.Schema, columns: Mapping[str, pa.Array], reading: ReaderFacts) -> pa.Table:
    """A table of what is known and measured of its rows, with the reader of each; further columns are left out."""
    rows = len(next(iter(columns.values())))
    how = {name: pa.repeat(pa.scalar(getattr(reading, name)), rows) for name in ("reader", "logits_dtype")}
    every = {**columns, **how}
    return pa.Table.from_arrays([every[name] for name in schema.names], schema=schema)


def log_odds(plan: ItemPlan, prompt: PromptPlan, logprobs: Sequence[float]) -> float:
    """Log-odds towards p1, in nats, from the log-probabilities of a prompt's continuations."""
    values = np.array(logprobs, dtype=np.float64)
    ends = np.cumsum([len(forms) for forms in prompt.labels.forms])[:-1]
    shown = [float(np.logaddexp.reduce(part)) for part in np.split(values, ends)]
    first, second = (one for index, one in enumerate(shown) if index != prompt.rendered.neutral_index)
    return first - second if prompt.rendered.principles[0].principle == plan.item.p1 else second - first


def _forms_of(prompt: PromptPlan, index: int) -> int:
    """How many forms the label at this place has; 0 where nothing is shown."""
    forms = prompt.labels.forms
    return len(forms[index]) if index < len(forms) else 0


def _over_forms(
    logprobs: NDArray[np.float64], boundaries: NDArray[np.float64], starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """A label's log-probability, summed over its forms, and its boundary weighted by form, one below the other.

    Forms are added one after the other, so that a cell's value does not depend on the cells beside it.
    """
    total = np.full(len(starts), -np.inf)
    for form in range(int(sizes.max(initial=0))):
        there = form < sizes
        total[there] = np.logaddexp(total[there], logprobs[starts[there] + form])
    boundary = np.zeros(len(starts))
    for form in range(int(sizes.max(initial=0))):
        there = form < sizes
        at = starts[there] + form
        boundary[there] += np.exp(logprobs[at] - total[there]) * boundaries[at]
    return np.stack([total, boundary])
