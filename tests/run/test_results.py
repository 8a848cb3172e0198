"""Guards: what a finished run offers in Python says what its files say, and refuses what it has not."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.special import expit

import probe
from probe.errors import EnvironmentFault, InputError
from probe.exports import frames
from probe.figures.draw import FIGURES
from probe.results import TABLES

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return probe.run("demo", suite=str(SHORT), design="quick", out=tmp_path_factory.mktemp("results") / "run")


def test_the_package_shows_what_is_public_and_nothing_else():
    assert dir(probe) == sorted(probe.__all__)
    assert not [name for name in dir(probe) if name.startswith("_") and name != "__version__"]
    assert (Path(probe.__file__).parent / "py.typed").is_file()


def test_items_are_means_of_their_readings(results):
    rows = results.readings.to_pylist()
    items = results.items.to_pylist()
    assert len(items) == len({row["item"] for row in rows if row["side"] != "control"}) > 0
    for one in items:
        z = np.array([row["log_odds"] for row in rows if row["item"] == one["item"]])
        assert one["formats"] == len(z)
        assert one["p"] == pytest.approx(float(expit(z).mean()), abs=1e-12)
        assert one["z"] == pytest.approx(float(z.mean()), abs=1e-12)
        counted = z[np.abs(expit(z) - 0.5) > 0.05]
        plus = int((counted > 0).sum())
        wanted = min(plus, len(counted) - plus) / len(counted) if len(counted) else None
        assert one["flip_rate"] == wanted


def test_flips_of_a_side_are_those_of_results_json(results):
    told = json.loads((results.path / "results.json").read_bytes())["models"]["demo"]["tradeoffs"]
    found = {(row["tradeoff"], row["side"]): row for row in results.flips.to_pylist()}
    for key, one in told.items():
        for side, name in (("stated", "flips_stated"), ("revealed", "flips")):
            assert found[key, side]["rate"] == one[name]["rate"]
            assert found[key, side]["z_sd"] == one[name]["spread"]["z_sd"]


def test_controls_have_their_kind_and_what_was_checked(results):
    told = json.loads((results.path / "results.json").read_bytes())["models"]["demo"]["controls"]
    rows = results.controls.to_pylist()
    assert {row["item"] for row in rows} == set(results.manifest.facts.controls)
    for row in rows:
        assert row["value"] == told[row["kind"]]["by_item"].get(row["item"])
    assert [row for row in rows if row["value"] is not None]


def test_prompts_stand_beside_their_readings(results):
    prompts, readings = results.prompts, results.readings
    for name in ("item", "variant", "prompt_sha256"):
        assert prompts[name].to_pylist() == readings[name].to_pylist()
    assert all(prompts["text"].to_pylist())


def test_every_figure_for_papers_is_a_method(results):
    methods = [name for name in dir(type(results.plot)) if not name.startswith("_") and name != "results"]
    assert len(methods) == len(FIGURES)
    for name in methods:
        assert isinstance(getattr(results.plot, name)(), Figure), name
    png = results.plot.forest()._repr_png_()
    assert png.startswith(b"\x89PNG")


def test_a_figure_of_one_trade_off_has_one_row(results):
    first = results.tradeoffs["tradeoff"][0].as_py()
    labels = [one.get_text().strip("()") for one in results.plot.gaps(first).axes[0].get_yticklabels()]
    assert labels == [first]
    with pytest.raises(InputError, match="nowhere: is no trade-off of this run"):
        results.plot.gaps("nowhere")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_becomes_a_frame(results, name):
    pytest.importorskip("pandas")
    frame = results.to_pandas(name)
    assert list(frame.columns) == getattr(results, name).column_names
    assert len(frame) == getattr(results, name).num_rows


@pytest.mark.parametrize("name", TABLES)
def test_every_table_becomes_a_frame_of_polars_with_the_same_rows(results, name):
    polars = pytest.importorskip("polars")
    table, frame = getattr(results, name), results.to_polars(name)
    assert isinstance(frame, polars.DataFrame)
    assert frame.columns == table.column_names
    assert repr(frame.to_dicts()) == repr(table.to_pylist())


def test_a_library_that_is_missing_is_named_with_its_remedy(results, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(frames, "import_module", missing)
    with pytest.raises(EnvironmentFault, match="pip install polars"):
        results.to_polars()
    with pytest.raises(EnvironmentFault, match="pip install pandas"):
        results.to_pandas()
    monkeypatch.setattr(frames, "import_module", importlib.import_module)
    with pytest.raises(InputError, match="preferences: is no table of a run"):
        results.to_pandas("preferences")


def test_a_comparison_says_the_second_minus_the_first(results, tmp_path):
    other = probe.run("demo", suite=str(SHORT), design="quick", system="Be brief.", out=tmp_path / "other")
    change = probe.compare(results, other)
    first, second = ({r["tradeoff"]: r for r in one.tradeoffs.to_pylist()} for one in (results, other))
    rows = change.tradeoffs.to_pylist()
    assert {row["quantity"] for row in rows} == {"stated", "revealed", "gap"}
    for row in rows:
        if row["change"] is not None:
            values = [side[row["tradeoff"]][row["quantity"]] for side in (first, second)]
            assert [row["first_value"], row["second_value"]] == pytest.approx(values, abs=1e-12)
            assert row["change"] == pytest.approx(values[1] - values[0], abs=1e-12)
    assert change.largest == max(abs(row["change"]) for row in rows if row["quantity"] != "gap")
    assert "<pre>" in change._repr_html_()
    assert change.report(tmp_path / "both.html").read_text().startswith("<!")
    with pytest.raises(InputError, match="no run was named"):
        probe.compare()
