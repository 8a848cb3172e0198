"""Guards: what a suite's name, a file and a folder stand for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from probe.design import suites
from probe.design.data import data_path
from probe.design.suites import load_suites, suite_names, suite_paths
from probe.errors import ScenarioError

DATA = Path(__file__).parent.parent / "data"


def ids(names):
    return [file.tradeoff.tradeoff for file in load_suites(names)]


def test_shipped_suites_load():
    assert set(suite_names()) >= {"demo", "core", "all"}
    demo = load_suites(["demo"])
    assert len(demo) == 5
    assert [f.tradeoff.tradeoff for f in demo] == sorted(f.tradeoff.tradeoff for f in demo)
    assert all(f.name == f"scenarios/demo/{f.tradeoff.tradeoff}.yaml" for f in demo)
    assert set(ids(["core"])) <= set(ids(["all"]))


def test_files_and_folders(tmp_path):
    shutil.copy(DATA / "short.yaml", tmp_path)
    (tmp_path / "more").mkdir()
    shutil.copy(DATA / "long.yaml", tmp_path / "more")
    for name in ("suites.yaml", "template.yaml", "more/template.yaml", "notes.txt"):
        (tmp_path / name).write_text("not: a trade-off", encoding="utf-8")
    assert ids([str(DATA / "short.yaml")]) == ["short"]
    assert ids([f"{tmp_path}/"]) == ["long", "short"]
    assert [file.name for file in load_suites([str(tmp_path)])] == ["more/long.yaml", "short.yaml"]
    assert all(path.is_relative_to(tmp_path) for path in suite_paths([str(tmp_path)]))


def test_what_runs_below_a_folder_keep_is_no_trade_off_of_it(tmp_path):
    shutil.copy(DATA / "short.yaml", tmp_path)
    kept = tmp_path / "runs" / "first" / "study" / "tradeoffs"
    kept.mkdir(parents=True)
    shutil.copy(DATA / "short.yaml", kept)
    (kept.parent / "design.yaml").write_text("design: quick", encoding="utf-8")
    (tmp_path / "runs" / "first" / "manifest.json").write_text("{}", encoding="utf-8")
    assert list(suite_paths([str(tmp_path)])) == [tmp_path / "short.yaml"]
    assert list(suite_paths([str(kept)])) == [kept / "short.yaml"]


def test_a_file_named_twice_is_read_once(tmp_path):
    shutil.copy(DATA / "short.yaml", tmp_path)
    (tmp_path / "link.yaml").symlink_to(tmp_path / "short.yaml")
    assert ids([f"{tmp_path}/short.yaml", str(tmp_path), f"{tmp_path}/../{tmp_path.name}/short.yaml"]) == ["short"]
    assert ids(["demo", "demo"]) == ids(["demo"])


def test_one_id_in_two_files_is_refused(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        shutil.copy(DATA / "short.yaml", tmp_path / name)
    with pytest.raises(ScenarioError, match=r"b\.yaml:1: the trade-off 'short' stands in two files .*a\.yaml"):
        load_suites([str(tmp_path)])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dmeo", r"suite 'dmeo': .*Did you mean the suite 'demo'\?"),
        ("trial", r"suite 'trial': .*Did you mean the trade-off 'trail'\?"),
        ("honsety", r"suite 'honsety': .*Did you mean the family 'honesty'\?"),
        ("gift,trial", r"suite 'trial': "),
        ("no/such/path.yaml", "no suite, trade-off or family that ships, and no file or folder here.*or give the path"),
        (f"{DATA}/shrt.yaml", r"Did you mean 'short.yaml'\?"),
        ("zzzz", "Suites are 'demo', 'all', 'core'; families are 'ai', .*or give the path"),
        ("", "suite ''"),
        ("gift,", "suite ''"),
        ("x" * 5000, "suite 'xxx"),
    ],
)
def test_a_name_that_stands_for_nothing(name, words):
    with pytest.raises(ScenarioError, match=words):
        load_suites([name])


def test_trade_offs_and_families_by_name_several_by_comma_or_repetition():
    assert ids(["gift,trail"]) == ids(["trail", "gift"]) == ids([" trail , gift", "gift"]) == ["gift", "trail"]
    assert ids(["honesty"]) == ids(["honesty-kindness"]) == ["honesty-kindness"]
    assert ids(["risk"]) == ["caution-gamble", "precaution-innovation", "present-future"]  # not the demo's `trail`
    assert ids([f"{DATA / 'short.yaml'},gift"]) == ["gift", "short"]


def test_families_are_those_of_the_files_and_no_name_stands_for_two_things():
    files = load_suites(["all"])
    families = {file.tradeoff.family for file in files}
    for family in families:
        assert ids([family]) == [file.tradeoff.tradeoff for file in files if file.tradeoff.family == family]
    names = [*suite_names(), *families, *ids(["all", "demo"])]
    assert len(set(names)) == len(names)


def test_what_exists_is_a_path_with_or_without_a_slash_but_a_shipped_name_wins(tmp_path, monkeypatch):
    for name in ("short.yaml", "a,b.yaml", "gift"):
        shutil.copy(DATA / "short.yaml", tmp_path / name)
    (tmp_path / "honesty").mkdir()
    monkeypatch.chdir(tmp_path)
    assert ids(["short.yaml"]) == ids(["a,b.yaml"]) == ids(["./gift"]) == ["short"]
    assert ids(["gift"]) == ["gift"]
    assert ids(["honesty"]) == ["honesty-kindness"]
    with pytest.raises(ScenarioError, match="holds no trade-off file"):
        load_suites(["./honesty"])


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match=r"holds no trade-off file\. Put a \*\.yaml file there\."):
        load_suites([str(tmp_path)])


def test_entries_of_a_suite(tmp_path, monkeypatch):
    root = tmp_path / "scenarios"
    (root / "one").mkdir(parents=True)
    shutil.copy(DATA / "short.yaml", root / "one")
    shutil.copy(DATA / "long.yaml", root / "one")
    entries = "by-id: [short]\nby-folder: [one/]\nboth: [one/, long]\nwrong: [shrt]\nempty: [two/]\n"
    (root / "suites.yaml").write_text(entries, encoding="utf-8")
    monkeypatch.setattr(suites, "data_path", lambda name: tmp_path / name)
    assert ids(["by-id"]) == ["short"]
    assert ids(["by-folder"]) == ids(["both"]) == ids(["by-folder", "by-id"]) == ["long", "short"]
    for name, entry in (("wrong", "shrt"), ("empty", "two/")):
        with pytest.raises(ScenarioError, match=f"the entry '{entry}' of the suite '{name}' names no file"):
            load_suites([name])


def test_a_bad_file_in_a_suite_is_told_with_its_line(tmp_path):
    (tmp_path / "bad.yaml").write_text("a: 1\na: 2\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"bad\.yaml:2: the key 'a' stands twice"):
        load_suites([str(tmp_path)])


def test_the_pattern_and_the_template_stand_beside_the_suites():
    assert data_path("scenarios").is_dir()
