"""A part of a trade-off: some root questions, some scenarios at some levels of their factors, some controls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from probe.design.fields import Id
from probe.design.shape import Revealed, TradeOff
from probe.design.typed_yaml import did_you_mean, listed

__all__ = ["Part", "part_of"]


class Part(BaseModel):
    """What of a trade-off belongs to a suite; a factor that is not named keeps all its levels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tradeoff: Id
    stated: tuple[Id, ...] = ()
    revealed: dict[Id, dict[Id, tuple[Id, ...]]] = {}
    controls: tuple[Id, ...] = ()


def part_of(tradeoff: TradeOff, part: Part) -> TradeOff:
    """The trade-off without what the part does not name; its items keep their ids.

    Raises:
        ValueError: The part names what the trade-off does not have.
    """
    where = f"the part of '{tradeoff.tradeoff}'"
    _known(f"{where}: the root question", part.stated, [one.id for one in tradeoff.stated])
    _known(f"{where}: the scenario", part.revealed, [one.id for one in tradeoff.revealed])
    _known(f"{where}: the control", part.controls, [one.id for one in tradeoff.controls])
    return tradeoff.model_copy(
        update={
            "stated": tuple(one for one in tradeoff.stated if one.id in part.stated),
            "revealed": tuple(
                _fewer_levels(one, part.revealed[one.id], where) for one in tradeoff.revealed if one.id in part.revealed
            ),
            "controls": tuple(one for one in tradeoff.controls if one.id in part.controls),
        }
    )


def _fewer_levels(revealed: Revealed, chosen: Mapping[str, Sequence[str]], where: str) -> Revealed:
    _known(f"{where}, '{revealed.id}': the factor", chosen, revealed.factors)
    for factor, levels in chosen.items():
        _known(f"{where}, '{revealed.id}': the level of '{factor}'", levels, revealed.factors[factor])
        if not levels:
            raise ValueError(f"{where}, '{revealed.id}': '{factor}' has no level left. Name one.")
    factors = {
        factor: {level: text for level, text in levels.items() if level in chosen.get(factor, levels)}
        for factor, levels in revealed.factors.items()
    }
    return revealed.model_copy(update={"factors": factors})


def _known(what: str, named: Collection[str], known: Collection[str]) -> None:
    for name in named:
        if name not in known:
            hint = did_you_mean(name, known) or " Mend the entry."
            raise ValueError(f"{what} '{name}' is not there; known are {listed(known)}.{hint}")
