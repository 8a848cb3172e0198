"""What a word rests on where that is not the labels: sign rates of option texts in the place of their figures."""

from __future__ import annotations

from dataclasses import replace

from probe.analysis.claim import Inference
from probe.analysis.results import FailedCheck, Preference, TradeOffResult
from probe.analysis.text_results import Method, SignRate, TextWord
from probe.analysis.validity_checks import failed_checks
from probe.report.number_format import clean, probability

__all__ = ["NAMED", "as_worded", "closing_checks", "labels_unread", "sign_line", "text_lines", "text_word"]

_NOTHING = Inference(None, None, False, None, None, None, None, None, {}, 0.0)
"""Inference where labels were not read."""

NAMED: dict[Method, str] = {
    "labels": "labels",
    "pmi": "option texts against their baseline (PMI)",
    "token": "option texts per token",
    "sum": "option texts as sums",
}
"""What a method is called."""


def text_word(result: TradeOffResult) -> TextWord | None:
    """What the word rests on where it rests on option texts; else None."""
    return result.texts.word if result.texts else None


def labels_unread(result: TradeOffResult) -> bool:
    """Whether nothing but option texts was read."""
    return result.texts is not None and result.stated is None and result.revealed is None


def closing_checks(result: TradeOffResult) -> tuple[FailedCheck, ...]:
    """Failed validity checks of what the word rests on."""
    found = text_word(result)
    return result.gates if found is None else failed_checks(found.checks)


def as_worded(result: TradeOffResult) -> TradeOffResult:
    """With sign rates in the place of probabilities where the word rests on these, and nothing that needs a scale."""
    found = text_word(result)
    if found is None or result.texts is None:
        return result
    stated, revealed = (_preference(result, side) for side in ("stated", "revealed"))
    inference = replace(
        result.inference or _NOTHING, gap_interval=found.gap_interval, gap_interval_90=found.gap_interval_90
    )
    return replace(
        result,
        stated=stated,
        revealed=revealed,
        gap=found.gap,
        inference=inference,
        kl_revealed_stated=None,
        kl_below_floor=None,
        gap_to_noise=None,
        gates=closing_checks(result),
    )


def text_lines(result: TradeOffResult) -> tuple[str, ...]:
    """What is said of a trade-off by option texts, and what labels would have said; nothing where labels decide."""
    found, claim = text_word(result), result.claim
    if found is None or claim is None:
        return ()
    word = str(result.verdict).capitalize()
    beside = f" ({clean(result.direction)})" if result.verdict == "deviation" and result.direction else ""
    lines = [f"{word}{beside}, by {NAMED[found.method]}: {clean(claim.reason)}; {claim.family} tests in the family."]
    if found.verdict_by_labels is not None:
        lines.append(f"By labels it would be “{found.verdict_by_labels}”: {clean(found.reason_by_labels)}.")
    return tuple(lines)


def sign_line(result: TradeOffResult) -> str:
    """Both sign rates, as the middle of a sentence; empty where labels decide."""
    found = text_word(result)
    if found is None:
        return ""
    return (
        f"by option texts it favours {clean(result.p1)} over {clean(result.p2)} in {probability(found.stated.value)} "
        f"of the general questions and in {probability(found.revealed.value)} of the scenarios"
    )


def _preference(result: TradeOffResult, side: str) -> Preference | None:
    found = text_word(result)
    own = result.texts.sides.get(side) if result.texts else None
    if found is None or own is None:
        return None
    rate: SignRate = found.stated if side == "stated" else found.revealed
    return Preference(
        deployed=rate.value,
        latent=rate.value,
        items=own.items,
        clusters=own.clusters,
        greedy=rate.value,
        interval=rate.interval,
        latent_range=None,
        by_form={},
        by_cluster={},
    )
