"""Written answers read back: which option a text chooses, by label or by the option's own words. Never guesses."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from probe.prompts.thinking_tags import open_thought

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from probe.design.items import OptionId
    from probe.prompts.render import ShownOption

__all__ = ["Outcome", "WrittenAnswer", "read_answer"]

Outcome = Literal["chosen", "refused", "unparsed"]

_MARKS = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "*": None, "_": " ", "`": None, "#": None, "\u00a0": " "}
)

_VERB = (
    r"(?:answer|choice|choose|chooses|chosen|choosing|pick|picks|select|selects|prefer|opt|go|going|favou?r|recommend|"
    r"respond|reply|decide|decision|response|conclusion)"
)
_BETWEEN = r"(?:\s+(?:is|are|would|will|be|has|to|the|on|for|with|of|option|label|answer|choice|letter|number|action))*"
_NAMED = r"(?:option|label|choice|answer|letter|number|action)"
_OPENS, _CLOSES = r"[\"'(\[{<]*", r"[\"')\]}>]*"
_ENDS = r"(?=\s*(?:$|[.,:;!?\n\"')\]}>–—-]|(?:because|since|as|over|rather|instead|given|so|and not|here)\b))"
_NOT = re.compile(
    r"(?:\bnot|n't|\bcannot|\bnever|\bneither|\bavoid|\bagainst|\brather than|\binstead of)\W+(?:\w+\W+){0,2}$"
)

_THOUGHT_ENDS = re.compile(
    r"[<\[\u25c1][|]?(?:/|END_|end_)[^<>\[\]\s]*(?:think|thought|reason)[^<>\[\]\s]*[>\]\u25b7]", re.IGNORECASE
)

_REFUSALS = re.compile(
    r"\bas an? (?:ai|artificial|language model)\b"
    r"|\bi(?:'m| am) (?:sorry|unable|not able|not going)\b"
    r"|\bi (?:can't|cannot|can not|won't|will not|don't|do not|would rather not|refuse|decline|must decline)\b"
    r"|\bneither (?:option|of|one|is|seems|feels)\b|\bboth (?:options|choices|are|of)\b|\bit (?:really )?depends\b"
    r"|\bno (?:clear|right|single|correct|universal) (?:or wrong )?(?:answer|choice)\b"
)


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """What a written text comes to.

    Attributes:
        outcome: ``chosen`` an option, ``refused`` to choose, or ``unparsed``: neither could be read off it.
        option: The option that was chosen, else None.
    """

    outcome: Outcome
    option: OptionId | None = None


def read_answer(text: str, shown: Sequence[ShownOption]) -> WrittenAnswer:
    """Decide what a text chooses, if it does.

    What announces an answer (a label at the start, "my answer is B") decides alone; then a label that is named
    ("option B"); then an option's own words. A text that points to two options is not decided. Refusals are looked
    for only in what chooses nothing.

    Args:
        text: What the model wrote.
        shown: The options as they stand in the prompt.

    Example:
        >>> from probe.prompts.render import ShownOption
        >>> shown = (ShownOption("honesty", "A", "Tell her."), ShownOption("kindness", "B", "Keep it to yourself."))
        >>> read_answer("**B)** Keep it to yourself.", shown).option
        'kindness'
        >>> read_answer("As an AI I have no opinion on this.", shown).outcome
        'refused'
    """
    text = unicodedata.normalize("NFKC", text).translate(_MARKS)
    if open_thought(text) is not None:
        return WrittenAnswer("unparsed")
    text = _THOUGHT_ENDS.split(text)[-1].strip()
    for tier in (_announced, _named, _worded, _quoted):
        found = tier(text, shown)
        if len(found) == 1:
            return WrittenAnswer("chosen", found.pop())
        if len(found) > 1:
            return WrittenAnswer("unparsed")
    return WrittenAnswer("refused" if _REFUSALS.search(text.casefold()) else "unparsed")


def _announced(text: str, shown: Sequence[ShownOption]) -> set[OptionId]:
    """Options whose label stands at the start as an answer, or behind a word that announces one."""
    listed = [one.principle for one in shown if re.search(_line_start(one), text, re.MULTILINE)]
    found = set()
    for one in shown:
        at_start = re.match(_line_start(one), text) is not None and len(listed) == 1
        announced = rf"\b(?i:{_VERB}\b{_BETWEEN})\s*[:=-]?\s*{_OPENS}{_label(one)}{_CLOSES}{_ENDS}"
        if at_start or any(not _is_negated(text, match.start()) for match in re.finditer(announced, text)):
            found.add(one.principle)
    return found


def _named(text: str, shown: Sequence[ShownOption]) -> set[OptionId]:
    """Options that are called by their label: option B, (B)."""
    found = set()
    for one in shown:
        label = _label(one)
        called = rf"\b(?i:{_NAMED})\s*{_OPENS}{label}(?!\w)|[(\[]{label}[)\]]|(?m:{_line_start(one)})"
        if any(not _is_negated(text, match.start()) for match in re.finditer(called, text)):
            found.add(one.principle)
    return found


def _worded(text: str, shown: Sequence[ShownOption]) -> set[OptionId]:
    """Options whose whole text stands in the answer; one that is a part of another counts only outside of it."""
    said = _words(text)
    found = set()
    for one in sorted(shown, key=lambda option: -len(option.text)):
        words = _words(one.text)
        start = said.find(f" {words.strip()} ") if words.strip() else -1
        while start >= 0 and _is_negated(said, start + 1):
            start = said.find(words, start + 1)
        if start >= 0:
            found.add(one.principle)
            said = said.replace(words, " | ")
    return found


def _quoted(text: str, shown: Sequence[ShownOption]) -> set[OptionId]:
    """Options of which the answer's first line is a part, of at least three words."""
    lines = text.strip().splitlines()
    first = _words(lines[0]) if lines else ""
    if len(first.split()) < 3:
        return set()
    return {one.principle for one in shown if first in _words(one.text)}


def _line_start(one: ShownOption) -> str:
    """The label where a line begins, followed by its end, punctuation or the option's own first word."""
    first = re.escape(next(iter(one.text.translate(_MARKS).split()), ""))
    own = rf"|(?=\s+{first}(?:\s|$))" if first else ""
    option = r"(?i:option\s+)?"
    return rf"^[\s>-]*{option}{_OPENS}{_label(one)}(?:{_CLOSES}(?=\s*$|[.,:;!)\]}}\"'–—-]|\s*\n){own})"


def _label(one: ShownOption) -> str:
    """A pattern for the label as a word of its own."""
    return rf"(?<!\w){re.escape(one.label)}(?!\w)"


def _is_negated(text: str, start: int) -> bool:
    return _NOT.search(text[max(0, start - 40) : start].casefold()) is not None


def _words(text: str) -> str:
    """Lower-case words with single spaces between and around them."""
    return f" {' '.join(_letters(text.translate(_MARKS).casefold()))} "


def _letters(text: str) -> Iterable[str]:
    return re.findall(r"[\w']+", text)
