"""The first screen: the answer for a model, in plain words and few of them. Computes no statistic."""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.results import ModelResults, NumericFloor, TradeOffResult
from probe.report.claim_text import failed_checks, not_measured, verdicts_line, word_counts
from probe.report.clause_text import clause_sentence
from probe.report.followed import followed
from probe.report.ladder_text import ladder_sentence
from probe.report.method_text import method_sentence
from probe.report.number_format import amount, clean, share, signed
from probe.report.own_words_text import own_words_sentence
from probe.report.sentences import budget_line, by_distance, intervals_line, kl_interval, largest_effect_line
from probe.report.study_text import floor_line, levels_line, study_line
from probe.report.worded import closing_checks, labels_unread, text_word

__all__ = ["Point", "asking_line", "condition_line", "format_line", "headline", "points"]

_FORMATS = {
    "order": "option order",
    "label": "label",
    "listing": "order and label together",
    "slot": "slot",
    "rest": "other formats",
}

_CHECKS = 4
"""So many failed validity checks are named here; the tables name all of them."""


@dataclass(frozen=True, slots=True)
class Point:
    """One question that a reader has, and the sentences that answer it."""

    question: str
    answer: str


def headline(name: str, model: ModelResults) -> str:
    """The answer for a model: how many trade-offs carry which word, never the largest gap."""
    ranked = [t for _, t in by_distance(model) if t.kl_revealed_stated is not None or text_word(t)]
    usable = [t for t in ranked if not closing_checks(t)]
    name = clean(name)
    if not ranked and model.tradeoffs and all(map(labels_unread, model.tradeoffs.values())):
        return f"{name}: labels were not read, and no word rests on option texts."
    if not ranked:
        return f"{name}: nothing can be compared, since no trade-off has both sides."
    if not usable:
        return f"{name}: no trade-off with both sides passed all its validity checks, so nothing is concluded."
    counted = f"{len(ranked)} trade-offs" if len(ranked) > 1 else "one trade-off"
    return f"{name}, {counted}: {word_counts(model)}."


Ranked = list[tuple[str, TradeOffResult]]


def _compared(model: ModelResults) -> Ranked:
    return [(key, t) for key, t in by_distance(model) if t.kl_revealed_stated is not None]


def _usable(model: ModelResults) -> Ranked:
    return [(key, t) for key, t in _compared(model) if not t.gates]


def points(model: ModelResults) -> tuple[Point, ...]:
    """How large the difference, how much is format, which has the largest effect, what may be claimed, what not read.

    The first three are about the trade-off of the headline, and are left out where it names none.
    """
    usable = [(key, t) for key, t in _usable(model) if t.inference is None or t.inference.gap_interval is not None]
    lines: list[Point] = []
    if usable and not usable[0][1].kl_below_floor:
        key, furthest = usable[0]
        lines = [
            Point("How large is the difference?", _distance(key, furthest, model.numeric_floor)),
            Point("How much is format?", budget_line(furthest.budget, model.numeric_floor)),
            Point("Which format has the largest effect?", largest_effect_line(furthest)),
        ]
    lines += [Point("Content or format?", _content(model)), Point("Over all trade-offs?", study_line(model))]
    lines += [Point("By label or by text?", method_sentence(model))]
    lines += [Point("What lies between?", ladder_sentence(model)), Point("Which formats count?", levels_line(model))]
    lines += [Point("Which clause moves the choice?", clause_sentence(model))]
    lines += [Point("Do choices follow what was said?", own_words_sentence(model))]
    lines += [Point("What may be claimed?", verdicts_line(model)), Point("What must not be read?", _unreadable(model))]
    return tuple(point for point in lines if point.answer)


def _distance(key: str, found: TradeOffResult, floor: NumericFloor) -> str:
    gap = f"In {clean(key)} the two probabilities differ by {amount(found.tv)}"
    bounds = found.inference and found.inference.gap_interval
    if bounds:
        gap += f" (revealed minus stated: 95 % interval [{signed(bounds[0])}, {signed(bounds[1])}])"
    kl = f"KL(revealed || stated) is {amount(found.kl_revealed_stated)} nats{kl_interval(found)}"
    lines = f"{gap}. {kl}; below {amount(floor.kl)} nats it would be rounding."
    return f"{lines} {intervals_line(found)}".strip()


def _content(model: ModelResults) -> str:
    return f"{format_line(model)} {floor_line(model)}".strip()


def format_line(model: ModelResults) -> str:
    """Whether answers follow the content or the format, in nats (root mean squares) and shares of the mean square."""
    if model.format_shares is None:
        return ""
    found, content_share = followed(model.format_shares), model.format_shares.content
    content, together = (f"{amount(nats)} nats" for nats in (found.content, found.formats))
    parts = list(found.by_format.items())[:2]
    largest = " and ".join(f"{_FORMATS[part]} ({amount(nats)} nats)" for part, nats in parts)
    lines = (
        f"content makes {share(content_share, 1)} of the mean squared log-odds, formats {share(1 - content_share, 1)}"
    )
    match found.most:
        case "formats alone":
            return f"Answers follow {largest}, not content ({content}): it does not read the options; {lines}."
        case "a format":
            return f"Answers follow {largest} more than content ({content}): {lines}."
        case "formats together":
            more = f"more than content ({content}), most of all {largest}"
            return f"Answers follow formats together ({together}) {more}: {lines}."
        case "content":
            return f"Answers follow content ({content}) more than {largest}: {lines}."


def _unreadable(model: ModelResults) -> str:
    failed = failed_checks(model)
    lines = [*failed[:_CHECKS]]
    if len(failed) > _CHECKS:
        lines.append(f"{len(failed) - _CHECKS} more failed validity checks are in the tables.")
    missing = len(model.tradeoffs) - len(_compared(model))
    if missing:
        lines.append(f"Left out because a side was not measured: {missing}.")
    if not lines:
        lines.append("Every validity check that was measured passed.")
    return " ".join((*lines, not_measured(model))).strip()


def asking_line(model: ModelResults) -> str:
    """What a reader must know of how the model was asked: without a template, or with a system text nobody gave."""
    found = model.condition
    if found is None:
        return ""
    lines = []
    if found.style_remark:
        lines.append(f"{found.style_remark[0].upper()}{clean(found.style_remark)[1:]}.")
    if found.default_system:
        lines.append(f"With the chat template's own system text, which nobody gave: {clean(found.default_system)}")
    if found.system:
        lines.append(f"With the system text: {clean(found.system)}")
    if found.without_system:
        lines.append("Without a system text: an empty one keeps the chat template's own away.")
    return " ".join(lines)


def condition_line(model: ModelResults) -> str:
    """In which numbers the model was kept and computed, and how far that moves a reading."""
    found = model.condition
    if found is None:
        return ""
    delta, kl = amount(model.numeric_floor.log_odds), amount(model.numeric_floor.kl)
    on = "" if model.numeric_floor.cells is None else f", measured on {model.numeric_floor.cells} cells"
    floor = f"numeric floor {delta} nats of log-odds, {kl} of KL{on}"
    size = f"weights of {_size(found.weight_bytes)} in {clean(found.dtype)}"
    if found.quantisation in {"int8", "nf4", "fp4"}:
        kept = f", {share(found.unquantised_share, 1)} of the inner weights left as they are"
        size = f"weights of {_size(found.weight_bytes)}, quantised to {found.quantisation}{kept}"
        if found.expansion == "own":
            size += ", expanded by probe since the library's kernel gave wrong numbers on this machine"
    elif found.quantisation != "none":
        size += f", expanded from {clean(found.quantisation)}"
    if found.adapter != "none":
        size += f", an adapter merged in: {clean(found.adapter)}"
    computed = ", computed in float32" if found.compute == "fp32" else ""
    own = found.quantisation != "none" or found.compute != "native"
    remark = " A condition of its own: not the same model as with other weights or arithmetic." if own else ""
    return f"{size[0].upper()}{size[1:]}{computed}; {floor}.{remark}"


def _size(count: int) -> str:
    """Bytes in GiB, or in MiB where that would be nothing."""
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 / 10 else f"{count / 2**20:.1f} MiB"
