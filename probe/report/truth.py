"""Planted against measured, for a model whose preferences are known because they were trained into it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from probe.analysis.own_words_results import Turns
from probe.analysis.results import ModelResults, TradeOffResult
from probe.errors import StudyError
from probe.report.ladder_text import STEPS

__all__ = ["Comparison", "Truth", "compare", "read_truth"]

_READ = ("choice", "principle")

_REMEDY = "Build the embedded model and its truth again, or make the report without it."


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted.

    Attributes:
        stated: Deployed stated preference by trade-off; a trade-off whose side has no truth is absent.
        revealed: The same for the revealed side.
        position_bias: Nats of z towards the option shown first.
        label_bias: Nats of z towards the first label of a set.
        acquiescence: Nats of z towards agreeing, in agree items.
        design: Name of the design that the preferences are over.
        ladder: Nats of each step of the ladder, by trade-off and the step's field.
        omission: Nats that the option that is an omission gains, by trade-off.
        pull: Nats by which a second answer follows the first, by trade-off and by what is read second.
        label_echo: Nats that the label gains which was said in the turn before.
    """

    stated: dict[str, float]
    revealed: dict[str, float]
    position_bias: float | None
    label_bias: float | None
    acquiescence: float | None
    design: str | None
    ladder: dict[str, dict[str, float]]
    omission: dict[str, float]
    pull: dict[str, dict[str, float]]
    label_echo: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One planted value and what was measured: a preference (probability), a bias or a step of the ladder (nats)."""

    tradeoff: str
    quantity: str
    planted: float
    measured: float

    @property
    def difference(self) -> float:
        """Measured minus planted."""
        return self.measured - self.planted


def read_truth(text: str) -> Truth:
    """The planted values that a ``truth.json`` holds; what it does not name is absent.

    Raises:
        StudyError: the text is not JSON of the expected shape.

    Example:
        >>> read_truth('{"tradeoffs": {"gift": {"stated": 0.8}}, "position_bias": 1}').stated
        {'gift': 0.8}
    """
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StudyError(f"truth.json: not JSON, found {error}. {_REMEDY}") from error
    tradeoffs = plain.get("tradeoffs") if isinstance(plain, dict) else None
    if not isinstance(tradeoffs, dict):
        raise StudyError(f"truth.json: no mapping 'tradeoffs', found {type(tradeoffs).__name__}. {_REMEDY}")
    return Truth(
        stated=_side(tradeoffs, "stated"),
        revealed=_side(tradeoffs, "revealed"),
        position_bias=_number(plain, "position_bias", "truth.json"),
        label_bias=_number(plain, "label_bias", "truth.json"),
        acquiescence=_number(plain, "acquiescence", "truth.json"),
        design=str(plain["design"]) if "design" in plain else None,
        ladder=_nested(tradeoffs, "ladder", STEPS),
        omission=_side(tradeoffs, "omission"),
        pull=_nested(tradeoffs, "own_words", _READ),
        label_echo=_number(plain, "label_echo", "truth.json"),
    )


def _side(tradeoffs: dict[str, object], side: str) -> dict[str, float]:
    found = {key: _number(entry, side, f"truth.json: tradeoffs.{key}") for key, entry in tradeoffs.items()}
    return {key: value for key, value in sorted(found.items()) if value is not None}


def _nested(tradeoffs: dict[str, object], name: str, keys: Iterable[str]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for tradeoff, entry in sorted(tradeoffs.items()):
        where = f"truth.json: tradeoffs.{tradeoff}.{name}"
        inner = entry.get(name, {}) if isinstance(entry, dict) else entry
        own = {key: _number(inner, key, where) for key in keys}
        if kept := {key: nats for key, nats in own.items() if nats is not None}:
            found[tradeoff] = kept
    return found


def _number(entry: object, key: str, where: str) -> float | None:
    if not isinstance(entry, dict):
        raise StudyError(f"{where}: not a mapping, found {entry!r}. {_REMEDY}")
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StudyError(f"{where}.{key}: not a number, found {value!r}. {_REMEDY}")
    return float(value)


def compare(truth: Truth, model: ModelResults) -> tuple[Comparison, ...]:
    """Every planted value that was also measured, by trade-off."""
    found = []
    for key, result in sorted(model.tradeoffs.items()):
        for quantity, planted, measured in (
            *_preferences(truth, key, result),
            *_biases(truth, result),
            *_between(truth, key, result),
            *_after(truth, key, result),
        ):
            if planted is not None and measured is not None:
                found.append(Comparison(key, quantity, planted, measured))
    return tuple(found)


_Pair = tuple[str, float | None, float | None]


def _preferences(truth: Truth, key: str, result: TradeOffResult) -> tuple[_Pair, ...]:
    return (
        ("stated", truth.stated.get(key), result.stated.deployed if result.stated else None),
        ("revealed", truth.revealed.get(key), result.revealed.deployed if result.revealed else None),
    )


def _biases(truth: Truth, result: TradeOffResult) -> tuple[_Pair, ...]:
    pairs: list[_Pair] = []
    for side, bias in (("stated", result.bias_stated), ("revealed", result.bias)):
        if bias is not None:
            pairs.append((f"position bias, {side}", truth.position_bias, bias.position))
            pairs.append((f"label bias, {side}", truth.label_bias, bias.label))
            agree = bias.acquiescence
            pairs.append((f"acquiescence, {side}", truth.acquiescence, agree.towards_agreeing if agree else None))
    return tuple(pairs)


def _between(truth: Truth, key: str, result: TradeOffResult) -> tuple[_Pair, ...]:
    ladder, omission, planted = result.ladder, result.omission, truth.ladder.get(key, {})
    return (
        *(
            (f"ladder, {name}", planted.get(step), getattr(ladder, step).value if ladder else None)
            for step, name in STEPS.items()
        ),
        ("omission", truth.omission.get(key), omission.towards_omission if omission else None),
    )


def _after(truth: Truth, key: str, result: TradeOffResult) -> Iterator[_Pair]:
    planted = truth.pull.get(key, {})
    for read in _READ:
        turns: Turns | None = getattr(result.own_words, read, None)
        if turns is not None:
            yield f"pull on the {read}", planted.get(read), turns.pull.value
            yield f"label echo, {read}", truth.label_echo, turns.label_echo.value
