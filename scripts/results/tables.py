"""Tables of docs/results.md that no report has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc
from measured import BASE, Measured
from pivots import ANY, COIN, Pivot
from scipy.stats import binomtest
from shifts import Shift

from probe.analysis.results import Gu2025Result
from probe.design.models import ModelEntry
from probe.report.number_format import amount, interval, probability
from probe.report.table import Column, Table, build, word

__all__ = [
    "agreement_table",
    "extremes",
    "pivot_table",
    "protocol_table",
    "same_choices",
    "shift_table",
    "workstation_table",
    "written_table",
]

GPU = 1e14
"""Operations a second that the table of a larger machine reckons with."""

_AXES = {"order": "which option comes first", "label_order": "which option has which label"}


def pivot_table(found: Measured) -> Table:
    """Rates by axis and side, then by family."""
    sides = found.pivots
    rows = [
        (_AXES.get(axis, axis.replace("_", " ")), [sides[side][axis] for side in sides]) for axis in sides["stated"]
    ]
    by_family = [(f"{ANY}: {name.replace('_', ' ')}", [one]) for name, one in found.families]
    return build(
        "How often the preferred option flips",
        "Share of pairs of formats of the same question whose preferred options differ, both readings beyond the "
        f"numeric floor of {amount(found.floor)} nats; 95 % intervals over root questions and scenarios. Pairs differ"
        f" in the named axis alone, or in any. A coin would show {COIN:g}. Families: both sides together.",
        [*rows, *by_family],
        [
            word("formats differ in", lambda row: row[0]),
            Column("stated", lambda row: _rate(row[1][0])),
            Column("revealed", lambda row: _rate(row[1][1]) if len(row[1]) > 1 else "as left"),
            Column("pairs", lambda row: str(row[1][0].pairs)),
            Column("within the floor", lambda row: probability(max(one.within for one in row[1]))),
        ],
    )


def protocol_table(found: Measured) -> Table:
    """What one sampled answer a prompt would have reported."""
    rows = [(key, one.gu2025) for key, one in sorted(found.model.tradeoffs.items()) if one.gu2025 is not None]

    def estimate(one: Gu2025Result) -> str:
        size = one.published_size
        return f"{amount(size.mean)} [{amount(size.low)}, {amount(size.high)}]"

    return build(
        "What one sampled answer a prompt would have reported",
        "The published estimate (base 10) at the published size, 11 general questions and 6 scenarios asked once in "
        "one format: mean and 5th to 95th percentile of its exact distribution, beside what it estimates; how its "
        "mean moves with the format; the probability that its sign of R-S is not the exact one over all formats, and"
        " that it puts the sides on opposite sides of one half.",
        rows,
        [
            word("trade-off", lambda row: row[0]),
            Column("exact KL", lambda row: amount(row[1].kl_log10)),
            Column("reported", lambda row: estimate(row[1])),
            Column(
                "its mean over formats",
                lambda row: f"{amount(row[1].mean_by_format[0])} to {amount(row[1].mean_by_format[1])}",
            ),
            Column("wrong sign", lambda row: probability(row[1].published_size.wrong_sign)),
            Column("switch", lambda row: probability(row[1].published_size.switch)),
        ],
    )


def wrong_sign(found: Measured) -> dict[str, float] | None:
    """Probability of the wrong sign at the published size: mean, least and most over trade-offs; None without any."""
    rates = [
        one.gu2025.published_size.wrong_sign
        for one in found.model.tradeoffs.values()
        if one.gu2025 is not None and one.gu2025.published_size.wrong_sign is not None
    ]
    return {"mean": sum(rates) / len(rates), "least": min(rates), "most": max(rates)} if rates else None


def agreement_table(found: Measured) -> Table:
    """Differences of log-probabilities between readings and what others say of the same token ids."""
    table = found.agreement
    records = []
    for name in sorted(pc.unique(table["against"]).to_pylist()) if table is not None else ():
        rows = table.filter(pc.equal(table["against"], name))
        gap = np.abs(rows["probe"].to_numpy() - rows["other"].to_numpy())
        records.append((name, rows, gap))
    return build(
        "Readings against others",
        "Natural log-probabilities of answers after the same token ids, in nats. The harness sums what it is asked "
        "to: every form of a label was asked for here, which its own tasks do not do. The pipeline renormalises over"
        " labels of one token, so what is compared is that share, of questions in its own words.",
        records,
        [
            word("against", lambda row: row[0]),
            Column("answers", lambda row: str(row[1].num_rows)),
            Column("largest difference", lambda row: amount(float(row[2].max()))),
            Column("median", lambda row: amount(float(np.median(row[2])))),
            Column("several forms", lambda row: str(int((row[1]["forms"].to_numpy() > 1).sum()))),
            Column("several tokens", lambda row: str(int((row[1]["tokens"].to_numpy() > 1).sum()))),
        ],
    )


def same_choices(found: Measured, against: str) -> tuple[int, int, tuple[float, float]] | None:
    """In how many cells another program prefers the same option, of how many, and a 95 % interval (Wilson); or None."""
    table = found.agreement
    rows = [] if table is None else [row for row in table.to_pylist() if row["against"] == against]
    cells: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        cells.setdefault((row["item"], row["variant"]), []).append((row["probe"], row["other"]))
    same = [(one[0] > two[0]) == (one[1] > two[1]) for one, two in cells.values()]
    if not same:
        return None
    share = binomtest(sum(same), len(same)).proportion_ci(method="wilson")
    return sum(same), len(same), (float(share.low), float(share.high))


def written_table(found: Measured) -> Table:
    """Readings against answers that the model wrote."""
    return build(
        "Readings against written answers",
        "The model writes its answer to the same prompt, without the cue. An answer that cannot be read back, or "
        "refuses, agrees with nothing. Agreement with its 95 % interval (Wilson).",
        sorted(found.model.written.items()),
        [
            word("side", lambda row: row[0]),
            Column("answers", lambda row: str(row[1].cells)),
            Column("agree", lambda row: _with_counts(row[1].share, row[1].cells)),
            Column("of those that chose", lambda row: probability(row[1].of_chosen)),
            Column("kappa", lambda row: amount(row[1].kappa)),
            Column("refused", lambda row: probability(row[1].refused)),
            Column("not readable", lambda row: probability(row[1].unparsed)),
        ],
    )


def shift_table(found: Measured) -> Table:
    """What conditions move, beside what formats move."""
    return build(
        "Conditions beside formats",
        f"Root mean square changes of log-odds against {BASE} with the default system text, in nats, with 95 % "
        "intervals over root questions and scenarios: of an item's mean over formats, and of a single cell. The "
        "first line is what formats do to a cell within that condition. Preferred option: share of items whose mean "
        "changes sign beyond the numeric floor; for formats the share of pairs that disagree.",
        found.shifts,
        [
            word("", lambda one: one.name),
            Column("mean over formats", lambda one: _bounded(one.content, one.content_interval)),
            Column("a cell", lambda one: _bounded(one.cell, one.cell_interval)),
            Column("other preferred option", _turned),
            Column("numeric floor", lambda one: amount(one.floor)),
        ],
    )


def extremes(found: Sequence[Shift]) -> dict[str, object]:
    """What formats do to a cell, the conditions that do least and most to one, and the most that any does to a mean."""
    if not found:
        return {}
    formats, *others = found
    ordered = sorted(others, key=lambda one: one.cell)
    most = max(one.content for one in others if one.content is not None)
    return {"formats": formats.cell, "least": ordered[0], "most": ordered[-1], "content": most}


def workstation_table(models: dict[str, ModelEntry], operations: float, parameters: float) -> Table:
    """Memory and time of models that were not measured, by arithmetic."""

    def scaled(entry: ModelEntry) -> float:
        return operations * (entry.params_b or 0) * 1e9 / parameters

    return build(
        "The same on a larger machine",
        "By arithmetic from the operations of the model above and parameters; tokenizers differ by some tenths. "
        f"Memory of the weights in 16 bits and 2 GiB beside them; hours at {GPU:.0e} operations a second, the forward"
        " passes alone. Nothing of this table was measured.",
        models.items(),
        [
            word("model", lambda row: row[0]),
            Column("parameters, 10^9", lambda row: amount(row[1].params_b)),
            Column("GiB", lambda row: f"{2e9 * (row[1].params_b or 0) / 2**30 + 2:.1f}"),
            Column("operations", lambda row: f"{scaled(row[1]):.1e}"),
            Column("hours", lambda row: f"{scaled(row[1]) / GPU / 3600:.2f}"),
        ],
    )


def _rate(one: Pivot) -> str:
    return f"{probability(one.rate)} {interval(one.interval)}"


def _bounded(value: float | None, bounds: tuple[float, float] | None) -> str:
    return (
        f"{amount(value)} [{amount(bounds[0])}, {amount(bounds[1])}]" if value is not None and bounds else amount(value)
    )


def _turned(one: Shift) -> str:
    return f"{probability(one.turned)} {interval(one.turned_interval)}"


def _with_counts(rate: float, of: int) -> str:
    bounds = binomtest(round(rate * of), of).proportion_ci(method="wilson")
    return f"{probability(rate)} {interval((bounds.low, bounds.high))}"
