"""Models beside each other: words, distance, and how far readings can be trusted. Computes no statistic."""

from __future__ import annotations

from probe.analysis.results import ModelResults, StudyResults
from probe.report.claim_text import word_counts
from probe.report.number_format import MISSING, amount, clean, probability, share
from probe.report.table import Column, Table, build, word

__all__ = ["known_answers", "leaderboard"]


def leaderboard(results: StudyResults) -> Table:
    """A row per model, by name: no order of merit, since no preference is better than another."""
    return build(
        "Models side by side",
        "Words: how many trade-offs carry which. Mean |R-S|: over trade-offs that pass their checks. Position: root "
        "mean square of what the option shown first gains, in nats (with its label, where the two were only varied "
        "together). Formats: their share of the mean squared log-odds; the rest is content. Known answers: "
        "known-answer controls with a sound option that are answered right.",
        sorted(results.models.items()),
        [
            Column("model", lambda r: clean(r[0])),
            word("words", lambda r: word_counts(r[1]) or MISSING),
            Column("mean |R-S|", lambda r: _mean_gap(r[1])),
            Column("position", lambda r: _position(r[1])),
            Column("formats", lambda r: share(1 - f.content, 1) if (f := r[1].format_shares) else MISSING),
            Column("known answers", lambda r: known_answers(r[1])),
        ],
    )


def known_answers(model: ModelResults) -> str:
    """How many of the controls with a sound option are answered right.

    Example:
        >>> from probe.analysis.results import NumericFloor
        >>> known_answers(ModelResults(NumericFloor(0.0, 0.0), {}, {}))
        '–'
    """
    found = [model.controls[kind] for kind in ("dominated", "fact") if kind in model.controls]
    judged = [one for one in found if one.passed is not None]
    if not judged:
        return MISSING
    counts = [len(one.by_item) or one.items for one in judged]
    right = sum(round((one.passed or 0.0) * count) for one, count in zip(judged, counts, strict=True))
    return f"{right} of {sum(counts)}"


def _mean_gap(model: ModelResults) -> str:
    gaps = [abs(t.gap) for t in model.tradeoffs.values() if t.gap is not None and not t.gates]
    return f"{probability(sum(gaps) / len(gaps))} ({len(gaps)})" if gaps else MISSING


def _position(model: ModelResults) -> str:
    found = model.format_shares
    of_order = None if found is None else found.order if found.order is not None else found.slot
    return MISSING if found is None or of_order is None else amount((of_order * found.mean_square) ** 0.5)
