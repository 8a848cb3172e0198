"""What is said of option texts beside labels, as results.json holds it. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from probe.analysis.claim import Interval, ValidityCheck, Verdict

__all__ = ["Convergence", "KnownAnswers", "Method", "Methods", "SignRate", "TextResult", "TextSide", "TextWord"]

Method = Literal["labels", "pmi", "token", "sum"]
"""How an answer is read: by its label, or by its text under one of three normalisers."""


@dataclass(frozen=True, slots=True)
class KnownAnswers:
    """Known-answer controls with one right answer, pooled over the trade-offs of a model.

    Attributes:
        right: How many are right: their mean over formats favours the sound option.
        of: How many there are.
        interval: 95 % interval of the share (Clopper and Pearson).
        p: p-value of at least so many where each is guessed (one-sided, binomial).
    """

    right: int
    of: int
    interval: Interval
    p: float

    @property
    def rate(self) -> float:
        """Share that is right."""
        return self.right / self.of


@dataclass(frozen=True, slots=True)
class Convergence:
    """Correlation over items of their mean log-odds by label with their mean score by text.

    Attributes:
        correlation: Clusters count equally; None where one of the two is flat.
        interval: 95 % interval by a jackknife over clusters; None below three.
        items: Number of items that were read both ways.
        clusters: Number of their root questions and scenarios.
    """

    correlation: float | None
    interval: Interval | None
    items: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Methods:
    """Which method the words of a model rest on, decided on known answers alone.

    Attributes:
        chosen: Labels if their p is at most .05, else the normaliser with the least p that is at most .05 / 3, else
            ``none``: no word rests on anything.
        known_answers: By method; over the same controls where labels were read too.
        convergence: By normaliser, over stated and revealed items, centred within each trade-off: no figure depends on
            which principle is the first. Empty where labels were not read.
        formats: In how many formats each question was asked without listed options.
    """

    chosen: Literal["labels", "pmi", "token", "sum", "none"]
    known_answers: dict[Method, KnownAnswers]
    convergence: dict[Method, Convergence]
    formats: int


@dataclass(frozen=True, slots=True)
class SignRate:
    """Share of items whose mean over formats favours the first principle; even ones count one half.

    Attributes:
        value: The share, with the weights of a preference.
        interval: 95 % t interval over clusters, within 0 and 1; None below two, or where all are alike.
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class TextSide:
    """One side of a trade-off.

    Attributes:
        items: Number of items.
        clusters: Number of root questions or scenarios.
        marked: Items that ask which of the options, though none are listed.
        rates: By method, over all items.
        unmarked: By method, over the others; empty where all or none are marked.
    """

    items: int
    clusters: int
    marked: int
    rates: dict[Method, SignRate]
    unmarked: dict[Method, SignRate]


@dataclass(frozen=True, slots=True)
class TextWord:
    """What a word rests on where it rests on option texts: sign rates alone, as the scale of a score is another.

    Attributes:
        method: The normaliser.
        stated: Sign rate of the stated side.
        revealed: Of the revealed side.
        gap: Revealed minus stated.
        gap_interval: 95 % Welch interval over clusters; None where a side has fewer than two.
        gap_interval_90: 90 % interval.
        flat: Whether all questions or scenarios of a side have the same rate: then nothing is called equal.
        checks: Validity checks: known answers by this normaliser, kind by kind. Option mass does not apply.
        verdict_by_labels: What the labels would give.
        reason_by_labels: Why.
    """

    method: Method
    stated: SignRate
    revealed: SignRate
    gap: float
    gap_interval: Interval | None
    gap_interval_90: Interval | None
    flat: bool
    checks: tuple[ValidityCheck, ...]
    verdict_by_labels: Verdict | None
    reason_by_labels: str


@dataclass(frozen=True, slots=True)
class TextResult:
    """Option texts of one trade-off beside its labels.

    Attributes:
        sides: By side: ``stated``, ``bridge``, ``revealed``, where it has items.
        convergence: By normaliser, over the items of both sides.
        word: What the word rests on where it rests on texts; else None.
    """

    sides: dict[str, TextSide]
    convergence: dict[Method, Convergence]
    word: TextWord | None = None
