"""The table of what one sampled answer per prompt would have shown. Computes no statistic."""

from __future__ import annotations

from probe.analysis.results import Gu2025Result, ModelResults, PublishedEstimate, TradeOffResult
from probe.report.number_format import MISSING, amount, share, signed
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word

__all__ = ["sampling_tables"]

Row = tuple[str, TradeOffResult, Gu2025Result]


def sampling_tables(model: ModelResults) -> tuple[Table, ...]:
    """The table of one model, the furthest trade-off first; none where no trade-off has both sides."""
    compared: list[Row] = [(key, t, t.gu2025) for key, t in by_distance(model) if t.gu2025 is not None]
    return (_concluded(compared),) if compared else ()


def _concluded(compared: list[Row]) -> Table:
    return build(
        "What sampling would have concluded",
        "The published protocol (Gu, Wang and Han 2025) asks every prompt once in one format and pools the answers. "
        "From the exact probabilities: the mean and the 5th to 95th percentile of its estimate (base 10) if each "
        "prompt is asked once, beside the exact value of the same prompts; then with at most 11 stated and 6 "
        "revealed prompts. Wrong sign: how often the answers point the other way than the exact R - S over all "
        "formats. Draws that would do: answers per prompt and format at which sampling adds a tenth to the variance "
        "between questions and scenarios.",
        compared,
        [
            Column("trade-off", lambda r: r[0]),
            Column("exact R - S", lambda r: signed(r[1].gap)),
            Column("in this format", lambda r: signed(r[2].gap)),
            Column("exact KL, base 10", lambda r: amount(r[2].kl_log10)),
            Column("prompts", lambda r: f"{r[2].every_prompt.stated_prompts} + {r[2].every_prompt.revealed_prompts}"),
            Column("mean estimate", lambda r: amount(r[2].every_prompt.mean)),
            Column("5 to 95 %", lambda r: _range(r[2].every_prompt)),
            Column("wrong sign", lambda r: share(r[2].every_prompt.wrong_sign, 1)),
            Column(
                "fewer prompts",
                lambda r: f"{r[2].published_size.stated_prompts} + {r[2].published_size.revealed_prompts}",
            ),
            Column("mean estimate, fewer", lambda r: amount(r[2].published_size.mean)),
            Column("5 to 95 %, fewer", lambda r: _range(r[2].published_size)),
            Column("wrong sign, fewer", lambda r: share(r[2].published_size.wrong_sign, 1)),
            Column("switch shown, fewer", lambda r: share(r[2].published_size.switch, 1)),
            word("exact switch", lambda r: _yes(r[1].hard_switch)),
            Column("draws that would do", lambda r: _count(r[2].draws_per_prompt)),
            Column("answers in all", lambda r: _count(r[2].answers)),
        ],
    )


def _range(estimate: PublishedEstimate) -> str:
    return f"[{amount(estimate.low)}, {amount(estimate.high)}]"


def _count(value: int | None) -> str:
    return MISSING if value is None else str(value)


def _yes(value: bool | None) -> str:
    return MISSING if value is None else ("yes" if value else "no")
