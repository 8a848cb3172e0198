"""From an item's plan and what the engine read to rows of the table: where principles meet log-probabilities."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from scipy.special import logsumexp

from probe.design.items import AXES
from probe.store.schema import PROMPTS, READINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probe.design.items import OptionId
    from probe.prompts.pack import PromptReading
    from probe.prompts.plan import ItemPlan, PromptPlan

__all__ = ["log_odds", "prompt_rows", "reading_rows"]


def reading_rows(
    model: str,
    plan: ItemPlan,
    readings: Sequence[PromptReading],
    decode: Callable[[int], str],
    *,
    reader: str,
    logits_dtype: str,
) -> pa.Table:
    """The rows of one item, one per variant."""
    pack = plan.pack.sha256
    rows = []
    for prompt, reading in zip(plan.prompts, readings, strict=True):
        row = _cell(plan, prompt, reading)
        row.update(
            model=model,
            top_token=decode(reading.top_token_id),
            top_token_id=reading.top_token_id,
            top_logprob=reading.top_logprob,
            pack_sha256=pack,
            reader=reader,
            logits_dtype=logits_dtype,
        )
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=READINGS)


def prompt_rows(model: str, plans: Sequence[ItemPlan]) -> pa.Table:
    """Texts of all prompts with their hashes; not yet distinct."""
    prompts = [prompt for plan in plans for prompt in plan.prompts]
    columns = [[model] * len(prompts), [p.sha256 for p in prompts], [p.text for p in prompts]]
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], schema=PROMPTS)


def log_odds(plan: ItemPlan, prompt: PromptPlan, logprobs: Sequence[float]) -> float:
    """Log-odds towards p1, in nats, from the log-probabilities of a prompt's continuations."""
    by_principle, _ = _by_principle(prompt, logprobs, logprobs)
    return by_principle[plan.item.p1] - by_principle[plan.item.p2]


def _cell(plan: ItemPlan, prompt: PromptPlan, reading: PromptReading) -> dict[str, object]:
    item, shown = plan.item, prompt.rendered.shown
    logprob, boundary = _by_principle(prompt, reading.logprobs, reading.boundaries)
    label = {one.principle: one.label for one in shown}
    return {
        "tradeoff": item.tradeoff,
        "side": item.side,
        "form": item.form,
        "cluster": item.cluster,
        "scenario": item.scenario,
        "item": item.id,
        "context": json.dumps(dict(item.context), ensure_ascii=False),
        "variant": prompt.variant.id,
        **{f"axis_{axis}": prompt.variant[axis] for axis in AXES},
        "p1": item.p1,
        "p2": item.p2,
        "shown_first": shown[0].principle,
        "label_p1": label[item.p1],
        "label_p2": label[item.p2],
        "logprob_p1": logprob[item.p1],
        "logprob_p2": logprob[item.p2],
        "log_odds": logprob[item.p1] - logprob[item.p2],
        "option_mass": float(np.exp(logprob[item.p1]) + np.exp(logprob[item.p2])),
        "boundary_p1": boundary[item.p1],
        "boundary_p2": boundary[item.p2],
        "n_tokens": len(prompt.input_ids),
        "prompt_sha256": prompt.sha256,
    }


def _by_principle(
    prompt: PromptPlan, logprobs: Sequence[float], boundaries: Sequence[float]
) -> tuple[dict[OptionId, float], dict[OptionId, float]]:
    """Log-probability of each principle's label, summed over forms, and the boundary weighted by form."""
    logprob: dict[OptionId, float] = {}
    boundary: dict[OptionId, float] = {}
    start = 0
    for shown, forms in zip(prompt.rendered.shown, prompt.labels.forms, strict=True):
        own = np.array(logprobs[start : start + len(forms)], dtype=np.float64)
        behind = np.array(boundaries[start : start + len(forms)], dtype=np.float64)
        start += len(forms)
        logprob[shown.principle] = float(logsumexp(own))
        boundary[shown.principle] = float(np.exp(own - logsumexp(own)) @ behind)
    return logprob, boundary
