"""What may be said of each trade-off, in sentences: the three words, their conditions, and what gates forbid."""

from __future__ import annotations

from dataclasses import replace

from probe.analysis.claim import Claim, Inference, Interval, Verdict
from probe.analysis.results import FailedCheck, ModelResults, TradeOffResult
from probe.report.number_format import amount, clean, joined, probability, signed
from probe.report.worded import closing_checks, text_lines, text_word

__all__ = [
    "check_text",
    "claim_lines",
    "failed_checks",
    "formats_line",
    "not_measured",
    "verdict_text",
    "verdicts_line",
    "word_counts",
    "words",
]

_DIRECTIONS = {
    "reversal": "the two sides lie on opposite sides of one half, and both intervals leave it out",
    "amplified": "the revealed side leans the same way as the stated, and further",
    "attenuated": "the revealed side leans the same way as the stated but lies nearer one half, where noise and "
    "preference cannot be distinguished",
}

_VERDICTS: tuple[Verdict, ...] = (
    "deviation",
    "masked",
    "no preference",
    "no deviation",
    "undecided",
    "not testable",
    "not interpretable",
)

_NAMED = 8
"""So many trade-offs of one verdict are named."""


def words(name: str) -> str:
    """A name in plain words."""
    return clean(name).replace("_", " ")


def check_text(check: FailedCheck) -> str:
    """Why a validity check failed."""
    if check.items is not None:
        return _known_answers(check, check.items)
    side = {"both": "both sides", "control": "known-answer controls"}.get(check.side, f"{check.side} side")
    return (
        f"Validity check failed: {words(check.gate)} ({clean(side)}): {amount(check.value)} measured, "
        f"the limit is {amount(check.threshold)}."
    )


def _known_answers(check: FailedCheck, items: int) -> str:
    """How many of the controls are as they should be, and what follows."""
    known = "equal options seen as equal" if check.gate == "equivalent" else "known answers right"
    return (
        f"Validity check failed: {words(check.gate)} (known-answer controls): {round(check.value * items)} of {items} "
        f"{known}, {check.threshold * items:g} needed: no claim."
    )


def verdict_text(result: TradeOffResult) -> str:
    """Verdict and direction in a few words; empty without both sides."""
    if result.verdict is None:
        return ""
    reported = _beside(result)
    return f"{result.verdict} ({', '.join(reported)})" if reported else clean(result.verdict)


def _beside(result: TradeOffResult) -> list[str]:
    """What stands in brackets behind the word."""
    claim = result.claim
    reported = [clean(str(result.direction))] if result.verdict == "deviation" and result.direction else []
    if claim is not None and claim.by_format:
        reported.append("by format")
    if claim is not None and claim.at_ceiling:
        reported.append("at the ceiling")
    if text_word(result) is not None:
        reported.append("option texts")
    return reported


def verdicts_line(model: ModelResults) -> str:
    """How many trade-offs carry which verdict."""
    reported = []
    for verdict in _VERDICTS:
        found = {key: t for key, t in sorted(model.tradeoffs.items()) if t.verdict == verdict}
        if found:
            reported.append(f"{verdict.capitalize()} in {len(found)}: {_named(found)}.")
    return " ".join(reported)


def word_counts(model: ModelResults) -> str:
    """How many trade-offs carry which word, in a few words."""
    verdicts = [t.verdict for t in model.tradeoffs.values()]
    return joined([f"{verdict} in {verdicts.count(verdict)}" for verdict in _VERDICTS if verdict in verdicts])


def _named(found: dict[str, TradeOffResult]) -> str:
    names = [
        f"{clean(key)} ({', '.join(beside)})" if (beside := _beside(t)) else clean(key) for key, t in found.items()
    ]
    return joined(names if len(names) <= _NAMED else [*names[:_NAMED], f"{len(names) - _NAMED} more"])


def not_measured(model: ModelResults) -> str:
    """Which gates were not measured; empty where all were."""
    missing = {
        words(check.gate): None
        for t in model.tradeoffs.values()
        for check in t.gates_checked
        if check.state == "not measured"
    }
    return f"Validity checks that were not measured: {joined(list(missing))}." if missing else ""


def claim_lines(result: TradeOffResult) -> tuple[str, ...]:
    """What may be said of one trade-off and on which conditions; nothing without both sides."""
    if text_word(result) is not None:
        return tuple(line for line in (*text_lines(result), *_repeated_lines(result)) if line)
    over_all, result = result, _over_admitted(result)
    claim, inference = result.claim, result.inference
    if claim is None or inference is None:
        return ()
    lines = (
        _verdict_line(result, claim, inference),
        formats_line(over_all),
        _shift_line(result, claim, inference),
        _form_line(claim, inference),
        _temperature_line(result, claim),
        _repeated_line(result, claim),
    )
    return tuple(line for line in lines if line)


def _over_admitted(result: TradeOffResult) -> TradeOffResult:
    """With the figures that its word rests on in the place of those over all formats."""
    own = result.admitted
    if own is None:
        return result
    return replace(
        result, gap=own.gap, latent_gap=own.latent_gap, inference=own.inference, temperatures=own.temperatures
    )


def formats_line(result: TradeOffResult) -> str:
    """Which formats the word rests on and what it would be over all; empty where these are the same formats."""
    own = result.admitted
    if own is None:
        return ""
    return (
        f"The word is over {own.formats} of {own.of} formats (stated {probability(own.stated)}, revealed "
        f"{probability(own.revealed)}); over all formats it is “{own.verdict_over_all}”: {clean(own.reason_over_all)}."
    )


def _verdict_line(result: TradeOffResult, claim: Claim, inference: Inference) -> str:
    gap = f"R - S is {signed(result.gap)}"
    if result.verdict == "not interpretable":
        return (
            f"Not interpretable, since {clean(claim.reason)}. Without validity checks it would be "
            f"“{claim.ungated.verdict}”, which is not to be claimed ({gap}, {_interval(inference)})."
        )
    word = str(result.verdict).capitalize()
    if result.verdict == "deviation" and result.direction is not None:
        direction = clean(str(result.direction))
        by_format = ", by format" if claim.by_format else ""
        word = f"{word} ({direction}{by_format}): {_DIRECTIONS.get(direction, direction)};"
    else:
        word = f"{word}:"
    return f"{word} {clean(claim.reason)}; {claim.family} tests in the family."


def _interval(inference: Inference) -> str:
    return f"95 % interval {_pair(inference.gap_interval)}, 90 % {_pair(inference.gap_interval_90)}"


def _pair(bounds: Interval | None) -> str:
    return "unknown" if bounds is None else f"[{signed(bounds[0])}, {signed(bounds[1])}]"


def _shift_line(result: TradeOffResult, claim: Claim, inference: Inference) -> str:
    if result.verdict != "deviation":
        return ""
    latent = (
        f"the bias-corrected (latent) gap is {signed(result.latent_gap)} nats, 95 % interval "
        f"{_pair(inference.latent_gap_interval)}"
    )
    if claim.shift_of_preference:
        return f"It is a shift of preference: {latent}."
    return f"It is not called a shift of preference: {latent}."


def _form_line(claim: Claim, inference: Inference) -> str:
    if not claim.depends_on_form:
        return ""
    reported = [f"{signed(found.gap)} ({words(form)})" for form, found in inference.gap_by_form.items()]
    return f"It depends on the question form: R - S is {joined(reported)}."


def _temperature_line(result: TradeOffResult, claim: Claim) -> str:
    """Whether the word is the same at every temperature; nothing where no word may be used or none can be had."""
    found = result.temperatures
    if found is None or result.verdict in {None, "not interpretable", "not testable"}:
        return ""
    others = [f"{verdict} at {t}" for t, verdict in claim.by_temperature.items() if verdict != result.verdict]
    gaps = [f"{signed(one.gap)} at {one.temperature:g}" for one in found.at if one.temperature != 1]
    beside = f"R - S is {joined([*gaps, f'{signed(found.greedy.gap)} in the greedy limit'])}"
    if not others:
        return f"The word is the same at temperatures {joined(list(claim.by_temperature))}: {beside}."
    return f"At another temperature it would be another word ({'; '.join(others)}): {beside}."


def _repeated_lines(result: TradeOffResult) -> tuple[str, ...]:
    return () if result.claim is None else (_repeated_line(result, result.claim),)


def _repeated_line(result: TradeOffResult, claim: Claim) -> str:
    others = [
        f"{words(name)} at {factor}: {verdict}"
        for name, repeated in claim.repeated.items()
        for factor, verdict in (("half", repeated.half), ("twice", repeated.twice))
        if verdict != result.verdict
    ]
    if not others:
        return "Each threshold at half and at twice gives the same word." if claim.repeated else ""
    return f"With another threshold it would be another word: {'; '.join(others)}."


def failed_checks(model: ModelResults) -> tuple[str, ...]:
    """One line per failed validity check, with the trade-offs that it makes not interpretable."""
    closed: dict[FailedCheck, list[str]] = {}
    for key, result in sorted(model.tradeoffs.items()):
        for check in closing_checks(result):
            closed.setdefault(check, []).append(clean(key))
    lines: list[str] = []
    before: list[str] = []
    for check, keys in closed.items():
        which = joined(keys if len(keys) <= _NAMED else [*keys[:_NAMED], f"{len(keys) - _NAMED} more"])
        if 1 < len(keys) == len(model.tradeoffs):
            which = f"all {len(keys)}"
        elif len(keys) > 1 and keys == before:
            which = f"the same {len(keys)}"
        before = keys
        lines.append(f"{check_text(check)} {_short_levels(check, model)}Not interpretable: {which}.")
    return tuple(lines)


def _short_levels(check: FailedCheck, model: ModelResults) -> str:
    """Which levels have too little option mass, where that closes a gate and some level has enough."""
    if check.gate != "option_mass_mean" or model.levels is None:
        return ""
    known = {
        f"{words(axis)} {clean(level)} {probability(found.option_mass)}": found.option_mass >= check.threshold
        for axis, levels in model.levels.by_axis.items()
        for level, found in levels.items()
        if found.option_mass is not None
    }
    short = [reported for reported, enough in known.items() if not enough]
    return f"Over all trade-offs below it: {joined(short)}. " if 0 < len(short) < len(known) else ""
