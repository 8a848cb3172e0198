"""The table that tells what was found: a row per trade-off, wherever it is shown. Computes no statistic."""

from __future__ import annotations

from probe.analysis.results import ModelResults, TradeOffResult
from probe.report.claim_text import verdict_text
from probe.report.number_format import MISSING, amount, clean, probability
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word
from probe.report.worded import as_worded, labels_unread, text_word

__all__ = ["GAP", "TO_FORMAT", "main_cells", "main_table", "two_decimals"]

GAP = "R-S [95 % CI]"
TO_FORMAT = "gap/format"

_COLUMNS = ("trade-off", "P of", "stated", "revealed", GAP, "KL", TO_FORMAT, "word")
_OF_TEXTS = " Where the word rests on option texts: sign rates, the share of items that favour the principle."

_WORDS = ("trade-off", "P of", "word")


def main_cells(key: str, result: TradeOffResult) -> dict[str, str]:
    """The cells of a row by column; `bare` is the word without its direction."""
    unread, result = labels_unread(result), as_worded(result)
    bare = "labels not read" if unread else "a side is missing"
    if result.stated is not None and result.revealed is not None:
        bare = clean(str(result.verdict))
    return {
        "trade-off": clean(key),
        "P of": clean(result.p1),
        "stated": probability(result.stated.deployed if result.stated else None),
        "revealed": probability(result.revealed.deployed if result.revealed else None),
        GAP: _gap(result),
        "KL": "<floor" if result.kl_below_floor else amount(result.kl_revealed_stated),
        TO_FORMAT: _to_format(result),
        "word": verdict_text(result) or bare,
        "bare": bare,
    }


def main_table(model: ModelResults) -> Table:
    """A row per trade-off, the furthest apart first."""
    return build(
        "What was found",
        "Mean probability of the principle named, asked in general (stated) and in the scenarios (revealed), their "
        "difference R-S with its 95 % interval, KL(revealed || stated) in nats, and that over what formats do within "
        f"the sides.{_OF_TEXTS if any(map(text_word, model.tradeoffs.values())) else ''}",
        [main_cells(key, result) for key, result in by_distance(model)],
        [_column(name) for name in _COLUMNS],
    )


def two_decimals(value: float) -> str:
    """Two decimals and a sign, none for what rounds to nothing."""
    reported = f"{value:+.2f}"
    return reported if float(reported) else "0.00"


def _column(name: str) -> Column[dict[str, str]]:
    return word(name, lambda row: row[name]) if name in _WORDS else Column(name, lambda row: row[name])


def _gap(result: TradeOffResult) -> str:
    if result.gap is None:
        return MISSING
    bounds = result.inference.gap_interval if result.inference else None
    reported = two_decimals(result.gap)
    return f"{reported} [{two_decimals(bounds[0])}, {two_decimals(bounds[1])}]" if bounds else reported


def _to_format(result: TradeOffResult) -> str:
    found = result.gap_to_noise
    if found is None or found.ratio is None:
        return MISSING
    return "<0.1" if found.ratio < 0.05 else f"{found.ratio:.1f}"
