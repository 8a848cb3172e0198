"""Tables of what may be claimed, on which conditions, and of agreement between trade-offs. Computes no statistic."""

from __future__ import annotations

from dataclasses import replace

from probe.analysis.claim import Between, ContentGap, Inference, Interval
from probe.analysis.results import ModelResults, NumericFloor, TradeOffResult
from probe.report.claim_text import verdict_text, words
from probe.report.number_format import MISSING, amount, clean, nats, probability, share, signed
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word
from probe.report.worded import as_worded, text_word

__all__ = ["claim_tables"]

KEY = "trade-off"
Row = tuple[str, TradeOffResult]


def claim_tables(model: ModelResults) -> tuple[Table, ...]:
    """The tables of one model that have rows."""
    judged = [(key, t) for key, t in by_distance(model) if t.claim is not None]
    found = (_claims(judged), _distances(judged, model.numeric_floor), _between(model))
    return tuple(table for table in found if table.rows)


def _claims(judged: list[Row]) -> Table:
    return build(
        "Claims",
        "Content gap: R - S with formats taken out. Deviation: the test of R = S, adjusted for all tests of the study, "
        "rejects, and the whole 95 % interval of R - S lies beyond the margin; by format where the content gap does "
        "not show it. Formats random: the 95 % interval of R - S if the levels of format axes are a draw as well. "
        "Masked: the contents differ, and formats hide it. No preference: nothing is far from one half. "
        "No deviation: the 90 % intervals of both gaps lie within the margin. Not testable: so few clusters that no "
        "test could reject. Formats: how many the claim and its p rest on; the other figures are over all. "
        "Ungated: what would be said without validity checks, not to be claimed.",
        judged,
        [
            Column(KEY, lambda r: r[0]),
            word("claim", lambda r: verdict_text(r[1])),
            Column("formats", lambda r: _formats(r[1])),
            word("over all formats", lambda r: _over_all(r[1])),
            word("shift of preference", lambda r: _yes(r[1].claim.shift_of_preference if r[1].claim else None)),
            word("depends on the question form", lambda r: _yes(r[1].claim.depends_on_form if r[1].claim else None)),
            Column("R - S, 90 % interval", lambda r: _pair(i.gap_interval_90 if (i := _inference(r)) else None)),
            Column("formats random", lambda r: _pair(f.interval if (f := _of_labels(r[1]).formats_random) else None)),
            Column("content gap", lambda r: signed(c.value if (c := _content(r[1])) else None)),
            Column("its 95 % interval", lambda r: _pair(c.interval if (c := _content(r[1])) else None)),
            Column("its adjusted p", lambda r: amount(r[1].claim.p_content_adjusted if r[1].claim else None)),
            Column("adjusted p", lambda r: amount(r[1].claim.p_adjusted if r[1].claim else None)),
            Column("family", lambda r: str(r[1].claim.family if r[1].claim else MISSING)),
            word("arrangements", lambda r: _arrangements(_of_labels(r[1]))),
            word("why", lambda r: r[1].claim.reason if r[1].claim else MISSING),
            word("ungated", lambda r: r[1].claim.ungated.verdict if r[1].claim else MISSING),
            word("other thresholds", lambda r: _others(r[1])),
        ],
    )


def _inference(row: Row) -> Inference | None:
    """Of what the word rests on."""
    return as_worded(row[1]).inference


def _of_labels(result: TradeOffResult) -> TradeOffResult:
    """Without what only labels have, where the word rests on option texts."""
    unlike = text_word(result) is not None
    return replace(result, inference=None, formats_random=None, admitted=None) if unlike else result


def _formats(result: TradeOffResult) -> str:
    if text_word(result) is not None:
        return "option texts"
    return f"{a.formats} of {a.of}" if (a := result.admitted) else "all"


def _over_all(result: TradeOffResult) -> str:
    if text_word(result) is not None:
        return MISSING
    return str(a.verdict_over_all) if (a := result.admitted) else "the same"


def _content(result: TradeOffResult) -> ContentGap | None:
    return i.content if (i := _of_labels(result).inference) else None


def _yes(value: bool | None) -> str:
    return MISSING if value is None else ("yes" if value else "no")


def _pair(bounds: Interval | None) -> str:
    return MISSING if bounds is None else f"[{signed(bounds[0])}, {signed(bounds[1])}]"


def _arrangements(result: TradeOffResult) -> str:
    test = result.inference.test if result.inference else None
    return MISSING if test is None else f"{test.arrangements} {'(all)' if test.exact else '(drawn)'}"


def _others(result: TradeOffResult) -> str:
    if result.claim is None:
        return MISSING
    reported = [
        f"{words(name)} {factor}: {verdict}"
        for name, repeated in result.claim.repeated.items()
        for factor, verdict in (("half", repeated.half), ("twice", repeated.twice))
        if verdict != result.verdict
    ]
    return "; ".join(reported) or "the same word"


def _distances(judged: list[Row], floor: NumericFloor) -> Table:
    return build(
        "Distances between the sides",
        f"KL and JSD are in nats; ± is the numeric error, and what is not above {amount(floor.kl)}, the numeric floor, "
        "is marked. 95 % intervals over other questions and scenarios of this kind. Bias: by how much a KL is too "
        "large on average if the sides do not differ. Soft switch: the probability that a draw from R differs from a "
        "draw from S; excess: what the difference of the sides adds to it. Gap to noise: KL(R || S) over what formats "
        "do within the sides; beside it, the share of formats in which R - S has the sign it has overall.",
        [(key, t, t.inference, t.gap_to_noise) for key, t in judged if t.inference],
        [
            Column(KEY, lambda r: r[0]),
            word("interpretable", lambda r: _yes(not r[1].gates)),
            Column("KL(R || S)", lambda r: nats(r[1].kl_revealed_stated, floor)),
            Column("interval", lambda r: _amounts(r[2].kl_revealed_stated_interval)),
            Column("bias", lambda r: amount(r[2].kl_bias)),
            Column("±", lambda r: amount(r[1].kl_error)),
            Column("KL(S || R)", lambda r: nats(r[1].kl_stated_revealed, floor)),
            Column("its interval", lambda r: _amounts(r[2].kl_stated_revealed_interval)),
            Column("its ±", lambda r: amount(r[1].kl_stated_revealed_error)),
            Column("JSD", lambda r: nats(r[1].jsd, floor)),
            Column("TV", lambda r: probability(r[1].tv)),
            word("hard switch", lambda r: _yes(r[1].hard_switch)),
            Column("soft switch", lambda r: probability(r[1].soft_switch)),
            Column("excess", lambda r: probability(r[1].soft_switch_excess)),
            Column("log-odds gap", lambda r: signed(r[1].log_odds_gap)),
            Column("bias-corrected (latent) gap", lambda r: signed(r[1].latent_gap)),
            Column("bias-corrected interval", lambda r: _pair(r[2].latent_gap_interval)),
            Column("gap to noise", lambda r: _noise(r[1])),
            Column("formats of its sign", lambda r: share(r[3].same_sign, 1) if r[3] else MISSING),
            Column("numeric error of R - S", lambda r: amount(r[2].numeric_error)),
        ],
    )


def _amounts(bounds: Interval | None) -> str:
    return MISSING if bounds is None else f"[{amount(bounds[0])}, {amount(bounds[1])}]"


def _noise(result: TradeOffResult) -> str:
    if result.gap_to_noise is None:
        return MISSING
    return "noise below floor" if result.gap_to_noise.noise_below_floor else amount(result.gap_to_noise.ratio)


def _between(model: ModelResults) -> Table:
    named = (("validity checks passed", model.between), ("all, not to be claimed", model.between_ungated))
    return build(
        "Between trade-offs",
        "Neither figure depends on which principle is named first. Cosine: 1 if the log-odds of both sides are "
        "proportional. Reliability: how far halves of the questions or scenarios (of the formats) agree; below .5 "
        "nothing is corrected for it.",
        [(name, found) for name, found in named if found is not None],
        [
            Column("trade-offs", lambda r: r[0]),
            Column("number", lambda r: str(r[1].tradeoffs)),
            Column("same sign", lambda r: share(r[1].same_sign, 1)),
            Column("interval of the share", lambda r: _shares(r[1].same_sign_interval)),
            Column("cosine", lambda r: signed(r[1].cosine)),
            Column("95 % interval", lambda r: _pair(r[1].cosine_interval)),
            Column("cosine, bias-corrected", lambda r: signed(r[1].cosine_latent)),
            Column("reliability, stated", lambda r: probability(r[1].reliability.stated)),
            Column("reliability, revealed", lambda r: probability(r[1].reliability.revealed)),
            Column("formats, stated", lambda r: probability(r[1].reliability.format_stated)),
            Column("formats, revealed", lambda r: probability(r[1].reliability.format_revealed)),
            Column("corrected cosine", lambda r: signed(r[1].ceiling_corrected)),
            word("ranks of principles", lambda r: _ranks(r[1])),
        ],
    )


def _shares(bounds: Interval) -> str:
    return f"[{share(bounds[0], 1)}, {share(bounds[1], 1)}]"


def _ranks(found: Between) -> str:
    if found.ranks is None:
        return found.ranks_refused or MISSING
    order = sorted(found.ranks.stated, key=lambda name: -found.ranks.stated[name] if found.ranks else 0)
    reported = ", ".join(
        f"{clean(name)} {signed(found.ranks.stated[name])} / {signed(found.ranks.revealed[name])}" for name in order
    )
    return f"stated / revealed: {reported}; rank correlation {signed(found.ranks.spearman)}"
