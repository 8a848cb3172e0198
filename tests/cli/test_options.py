"""From flags and study files to a request; what the help shows and hides."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer

from probe.cli import app, main
from probe.options import PLAN
from probe.study.request import PANELS, Request, known_options

SHORT = str(Path(__file__).parents[1] / "data" / "short.yaml")
MINE = """\
models:
- {id: one, path: one, family: f, kind: instruct, licence: l}
- {id: two, path: two, family: f, kind: instruct, licence: l}
"""


@pytest.fixture
def asked(monkeypatch):
    """``asked("run", ...)``: the request that a verb makes of its words."""

    def make(*words: str) -> Request:
        seen = []

        def stop(request, *_, **__):
            seen.append(request)
            raise typer.Exit

        monkeypatch.setattr(sys.modules["probe.run"], "run_request", stop)
        monkeypatch.setattr("probe.cli.resolve", stop)
        assert main(list(words)) == 0
        return seen[0]

    return make


@pytest.fixture
def study(tmp_path, monkeypatch) -> str:
    monkeypatch.chdir(tmp_path)
    text = "models: [demo, a/b]\nsuite: core\nlimit: 3\nsystem: Be brief.\nworkers: 2\nout: there\n"
    Path("study.yaml").write_text(text, encoding="utf-8")
    return text


def parameters(verb: str) -> list[object]:
    return typer.main.get_command(app).commands[verb].params


def test_nothing_said_is_the_default(asked):
    assert asked("run") == Request()
    assert asked("plan") == Request()


def test_flags_are_the_fields(asked):
    flags = ["--suite", "a", "--suite", "b", "--design", "quick", "--limit", "2", "--exact", "--models", "m.yaml"]
    assert asked("run", "demo", "x/y", *flags, "--out", "there", "--gpus-per-worker", "2") == Request(
        models=("demo", "x/y"),
        suite=("a", "b"),
        design="quick",
        limit=2,
        exact=True,
        models_file=Path("m.yaml"),
        out=Path("there"),
        gpus_per_worker=2,
    )


def test_older_flags_still_mean_the_same(asked):
    new = ["--scheduler", "slurm", "--gpus-per-worker", "2", "--slurm", "partition=gpu", "--slurm", "time=90"]
    old = ["--engine", "slurm", "--cards", "2", "--slurm-partition", "gpu", "--slurm-option", "time=90"]
    assert asked("run", *old) == asked("run", *new)
    assert asked("run", *new).slurm == (("partition", "gpu"), ("time", "90"))
    for name in ("account", "time", "mem", "constraint", "cluster"):
        assert asked("run", "--engine", "slurm", f"--slurm-{name}", "1").slurm == ((name, "1"),)


def test_only_older_flags_are_hidden_and_every_other_has_a_panel():
    hidden = {one.opts[0] for one in parameters("run") if getattr(one, "hidden", False)}
    slurm = {f"--slurm-{name}" for name in ("partition", "account", "time", "mem", "constraint", "cluster", "option")}
    assert hidden == {"--engine", "--cards"} | slurm
    shown = [one for one in parameters("run") if one.opts[0] not in hidden and one.name != "models"]
    assert {one.rich_help_panel for one in shown} == set(PANELS)
    assert len([one for one in shown if one.rich_help_panel != PANELS[-1]]) <= 16
    assert {one.name for one in shown} >= known_options().keys() - {"models"}
    assert not [one for one in parameters("plan") if getattr(one, "hidden", False)]


def test_help_shows_the_panels_in_their_order_and_nothing_outside(capsys):
    assert main(["run", "--help"]) == 0
    out = capsys.readouterr().out
    places = [out.index(f"─ {panel} ─") for panel in ("Arguments", *PANELS)]
    assert places == sorted(places)
    assert "─ Options ─" not in out
    assert "--engine" not in out


def test_a_study_file_gives_what_flags_do_not(asked, study):
    read = Request(
        models=("demo", "a/b"),
        suite=("core",),
        limit=3,
        system=("Be brief.",),
        workers=2,
        out=Path("there"),
        source=study,
    )
    assert asked("run", "study.yaml") == read
    won = asked("run", "study.yaml", "other", "--limit", "1", "--suite", "demo", "--out", "here")
    assert (won.models, won.limit, won.suite, won.out) == (("other",), 1, ("demo",), Path("here"))
    assert (won.system, won.workers, won.source) == (("Be brief.",), 2, study)


def test_a_default_that_is_said_wins_over_the_file(asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text("design: quick\ndtype: float32\n", encoding="utf-8")
    assert asked("run", "s.yaml", "--dtype", "auto") == Request(
        design="quick", source="design: quick\ndtype: float32\n"
    )


def test_a_plan_reads_the_same_file_but_for_what_only_a_run_takes(asked, study):
    planned = asked("plan", "study.yaml")
    assert (planned.models, planned.limit, planned.system) == (("demo", "a/b"), 3, ("Be brief.",))
    assert (planned.workers, planned.out) == (None, None)
    assert {"workers", "out", "scheduler"}.isdisjoint(PLAN)


def test_a_models_file_without_names_means_its_models(asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(MINE, encoding="utf-8")
    Path("s.yaml").write_text("models_file: mine.yaml\n", encoding="utf-8")
    for verb in ("run", "plan"):
        assert asked(verb, "--models", "mine.yaml").models == ("one", "two")
        assert asked(verb, "s.yaml").models == ("one", "two")
        assert asked(verb, "two", "--models", "mine.yaml").models == ("two",)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["study.yaml", "other.yaml"], "study.yaml, other.yaml: are two study files"),
        (["none.yaml"], "none.yaml:1: cannot be read"),
        (["--models", "none.yaml"], "none.yaml:1: cannot be read"),
        (["--scheduler", "slurm", "--slurm", "exclusive"], "--slurm exclusive: no value. Give KEY=VALUE"),
    ],
)
def test_what_is_wrong_ends_with_2(words, said, study, capsys):
    assert main(["run", *words]) == 2
    assert said in capsys.readouterr().err


def test_the_file_lies_verbatim_in_the_run_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = f"# why\nmodels: demo\nsuite: {SHORT}\ndesign: quick\nlimit: 1\nout: r\n"
    Path("mine.yaml").write_text(text, encoding="utf-8")
    assert main(["run", "mine.yaml", "--quiet"]) == 0
    assert Path("r/study/study.yaml").read_text(encoding="utf-8") == text
    assert "study/study.yaml" in json.loads(Path("r/manifest.json").read_text())["files"]
    assert main(["verify", "r", "--packs", "1"]) == 0
