"""Does having said a principle change what is then chosen, and a choice what is then said: by forced first answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.cells import REMEDY
from probe.analysis.intervals import equal_weights, t_interval
from probe.analysis.ladder_results import Step
from probe.analysis.logspace import mixture_log_odds
from probe.analysis.own_words_results import OwnWordsResult, Turns, UnrelatedAnswers
from probe.analysis.results import ModelResults, TradeOffResult
from probe.design.own_words import UNRELATED
from probe.errors import StudyError

__all__ = ["Said", "contrast", "own_words_of", "turns_of_pairs", "with_own_words"]

_SAID = np.array([1.0, -1.0])

Pairs = Float64[np.ndarray, "pairs formats said formats"]
Alone = Float64[np.ndarray, "pairs formats"]


@dataclass(frozen=True, slots=True)
class Said:
    """Log-odds towards P1 of some second questions, by the first turn's format, what was said there, and the format.

    Attributes:
        scenarios: The scenario of each pair; of an unrelated first question the item itself.
        forms: Form of its general question; empty where the first question is unrelated.
        z: Nats; P1, or the first unrelated answer, was said before P2.
        first: Log-odds of the first question alone, in each of its formats; not a number where it is unrelated.
        second: Log-odds of the second question alone.
        order: +1 where P1 is shown first, else -1, by format.
        label: +1 where P1 has the first label, else -1, by format.
        mass: Mean option mass of each pair.
    """

    scenarios: tuple[str, ...]
    forms: tuple[str, ...]
    z: Pairs
    first: Alone
    second: Alone
    order: Float64[np.ndarray, " formats"]
    label: Float64[np.ndarray, " formats"]
    mass: Float64[np.ndarray, " pairs"]


def with_own_words(models: Mapping[str, ModelResults], readings: pa.Table, turns: pa.Table) -> dict[str, ModelResults]:
    """The same results with what questions in two turns show of each trade-off that has some.

    Args:
        models: Results by model.
        readings: Rows of ``readings.parquet``: how both questions are answered alone.
        turns: Rows of ``own_words.parquet``.

    Raises:
        StudyError: A cell is missing, stands there twice, or is not finite.
    """
    found = {}
    for name, model in models.items():
        own = turns.filter(pc.equal(turns["model"], name))
        alone = _alone(readings.filter(pc.equal(readings["model"], name)), own)
        tradeoffs = {
            key: _with(t, own.filter(pc.equal(own["tradeoff"], key)), alone, model.numeric_floor.log_odds)
            for key, t in model.tradeoffs.items()
        }
        found[name] = replace(model, tradeoffs=tradeoffs)
    return found


def own_words_of(of_form: Mapping[str, Said], principles: tuple[str, str], delta: float) -> OwnWordsResult | None:
    """Both orders of one trade-off; None where nothing was read.

    Args:
        of_form: By form of the rows: ``choice``, ``principle``, and either with ``_unrelated``.
        principles: P1 and P2.
        delta: Numeric floor of a log-odds, nats.
    """
    both = {
        form: turns_of_pairs(of_form[form], of_form.get(f"{form}_unrelated"), principles, delta)
        for form in ("choice", "principle")
        if form in of_form
    }
    return OwnWordsResult(both.get("choice"), both.get("principle")) if both else None


def turns_of_pairs(said: Said, unrelated: Said | None, principles: tuple[str, str], delta: float) -> Turns:
    """One order of the two turns in one trade-off.

    Args:
        said: Its pairs.
        unrelated: The same questions after an unrelated one.
        principles: P1 and P2.
        delta: Numeric floor of a log-odds, nats.
    """
    names, within = _scenarios(said)
    p, own = expit(said.z), expit(np.stack([said.first, -said.first], axis=2))
    joint = np.stack([np.einsum("afs,afsv->as", own, part) for part in (p, expit(-said.z))], axis=2)
    joint = within @ joint.reshape(len(joint), 4) / said.first.shape[1] / said.second.shape[1]
    after, alone = joint[:, 0] + joint[:, 2], within @ expit(said.second).mean(axis=1)
    pulls = contrast(said.z, np.ones(len(said.order)))
    pull = _step(within @ pulls)
    table = joint.mean(axis=0).reshape(2, 2).tolist()
    floor = None if unrelated is None else _floor(unrelated)
    return Turns(
        pairs=len(said.scenarios),
        scenarios=len(names),
        given=dict(zip(principles, (within @ p.mean(axis=(1, 3))).mean(axis=0).tolist(), strict=True)),
        transition={one: dict(zip(principles, table[at], strict=True)) for at, one in enumerate(principles)},
        alone=float(alone.mean()),
        after=float(after.mean()),
        shift=_step(after - alone),
        pull=pull,
        pull_of_means=_pull_of_means(said, within),
        label_echo=_step(within @ contrast(said.z, said.label)),
        position_echo=_step(within @ contrast(said.z, said.order)),
        by_form={form: float(pulls[[one == form for one in said.forms]].mean()) for form in sorted(set(said.forms))},
        by_scenario=dict(zip(names, (within @ pulls).tolist(), strict=True)),
        option_mass=float((within @ said.mass).mean()),
        unrelated=floor,
        beyond_floor=floor is not None and _is_beyond(pull, max(floor.size, 2 * delta)),
    )


def contrast(z: Pairs, code: Float64[np.ndarray, " formats"]) -> Float64[np.ndarray, " pairs"]:
    """By how much z differs between the two answers, turned round where a code of the two turns' formats differs.

    With a code of 1 it is the pull; with the label code, by how much saying this label or the other differs.

    Example:
        >>> z = np.zeros((1, 2, 2, 2))
        >>> z[0, :, 0, :] = 1.0
        >>> contrast(z, np.ones(2)), contrast(z, np.array([1.0, -1.0]))
        (array([1.]), array([0.]))
    """
    turned = z * _SAID[None, None, :, None] * np.outer(code, code)[None, :, None, :]
    return np.asarray(2 * turned.mean(axis=(1, 2, 3)))


@dataclass(frozen=True, slots=True)
class _Alone:
    """How the questions of both turns are answered alone.

    Attributes:
        z: Log-odds by item and variant, nats.
        forms: Form of each general question by item.
    """

    z: Mapping[tuple[str, str], float]
    forms: Mapping[str, str]


def _with(t: TradeOffResult, rows: pa.Table, alone: _Alone, delta: float) -> TradeOffResult:
    forms = sorted(rows["form"].unique().to_pylist())
    tables = {form: _tabulated(rows.filter(pc.equal(rows["form"], form)), alone) for form in forms}
    found = {form: said for form, said in tables.items() if said is not None}
    return replace(t, own_words=own_words_of(found, (t.p1, t.p2), delta))


def _alone(readings: pa.Table, turns: pa.Table) -> _Alone:
    asked = pa.chunked_array([*turns["first_item"].chunks, *turns["second_item"].chunks], pa.string())
    rows = readings.filter(pc.is_in(readings["item"], asked.unique()))
    columns = ("item", "variant", "log_odds", "side", "form")
    every = list(zip(*(rows[name].to_pylist() for name in columns), strict=True))
    return _Alone(
        {(item, variant): z for item, variant, z, *_ in every},
        {item: form for item, *_, side, form in every if side == "stated"},
    )


def _tabulated(rows: pa.Table, alone: _Alone) -> Said | None:
    """Rows of one form as arrays, items by id; those whose questions were not read alone are left out."""
    turns = ["item", "first_variant", "said", "second_variant"]
    columns = [*turns, "log_odds", "option_mass", "first_item", "second_item", "scenario", "p1", "p2"]
    every = rows.select(columns).to_pylist()
    formats = sorted({one["second_variant"] for one in every})
    about = {one["item"]: one for one in every}
    names = [name for name in sorted(about) if _is_known(about[name], formats, alone)]
    cells = {tuple(one[name] for name in turns): one for one in every}
    if len(cells) != len(every) or len(every) != len(about) * 2 * len(formats) ** 2:
        raise StudyError(f"own_words: an exchange is missing, or stands there twice. {REMEDY}")
    if not names:
        return None
    keys = [
        [(name, first, said, second) for first in formats for said in _answers(about[name]) for second in formats]
        for name in names
    ]
    shape = len(names), len(formats), 2, len(formats)
    z, mass = (
        np.array([[cells[key][column] for key in own] for own in keys]).reshape(shape)
        for column in ("log_odds", "option_mass")
    )
    if not np.isfinite(z).all():
        raise StudyError(f"own_words: a log-odds is not finite. {REMEDY}")
    first, second = (
        np.array([[alone.z.get((about[name][turn], one), np.nan) for one in formats] for name in names])
        for turn in ("first_item", "second_item")
    )
    return Said(
        scenarios=tuple(about[name]["scenario"] or name for name in names),
        forms=tuple(_form(about[name], alone) for name in names),
        z=z,
        first=first,
        second=second,
        order=_codes(formats, "order"),
        label=_codes(formats, "label_order"),
        mass=mass.mean(axis=(1, 2, 3)),
    )


def _is_known(row: Mapping[str, str], formats: Sequence[str], alone: _Alone) -> bool:
    """Whether both questions were read alone, or the second where the first is unrelated."""
    asked = [row["second_item"], *([] if row["first_item"] == UNRELATED.id else [row["first_item"]])]
    return all((item, one) in alone.z for item in asked for one in formats)


def _answers(row: Mapping[str, str]) -> tuple[str, str]:
    """What could be said in the first turn: the answer for P1, or the first unrelated one, first."""
    return (UNRELATED.p1, UNRELATED.p2) if row["first_item"] == UNRELATED.id else (row["p1"], row["p2"])


def _form(row: Mapping[str, str], alone: _Alone) -> str:
    return next((alone.forms[row[turn]] for turn in ("first_item", "second_item") if row[turn] in alone.forms), "")


def _codes(formats: Sequence[str], axis: str) -> Float64[np.ndarray, " formats"]:
    return np.array([1.0 if f"{axis}=p1" in one.split(",") else -1.0 for one in formats])


def _scenarios(said: Said) -> tuple[tuple[str, ...], Float64[np.ndarray, "scenarios pairs"]]:
    """Their names, and a matrix that takes a value of each pair to the mean of each scenario."""
    names = tuple(sorted(set(said.scenarios)))
    own = np.array([[one == name for one in said.scenarios] for name in names], dtype=np.float64)
    return names, own / own.sum(axis=1, keepdims=True)


def _floor(unrelated: Said) -> UnrelatedAnswers:
    pulls = contrast(unrelated.z, np.ones(len(unrelated.order)))
    return UnrelatedAnswers(
        items=len(pulls),
        size=float(np.sqrt(np.mean(pulls**2))),
        shift=_step(expit(unrelated.z).mean(axis=(1, 2, 3)) - expit(unrelated.second).mean(axis=1)),
        pull=_step(pulls),
        label_echo=_step(contrast(unrelated.z, unrelated.label)),
        position_echo=_step(contrast(unrelated.z, unrelated.order)),
    )


def _pull_of_means(said: Said, within: Float64[np.ndarray, "scenarios pairs"]) -> Step:
    """Of mean probabilities; the error of its jackknife over scenarios."""

    def of(scenarios: Float64[np.ndarray, "some pairs"]) -> float:
        weights = np.broadcast_to(scenarios.mean(axis=0)[:, None, None], said.z[:, :, 0].shape)
        used = scenarios.sum(axis=0) > 0
        after = [mixture_log_odds(said.z[used, :, at], weights[used]) for at in (0, 1)]
        return after[0] - after[1]

    count, value = len(within), of(within)
    if count < 2:
        return Step(value, None)
    pseudo = np.array([count * value - (count - 1) * of(np.delete(within, at, axis=0)) for at in range(count)])
    found = t_interval(pseudo, equal_weights(count))
    half = 0.0 if found is None else (found[1] - found[0]) / 2
    return Step(value, (value - half, value + half))


def _step(values: Float64[np.ndarray, " scenarios"]) -> Step:
    return Step(float(values.mean()), t_interval(values, equal_weights(len(values))))


def _is_beyond(pull: Step, size: float) -> bool:
    return pull.interval is not None and (pull.interval[0] > size or pull.interval[1] < -size)
