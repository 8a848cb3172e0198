"""The exact figures of a table of readings, worked out by the definitions alone: plain probabilities, plain loops.

Shares no code with the estimators, so that each checks the other. For moderate log-odds only.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

__all__ = ["BudgetTruth", "Cell", "SideTruth", "Truth", "kl", "truth_of"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the table."""

    side: str
    form: str
    cluster: str
    item: str
    context: tuple[tuple[str, str], ...]
    axes: Mapping[str, str]
    z: float
    mass: float

    @property
    def p(self) -> float:
        """Probability of the first principle."""
        return 1 / (1 + math.exp(-self.z))

    @property
    def order(self) -> int:
        """+1 where the first principle's option is shown first, else -1."""
        return 1 if self.axes["order"] == "p1" else -1

    @property
    def label(self) -> int:
        """+1 where the first principle carries the first label of its set, else -1."""
        follows = self.axes["label_order"] == "position"
        return self.order if follows else (1 if self.axes["label_order"] == "p1" else -1)


@dataclass(frozen=True, slots=True)
class SideTruth:
    """Figures of one side, named as in the results."""

    deployed: float
    latent_log_odds: float
    greedy: float
    position: float
    label_by_set: dict[str, float]
    listing: float
    flip_rate: float | None
    pivot_prevalence: float
    disagreement: float
    consistency: float
    mass: float
    by_form: dict[str, float]
    by_cluster: dict[str, float]


@dataclass(frozen=True, slots=True)
class BudgetTruth:
    """The deviation budget, in nats."""

    total: float
    format: float
    context: float
    scenarios: float
    gap: float
    format_by_axis: dict[str, float]


@dataclass(frozen=True, slots=True)
class Truth:
    """Figures of one trade-off with both sides, named as in the results; context effects on p and on z."""

    stated: SideTruth
    revealed: SideTruth
    kl_revealed_stated: float
    kl_stated_revealed: float
    jsd: float
    budget: BudgetTruth
    context_effects: dict[str, dict[str, tuple[float, float]]]
    bridge_to_choice: float | None
    towards_agreeing: float | None


def truth_of(table: pa.Table, tradeoff: str, agreeing: Mapping[str, str]) -> Truth:
    """Every figure of one trade-off by its definition.

    Args:
        table: Readings of one model.
        tradeoff: Which trade-off.
        agreeing: Principle that an agree item's agreeing answer stands for.
    """
    cells = [_cell(row) for row in table.to_pylist() if row["tradeoff"] == tradeoff]
    stated = [cell for cell in cells if cell.side == "stated"]
    revealed = [cell for cell in cells if cell.side == "revealed"]
    s, r = _side(stated, _stated_mean), _side(revealed, _revealed_mean)
    middle = (s.deployed + r.deployed) / 2
    return Truth(
        stated=s,
        revealed=r,
        kl_revealed_stated=kl(r.deployed, s.deployed),
        kl_stated_revealed=kl(s.deployed, r.deployed),
        jsd=(kl(r.deployed, middle) + kl(s.deployed, middle)) / 2,
        budget=_budget(revealed, s.deployed, r.deployed),
        context_effects=_effects(revealed),
        bridge_to_choice=_bridge([cell for cell in cells if cell.side == "bridge"], revealed),
        towards_agreeing=_agreement(stated, agreeing),
    )


def kl(p: float, q: float) -> float:
    """D(p || q) of two probabilities strictly between 0 and 1, nats."""
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


Value = Callable[[Cell], float]
Mean = Callable[[Iterable[Cell], Value], float]


def _cell(row: Mapping[str, object]) -> Cell:
    return Cell(
        side=str(row["side"]),
        form=str(row["form"]),
        cluster=str(row["cluster"]),
        item=str(row["item"]),
        context=tuple(json.loads(str(row["context"])).items()),
        axes={name.removeprefix("axis_"): str(value) for name, value in row.items() if name.startswith("axis_")},
        z=float(str(row["log_odds"])),
        mass=float(str(row["option_mass"])),
    )


def _grouped(cells: Iterable[Cell], key: Callable[[Cell], str]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(key(cell), []).append(cell)
    return found


def _plain(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed)


def _cluster_mean(cells: Iterable[Cell], value: Value) -> float:
    return _plain(_plain(map(value, own)) for own in _grouped(cells, lambda c: c.item).values())


def _revealed_mean(cells: Iterable[Cell], value: Value) -> float:
    return _plain(_cluster_mean(own, value) for own in _grouped(cells, lambda c: c.cluster).values())


def _stated_mean(cells: Iterable[Cell], value: Value) -> float:
    return _plain(_revealed_mean(own, value) for own in _grouped(cells, lambda c: c.form).values())


def _side(cells: Sequence[Cell], mean: Mean) -> SideTruth:
    sets = _grouped(cells, lambda c: c.axes["label_set"])
    items = _grouped(cells, lambda c: c.item)
    flips = {name: _flip(own) for name, own in items.items()}
    decided = [cell for cell in cells if flips[cell.item][0] is not None]
    weight = mean(cells, lambda c: float(flips[c.item][0] is not None))
    rate = mean(cells, lambda c: flips[c.item][0] or 0.0) / weight if decided else None
    own_mean = {name: _plain(cell.p for cell in own) for name, own in items.items()}
    return SideTruth(
        deployed=mean(cells, lambda c: c.p),
        latent_log_odds=mean(cells, lambda c: c.z),
        greedy=mean(cells, lambda c: float(c.z > 0)),
        position=mean(cells, lambda c: c.order * c.z),
        label_by_set={name: mean(own, lambda c: c.label * c.z) for name, own in sets.items()},
        listing=mean(cells, lambda c: c.order * c.label * c.z),
        flip_rate=rate,
        pivot_prevalence=mean(cells, lambda c: float((flips[c.item][0] or 0.0) >= 0.1)),
        disagreement=mean(cells, lambda c: flips[c.item][1]),
        consistency=1 - mean(cells, lambda c: kl(c.p, own_mean[c.item])) / math.log(2),
        mass=mean(cells, lambda c: c.mass),
        by_form={name: _revealed_mean(own, lambda c: c.p) for name, own in _grouped(cells, lambda c: c.form).items()},
        by_cluster={
            name: _cluster_mean(own, lambda c: c.p) for name, own in _grouped(cells, lambda c: c.cluster).items()
        },
    )


def _flip(cells: Sequence[Cell]) -> tuple[float | None, float]:
    """Flip rate of one item, and the chance that two of its variants choose differently."""
    signs = [math.copysign(1, cell.z) if abs(cell.p - 0.5) > 0.05 else 0.0 for cell in cells]
    counted = [sign for sign in signs if sign]
    pairs = list(itertools.combinations(signs, 2))
    apart = _plain(float(a * b < 0) for a, b in pairs) if pairs else 0.0
    if not counted:
        return None, apart
    return min(counted.count(1.0), counted.count(-1.0)) / len(counted), apart


def _budget(cells: Sequence[Cell], stated: float, revealed: float) -> BudgetTruth:
    of_item = {name: _plain(c.p for c in own) for name, own in _grouped(cells, lambda c: c.item).items()}
    of_scenario = {
        name: _cluster_mean(own, lambda c: c.p) for name, own in _grouped(cells, lambda c: c.cluster).items()
    }
    return BudgetTruth(
        total=_revealed_mean(cells, lambda c: kl(c.p, stated)),
        format=_revealed_mean(cells, lambda c: kl(c.p, of_item[c.item])),
        context=_revealed_mean(cells, lambda c: kl(of_item[c.item], of_scenario[c.cluster])),
        scenarios=_revealed_mean(cells, lambda c: kl(of_scenario[c.cluster], revealed)),
        gap=kl(revealed, stated),
        format_by_axis=_shapley(cells),
    )


def _shapley(cells: Sequence[Cell]) -> dict[str, float]:
    """Mean gain of an axis over all orders in which the axes may be told."""
    varied = [axis for axis in cells[0].axes if len({cell.axes[axis] for cell in cells}) > 1]
    told: dict[frozenset[str], float] = {}
    for size in range(len(varied) + 1):
        for axes in itertools.combinations(varied, size):
            told[frozenset(axes)] = _information(cells, axes)
    found = dict.fromkeys(varied, 0.0)
    orders = list(itertools.permutations(varied))
    for order in orders:
        for place, axis in enumerate(order):
            found[axis] += (told[frozenset(order[: place + 1])] - told[frozenset(order[:place])]) / len(orders)
    return found


def _information(cells: Sequence[Cell], axes: Sequence[str]) -> float:
    of_item = {name: _plain(c.p for c in own) for name, own in _grouped(cells, lambda c: c.item).items()}

    def place(cell: Cell) -> str:
        return json.dumps([cell.item, *(cell.axes[axis] for axis in axes)])

    of_place = {name: _plain(c.p for c in own) for name, own in _grouped(cells, place).items()}
    return _revealed_mean(cells, lambda c: kl(of_place[place(c)], of_item[c.item]))


def _effects(cells: Sequence[Cell]) -> dict[str, dict[str, tuple[float, float]]]:
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for own in _grouped(cells, lambda c: c.cluster).values():
        for factor in dict(own[0].context):
            levels = _grouped(own, lambda c, factor=factor: dict(c.context)[factor])  # type: ignore[misc]
            for level, at in levels.items():
                p = _plain(c.p for c in at) - _plain(c.p for c in own)
                z = _plain(c.z for c in at) - _plain(c.z for c in own)
                found.setdefault(factor, {}).setdefault(level, []).append((p, z))
    return {
        factor: {level: (_plain(p for p, _ in pairs), _plain(z for _, z in pairs)) for level, pairs in levels.items()}
        for factor, levels in found.items()
    }


def _bridge(bridges: Sequence[Cell], revealed: Sequence[Cell]) -> float | None:
    choices = _grouped(revealed, lambda c: c.cluster)
    pairs = [(own, choices[name]) for name, own in _grouped(bridges, lambda c: c.cluster).items() if name in choices]
    if not pairs:
        return None
    return _plain(_plain(c.z for c in choice) - _plain(c.z for c in bridge) for bridge, choice in pairs)


def _agreement(stated: Sequence[Cell], agreeing: Mapping[str, str]) -> float | None:
    items = {name: _plain(c.z for c in own) for name, own in _grouped(stated, lambda c: c.item).items()}
    gains = [
        (1 if agreeing[name] == "first" else -1) * (z - items[f"{name}~mate"]) / 2
        for name, z in items.items()
        if f"{name}~mate" in items
    ]
    return _plain(gains) if gains else None
