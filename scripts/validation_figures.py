"""The figures of docs/validation.md, drawn from what was measured. Computes no statistic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
import numpy as np

from probe.analysis.gu2025 import answer_shares, joint_estimates
from simulation.validation import COVERAGE, REJECTION, Validation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"

# Okabe and Ito's palette, as in the report.
BLUE, ORANGE, GREEN, GREY = "#3B8FC9", "#D55E00", "#009E73", "#666666"

STYLE = {
    "svg.hashsalt": "validation",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def draw_all(found: Validation) -> None:
    """Write every figure; the same numbers give the same bytes under one version of matplotlib."""
    with mpl.rc_context(STYLE):
        drawn = {
            "coverage": coverage(found),
            "rejections": rejections(found),
            "power": power(found),
            "published": published(),
        }
        for name, figure in drawn.items():
            path = FOLDER / f"validation-{name}.svg"
            figure.savefig(path, metadata={"Date": None, "Creator": None}, facecolor="white")
            text = path.read_text(encoding="utf-8")
            path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")
            plt.close(figure)


def _figure(columns: int, height: float) -> tuple[Figure, list[Axes]]:
    figure, axes = plt.subplots(1, columns, figsize=(9, height), layout="constrained", squeeze=False)
    return figure, list(axes[0])


def coverage(found: Validation) -> Figure:
    """A dot for each seed and interval, by truth; hollow with four clusters a side."""
    names = list(found.coverage)
    figure, panels = _figure(3, 3.4)
    for panel, (field, title) in zip(
        panels, (("gap", "R − S"), ("root", "signed root of 2 KL"), ("kl", "KL(R || S)")), strict=True
    ):
        panel.axvspan(*(COVERAGE if field != "kl" else (COVERAGE[0], 1.0)), color="#E8F1F8")
        panel.axvline(0.95, color=GREY, linewidth=1, linestyle=":")
        for row, name in enumerate(reversed(names)):
            for results, face in ((found.few_clusters[name], "none"), (found.coverage[name], BLUE)):
                values = [getattr(one, field) for one in results]
                panel.plot(values, [row] * len(values), "o", markerfacecolor=face, color=BLUE, markersize=5)
        panel.set(title=title, xlim=(0.86, 1.0), xlabel="share that holds the truth", ylim=(-0.6, len(names) - 0.4))
        panel.set_yticks(range(len(names)), list(reversed(names)) if field == "gap" else [""] * len(names))
    return figure


def rejections(found: Validation) -> Figure:
    """Share of rejections where R = S, by the ratio of the sides' spreads."""
    figure, panels = _figure(2, 3.0)
    for panel, (wide, of_ratio) in zip(panels, found.ratios.items(), strict=True):
        panel.axhspan(*REJECTION, color="#E8F1F8")
        panel.axhline(0.05, color=GREY, linewidth=1, linestyle=":")
        ratios = list(of_ratio)
        panel.plot(ratios, [r.test for r in of_ratio.values()], "o-", color=BLUE, label="clusters exchanged")
        panel.plot(
            ratios, [r.t_of_clusters for r in of_ratio.values()], "s--", color=ORANGE, label="t test on clusters"
        )
        narrow = 12 if wide == 9 else 9
        panel.set(
            title=f"{wide} clusters spread wide, {narrow} narrow",
            xlabel="ratio of spreads (log-odds)",
            ylabel="share rejected at .05",
            ylim=(0, 0.1),
        )
    panels[0].legend(loc="lower right")
    return figure


def power(found: Validation) -> Figure:
    """How often either claim is made, by what is there to be found."""
    figure, (left, right) = _figure(2, 3.4)
    colours = dict(zip(found.power.deviation, (ORANGE, BLUE, GREEN), strict=True))
    for size, of_gap in found.power.deviation.items():
        left.plot(
            list(of_gap),
            [c.deviation for c in of_gap.values()],
            "o-",
            color=colours[size],
            label=f"{size} and {size * 4 // 3} clusters",
        )
    in_family = found.power.in_family
    left.plot(
        list(in_family),
        [c.deviation for c in in_family.values()],
        "o:",
        color=BLUE,
        label="9 and 12, first of 24 tests",
    )
    left.axvline(0.05, color=GREY, linewidth=1, linestyle=":")
    left.set(title="deviation, spread of 1.0 nats", xlabel="R − S", ylabel="share claimed", ylim=(-0.02, 1.02))
    left.legend(loc="upper left", fontsize=8)
    for size, of_spread in found.power.no_deviation.items():
        right.plot(list(of_spread), [c.no_deviation for c in of_spread.values()], "o-", color=colours[size])
    right.set(title="no deviation, R = S", xlabel="spread of the clusters' log-odds, nats", ylim=(-0.02, 1.02))
    return figure


def published() -> Figure:
    """The published estimate where both sides are equal, by what they are equal to."""
    at = np.linspace(0.02, 0.98, 49)
    exact = [joint_estimates(answer_shares(np.full(11, p)), answer_shares(np.full(6, p))) for p in at]
    camps = [np.where(np.arange(12) < 6, 0.5 - d, 0.5 + d) for d in np.linspace(0, 0.48, 49)]
    mixed = [joint_estimates(answer_shares(p[:11]), answer_shares(p[3:9])) for p in camps]
    figure, (left, right) = _figure(2, 3.2)
    for panel, grid, found in ((left, at, exact), (right, np.linspace(0, 0.48, 49), mixed)):
        low, high = [e.percentile(0.05) for e in found], [e.percentile(0.95) for e in found]
        panel.fill_between(grid, low, high, color=BLUE, alpha=0.25, linewidth=0, label="5th to 95th percentile")
        panel.plot(grid, [e.mean for e in found], color=BLUE, label="mean")
        panel.axhline(0, color=GREY, linewidth=1, linestyle=":")
        panel.set(ylim=(-0.02, 0.45))
    left.set(title="all prompts at p", xlabel="p, on both sides", ylabel="estimate, base 10; true value 0")
    right.set(title="half at .5 − d, half at .5 + d", xlabel="d, on both sides")
    left.legend(loc="upper center", fontsize=8)
    return figure
