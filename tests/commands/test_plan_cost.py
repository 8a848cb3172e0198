"""A plan's units hold every pack, cost what the passes cost, and are balanced by cost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from planned import plan_model

from probe.cli import main
from probe.commands.plan_cost import PackOutline, Reckoning, chunks_of, gpus_of, pack_outlines, shard_bytes
from probe.engine.estimates import Memory
from probe.engine.flops import flop_rate
from probe.prompts.trie import split
from probe.study.request import Request
from probe.study.resolve import resolve

SHORT = str(Path(__file__).parents[1] / "data" / "short.yaml")


def packs(*flops):
    return [PackOutline(f"i{n}", "", 10, cost, 100) for n, cost in enumerate(flops)]


def test_the_plan_in_a_file_has_models_packs_and_units(tmp_path):
    out = tmp_path / "plan.json"
    assert main(["plan", "demo", "--suite", SHORT, "--design", "quick", "--workers", "1", "--out", str(out)]) == 0
    (model,) = json.loads(out.read_text())
    assert [pack["item"] for pack in model["packs"]] == sorted(pack["item"] for pack in model["packs"])
    assert len(model["units"]) == 8
    for key in ("flops", "tokens", "bytes"):
        assert sum(chunk[key] for chunk in model["units"]) == sum(pack[key] for pack in model["packs"])
    assert sum(chunk["packs"] for chunk in model["units"]) == len(model["packs"]) == 13
    assert (model["units"][0]["first"], model["units"][-1]["last"]) == ("short/apple/many=one", "short/toys")
    assert model["cards"] == 1


def test_tokens_are_those_of_the_tries_that_are_read():
    study = resolve(Request(suite=(SHORT,), design="standard"))
    plan = plan_model(study, study.sources[0])
    rate = flop_rate(study.sources[0].snapshot.folder, "demo")
    told = pack_outlines(plan.items, rate, shared=True)
    for item, outline in zip(plan.items, told, strict=True):
        tries = split(item.pack)
        assert len(tries) == 1
        (trie,) = tries
        pairs = int((trie.depths + 1).sum())
        rows = len({n for one in trie.prompts for n in (one.decision, *(n for c in one.continuations for n in c))})
        # A form that is also how another prompt goes on is counted twice.
        assert trie.size <= outline.tokens <= 1.05 * trie.size
        exact = rate.flops(trie.size, rows, pairs)
        assert exact <= outline.flops <= 1.05 * exact


def test_minutes_are_arithmetic_and_what_a_pack_takes_beside_it():
    (chunk,) = chunks_of({"m": packs(6e15)}, Reckoning(1, 1e14, 80))["m"]
    assert chunk.minutes == pytest.approx(1.0, abs=0.01)


def test_the_time_of_a_cpu_core_stands_beside_that_of_a_gpu(capsys):
    """The same operations at two rates, or at the one that was given."""
    asked = ["plan", "demo", "--suite", SHORT, "--design", "quick"]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert main([*asked, "--flops", "1e9"]) == 0
    slow = capsys.readouterr().out
    core, gpu, given = (
        float(re.search(rf"([\d.]+) {words}", text)[1])
        for words, text in (
            (r"minutes of a CPU core at 5e\+10 a second \(small models reach less\)", told),
            (r"of a GPU at 1e\+14 \(--flops for another rate\)", told),
            (r"minutes of a worker at 1e\+09 a second\n", slow),
        )
    )
    assert main([*asked, "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)
    flops, beside = sum(pack["flops"] for pack in model["packs"]), 0.02 * len(model["packs"])
    for minutes, rate in ((core, 5e10), (gpu, 1e14), (given, 1e9)):
        assert minutes == pytest.approx((flops / rate + beside) / 60, rel=0.05)
    assert "GPU" not in slow.partition("operations")[2].partition("\n")[0]


def test_a_big_model_is_shared_by_more_units_than_a_small_one():
    chunks = chunks_of({"big": packs(*[100] * 40), "small": packs(*[1] * 40), "empty": []}, Reckoning(2, 1e14, 80))
    assert (len(chunks["big"]), len(chunks["small"])) == (16, 1)
    assert max(one.flops for one in chunks["big"]) <= 400


def test_cards():
    memory = Memory(0, 140 * 2**30, 2**30, 0, 0.0)
    assert [gpus_of(memory, Reckoning(1, 1e14, gib)) for gib in (24, 80, 192)] == [7, 2, 1]


def test_a_shard_is_about_as_large_as_it_is_said(demo_folder, tmp_path):
    import probe
    from probe.store.cache import cache_folder

    probe.run("demo", suite=SHORT, design="standard", limit=1, out=tmp_path / "r")
    study = resolve(Request(suite=(SHORT,), design="standard", limit=1))
    plan = plan_model(study, study.sources[0])
    for item in plan.items:
        said = shard_bytes(len(item.prompts), sum(len(one.continuations) for one in item.pack.prompts))
        (path,) = cache_folder().rglob(f"{item.pack.sha256}.pack")
        assert said == pytest.approx(path.stat().st_size, rel=0.15)
