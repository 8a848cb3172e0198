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
