"""Option texts against labels: three normalisers, known answers, which method words rest on, sign rates, convergence.

References:
    Holtzman, West, Shwartz, Choi and Zettlemoyer (2021), Surface form competition, arXiv 2104.08315.
    Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the binomial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64
from scipy.stats import binomtest

from probe.analysis.cells import ITEM_COLUMNS, REMEDY, ItemRow, item_rows
from probe.analysis.convergence import convergence
from probe.analysis.intervals import PROBABILITY, cut, mean_estimate, t_interval
from probe.analysis.neutral_grids import NeutralGrids
from probe.analysis.permutation import ALPHA
from probe.analysis.text_results import KnownAnswers, Method, Methods, SignRate, TextResult, TextSide
from probe.analysis.weights import revealed_weights, stated_weights
from probe.design.option_texts import BEHIND_ID
from probe.errors import StudyError
from probe.store.facts import StudyFacts

__all__ = [
    "NORMALISERS",
    "TextCells",
    "choose_method",
    "covers",
    "known_answers",
    "label_means",
    "methods_of",
    "signs_of",
    "tabulate_texts",
    "text_result",
]

NORMALISERS: tuple[Method, ...] = ("pmi", "token", "sum")
"""Ways of making a text's log-probability comparable with another's, in the order in which ties are decided."""

_SIDES = ("stated", "bridge", "revealed")

Scores = Float64[np.ndarray, " items"]


@dataclass(frozen=True, slots=True)
class TextCells:
    """Option texts of one model, or of a part of its items.

    Attributes:
        items: Sorted by id; ids are those of the same questions with listed options.
        scores: By normaliser, the mean over cues of what speaks for the first principle, nats; per token for ``token``.
        marked: Whether an item asks which of the options.
        cues: Number of cues.
    """

    items: tuple[ItemRow, ...]
    scores: Mapping[Method, Scores]
    marked: Bool[np.ndarray, " items"]
    cues: int

    def take(self, rows: Sequence[int]) -> TextCells:
        """Those of the items with these indices."""
        chosen = list(rows)
        scores: dict[Method, Scores] = {name: values[chosen] for name, values in self.scores.items()}
        return TextCells(tuple(self.items[row] for row in chosen), scores, self.marked[chosen], self.cues)

    def of(self, *, tradeoff: str | None = None, side: str | None = None) -> TextCells:
        """Those of one trade-off, of one side, or both."""
        asked = (tradeoff, side)
        return self.take(
            [
                row
                for row, item in enumerate(self.items)
                if all(want in (None, own) for want, own in zip(asked, (item.tradeoff, item.side), strict=True))
            ]
        )


def tabulate_texts(rows: pa.Table, facts: StudyFacts) -> dict[str, TextCells]:
    """Scores of each model by name, whatever the order of the table's rows.

    Raises:
        StudyError: a cue is missing or stands there twice, a number is not finite, or an item is not of the study.
    """
    return {name: _tabulated(name, rows.filter(pc.equal(rows["model"], name)), facts) for name in _names(rows)}


def label_means(cells: NeutralGrids) -> dict[str, float]:
    """Mean log-odds by label over all formats, by id of the item, nats."""
    parts = [part for part in (cells.plain, cells.offered) if part is not None]
    return {item.id: z for part in parts for item, z in zip(part.items, part.z.mean(axis=1).tolist(), strict=True)}


def known_answers(items: Sequence[ItemRow], values: Scores, facts: StudyFacts) -> dict[str, bool]:
    """For each control with one right answer, by its id, whether the sound option is favoured.

    Args:
        items: Any; the others are passed over.
        values: Of each item, what speaks for its first option.
        facts: Of the controls.
    """
    found = {}
    for item, value in zip(items, values.tolist(), strict=True):
        expect = facts.controls[item.id].expect if item.side == "control" and item.id in facts.controls else None
        if expect is not None:
            found[item.id] = value > 0 if expect == item.p1 else value < 0
    return found


def methods_of(texts: TextCells, labels: Mapping[str, float] | None, facts: StudyFacts) -> Methods:
    """Which method the words of a model rest on, and what that is decided by.

    Args:
        texts: Its option texts.
        labels: From `label_means`; None where labels were not read.
        facts: The study.
    """
    found = {name: known_answers(texts.items, values, facts) for name, values in texts.scores.items()}
    if labels is not None:
        both = texts.take([row for row, item in enumerate(texts.items) if item.id in labels])
        by_label = np.array([labels[item.id] for item in both.items])
        values: dict[Method, Scores] = {"labels": by_label, **both.scores}
        found = {name: known_answers(both.items, own, facts) for name, own in values.items()}
    known = {name: _counted(list(own.values())) for name, own in found.items() if own}
    tradeoffs = [item.tradeoff for item in texts.items]
    return Methods(
        chosen=choose_method({name: one.p for name, one in known.items()}),
        known_answers=known,
        convergence={name: convergence(labels, values, texts.items, tradeoffs) for name, values in texts.scores.items()}
        if labels is not None
        else {},
        formats=texts.cues,
    )


def covers(texts: TextCells, cells: NeutralGrids, facts: StudyFacts) -> bool:
    """Whether texts were read of all the questions, scenarios and known answers that labels were.

    A folder that was widened by labels alone has texts of a part: no method is chosen, and no word rests, on these.
    """

    def keys(items: Iterable[ItemRow]) -> set[tuple[str, str, str]]:
        return {(one.tradeoff, one.side, one.cluster) for one in items if one.side in ("stated", "revealed")}

    def known(items: Iterable[ItemRow]) -> set[str]:
        controls = (one.id for one in items if one.side == "control" and one.id in facts.controls)
        return {name for name in controls if facts.controls[name].expect is not None}

    asked = [one for one in cells.items if not one.fixed]
    return keys(asked) <= keys(texts.items) and known(asked) <= known(texts.items)


def choose_method(p: Mapping[Method, float]) -> Method | Literal["none"]:
    """Labels if they are better than guessing, else the normaliser that is so most, else ``none``.

    Args:
        p: One-sided p-value of the known answers by method; labels may be absent.

    Example:
        >>> choose_method({"labels": 0.05, "pmi": 1e-9}), choose_method({"labels": 0.06, "sum": 1e-3, "token": 1e-3})
        ('labels', 'token')
        >>> choose_method({"labels": 0.06, "pmi": 0.02, "token": 0.02, "sum": 0.02})
        'none'
    """
    if p.get("labels", 1.0) <= ALPHA:
        return "labels"
    able = {p[name]: name for name in reversed(NORMALISERS) if p.get(name, 1.0) <= ALPHA / len(NORMALISERS)}
    return able[min(able)] if able else "none"


def text_result(texts: TextCells, labels: Mapping[str, float] | None) -> TextResult:
    """Sign rates of every side of one trade-off by every method, and how the methods converge on its items.

    Args:
        texts: Of its items.
        labels: From `label_means`; None where labels were not read.
    """
    sides = {}
    for side in _SIDES:
        rows = [row for row, item in enumerate(texts.items) if item.side == side]
        if rows:
            known = labels is not None and all(texts.items[row].id in labels for row in rows)
            sides[side] = _side(texts.take(rows), labels if known else None)
    everything = [""] * len(texts.items)
    return TextResult(
        sides=sides,
        convergence={
            name: convergence(labels, values, texts.items, everything) for name, values in texts.scores.items()
        }
        if labels is not None
        else {},
    )


def signs_of(values: Scores) -> Scores:
    """1 where the first principle is favoured, 0 where the second is, one half where neither."""
    return np.asarray((np.sign(values) + 1) / 2)


def _names(rows: pa.Table) -> list[str]:
    return sorted(rows["model"].unique().to_pylist())


def _tabulated(model: str, rows: pa.Table, facts: StudyFacts) -> TextCells:
    numbers = {
        name: np.asarray(rows[name].to_numpy(), dtype=np.float64)
        for name in (f"{kind}_{at}" for kind in ("logprob", "baseline", "tokens") for at in ("p1", "p2"))
    }
    if not all(np.isfinite(values).all() for values in numbers.values()) or any(
        (numbers[f"tokens_{at}"] < 1).any() for at in ("p1", "p2")
    ):
        raise StudyError(f"texts: model {model}: a log-probability is not finite, or a text has no token. {REMEDY}")
    ids, cues = rows["item"].to_pylist(), rows["axis_cue"].to_pylist()
    every = sorted(set(cues))
    index = {pair: row for row, pair in enumerate(zip(ids, cues, strict=True))}
    names = sorted(set(ids))
    if len(index) != len(ids) or len(index) != len(names) * len(every):
        raise StudyError(f"texts: model {model}: an item lacks a cue, or has one twice. {REMEDY}")
    at = np.array([[index[name, cue] for cue in every] for name in names])
    about = item_rows(rows.select(ITEM_COLUMNS).take(pa.array(at[:, 0])))
    items = tuple(_named(item, facts) for item in about)
    scores: dict[Method, Scores] = {name: by[at].mean(axis=1) for name, by in _normalised(numbers).items()}
    marked = np.asarray(rows["asks_which"].to_numpy(zero_copy_only=False))[at[:, 0]]
    return TextCells(items, scores, marked, len(every))


def _normalised(numbers: Mapping[str, Float64[np.ndarray, " rows"]]) -> dict[Method, Float64[np.ndarray, " rows"]]:
    """What speaks for the first principle: each text's whole log-probability, per token, and against its baseline."""
    u1, u2 = numbers["logprob_p1"], numbers["logprob_p2"]
    return {
        "pmi": (u1 - numbers["baseline_p1"]) - (u2 - numbers["baseline_p2"]),
        "token": u1 / numbers["tokens_p1"] - u2 / numbers["tokens_p2"],
        "sum": u1 - u2,
    }


def _named(item: ItemRow, facts: StudyFacts) -> ItemRow:
    """An item under the id of the same question with listed options, held against the study."""
    name, about = item.id.removesuffix(BEHIND_ID), facts.tradeoffs.get(item.tradeoff)
    if about is None or (item.side != "control" and (item.p1, item.p2) != (about.p1, about.p2)):
        raise StudyError(f"texts: {item.id}: its trade-off or its principles are not those of the study. {REMEDY}")
    if item.side == "control" and name not in facts.controls:
        raise StudyError(f"texts: control {item.id} is not part of the study. {REMEDY}")
    return replace(item, id=name)


def _counted(right: Sequence[bool]) -> KnownAnswers:
    hits, of = sum(right), len(right)
    share = binomtest(hits, of).proportion_ci(method="exact")
    guessed = binomtest(hits, of, alternative="greater")
    return KnownAnswers(hits, of, (float(share.low), float(share.high)), float(guessed.pvalue))


def _side(texts: TextCells, labels: Mapping[str, float] | None) -> TextSide:
    values: dict[Method, Scores] = dict(texts.scores)
    if labels is not None:
        values = {"labels": np.array([labels[item.id] for item in texts.items]), **values}
    plain = np.flatnonzero(~texts.marked).tolist()
    some = 0 < len(plain) < len(texts.items)
    rows = range(len(texts.items))
    return TextSide(
        items=len(texts.items),
        clusters=len({item.cluster for item in texts.items}),
        marked=int(texts.marked.sum()),
        rates={name: _rate(texts.items, own, rows) for name, own in values.items()},
        unmarked={name: _rate(texts.items, own, plain) for name, own in values.items()} if some else {},
    )


def _rate(items: Sequence[ItemRow], values: Scores, rows: Sequence[int]) -> SignRate:
    own = [items[row] for row in rows]
    clusters = [item.cluster for item in own]
    stated = own[0].side == "stated"
    weights = stated_weights([item.form for item in own], clusters) if stated else revealed_weights(clusters)
    signs = signs_of(values[list(rows)])
    names = sorted(set(clusters))
    of = np.array([[cluster == name for cluster in clusters] for name in names], dtype=np.float64)
    shares = of @ weights
    means = (of * weights) @ signs / shares
    flat = len(names) < 2 or float(mean_estimate(means, shares).error) == 0
    bounds = None if flat else t_interval(means, shares)
    return SignRate(float(weights @ signs), bounds and cut(bounds, PROBABILITY))
