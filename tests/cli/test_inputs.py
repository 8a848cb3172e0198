"""Guards: list, check and pull do what the older verbs do, which still work."""

from __future__ import annotations

import json

import pytest

from probe.cli import main


@pytest.mark.parametrize(("kind", "old"), [("suites", "scenarios"), ("models", "models")])
def test_list_says_what_the_older_verb_says(kind: str, old: str, capsys: pytest.CaptureFixture[str]) -> None:
    for flags in ([], ["--json"]):
        assert main(["list", kind, *flags]) == 0
        new = capsys.readouterr().out
        assert main([old, "list", *flags]) == 0
        assert capsys.readouterr().out == new


def test_list_names_all_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    names = json.loads(capsys.readouterr().out)
    assert {"demo", "core", "all"} <= set(names["suites"])
    assert {"quick", "standard", "full"} <= set(names["designs"])
    assert "smollm2-135m-instruct" in names["models"]
    assert main(["list"]) == 0
    assert capsys.readouterr().out.startswith("suites: ")
    assert main(["list", "designs"]) == 0
    assert "standard: 32 formats" in capsys.readouterr().out.splitlines()
    assert main(["list", "cards"]) == 2
    assert "Use suites, models or designs." in capsys.readouterr().err


def test_check_takes_suites_and_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "scenarios/template.yaml"]) == 0
    assert capsys.readouterr().out == "1 file, clean\n"
    assert main(["check", "nothing-of-this-name"]) == 2
    capsys.readouterr()
    for model in ("smollm2-135m-instruct", "probe/demo_model"):
        code = main(["models", "check", model, "--offline"])
        old = capsys.readouterr()
        assert main(["check", model, "--offline"]) == code
        assert capsys.readouterr() == old


def test_flags_of_the_older_verbs_are_flags_of_the_new_ones(capsys: pytest.CaptureFixture[str]) -> None:
    for flags in (["--fits", "4"], ["--family", "smollm2"], ["--fits", "4", "--json"]):
        assert main(["list", "models", *flags]) == 0
        new = capsys.readouterr().out
        assert main(["models", "list", *flags]) == 0
        assert capsys.readouterr().out == new
    assert main(["list", "suites", "--fits", "4"]) == 2
    assert "`probe list models`" in capsys.readouterr().err
    short = "tests/data/short.yaml"
    assert main(["check", short]) == 1
    assert main(["check", short, "--profile", "imported"]) == 0
    assert "counted" in capsys.readouterr().out
    assert main(["check", short, "--tokenizer", "probe/demo_model", "--profile", "imported"]) == 0
    assert main(["check", short, "--tokenizer", "nowhere"]) == 2
    assert "--tokenizer nowhere: not a folder." in capsys.readouterr().err
    assert main(["check", "honesty-kindness", "probe/demo_model", "--offline", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["suites"]["files"] == 1
    assert [one["id"] for one in told["models"]["models"]] == ["demo"]
    assert main(["check", "probe/demo_model", "--profile", "imported", "--offline"]) == 2
    assert "speak of trade-off files" in capsys.readouterr().err


def test_check_of_a_models_file_alone_checks_its_entries(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("models: [{id: mine, family: own, path: gone, kind: instruct, licence: MIT}]\n", encoding="utf-8")
    assert main(["check", "--models", str(path), "--offline", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["suites"] is None
    assert [one["id"] for one in told["models"]["models"]] == ["mine"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "gift"], "'gift' is a trade-off: give it with --suite."),
        (["plan", "core"], "'core' is a suite: give it with --suite."),
        (["plan", "--suite", "smollm2-135m-instruct"], "'smollm2-135m-instruct' is a model: give it as MODEL"),
        (["plan", "--suite", "demo,quick"], "'quick' is a design: give it with --design."),
        (["plan", "--design", "demo"], "'demo' is a model"),
        (["plan", "smollm2-135m-instruc"], "Did you mean 'smollm2-135m-instruct'?"),
        (["plan", "--suite", "gifts"], "Did you mean the trade-off 'gift'?"),
        (["plan", "--design", "quik"], "Did you mean 'quick'?"),
        (["check", "smollm2-135m-instruc"], "Did you mean the model 'smollm2-135m-instruct'?"),
        (["list", "model"], "Did you mean 'models'?"),
    ],
)
def test_a_wrong_name_meets_a_right_one_of_its_kind(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_pull_pins_where_it_is_asked_to(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("pin", "pull"):
        monkeypatch.setattr(f"probe.commands.pull.{name}", lambda *given, name=name: f"{name} {given[0]}")
    assert main(["pull", "m"]) == 0
    assert capsys.readouterr().out == "pull m\n"
    assert main(["pull", "m", "--pin"]) == 0
    assert capsys.readouterr().out == "pin m\npull m\n"


def test_older_verbs_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f" {verb} " in shown for verb in ("list", "check", "pull"))
    assert not any(f" {verb} " in shown for verb in ("scenarios", "models", "cache") if f"│ {verb}" in shown)
