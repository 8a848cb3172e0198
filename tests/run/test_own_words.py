"""Guards: two turns lie in a table of their own, leave the readings as they are, are kept, resumed, verified."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
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
from probe.store.schema import OWN_WORDS

DATA = Path(__file__).parents[1] / "data"
EVERY = {"suite": str(DATA / "short.yaml"), "design": "quick", "threads": 1}
ASKED = {**EVERY, "limit": 1}
FLAG = {"own_words": "some"}


def content(results, name="own_words.parquet"):
    return (results.path / name).read_bytes()


def test_the_same_folder_is_extended_and_the_readings_stay_to_the_byte(without, extended):
    assert not (without.path / "own_words.parquet").exists()
    assert content(without, "readings.parquet") == content(extended, "readings.parquet")
    before, after = without.manifest, extended.manifest
    assert after.study == before.study
    assert after.models["demo"].log_odds_floor == before.models["demo"].log_odds_floor
    assert after.models["demo"].packs == before.models["demo"].packs
    assert after.models["demo"].packs_beside == {"own_words": 2 + 1 + 1}
    assert "own_words.parquet" in after.files
    assert (before.facts.own_words, without.own_words.num_rows) == (None, 0)


def test_the_manifest_states_the_pairs(extended):
    facts = extended.manifest.facts.own_words
    assert (facts.pairs, facts.of) == ("some", {"short": 3 * 2})
    rows = [row for row in extended.own_words.to_pylist() if row["form"] == "choice"]
    read = {(row["scenario"], row["first_item"]) for row in rows}
    assert read == {(scenario, root) for scenario, roots in facts.paired.items() for root in roots}
    assert len(read) == 1
    found = extended.results.models["demo"].tradeoffs["short"].own_words
    assert (found.choice.pairs, found.principle.pairs, found.choice.unrelated.items) == (1, 1, 1)


def test_rows_join_the_readings_and_their_texts_are_kept(extended):
    rows = pq.read_table(extended.path / "own_words.parquet")
    assert rows.schema.equals(OWN_WORDS)
    assert extended.own_words.equals(rows)
    alone = {(row["item"], row["variant"]): row for row in extended.readings.to_pylist()}
    texts = {row["prompt_sha256"]: row["text"] for row in extended.folder.prompts().to_pylist()}
    for row in rows.to_pylist():
        second = alone[row["second_item"], row["second_variant"]]
        assert (row["label_p1"], row["shown_first"]) == (second["label_p1"], second["shown_first"])
        text, asked = texts[row["prompt_sha256"]], texts[second["prompt_sha256"]]
        assert text.endswith(asked)
        before = text.removesuffix(asked)
        assert f"Answer: {row['said_label']}) " in before
        if row["first_item"] != "~unrelated":
            first = alone[row["first_item"], row["first_variant"]]
            assert before.startswith(texts[first["prompt_sha256"]])
            at = {row["p1"]: "label_p1", row["p2"]: "label_p2"}[row["said"]]
            assert (row["said_label"], row["said_shown_first"]) == (first[at], first["shown_first"] == row["said"])


def test_nothing_is_read_twice_with_the_flag_and_without(extended, monkeypatch):
    loads_nothing(monkeypatch)
    kept = content(extended)
    assert probe.run("demo", out=extended.path, **ASKED).manifest.facts.own_words is not None
    probe.run("demo", out=extended.path, own_words="some", **ASKED)
    assert content(extended) == kept


def test_more_scenarios_and_all_pairs_extend_the_folder_and_leave_no_trace(extended, place):
    shutil.copytree(extended.path, place / "wide")
    wide = probe.run("demo", out=place / "wide", own_words="some", **EVERY)
    at_once = probe.run("demo", out=place / "once", own_words="some", **EVERY)
    assert content(wide) == content(at_once)
    assert wide.manifest.facts.own_words == at_once.manifest.facts.own_words
    assert wide.manifest.facts.own_words.paired.keys() > extended.manifest.facts.own_words.paired.keys()
    rows = wide.own_words.filter(pc.is_in(wide.own_words["item"], extended.own_words["item"].combine_chunks()))
    assert rows.equals(extended.own_words)
    every = probe.run("demo", out=place / "wide", own_words="all", **EVERY)
    assert every.manifest.models["demo"].packs_beside == {"own_words": 2 * 6 + 3 + 2}
    assert every.manifest.facts.own_words.pairs == "all"
    later = probe.run("demo", out=place / "wide", own_words="some", **EVERY)
    assert later.manifest.facts.own_words == every.manifest.facts.own_words
    assert content(later) == content(every)
    assert content(later, "readings.parquet") == content(at_once, "readings.parquet")


def test_a_damaged_table_is_made_again_from_the_cache_or_dropped(extended, without, place, monkeypatch):
    shutil.copytree(without.path, place / "lost")
    probe.run("demo", out=place / "lost", own_words="some", **ASKED)
    loads_nothing(monkeypatch)
    path = place / "lost" / "own_words.parquet"
    path.write_bytes(content(extended)[:-1])
    probe.run("demo", out=place / "lost", own_words="some", **ASKED)
    assert path.read_bytes() == content(extended)
    path.write_bytes(content(extended)[:-1])
    dropped = probe.run("demo", out=place / "lost", **ASKED)
    assert not path.exists()
    assert dropped.results == without.results


def test_a_report_of_a_folder_without_its_table_is_refused(extended, place):
    shutil.copytree(extended.path, place / "robbed")
    (place / "robbed" / "own_words.parquet").unlink()
    with pytest.raises(StudyError, match=r"own_words\.parquet"):
        probe.Results(place / "robbed").report()


def test_verify_reads_it_again(extended):
    found = verify_run(extended.path, Sample(packs=99), Silent())
    assert (found.findings, found.exit_code) == ([], 0)
    assert any(one.startswith(f"own_words.parquet: {extended.own_words.num_rows} rows") for one in found.checked)
    assert found.reread[0].rows == extended.readings.num_rows + extended.own_words.num_rows


@pytest.mark.parametrize("fault", ["order", "odds", "packs"])
def test_verify_looks_into_the_table(extended, place, fault, monkeypatch):
    shutil.copytree(extended.path, place / fault)
    rows = extended.own_words
    if fault == "order":
        rows = rows.take(pa.array(range(rows.num_rows)[::-1]))
    elif fault == "odds":
        at = rows.schema.get_field_index("log_odds")
        rows = rows.set_column(at, OWN_WORDS.field("log_odds"), rows["logprob_p1"])
    else:
        rows = rows.slice(32)
    write_table(place / fault / "own_words.parquet", rows)
    monkeypatch.setattr("probe.store.folder.RunFolder.damaged", lambda *_: [])
    found = [one for one in verify_run(place / fault, None, Silent()).findings if one.startswith("own_words.parquet")]
    word = {"order": "not sorted", "odds": "log_odds", "packs": "the manifest counts 4"}[fault]
    assert len(found) == 1
    assert word in found[0]


def test_what_is_exported_bundled_and_shown(extended, place, capsys):
    assert main(["export", str(extended.path), "--to", "csv", "--out", str(place / "csv")]) == 0
    assert len((place / "csv" / "own_words.csv").read_text().splitlines()) == extended.own_words.num_rows + 1
    assert main(["export", str(extended.path), "--to", "markdown", "--out", str(place / "md")]) == 0
    assert any("After its own words" in one.read_text() for one in (place / "md").iterdir())
    assert main(["bundle", str(extended.path), "--out", str(place / "bundle")]) == 0
    assert (place / "bundle" / "own_words.parquet").read_bytes() == content(extended)
    texts = {row["prompt_sha256"]: row["text"] for row in extended.folder.prompts().to_pylist()}
    for row in extended.own_words.to_pylist()[::37]:
        capsys.readouterr()
        asked = ["--item", row["item"], "--variant", row["variant"], "--suite", EVERY["suite"], "--json"]
        assert main(["show", "demo", *asked]) == 0
        assert json.loads(capsys.readouterr().out)["text"] == texts[row["prompt_sha256"]]
    row = extended.own_words.to_pylist()[0]
    asked = ["--item", row["item"], "--suite", EVERY["suite"], "--variant"]
    assert main(["show", "demo", *asked, "said=nobody"]) == 2
    assert "said=nobody is no option of" in capsys.readouterr().err


def test_the_plan_has_the_cost_and_the_floor_stays(capsys):
    def planned(*flags):
        assert main(["plan", "demo", "--suite", EVERY["suite"], "--design", "quick", *flags]) == 0
        return capsys.readouterr().out

    def floor(told):
        return next(line for line in told.splitlines() if "numeric floor" in line)

    without, some, every = (planned(*flags) for flags in ((), ("--own-words",), ("--own-words", "all")))
    assert "own words" not in without
    assert "own words: 2 pairs of a general question and a scenario, of 6 in the suite, over 2 scenarios" in some
    assert "own words: 6 pairs of a general question and a scenario, of 6 in the suite, over 2 scenarios" in every
    assert floor(without) == floor(some) == floor(every)
    reads = [int(words[-1]) for line in some.splitlines() if (words := line.split()) and "computes" in words]
    assert f"{reads[-1]} tokens computed beside {sum(reads[:-1])}, {reads[-1] / sum(reads[:-1]):.1%} more" in some


def test_what_it_cannot_be_read_beside_is_refused_before_any_work(place, monkeypatch):
    monkeypatch.setattr("probe.study.resolve.resolve_source", lambda *_, **__: pytest.fail("a model was looked for"))
    with pytest.raises(InputError, match="--own-words: needs readings by label"):
        probe.run("demo", own_words="some", answers="texts", **EVERY)
    with pytest.raises(InputError, match=r"--own-words many: not known\. Use one of none, some, all"):
        probe.run("demo", own_words="many", **EVERY)
    for axes, word in (("order: [p1, p2]", "label_order"), ("label_order: [p1, p2]", "order")):
        (place / "flat.yaml").write_text(f"design: flat\naxes:\n  {axes}\n")
        with pytest.raises(InputError, match=f"--own-words: the design 'flat' does not cross {word}"):
            probe.run("demo", own_words="some", **{**EVERY, "design": str(place / "flat.yaml")})
    crossed = "axes: {order: [p1, p2], label_order: [p1, p2]}\nneutral: {stated: Neither., revealed: Neither.}\n"
    (place / "offered.yaml").write_text(f"design: offered\n{crossed}")
    with pytest.raises(InputError, match="--own-words: the design offered offers a neutral option"):
        probe.run("demo", own_words="some", **{**EVERY, "design": str(place / "offered.yaml")})


def test_a_template_of_one_turn_is_refused_before_anything_is_planned(place, demo_folder, monkeypatch):
    folder = shutil.copytree(demo_folder, place / "single")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["chat_template"] = "<|user|>{{ messages[-1].content }}<|end|><|assistant|>"
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    monkeypatch.setattr("probe.study.planning.plan_items", lambda *_: pytest.fail("something was planned"))
    with pytest.raises(ModelError, match="leaves out or changes an earlier turn"):
        probe.run(str(folder), own_words="some", out=place / "refused", **EVERY)
    assert not (place / "refused").exists()
