"""Guards: plan and run say whether the study is testable before anything is read."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, stdev

import pytest

import probe
from probe.cli import main
from probe.commands.testability import own_spread
from probe.store.folder import RunFolder


def test_three_and_three_clusters_are_not_testable_five_times(capsys):
    assert main(["plan", "demo", "--design", "quick", "--limit", "3"]) == 0
    out = capsys.readouterr().out
    assert out.count("not testable") == 5
    assert "testable: 0 of 5 trade-offs, in a family of 5 tests (1 model x 5 trade-offs)" in out
    assert "gift: not testable, 3 root questions and 3 scenarios: no p-value can be below 0.1" in out
    assert out.count("; 5 and 4 would do") == 5


def test_the_whole_demo_is(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "demo", "--design", "quick"]) == 0
    out = capsys.readouterr().out
    assert "testable: 5 of 5" in out
    assert "not testable" not in out
    assert [line.split(":")[0].strip() for line in out.splitlines() if "is found" in line] == [
        "0.25",
        "0.50",
        "1.00",
        "1.50",
    ]
    assert out.count('"no deviation"') == 4
    main(["plan", "demo", "--design", "quick", "--json"])
    (one,) = json.loads(capsys.readouterr().out)
    assert one["tests"]["gift"]["testable"] is True
    assert (one["tests"]["gift"]["roots"], one["tests"]["gift"]["scenarios"]) == (9, 8)


def test_run_says_so_before_it_reads_and_takes_the_spread_of_a_run_that_is_there(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PROBE_FIGURES", "none")
    monkeypatch.chdir(tmp_path)
    assert own_spread(RunFolder(tmp_path / "nothing")) is None
    run = ["run", "demo", "--suite", "gift,trail", "--design", "quick", "--limit", "5"]
    assert main(run) == 0
    first = capsys.readouterr().out
    assert first.startswith("testable: 2 of 2 trade-offs, in a family of 2 tests")
    assert first.splitlines()[1].startswith("  with power 0.8 a gap of ")
    assert [n for n, line in enumerate(first.splitlines()) if line.startswith("demo · suite ")] == [2]
    (folder,) = Path("runs").iterdir()
    assert "gift+trail" in folder.name
    spread = own_spread(RunFolder(folder))
    assert main(["plan", *run[1:]]) == 0
    out = capsys.readouterr().out
    assert "as in the run that is there" in out
    assert [line.split(":")[0].strip() for line in out.splitlines() if "is found" in line] == [f"{spread:.2f}"]
    assert main([*run, "--quiet"]) == 0
    assert "testable" not in capsys.readouterr().out
    table = folder / "readings.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[:1000])
    assert main(run) == 0
    assert table.read_bytes() == whole


def test_the_spread_is_the_median_over_sides_of_the_clusters(tmp_path):
    results = probe.run("demo", suite="gift", design="quick", limit=2, out=tmp_path / "r")
    rows = results.readings.to_pylist()
    spreads = []
    for side in ("stated", "revealed"):
        clusters = {row["cluster"] for row in rows if row["side"] == side}
        own = [mean(r["log_odds"] for r in rows if r["side"] == side and r["cluster"] == one) for one in clusters]
        spreads.append(stdev(own))
    assert own_spread(RunFolder(tmp_path / "r")) == pytest.approx(mean(spreads))
