"""Planted against measured, for a model whose preferences are known because they were trained into it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from probe.analysis.results import ModelResults
from probe.errors import StudyError

__all__ = ["Comparison", "Truth", "compare", "read_truth"]

_REMEDY = "Build the embedded model and its truth again, or make the report without it."


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted.

    Attributes:
        stated: Deployed stated preference by trade-off; a trade-off whose side has no truth is absent.
        revealed: The same for the revealed side.
        position_bias: Nats of z towards the option shown first.
        label_bias: Nats of z towards the first label of a set.
    """

    stated: dict[str, float]
    revealed: dict[str, float]
    position_bias: float | None
    label_bias: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One planted value and what was measured: a preference (probability) or a bias (nats)."""

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
    except ValueError as error:
        raise StudyError(f"truth.json: not JSON, found {error}. {_REMEDY}") from error
    tradeoffs = plain.get("tradeoffs") if isinstance(plain, dict) else None
    if not isinstance(tradeoffs, dict):
        raise StudyError(f"truth.json: no mapping 'tradeoffs', found {type(tradeoffs).__name__}. {_REMEDY}")
    return Truth(
        stated=_side(tradeoffs, "stated"),
        revealed=_side(tradeoffs, "revealed"),
        position_bias=_number(plain, "position_bias", "truth.json"),
        label_bias=_number(plain, "label_bias", "truth.json"),
    )


def _side(tradeoffs: dict[str, object], side: str) -> dict[str, float]:
    found = {key: _number(entry, side, f"truth.json: tradeoffs.{key}") for key, entry in tradeoffs.items()}
    return {key: value for key, value in sorted(found.items()) if value is not None}


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
    found: list[Comparison] = []
    for key, result in sorted(model.tradeoffs.items()):
        sides = (("stated", truth.stated, result.stated), ("revealed", truth.revealed, result.revealed))
        for name, planted, preference in sides:
            if key in planted and preference is not None:
                found.append(Comparison(key, name, planted[key], preference.deployed))
        for side, bias in (("revealed", result.bias), ("stated", result.bias_stated)):
            if bias is None:
                continue
            for name, value, measured in (
                ("position bias", truth.position_bias, bias.position),
                ("label bias", truth.label_bias, bias.label),
            ):
                if value is not None and measured is not None:
                    found.append(Comparison(key, f"{name}, {side}", value, measured))
    return tuple(found)
