"""Figures that are tables of colour: divergences of trade-offs by model, and of every format from every other."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from probe.analysis.results import FormatDistances, ModelResults, NumericFloor, StudyResults, TradeOffResult
from probe.report.number_format import amount, below, interval, nats
from probe.report.plot_style import grid, safe

__all__ = ["format_matrix", "kl_by_model"]

_NAMED = 36
"""Up to so many formats each has its name at the side; more would be too small to read."""


def kl_by_model(results: StudyResults) -> go.Figure | None:
    """KL(revealed || stated) of every trade-off in every model; None where no trade-off has both sides."""
    models = sorted(results.models.items())
    largest: dict[str, float] = {}
    for _, model in models:
        for key, t in model.tradeoffs.items():
            if t.kl_revealed_stated is not None:
                largest[key] = max(largest.get(key, 0.0), t.kl_revealed_stated)
    names = sorted(largest, key=lambda key: (-largest[key], key))
    if not names:
        return None
    cells = [[(model.tradeoffs.get(key), model.numeric_floor) for _, model in models] for key in names]
    figure = grid([name for name, _ in models], names, 34)
    figure.add_heatmap(
        z=[[t.kl_revealed_stated if t else None for t, _ in row] for row in cells],
        x=list(range(len(models))),
        y=list(range(len(names))),
        text=[[_cell(t, floor) for t, floor in row] for row in cells],
        texttemplate="%{text}",
        hovertext=[
            [_hover(key, name, model, t) for (name, model), (t, _) in zip(models, row, strict=True)]
            for key, row in zip(names, cells, strict=True)
        ],
        hoverinfo="text",
        **_SCALE,
    )
    return figure


_SCALE = {"colorscale": "Cividis", "zmin": 0, "xgap": 1, "ygap": 1, "showscale": False}


def _cell(t: TradeOffResult | None, floor: NumericFloor) -> str:
    if t is None or t.kl_revealed_stated is None:
        return ""
    reported = "below floor" if below(t.kl_revealed_stated, floor) else amount(t.kl_revealed_stated)
    return f"({reported})" if t.gates else reported


def _hover(key: str, name: str, model: ModelResults, t: TradeOffResult | None) -> str:
    if t is None or t.kl_revealed_stated is None:
        return f"{safe(key)}, {safe(name)}: not measured"
    bounds = interval(t.inference.kl_revealed_stated_interval if t.inference else None)
    shut = ", not interpretable" if t.gates else ""
    return f"{safe(key)}, {safe(name)}: {nats(t.kl_revealed_stated, model.numeric_floor)} nats {bounds}{shut}"


def format_matrix(found: FormatDistances, floor: NumericFloor) -> go.Figure:
    """Mean KL of the row's format from the column's, over revealed items."""
    names = _short(found.variants)
    shown = names if len(names) <= _NAMED else [""] * len(names)
    figure = grid(shown, shown, max(4, min(20, 720 // len(names))), square=True)
    figure.add_heatmap(
        z=[list(row) for row in found.nats],
        x=list(range(len(names))),
        y=list(range(len(names))),
        hovertext=[
            [
                f"{safe(a, 60)}<br>from {safe(b, 60)}<br>{nats(cell, floor)} nats"
                for b, cell in zip(names, row, strict=True)
            ]
            for a, row in zip(names, found.nats, strict=True)
        ],
        hoverinfo="text",
        **{**_SCALE, "xgap": 0, "ygap": 0, "showscale": True},
        colorbar={"title": {"text": "nats"}, "thickness": 12, "outlinewidth": 0},
    )
    return figure


def _short(variants: Sequence[str]) -> list[str]:
    """Each format by the levels of the axes that vary.

    Example:
        >>> _short(["order=p1,cue=answer", "order=p2,cue=answer"])
        ['p1', 'p2']
    """
    split = [[part.partition("=")[2] for part in variant.split(",")] for variant in variants]
    varies = [len(set(levels)) > 1 for levels in zip(*split, strict=True)]
    return [" ".join(level for level, kept in zip(levels, varies, strict=True) if kept) for levels in split]
