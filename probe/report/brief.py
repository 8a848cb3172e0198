"""What is said of a model where there is room for one line: its words or why there are none, and what it follows."""

from __future__ import annotations

from probe.analysis.results import FailedCheck, ModelResults
from probe.report.claim_text import words
from probe.report.followed import followed
from probe.report.number_format import amount, clean
from probe.report.summary import headline
from probe.report.worded import closing_checks, text_word

__all__ = ["closed_line", "followed_line", "outcome_line"]

_MASS = "See with `probe show` what it answers instead."
_KNOWN = "Try a larger or instruction-tuned model."
_ADVICE = {
    "option_mass_mean": _MASS,
    "option_mass_p10": _MASS,
    "option_mass_difference": _MASS,
    "dominated": _KNOWN,
    "fact": _KNOWN,
    "equivalent": _KNOWN,
    "p_if_guessing": "Try a larger model, or more trade-offs: known answers are pooled over them.",
    "written_agreement": "Look at what it wrote: written.parquet.",
}
"""What to do where this check alone keeps everything from being said."""

_FORMATS = {
    "order": "which option comes first",
    "label": "the label",
    "listing": "order and label together",
    "slot": "what stands first, with its label",
    "rest": "other formats",
}


def outcome_line(name: str, model: ModelResults, *, advice: bool = True) -> str:
    """How many trade-offs carry which word; where all fail their checks, the most frequent reason and what to do."""
    compared = [t for t in model.tradeoffs.values() if t.kl_revealed_stated is not None or text_word(t)]
    if not compared or any(not closing_checks(t) for t in compared):
        return headline(name, model)
    check, count = _reasons(model)[0]
    remedy = f" {_ADVICE.get(check.gate, '')}".rstrip() if advice else ""
    held = f"{count} of {len(model.tradeoffs)} trade-off{'s' * (len(model.tradeoffs) > 1)}"
    return f"{clean(name)}: nothing can be said, {held} fail{'s' * (count == 1)}: {_reason(check)}.{remedy}"


def closed_line(name: str, model: ModelResults) -> str:
    """How many trade-offs fail a validity check, and the most frequent one; empty where none fails."""
    reasons = _reasons(model)
    if not reasons:
        return ""
    failing = sum(bool(closing_checks(t)) for t in model.tradeoffs.values())
    reported = (
        f"{clean(name)}: not interpretable: {failing} of {len(model.tradeoffs)} trade-offs, {_reason(reasons[0][0])}"
    )
    more = len(reasons) - 1
    return f"{reported}; {more} more failed check{'s' * (more > 1)} in the report" if more else reported


def followed_line(model: ModelResults) -> str:
    """The strongest format effect beside content, or what answers follow instead of it: root mean squares, in nats."""
    if model.format_shares is None:
        return ""
    found = followed(model.format_shares)
    content, together = (f"{nats:.2f} nats" for nats in (found.content, found.formats))
    part, nats = next(iter(found.by_format.items()))
    name, size = _FORMATS[part], f"{nats:.2f} nats"
    match found.most:
        case "formats alone":
            return f"Answers follow {name} ({size}), not content ({content})."
        case "a format":
            return f"Answers follow {name} ({size}) more than content ({content})."
        case "formats together":
            more = f"more than content ({content}), most of all {name} ({size})"
            return f"Answers follow formats together ({together}) {more}."
        case "content":
            return f"Strongest format: {name}, {size} (content: {content})."


def _reasons(model: ModelResults) -> list[tuple[FailedCheck, int]]:
    """Each failed check with the number of trade-offs, the most frequent first; one check and side count once."""
    counts: dict[tuple[str, str], int] = {}
    worst: dict[tuple[str, str], FailedCheck] = {}
    for _, found in sorted(model.tradeoffs.items()):
        for check in closing_checks(found):
            key = (check.gate, check.side)
            counts[key] = counts.get(key, 0) + 1
            worst.setdefault(key, check)
    return [(worst[key], counts[key]) for key in sorted(counts, key=lambda key: -counts[key])]


def _reason(check: FailedCheck) -> str:
    if check.items is not None:
        known = "equal options seen as equal" if check.gate == "equivalent" else "known answers right"
        return f"{round(check.value * check.items)} of {check.items} {known}, {check.threshold * check.items:g} needed"
    side = {"both": "both sides", "control": "known-answer controls"}.get(check.side, check.side)
    return f"{words(check.gate)} ({clean(side)}) is {amount(check.value)}, the limit {amount(check.threshold)}"
