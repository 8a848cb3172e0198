"""Verbs, exit codes and what is printed, in process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from probe.analysis.validity_checks import THRESHOLDS
from probe.cli import main

DATA = Path(__file__).parents[1] / "data"
SHORT = str(DATA / "short.yaml")
ITEM = "short/apple/many=one"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    """A small run made through the command."""
    out = tmp_path_factory.mktemp("cli") / "run"
    assert main(["run", "demo", "--suite", SHORT, "--design", "quick", "--out", str(out)]) == 0
    return out


def test_a_run_prints_the_outcome_and_where_the_report_is(run_folder, capsys) -> None:
    assert main(["run", "demo", "--suite", SHORT, "--design", "quick", "--out", str(run_folder)]) == 0
    out = capsys.readouterr().out
    assert "short" in out
    assert str(run_folder / "report.html") in out


def test_closed_gates_are_told_on_stderr_and_end_0(tmp_path, capsys, monkeypatch) -> None:
    strict = {**THRESHOLDS, "option_mass_mean": 0.99999}
    monkeypatch.setattr("probe.study.manifest_entries.THRESHOLDS", strict)
    out = tmp_path / "run"
    assert main(["run", "demo", "--suite", SHORT, "--design", "quick", "--out", str(out)]) == 0
    told = capsys.readouterr()
    closed = [line for line in told.err.splitlines() if "not interpretable" in line]
    assert len(closed) == 1
    assert closed[0].startswith("demo: not interpretable: 1 of 1 trade-offs, option mass mean (stated) is 0.99")
    assert "demo: nothing can be said, 1 of 1 trade-off fails: option mass mean (stated) is" in told.out
    assert main(["run", "demo", "--suite", SHORT, "--design", "quick", "--out", str(out), "--quiet"]) == 0
    told = capsys.readouterr()
    assert told.out == f"report: {out / 'report.html'}\n"
    assert told.err == f"{closed[0]}\n"
    kept = json.loads((out / "results.json").read_text())["models"]["demo"]["tradeoffs"]["short"]
    assert (kept["verdict"], kept["direction"]) == ("not interpretable", None)
    assert kept["claim"]["ungated"]["verdict"] in ("deviation", "no deviation", "undecided", "not testable")
    assert json.loads((out / "manifest.json").read_text())["gates"]["option_mass_mean"] == 0.99999


def test_items_that_do_not_fit_are_refused_by_count_and_end_1(tmp_path, capsys, short_window) -> None:
    arguments = [
        "run",
        short_window,
        "--suite",
        str(DATA / "long.yaml"),
        "--design",
        "quick",
        "--out",
        str(tmp_path / "r"),
    ]
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert told.count("refused: ") == 3
    assert "does not fit into the model's" in told
    assert main(arguments) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "nobody"], 2, "ModelError: model 'nobody'"),
        (["run", "demo", "--suite", "./nowhere.yaml"], 2, "ScenarioError: suite './nowhere.yaml'"),
        (["run", "demo", "--device", "nonsense"], 3, "EnvironmentFault"),
        (["run", "demo", "--no-such-flag"], 2, "No such option"),
        (["run", "someone/something", "--offline"], 3, "not in the hub's cache"),
        (["report", "./nowhere"], 2, "StudyError"),
        (["show", "demo", "--item", "gift/nothing"], 2, "ScenarioError: item 'gift/nothing'"),
        (["show", "demo", "--item", "gift/words", "--variant", "order=p3"], 2, "InputError"),
    ],
)
def test_errors_say_where_and_end_with_their_code(arguments, code, said, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch, capsys) -> None:
    def closed(folder) -> None:
        raise PermissionError(13, "Permission denied", str(folder.manifest_path))

    monkeypatch.setattr("probe.store.folder.RunFolder.manifest", closed)
    assert main(["report", str(tmp_path)]) == 3
    assert f"{tmp_path}/manifest.json: cannot be opened (Permission denied). Ask for" in capsys.readouterr().err


def test_a_dry_run_plans_and_writes_nothing(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "demo", "--suite", SHORT, "--design", "quick", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "4 variants of 13 items" in out
    assert "Answer:" in out
    assert not list(tmp_path.iterdir())


def test_a_plan_counts_tokens_and_writes_json(tmp_path, capsys) -> None:
    target = tmp_path / "plan.json"
    assert main(["plan", "demo", "--suite", SHORT, "--design", "quick", "--json", "--out", str(target)]) == 0
    (planned,) = json.loads(capsys.readouterr().out)
    assert json.loads(target.read_text()) == [planned]
    assert sum(side["prompts"] for side in planned["sides"].values()) == 13 * 4
    assert all(0 < side["distinct"] < side["tokens"] for side in planned["sides"].values())


def test_show_json_has_the_fields_of_the_contract(capsys) -> None:
    assert main(["show", "demo", "--item", ITEM, "--suite", SHORT, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {"text", "input_ids", "forced_prefix", "labels", "n_tokens"}
    assert shown["n_tokens"] == len(shown["input_ids"])
    assert [label["position"] for label in shown["labels"]] == ["first", "second"]
    assert {label["principle"] for label in shown["labels"]} == {"share", "keep"}
    assert all(label["forms"] for label in shown["labels"])


def test_show_marks_the_decision_position_and_reads(capsys) -> None:
    assert main(["show", "demo", "--item", ITEM, "--suite", SHORT]) == 0
    out = capsys.readouterr().out
    assert "Answer:▮" in out
    assert "most probable next tokens" in out


def test_show_knows_a_designs_own_levels(tmp_path, capsys) -> None:
    design = tmp_path / "mine.yaml"
    design.write_text("design: mine\naxes: {cue: [mine]}\nlevels: {cue: {mine: 'So I take'}}\n")
    arguments = ["show", "demo", "--item", ITEM, "--suite", SHORT, "--variant", "cue=mine", "--no-weights"]
    assert main(arguments) == 2
    assert main([*arguments, "--design", str(design)]) == 0
    assert "So I take▮" in capsys.readouterr().out


def test_listing_verbs_print_text_and_json(capsys) -> None:
    assert main(["scenarios", "list"]) == 0
    assert "honesty-kindness" in capsys.readouterr().out
    assert main(["scenarios", "list", "--suite", "demo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["families"] >= 1
    assert main(["models", "list"]) == 0
    assert "demo" in capsys.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    assert {"id", "licence"} <= set(json.loads(capsys.readouterr().out)[0])


def test_checking_scenarios_ends_1_with_findings_and_their_lines(tmp_path, capsys) -> None:
    assert main(["scenarios", "check"]) == 0
    capsys.readouterr()
    bad = tmp_path / "bad.yaml"
    bad.write_text(Path(SHORT).read_text().replace("form: agree", "form: agreed"))
    assert main(["scenarios", "check", str(bad), "--readback"]) == 1
    assert "bad.yaml:" in capsys.readouterr().out
    assert main(["scenarios", "check", str(bad), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"]


def test_a_report_is_rendered_again(run_folder, capsys) -> None:
    before = (run_folder / "report.html").read_bytes()
    (run_folder / "report.html").unlink()
    assert main(["report", str(run_folder)]) == 0
    assert (run_folder / "report.html").read_bytes() == before
    assert "report.html" in capsys.readouterr().out


def test_interruption_ends_130(monkeypatch, capsys) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["probe.run"], "run_request", interrupted)
    assert main(["run", "demo"]) == 130
    assert "goes on from here" in capsys.readouterr().err


def test_names_from_files_cannot_command_the_terminal(tmp_path, capsys) -> None:
    assert main(["scenarios", "check", "./\x1b[2Jname.yaml"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_the_version_is_told(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("probe ")


@pytest.fixture
def short_window(tmp_path) -> str:
    """The embedded model with a window of 200 tokens."""
    import probe

    source = Path(probe.__file__).parent / "demo_model"
    folder = tmp_path / "narrow"
    folder.mkdir()
    for path in source.iterdir():
        content = path.read_bytes()
        if path.name == "config.json":
            config = json.loads(content)
            config["max_position_embeddings"] = 200
            content = json.dumps(config).encode()
        (folder / path.name).write_bytes(content)
    return str(folder)
