"""Neutral answers in words and as a table. Computes no statistic."""

from __future__ import annotations

from probe.analysis.results import ModelResults, NeutralSide, NumericFloor, TradeOffResult
from probe.report.number_format import BELOW, MISSING, amount, clean, interval, joined, probability
from probe.report.table import Column, Table, build, word

__all__ = ["neutral_line", "neutral_table"]


def neutral_line(result: TradeOffResult, floor: NumericFloor) -> str:
    """How often the neutral option is chosen, and how far the sides are apart with it; empty where none was offered."""
    found = result.neutral
    if found is None:
        return ""
    named = {"asked in general": found.stated, "in the scenarios": found.revealed}
    reported = [f"{where} {probability(side.neutral)}" for where, side in named.items() if side]
    line = f"Offered a neutral option, it takes it with probability {joined(reported)}."
    still = [where for where, side in named.items() if side and not side.place_moves]
    if still:
        where = joined(still)
        line += (
            f" It is always at one position ({where}), so its pull cannot be distinguished from that of its position."
        )
    if found.kl3_revealed_stated is not None:
        return (
            f"{line} Over all three options, KL(revealed || stated) is {_three(found.kl3_revealed_stated, floor)} nats."
        )
    if found.kl_revealed_stated_not_neutral is not None:
        distance = amount(found.kl_revealed_stated_not_neutral)
        line += f" Given an answer that is not neutral, KL(revealed || stated) is {distance} nats."
    return line


def neutral_table(model: ModelResults, ranked: tuple[tuple[str, TradeOffResult], ...]) -> Table:
    """One row per trade-off and side that was offered a neutral option."""
    floor = model.numeric_floor
    offered = [(key, t.neutral) for key, t in ranked if t.neutral]
    rows = [
        (key, side, own, found)
        for key, found in offered
        for side, own in (("stated", found.stated), ("revealed", found.revealed))
        if own
    ]
    return build(
        "Neutral option",
        "Shares of the three options, given that one of them is chosen; mean over items and formats, with a 95 % "
        "interval of the neutral share. All other tables set p1 against p2. KL over three options needs both sides to "
        "offer them; given an answer that is not neutral, at least a tenth of the answers must be left. In nats.",
        rows,
        [
            Column("trade-off", lambda r: r[0]),
            word("side", lambda r: r[1]),
            Column("p1", lambda r: probability(r[2].p1)),
            Column("p2", lambda r: probability(r[2].p2)),
            Column("neutral", lambda r: probability(r[2].neutral)),
            Column("interval", lambda r: interval(r[2].neutral_interval)),
            word("neutral by place", lambda r: _by_position(r[2])),
            Column("p1 given not neutral", lambda r: probability(r[2].p1_given_not_neutral)),
            Column("KL(R || S) of three", lambda r: _three(r[3].kl3_revealed_stated, floor)),
            Column("KL(R || S) given not neutral", lambda r: amount(r[3].kl_revealed_stated_not_neutral)),
        ],
    )


def _by_position(side: NeutralSide) -> str:
    reported = ", ".join(f"{clean(position)} {probability(value)}" for position, value in side.by_place.items())
    return reported if side.place_moves else f"{reported} (always there: confounded)"


def _three(value: float | None, floor: NumericFloor) -> str:
    """A divergence over three options, of which equal preferences may show twice as much as of two."""
    if value is None:
        return MISSING
    return f"{amount(value)} ({BELOW})" if value <= 2 * floor.kl else amount(value)
