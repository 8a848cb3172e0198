"""Guards: layers lie in a table of their own, leave the readings as they are, end in them, are kept, resumed, verified."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from loading import loads_nothing

import probe
from probe.cli import main
from probe.commands.reread import Sample
from probe.commands.verify import verify_run
from probe.errors import InputError, ModelError, StudyError
from probe.progress import Silent
from probe.store.atomic import write_table
from probe.store.schema import DEPTH

ASKED = {"suite": "gift", "design": "quick", "limit": 2, "threads": 1}
FLAG = {"depth": 8}
LAYERS = 4


def rows_of(results):
    return pq.read_table(results.path / "depth.parquet")


def test_the_same_folder_is_extended_and_the_readings_stay_to_the_byte(without, extended):
    assert not (without.path / "depth.parquet").exists()
    assert (without.path / "readings.parquet").read_bytes() == (extended.path / "readings.parquet").read_bytes()
    before, after = without.manifest, extended.manifest
    assert after.study == before.study
    assert after.models["demo"].log_odds_floor == before.models["demo"].log_odds_floor
    assert after.models["demo"].packs_beside == {"depth": 4}
    assert (after.facts.depth.cells, after.facts.depth.seed, after.facts.depth.left_out) == (8, "depth 1", {})
    assert "depth.parquet" in after.files
    assert before.facts.depth is None


def test_every_cell_has_every_layer_and_ends_in_its_reading(extended):
    rows = rows_of(extended)
    assert rows.schema.equals(DEPTH)
    assert extended.depth.equals(rows)
    assert rows.num_rows == 2 * 8 * LAYERS
    assert rows["layer"].to_pylist() == list(range(1, LAYERS + 1)) * 16
    read = {(row["item"], row["variant"]): row for row in extended.readings.to_pylist()}
    for row in rows.filter(pc.equal(rows["layer"], LAYERS)).to_pylist():
        reading = read[row["item"].removesuffix("~depth"), row["variant"]]
        for name in ("log_odds", "logprob_p1", "logprob_p2", "option_mass"):
            assert row[name] == pytest.approx(reading[name], abs=1e-5)
        assert row["prompt_sha256"] == reading["prompt_sha256"]
    found = extended.results.models["demo"].tradeoffs["gift"].depth
    assert found.end_difference <= 1e-5
    assert (found.layers, found.mass_layers, found.stated.cells, found.revealed.cells) == (4, (1, 2, 3, 4), 8, 8)
    content = np.mean(rows.filter(pc.equal(rows["side"], "revealed"))["log_odds"].to_numpy().reshape(8, LAYERS), axis=0)
    assert found.revealed.content.values == pytest.approx(content, abs=1e-12)


def test_nothing_is_read_twice_with_the_flag_and_without(extended, monkeypatch):
    loads_nothing(monkeypatch)
    kept = (extended.path / "depth.parquet").read_bytes()
    assert probe.run("demo", out=extended.path, **ASKED).manifest.facts.depth is not None
    probe.run("demo", out=extended.path, depth=8, **ASKED)
    probe.run("demo", out=extended.path, depth=4, **ASKED)
    assert (extended.path / "depth.parquet").read_bytes() == kept


def test_more_cells_keep_what_is_there_and_a_run_without_the_flag_does_too(extended, place):
    shutil.copytree(extended.path, place / "more")
    more = probe.run("demo", out=place / "more", depth=16, **ASKED)
    assert more.manifest.facts.depth.cells == 16
    assert (more.path / "readings.parquet").read_bytes() == (extended.path / "readings.parquet").read_bytes()
    had, has = (
        {(row["item"], row["variant"], row["layer"]): row["log_odds"] for row in one.depth.to_pylist()}
        for one in (extended, more)
    )
    assert (len(had), len(has)) == (16 * LAYERS, 24 * LAYERS)  # the stated side has two questions that fit
    assert all(has[key] == pytest.approx(z, abs=1e-5) for key, z in had.items())
    later = probe.run("demo", out=place / "more", validate=1, **ASKED)
    assert later.manifest.facts.depth == more.manifest.facts.depth
    assert later.depth.equals(more.depth)
    assert later.depth_curves.num_rows == 2 * LAYERS
    assert main(["export", str(later.path), "--to", "csv", "--out", str(place / "csv")]) == 0
    assert len((place / "csv" / "depth.csv").read_text().splitlines()) == 1 + later.depth.num_rows
    assert len((place / "csv" / "depth_curves.csv").read_text().splitlines()) == 1 + 2 * LAYERS


def test_a_damaged_table_is_made_again_from_the_cache(extended, without, place, monkeypatch):
    shutil.copytree(without.path, place / "lost")
    probe.run("demo", out=place / "lost", depth=8, **ASKED)
    loads_nothing(monkeypatch)
    path, whole = place / "lost" / "depth.parquet", (extended.path / "depth.parquet").read_bytes()
    path.write_bytes(whole[:-1])
    probe.run("demo", out=place / "lost", depth=8, **ASKED)
    assert path.read_bytes() == whole
    path.unlink()
    with pytest.raises(StudyError, match=r"depth\.parquet"):
        probe.Results(place / "lost").report()


def test_verify_reads_it_again(extended):
    found = verify_run(extended.path, Sample(packs=99), Silent())
    assert (found.findings, found.exit_code) == ([], 0)
    assert any(one.startswith("depth.parquet: 64 rows") for one in found.checked)
    assert found.reread[0].rows == extended.readings.num_rows + 64


@pytest.mark.parametrize("fault", ["order", "layer", "odds", "mass"])
def test_verify_looks_into_the_table(extended, place, fault, monkeypatch):
    shutil.copytree(extended.path, place / fault)
    rows = rows_of(extended)
    if fault == "order":
        rows = rows.take(list(range(rows.num_rows))[::-1])
    elif fault == "layer":
        rows = rows.take([*range(5), *range(6, rows.num_rows)])
    elif fault == "odds":
        rows = rows.set_column(rows.schema.get_field_index("log_odds"), DEPTH.field("log_odds"), rows["logprob_p1"])
    else:
        half = pc.divide(rows["option_mass"], 2.0)
        rows = rows.set_column(rows.schema.get_field_index("option_mass"), DEPTH.field("option_mass"), half)
    write_table(place / fault / "depth.parquet", rows)
    monkeypatch.setattr("probe.store.folder.RunFolder.damaged", lambda *_: [])
    reported = " ".join(
        one for one in verify_run(place / fault, None, Silent()).findings if one.startswith("depth.parquet")
    )
    word = {"order": "not sorted by model, item, variant and layer", "layer": "not every layer from 1 to 4"}
    assert word.get(fault, "log_odds or option_mass of demo") in reported


def test_the_plan_gives_the_cost_and_takes_no_cell_from_the_floor(capsys):
    def planned(*flags):
        assert main(["plan", "demo", "--suite", "gift", "--design", "quick", "--limit", "2", *flags]) == 0
        return capsys.readouterr().out

    def floor(text):
        return next(line for line in text.splitlines() if "numeric floor" in line)

    without, with_layers = planned(), planned("--depth", "8")
    assert "after every layer" not in without
    assert floor(without) == floor(with_layers)
    reads = [int(words[-1]) for line in with_layers.splitlines() if (words := line.split()) and "computes" in words]
    assert (
        f"16 cells after every layer, up to 8 of each side of each trade-off: {reads[-1]} tokens computed beside "
        f"{sum(reads[:-1])}, {reads[-1] / sum(reads[:-1]):.1%} more, and the head at 8 layers"
    ) in with_layers


def test_report_card_and_figure_are_folded(extended):
    page = (extended.path / "report.html").read_text()
    assert "Layer by layer: gift" in page
    assert "Where in the layers it arises" in page
    before = page[: page.index("Layer by layer: gift")]
    assert before.rindex("<details>") > before.rindex("</details>")
    assert "`depth.parquet`" in (extended.path / "README.md").read_text()


def test_what_cannot_be_is_refused_before_any_weights(monkeypatch, place):
    loads_nothing(monkeypatch)
    with pytest.raises(InputError, match="--depth -1: is less than 0"):
        probe.run("demo", depth=-1, **ASKED)
    with pytest.raises(InputError, match="--depth: needs readings by label"):
        probe.run("demo", depth=8, answers="texts", **ASKED)
    for axes, word in (("order: [p1, p2]", "label_order"), ("label_order: [p1, p2]", "order")):
        (place / "flat.yaml").write_text(f"design: flat\naxes:\n  {axes}\n")
        flat = {**ASKED, "design": str(place / "flat.yaml")}
        with pytest.raises(InputError, match=f"--depth: the design 'flat' does not cross {word}"):
            probe.run("demo", depth=8, out=place / "refused", **flat)
        asked = ["demo", "--suite", "gift", "--design", flat["design"], "--depth", "8"]
        assert main(["plan", *asked]) == main(["run", *asked]) == 2
    monkeypatch.setattr("probe.engine.lens.NORMS", ("nothing",))
    monkeypatch.setattr("probe.study.unloaded.files_key", lambda _: "of a model without a norm")
    with pytest.raises(ModelError, match="demo: --depth: the norm behind the last layer"):
        probe.run("demo", depth=8, out=place / "refused", **ASKED)
    assert not (place / "refused").exists()


def test_it_is_read_by_the_plain_reader_too(extended, place):
    plain = probe.run("demo", out=place / "plain", depth=8, reader="plain", **ASKED)
    one, other = (
        {(r["item"], r["variant"], r["layer"]): r["log_odds"] for r in x.depth.to_pylist()} for x in (plain, extended)
    )
    assert one.keys() == other.keys()
    assert max(abs(one[key] - other[key]) for key in one) < 2e-5
    assert set(plain.depth["reader"].to_pylist()) == {"plain"}
