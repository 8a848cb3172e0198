"""Options that are printed inside a prompt's text, cut out of it, so that they can be shown in any format."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Cut", "cut_options", "one_line", "refers_to_labels", "without_instruction"]

_MARK = r"(?:(?<=[\s.;,:?!])|(?<=^))\(?{letter}[).:）]"
_LETTERS = "ABCDEFGH"

_VERB = r"(?:please |now )?(?:choose|select|limit|answer|respond|reply|pick|indicate)"
_LETTER_LIST = r"\(?A\)?(?:,? ?(?:or|and|/) ?|, )\(?B\)?(?:,? or \(?C\)?)?"
_INSTRUCTIONS = (
    re.compile(rf"\(\s*{_VERB}[^()]*?\b{_LETTER_LIST}\b[^()]*\)[.?]?", re.IGNORECASE),
    re.compile(rf"{_VERB}[^.?!()]*?\b{_LETTER_LIST}(?![\w)])[^.?!()]*[.?!]?", re.IGNORECASE),
    re.compile(r"Please (?:choose|select) one option\s*[.:]"),
)
_ANSWER_CUE = re.compile(r"\s*\bAnswer:\s*$")
_SENTENCE_END = re.compile(r"[.?!](?=\s+[A-Z(]|\s*$)|\n")
_QUESTION = re.compile(r"\s(?=(?:Who|Which|What|Do|Would|How)\b[^.?!]*\?)")
_REFERENCE = re.compile(r"\b(?i:job|option|candidate|choice|answer|plan|person|program|offer)\s+[A-H]\b")
_LEAD_IN = re.compile(r"(?<=[.?!])\s+(\w+ \w+:)$")


@dataclass(frozen=True, slots=True)
class Cut:
    """A text without the options that it printed.

    Attributes:
        text: What is left, to be shown above the options.
        options: Their words, in the order in which they were printed, from A on.
        changes: What was done, for the record.
    """

    text: str
    options: tuple[str, ...]
    changes: tuple[str, ...]


def cut_options(text: str) -> Cut | None:
    r"""The text and its lettered options apart; None where no two options are printed in a list.

    What stands behind the options moves before them; an instruction that names the letters is left out, since the
    format's own instruction takes its place.

    Example:
        >>> cut = cut_options("Pick one: A) Tea. B) Coffee. It is late. Which do you take? (Answer A or B.)")
        >>> cut.text, cut.options
        ('Pick one. It is late. Which do you take?', ('Tea.', 'Coffee.'))
        >>> cut_options("Is tea good? Answer Yes or No.") is None
        True
    """
    plain, dropped = without_instruction(text)
    spans = _option_spans(plain)
    if len(spans) < 2:
        return None
    before = plain[: spans[0][0]].strip()
    ends = [start for start, _ in spans[1:]]
    options = [plain[begin:end] for (_, begin), end in zip(spans[:-1], ends, strict=True)]
    last, after = _split_last(plain[spans[-1][1] :])
    words, mended = _alike([*options, last])
    if not before or not all(words):
        return None
    moved = _ANSWER_CUE.sub("", after).strip()
    changes = ["options cut out of the text", *(["instruction left out"] if dropped else [])]
    if moved:
        before, moved = _joined(before, moved)
        changes.append("text behind the options moved before them")
    if mended:
        changes.append("full stop at the end of one option left out")
    return Cut(" ".join(part for part in (before, moved) if part), words, tuple(changes))


def without_instruction(text: str) -> tuple[str, bool]:
    """The text without instructions that name option letters, and whether there were any.

    Example:
        >>> without_instruction("Which one? Limit your answer to A or B.")
        ('Which one?', True)
    """
    plain = text
    for pattern in _INSTRUCTIONS:
        plain = pattern.sub("", plain)
    return plain.strip(), plain.strip() != text.strip()


def refers_to_labels(text: str) -> bool:
    """Whether a text calls an option by its letter, so that it could not be shown under another.

    Example:
        >>> refers_to_labels("Most people in Job B earn more."), refers_to_labels("A job is a job.")
        (True, False)
    """
    return _REFERENCE.search(text) is not None


def one_line(text: str) -> str:
    """A text with every run of white space as one space."""
    return " ".join(text.split())


def _option_spans(text: str) -> list[tuple[int, int]]:
    """Start of each option's mark and of its words, for the letters that stand in order; the last A before B counts."""
    second = re.search(_MARK.format(letter="B"), text)
    if second is None:
        return []
    firsts = [m for m in re.finditer(_MARK.format(letter="A"), text) if m.end() <= second.start()]
    if not firsts:
        return []
    spans = [firsts[-1].span(), second.span()]
    for letter in _LETTERS[2:]:
        found = re.compile(_MARK.format(letter=letter)).search(text, spans[-1][1])
        if found is None:
            break
        spans.append(found.span())
    return spans


def _split_last(tail: str) -> tuple[str, str]:
    """The last option's words and what stands behind them."""
    question = _QUESTION.search(tail)
    sentence = _SENTENCE_END.search(tail.lstrip("\n"))
    ends = [len(tail)]
    if sentence is not None:
        ends.append(sentence.end() + len(tail) - len(tail.lstrip("\n")))
    if question is not None:
        ends.append(question.start())
    end = min(ends)
    return tail[:end], tail[end:]


def _joined(before: str, moved: str) -> tuple[str, str]:
    """Two parts that make sense one after the other: a lead-in of two words stays at the end."""
    lead_in = _LEAD_IN.search(before)
    if lead_in is None:
        return re.sub(r":$", ".", before), moved
    return before[: lead_in.start()], f"{moved} {lead_in.group(1)}"


def _alike(options: list[str]) -> tuple[tuple[str, ...], bool]:
    """Options in one line each, without commas behind them, and with a full stop behind all or none."""
    words = [re.sub(r"\s*[,;]$", "", one_line(option)) for option in options]
    stops = [word.endswith(".") for word in words]
    if all(stops) or not any(stops):
        return tuple(words), False
    return tuple(word.removesuffix(".") for word in words), True
