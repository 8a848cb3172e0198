"""Results as Arrow tables, a row per model and trade-off or part of one. Computes no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from probe.analysis.validity_checks import failed_checks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from probe.analysis.results import NeutralResult, StudyResults, TradeOffResult

__all__ = [
    "biases_table",
    "budget_rows",
    "budget_table",
    "flips_table",
    "ladder_terms_table",
    "preference_row",
    "tradeoffs_table",
]


def tradeoffs_table(results: StudyResults) -> pa.Table:
    """One row per model and trade-off: preferences of both sides and what lies between them."""
    rows = [preference_row(m, t, r, results.models[m].numeric_floor.kl) for m, t, r in _each(results)]
    return pa.Table.from_pylist(rows, schema=TRADEOFFS)


def budget_table(results: StudyResults) -> pa.Table:
    """One row per model, trade-off and term of the deviation budget; axes of the format term beneath it."""
    rows = [row for m, t, r in _each(results) for row in budget_rows(m, t, r, results.models[m].numeric_floor.kl)]
    return pa.Table.from_pylist(rows, schema=BUDGET)


def biases_table(results: StudyResults) -> pa.Table:
    """One row per model, trade-off and side: content, position, label, listing and slot, in nats of log-odds."""
    return pa.Table.from_pylist([row for m, t, r in _each(results) for row in _biases(m, t, r)], schema=BIASES)


def flips_table(results: StudyResults) -> pa.Table:
    """One row per model, trade-off and side: how often the format decides, and how far p and z move over formats."""
    return pa.Table.from_pylist([row for m, t, r in _each(results) for row in _flips(m, t, r)], schema=FLIPS)


def ladder_terms_table(results: StudyResults) -> pa.Table:
    """One row per model, trade-off and term of the ladder, in nats; empty where none was read."""
    rows = [row for m, t, r in _each(results) for row in _ladder_terms(m, t, r)]
    return pa.Table.from_pylist(rows, schema=LADDER_TERMS)


def _each(results: StudyResults) -> Iterator[tuple[str, str, TradeOffResult]]:
    for name, model in sorted(results.models.items()):
        for key, found in sorted(model.tradeoffs.items()):
            yield name, key, found


def _floats(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.float64()) for name in names]


_KEYS = [pa.field("model", pa.string()), pa.field("tradeoff", pa.string())]
TRADEOFFS = pa.schema(
    [
        *_KEYS,
        pa.field("p1", pa.string()),
        pa.field("p2", pa.string()),
        *_floats("stated", "stated_latent", "revealed", "revealed_latent"),
        *_floats("kl_revealed_stated", "kl_error", "kl_stated_revealed", "jsd", "tv", "kl_floor"),
        pa.field("kl_below_floor", pa.bool_()),
        pa.field("direction", pa.string()),
        pa.field("verdict", pa.string()),
        *_floats("gap", "gap_low", "gap_high", "p_adjusted"),
        pa.field("shift_of_preference", pa.bool_()),
        pa.field("depends_on_form", pa.bool_()),
        pa.field("closed_gates", pa.string()),
        *_floats("stated_neutral", "revealed_neutral", "kl3_revealed_stated", "kl_revealed_stated_not_neutral"),
        pa.field("word_by", pa.string()),
        *_floats("stated_sign_rate", "revealed_sign_rate", "sign_rate_gap", "sign_rate_gap_low", "sign_rate_gap_high"),
        pa.field("word_closed_gates", pa.string()),
    ]
)
BUDGET = pa.schema(
    [
        *_KEYS,
        pa.field("term", pa.string()),
        pa.field("axis", pa.string()),
        *_floats("nats", "floor"),
        pa.field("below_floor", pa.bool_()),
    ]
)
BIASES = pa.schema([*_KEYS, pa.field("side", pa.string()), *_floats("content", "position", "label", "listing", "slot")])
LADDER_TERMS = pa.schema(
    [
        *_KEYS,
        pa.field("term", pa.string()),
        *_floats("nats", "low", "high"),
        pa.field("scenarios", pa.int64()),
        *_floats("p_adjusted"),
    ]
)
FLIPS = pa.schema(
    [
        *_KEYS,
        pa.field("side", pa.string()),
        *_floats("rate", "pivot_prevalence", "prevalence_of_four", "disagreement", "undecided"),
        pa.field("variants", pa.int64()),
        *_floats("p_range", "p_sd", "p_max_min", "z_range", "z_sd", "z_max_min"),
    ]
)


def preference_row(model: str, tradeoff: str, found: TradeOffResult, floor: float) -> dict[str, object]:
    """The row of `tradeoffs_table`; `floor` is the largest KL, in nats, that rounding alone may show."""
    stated, revealed = found.stated, found.revealed
    bounds = found.inference and found.inference.gap_interval
    return {
        "model": model,
        "tradeoff": tradeoff,
        "p1": found.p1,
        "p2": found.p2,
        "stated": stated and stated.deployed,
        "stated_latent": stated and stated.latent,
        "revealed": revealed and revealed.deployed,
        "revealed_latent": revealed and revealed.latent,
        "kl_revealed_stated": found.kl_revealed_stated,
        "kl_error": found.kl_error,
        "kl_stated_revealed": found.kl_stated_revealed,
        "jsd": found.jsd,
        "tv": found.tv,
        "kl_floor": floor,
        "kl_below_floor": found.kl_below_floor,
        "direction": found.direction,
        "verdict": found.verdict,
        "gap": found.gap,
        "gap_low": bounds and bounds[0],
        "gap_high": bounds and bounds[1],
        "p_adjusted": found.claim and found.claim.p_adjusted,
        "shift_of_preference": found.claim and found.claim.shift_of_preference,
        "depends_on_form": found.claim and found.claim.depends_on_form,
        "closed_gates": ", ".join(f"{gate.gate} ({gate.side})" for gate in found.gates),
        **_neutral(found.neutral),
        **_by_texts(found),
    }


def _by_texts(found: TradeOffResult) -> dict[str, object]:
    """What the verdict rests on, if there is one, and the sign rates and checks behind it if that is option texts."""
    word = found.texts.word if found.texts else None
    if word is None:
        return {"word_by": found.verdict and "labels"}
    low, high = word.gap_interval or (None, None)
    return {
        "word_by": word.method,
        "stated_sign_rate": word.stated.value,
        "revealed_sign_rate": word.revealed.value,
        "sign_rate_gap": word.gap,
        "sign_rate_gap_low": low,
        "sign_rate_gap_high": high,
        "word_closed_gates": ", ".join(f"{gate.gate} ({gate.side})" for gate in failed_checks(word.checks)),
    }


def _neutral(found: NeutralResult | None) -> dict[str, float | None]:
    """Neutral answers of both sides; missing where none were offered."""
    if found is None:
        return {}
    return {
        "stated_neutral": found.stated.neutral if found.stated else None,
        "revealed_neutral": found.revealed.neutral if found.revealed else None,
        "kl3_revealed_stated": found.kl3_revealed_stated,
        "kl_revealed_stated_not_neutral": found.kl_revealed_stated_not_neutral,
    }


def budget_rows(model: str, tradeoff: str, found: TradeOffResult, floor: float) -> list[dict[str, object]]:
    """The rows of `budget_table`; `floor` as for `preference_row`."""
    budget = found.budget
    if budget is None:
        return []
    terms = {"total": budget.total, "format": budget.format, "context": budget.context}
    terms |= {"scenarios": budget.scenarios, "gap": budget.gap}
    rows: list[tuple[str, str | None, float | None]] = [(term, None, nats) for term, nats in terms.items()]
    rows += [("format", axis, nats) for axis, nats in sorted(budget.format_by_axis.items())]
    named = {"model": model, "tradeoff": tradeoff, "floor": floor}
    return [
        {**named, "term": t, "axis": a, "nats": n, "below_floor": None if n is None else n <= floor} for t, a, n in rows
    ]


def _biases(model: str, tradeoff: str, found: TradeOffResult) -> list[dict[str, object]]:
    sides = {"stated": found.bias_stated, "revealed": found.bias}
    return [
        {
            "model": model,
            "tradeoff": tradeoff,
            "side": side,
            "content": bias.content,
            "position": bias.position,
            "label": bias.label,
            "listing": bias.listing,
            "slot": bias.slot,
        }
        for side, bias in sides.items()
        if bias is not None
    ]


def _flips(model: str, tradeoff: str, found: TradeOffResult) -> list[dict[str, object]]:
    sides = {"stated": found.flips_stated, "revealed": found.flips}
    return [
        {
            "model": model,
            "tradeoff": tradeoff,
            "side": side,
            "rate": flips.rate,
            "pivot_prevalence": flips.pivot_prevalence,
            "prevalence_of_four": flips.prevalence_of_four,
            "disagreement": flips.disagreement,
            "undecided": flips.undecided,
            **{name: getattr(flips.spread, name) for name in FLIPS.names[-7:]},
        }
        for side, flips in sides.items()
        if flips is not None
    ]


def _ladder_terms(model: str, tradeoff: str, found: TradeOffResult) -> list[dict[str, object]]:
    ladder = found.ladder
    if ladder is None:
        return []
    steps = {name: getattr(ladder, name) for name in ("vignette", "wording", "should_to_do", "total")}
    steps |= {**ladder.path, "general_to_bridge": ladder.general_to_bridge, "first_to_mean": ladder.first_to_mean}
    steps |= {"same_facts": ladder.same_facts.difference, "bare": ladder.bare.latent}
    named = {"model": model, "tradeoff": tradeoff, "scenarios": ladder.scenarios}
    return [
        {
            **named,
            "term": term,
            "nats": step.value,
            "low": step.interval and step.interval[0],
            "high": step.interval and step.interval[1],
            "p_adjusted": ladder.same_facts.p_adjusted if term == "same_facts" else None,
        }
        for term, step in steps.items()
        if step is not None
    ]
