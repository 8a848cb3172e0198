"""Guards: figures for papers show the numbers of the results, in every kind of file, always the same bytes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

import probe
from probe import cli
from probe.analysis.claim import ContentGap
from probe.analysis.results import AtTemperature, GreedyLimit, SideAt, Temperatures
from probe.errors import InputError
from probe.figures import NAMES, formats, preferences, specification
from probe.figures.draw import FIGURES, draw, encode

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


def lines(figure, label):
    return [line for axes in figure.axes for line in axes.lines if line.get_label() == label]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_figure_with_a_label_on_its_axis(results, name):
    figure = FIGURES[name](results)
    assert isinstance(figure, Figure)
    assert figure.axes
    assert any(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)


def test_preferences_stand_where_they_were_measured(results, model):
    figure = preferences.stated_and_revealed(results)
    for side in ("stated", "revealed"):
        (drawn,) = lines(figure, side)
        wanted = sorted(getattr(t, side).deployed for t in model.tradeoffs.values() if getattr(t, side))
        assert sorted(drawn.get_xdata()) == wanted


def test_bars_of_the_budget_end_at_its_total(results, model):
    figure = formats.budget(results)
    ends = {}
    for bar in figure.axes[0].patches:
        ends[bar.get_y()] = max(ends.get(bar.get_y(), 0.0), bar.get_x() + bar.get_width())
    totals = [t.budget.total or 0.0 for t in model.tradeoffs.values() if t.budget and t.budget.total]
    assert sorted(ends.values())[-len(totals) :] == pytest.approx(sorted(totals), abs=1e-12)


def test_axes_of_the_format_term_end_at_the_term(results, model):
    figure = formats.format_axes(results)
    ends = {}
    for bar in figure.axes[0].patches:
        ends[bar.get_y()] = max(ends.get(bar.get_y(), 0.0), bar.get_x() + bar.get_width())
    wanted = [sum(t.budget.format_by_axis.values()) for t in model.tradeoffs.values() if t.budget]
    assert sorted(ends.values()) == pytest.approx(sorted(wanted), abs=1e-12)


def test_the_specification_curve_rises_and_its_dots_name_the_levels(results, model):
    figure = specification.specification_curves(results)
    title = {axes.get_title(loc="left") or axes.get_title(): place for place, axes in enumerate(figure.axes)}
    place = next(place for name, place in title.items() if "gift" in name)
    curve, dots = figure.axes[place], figure.axes[place + 1]
    found = model.tradeoffs["gift"]
    drawn = next(line for line in curve.lines if len(line.get_xdata()) == 32).get_ydata()
    assert list(drawn) == sorted(found.specification.gaps)
    order = sorted(range(32), key=lambda n: found.specification.gaps[n])
    levels = specification.levels_of(found.specification, found.varied_axes)
    told = [label.get_text() for label in dots.get_yticklabels()]
    for line, name in zip(dots.lines, told, strict=True):
        axis, _, level = name.rpartition(" ")
        at = {order[int(x)] for x in line.get_xdata()}
        assert at == {n for n in range(32) if levels[axis.replace(" ", "_")][n] == level}


def test_only_a_deviation_is_filled(results, model):
    figure = preferences.gaps(results)
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    filled = {float(line.get_xdata()[0]) for line in points if line.get_markerfacecolor() != "white"}
    assert filled == {t.gap for t in model.tradeoffs.values() if t.verdict == "deviation"}


def test_the_heatmap_holds_every_divergence(results, model):
    shown = preferences.kl_heatmap(results).axes[0].images[0].get_array()
    wanted = sorted(t.kl_revealed_stated for t in model.tradeoffs.values() if t.kl_revealed_stated is not None)
    assert sorted(shown[~np.isnan(np.ma.filled(shown, np.nan))].tolist()) == wanted


def test_panels_of_two_models_share_their_rows(results, model):
    both = replace(results, models={"a": model, "b": model})
    figure = preferences.stated_and_revealed(both)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b"]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_closed_gates_stand_in_brackets(results, model):
    closed = {key for key, t in model.tradeoffs.items() if t.gates}
    told = {label.get_text() for label in preferences.gaps(results).axes[0].get_yticklabels()}
    assert closed
    assert told >= {f"({key})" for key in closed}


def test_twice_gives_the_same_bytes(results, tmp_path):
    first, second = (draw(results, tmp_path / name, ["svg"]) for name in ("one", "two"))
    assert len(first) == len(FIGURES)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize(("kind", "magic"), [("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_no_kind_of_file_holds_the_time(results, kind, magic):
    first, second = (encode(formats.budget(results), kind) for _ in range(2))
    assert first.startswith(magic)
    assert first == second


def test_hostile_names_are_text(results, model):
    name = "</svg><script>x</script>$\\alpha$"
    svg = encode(preferences.stated_and_revealed(replace(results, models={name: model})), "svg")
    root = ElementTree.fromstring(svg)
    assert not [node for node in root.iter() if node.tag.endswith("script")]
    assert name in {"".join(node.itertext()).strip() for node in root.iter() if node.tag.endswith("text")}


def test_an_unknown_kind_is_refused(results, tmp_path):
    with pytest.raises(InputError, match="'gif'"):
        draw(results, tmp_path, ["gif"])
    assert list(tmp_path.iterdir()) == []


def test_a_run_draws_once_and_a_report_again(demo_run, monkeypatch):
    monkeypatch.setenv("PROBE_FIGURES", "svg")
    folder = demo_run / "figures"
    assert CliRunner().invoke(cli.app, ["report", str(demo_run)]).exit_code == 0
    assert {path.stem for path in folder.iterdir()} == set(FIGURES)
    one = folder / "kl.svg"
    before = one.read_bytes()
    os.utime(one)
    one.write_bytes(b"")
    assert CliRunner().invoke(cli.app, ["report", str(demo_run)]).exit_code == 0
    assert one.read_bytes() == before
    assert CliRunner().invoke(cli.app, ["report", "--figures", "none", str(demo_run)]).exit_code == 0
    assert CliRunner().invoke(cli.app, ["verify", str(demo_run)]).exit_code == 0


def test_a_figure_that_is_gone_is_named_and_drawn_again(demo_run, monkeypatch):
    monkeypatch.setenv("PROBE_FIGURES", "svg,png")
    asked = ["run", "demo", "--suite", str(SHORT), "--design", "quick", "--out", str(demo_run)]
    assert CliRunner().invoke(cli.app, asked).exit_code == 0
    gone = demo_run / "figures" / "gaps.svg"
    drawn, manifest = gone.read_bytes(), (demo_run / "manifest.json").read_bytes()
    gone.unlink()
    checked = CliRunner().invoke(cli.app, ["verify", "--packs", "0", str(demo_run)])
    assert checked.exit_code == 1
    assert f"FINDING: figures/gaps.svg: missing; `probe report {demo_run}`" in checked.output
    assert CliRunner().invoke(cli.app, asked).exit_code == 0
    assert (gone.read_bytes(), (demo_run / "manifest.json").read_bytes()) == (drawn, manifest)
    last = gone.stat().st_mtime_ns
    assert CliRunner().invoke(cli.app, asked).exit_code == 0
    assert gone.stat().st_mtime_ns == last, "a second run draws nothing"
    assert CliRunner().invoke(cli.app, ["verify", "--packs", "0", str(demo_run)]).exit_code == 0


def test_the_names_of_figures_are_those_that_are_drawn():
    assert tuple(FIGURES) == NAMES


@pytest.fixture
def demo_run(tmp_path):
    return probe.run("demo", suite=str(SHORT), design="quick", out=tmp_path / "run").path


def test_a_line_over_temperatures_shows_every_gap_and_the_greedy_limit(results, model):
    first, *_ = sorted(model.tradeoffs)
    side = SideAt(0.5, (0.4, 0.6), (0.4, 0.6), 0.5, (0.4, 0.6))
    content = ContentGap(
        0.0, (0.0, 0.0), (0.0, 0.0), flat=False, test=None, less_deployed_interval=(0, 0), log_odds_gap=0
    )
    gaps = {0.3: -0.29, 0.5: -0.24, 0.7: -0.2, 1.0: -0.14, 1.5: -0.08}
    at = tuple(
        AtTemperature(t, side, side, gap, (gap - 0.1, gap + 0.1), (gap, gap), content, kl_below_floor=False)
        for t, gap in gaps.items()
    )
    found = Temperatures(at, GreedyLimit(0.5, (0.4, 0.6), 0.2, (0.1, 0.3), -0.33, (-0.5, -0.1)))
    one = replace(model, tradeoffs={first: replace(model.tradeoffs[first], temperatures=found)})
    figure = FIGURES["temperature"](replace(results, models={"m": one}))
    (line,) = lines(figure, first)
    assert list(line.get_ydata()) == list(gaps.values())
    assert list(line.get_xdata() / line.get_xdata()[3]) == pytest.approx(list(gaps))
    assert [-0.33] in [list(other.get_ydata()) for other in figure.axes[0].lines]
    (intervals,) = [[path.vertices[:, 1].tolist() for path in one.get_paths()] for one in figure.axes[0].collections]
    assert intervals[0] == [-0.5, -0.1]
    assert intervals[4] == pytest.approx([-0.24, -0.04])
