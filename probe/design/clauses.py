"""Scenarios with one clause left out: each sentence, factor phrase and second clause of an option in turn, and all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from probe.design.expand import expand, first_cells
from probe.design.items import ClauseKind, Item
from probe.design.placeholders import filled_spans
from probe.design.shape import Revealed, TradeOff

__all__ = ["SEED", "Clause", "Claused", "chosen_first", "clauses_of", "option_clause", "sentences", "without"]

SEED = 0
"""Seed of the order in which scenarios are taken."""

_END = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”’）]*)\s*")
_ABBREVIATED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|[A-Z])|\be\.g|\bi\.e)\.\s*$")
_ASKS = re.compile(r"[?？][\"'”’»)\]」』）]*$")

_SECOND = re.compile(
    r"(?<=[.!?])\s+|[,;:]\s|\s[–—]\s"
    r"|\s(?=(?:and|but|so that|because|although|until|while|unless|instead|rather than)\s)"
)
_CLOSED = re.compile(r"[.!?…]*[\"'”’»)\]]*$")
_LEADS = re.compile(
    r"(?:if|when|as|since|although|because|while|unless|before|after|once|until|whether)\b", re.IGNORECASE
)
_OPEN = re.compile(
    r"\b(?:between|both|either|neither)\b"
    r"|\b(?:that|which|who|whom|whose|to|of|for|with|in|on|at|by|from|the|an?|is|are|and|or|not)$",
    re.IGNORECASE,
)
_LEAST_WORDS = 3

_QUOTED = (('"', '"'), ("“", "”"), ("«", "»"), ("(", ")"))


@dataclass(frozen=True, slots=True)
class Clause:
    """What can be left out of a scenario.

    Attributes:
        kind: ``sentence``, ``factor`` (the whole sentences that a factor inserts) or ``option``.
        text: The words.
        start: Where they begin in the vignette, or in the option's text.
        end: Where what is cut ends, with the space that separates it from what follows.
        factors: Factors whose phrase is among the words, with the level.
        option: For a clause of an option the principle that it stands for; else empty.
    """

    kind: ClauseKind
    text: str
    start: int
    end: int
    factors: tuple[tuple[str, str], ...] = ()
    option: str = ""


@dataclass(frozen=True, slots=True)
class Claused:
    """A scenario at its first context cell, cut into clauses.

    Attributes:
        whole: The revealed item.
        clauses: Those of the vignette in its order, then those of the options of the first and the second principle.
    """

    whole: Item
    clauses: tuple[Clause, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """The scenario as it stands, without each clause, and, if there are several, without all of them."""
        found = [self._item("none", "whole", "", self.clauses[:0])]
        for number, one in enumerate(self.clauses, 1):
            found.append(self._item(f"{number:02}", one.kind, one.text, (one,)))
        if len(self.clauses) > 1:
            found.append(self._item("all", "all", " ".join(one.text for one in self.clauses), self.clauses))
        return tuple(found)

    def _item(self, name: str, form: str, words: str, left_out: tuple[Clause, ...]) -> Item:
        return replace(
            self.whole,
            id=f"{self.whole.id}~without-{name}",
            side="clauses",
            form=form,
            table="clauses",
            left_out=words,
            text=without(self.whole.text, [one for one in left_out if not one.option]),
            option_p1=without(self.whole.option_p1, [one for one in left_out if one.option == self.whole.p1]),
            option_p2=without(self.whole.option_p2, [one for one in left_out if one.option == self.whole.p2]),
        )


def clauses_of(tradeoff: TradeOff) -> tuple[dict[str, Claused], dict[str, str]]:
    """Every scenario that can be cut, by name, and the others with the reason.

    Each is taken at its first context cell, the first level of every factor, and not as its mate.
    """
    found: dict[str, Claused] = {}
    left_out: dict[str, str] = {}
    wholes = first_cells(tradeoff, expand(tradeoff))
    for revealed, (scenario, whole) in zip(tradeoff.revealed, wholes.items(), strict=True):
        spans = sentences(whole.text)
        if revealed.fixed:
            left_out[scenario] = "it is asked as it stands"
        elif len(spans) < 2:
            left_out[scenario] = "its text is one sentence"
        elif not _ASKS.search(whole.text[slice(*spans[-1])]):
            left_out[scenario] = "its text does not end in a question"
        else:
            options = ((whole.p1, whole.option_p1), (whole.p2, whole.option_p2))
            second = [option_clause(text, key) for key, text in options]
            own = [*_vignette(revealed, whole, spans), *(one for one in second if one is not None)]
            found[scenario] = Claused(whole, tuple(own))
    return found, left_out


def chosen_first(scenarios: Iterator[str] | list[str]) -> list[str]:
    """Scenarios in the order in which they are taken: by a seeded hash of the name, so that more contain fewer."""
    return sorted(scenarios, key=lambda name: hashlib.sha256(f"clauses {SEED} {name}".encode()).hexdigest())


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence begins and ends, without the space behind it; a full stop in a name or number ends none.

    Example:
        >>> text = 'Dr. Osei waits. "Now?" he asks. What do you do?'
        >>> [text[a:b] for a, b in sentences(text)]
        ['Dr. Osei waits.', '"Now?" he asks.', 'What do you do?']
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for end in _END.finditer(text):
        behind = text[end.end() :]
        if not behind or behind[0].islower() or _ABBREVIATED.search(text[start : end.end()]):
            continue
        spans.append((start, start + len(text[start : end.end()].rstrip())))
        start = end.end()
    return [*spans, (start, len(text.rstrip()))] if text[start:].strip() else spans


def option_clause(text: str, principle: str) -> Clause | None:
    """What an option says behind its first clause, up to the full stop that stays; None where nothing can go.

    Its first clause ends at its first comma, semicolon, colon, dash, sentence end or conjunction. It stays, as without
    it nothing would be left to choose.

    Example:
        >>> option_clause("You stop here, so that she can look.", "stop").text
        ', so that she can look'
        >>> option_clause("If she asks, you tell her.", "tell") is None
        True
    """
    mark = _SECOND.search(text)
    if mark is None:
        return None
    head = text[: mark.start()]
    closing = _CLOSED.search(text)
    end = closing.start() if closing and head[-1] not in ".!?" else len(text)
    fits = len(head.split()) >= _LEAST_WORDS and not _LEADS.match(head) and not _OPEN.search(head)
    whole = all(head.count(a) == head.count(b) if a != b else head.count(a) % 2 == 0 for a, b in _QUOTED)
    if not (fits and whole and text[mark.start() : end].strip()):
        return None
    return Clause("option", text[mark.start() : end].strip(), mark.start(), end, option=principle)


def without(text: str, clauses: list[Clause]) -> str:
    """The text with these cut out."""
    for one in sorted(clauses, key=lambda clause: -clause.start):
        text = text[: one.start] + text[one.end :]
    return text


def _vignette(revealed: Revealed, whole: Item, spans: list[tuple[int, int]]) -> Iterator[Clause]:
    """The sentences before the closing question; those that a factor inserts whole are one clause."""
    levels = dict(whole.context)
    words = {factor: revealed.factors[factor][level] for factor, level in levels.items()}
    _, phrases = filled_spans(revealed.text, words)
    starts, ends = [start for start, _ in spans[:-1]], [end for _, end in spans[:-1]]
    at = 0
    while at < len(starts):
        inserted = next((p for p in phrases if p.start == starts[at] and p.end in ends[at:]), None)
        last = at if inserted is None else ends.index(inserted.end)
        start, end = starts[at], ends[last]
        among = tuple((p.factor, levels[p.factor]) for p in phrases if p.start < end and p.end > start)
        kind: ClauseKind = "sentence" if inserted is None else "factor"
        yield Clause(kind, whole.text[start:end], start, spans[last + 1][0], among)
        at = last + 1
