"""Imports go one way: design, prompts, engine and store, analysis, report, what joins them, the command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from sources import ROOT, Source, sources

MAY_IMPORT: dict[str, set[str]] = {
    "design": set(),
    "imports": {"design"},
    "prompts": {"design"},
    "engine": {"prompts"},
    "store": {"design"},
    "analysis": {"design", "store"},
    "report": {"design", "store", "analysis"},
    "exports": {"design", "prompts", "store", "analysis", "report"},
    "figures": {"store", "analysis", "report"},
}
"""What a room knows of the others; everything may raise the package's errors and carry what was loaded."""

FREE = {"errors", "loaded_facts"}

JOINS = {
    "progress": 1,
    "study": 2,
    "results": 2,
    "console": 2,
    "options": 3,
    "workers": 3,
    "runner": 4,
    "run": 5,
    "commands": 6,
    "__init__": 7,
    "cli": 8,
    "__main__": 9,
}
"""What joins the rooms, in layers: each knows every room, and of the others only lower layers."""

STUDY = (
    "packs",
    "threads",
    "running_mass",
    "answer_cache",
    "rows",
    "text_rows",
    "depth_rows",
    "own_word_rows",
    "finished_rows",
    "request",
    "clause_items",
    "own_word_items",
    "own_tables",
    "study_file",
    "adapted",
    "conditions",
    "unloaded",
    "sources",
    "resolve",
    "job",
    "floor_sample",
    "planning",
    "merge",
    "numeric_floor",
    "manifest_entries",
    "pack_reading",
    "model_reader",
    "written_answers",
    "loglikelihood",
)
"""The order inside `study`: a module knows those before it."""

TOP = {path.stem for path in (ROOT / "probe").glob("*.py")}

HEAVY = ("torch", "transformers", "accelerate", "bitsandbytes", "tokenizers", "safetensors")
FREE_OF_TORCH = ("design", "imports", "store", "analysis", "report")

MODULES = [pytest.param(source, id=source.name) for source in sources()]


def upward(source: Source) -> set[str]:
    """What a module imports although its place does not allow it."""
    if source.room in FREE:
        return set(source.rooms)
    if source.room in MAY_IMPORT:
        return set(source.rooms) - MAY_IMPORT[source.room] - {source.room} - FREE
    lower = {name for name, layer in JOINS.items() if layer < JOINS[source.room]}
    return set(source.rooms) - lower - MAY_IMPORT.keys() - {source.room} - FREE


def test_every_module_has_a_place() -> None:
    places = MAY_IMPORT.keys() | JOINS.keys() | FREE
    assert {source.room for source in sources()} == places


@pytest.mark.parametrize("source", MODULES)
def test_imports_go_down(source: Source) -> None:
    assert upward(source) == set()


def circles(modules: list[Source]) -> list[set[str]]:
    """Strongly connected modules, by Tarjan's algorithm; imports inside functions and for type checkers included."""
    names = {source.name for source in modules}
    knows = {source.name: {found for name in source.imports if (found := _module(name, names))} for source in modules}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: list[set[str]] = []

    def visit(name: str) -> None:
        number[name] = low[name] = len(number)
        path.append(name)
        for other in knows[name] - {name}:
            if other not in number:
                visit(other)
            if other in path:
                low[name] = min(low[name], low[other])
        if low[name] == number[name]:
            circle = set(path[path.index(name) :])
            del path[path.index(name) :]
            if len(circle) > 1:
                found.append(circle)

    for name in sorted(names):
        if name not in number:
            visit(name)
    return found


def _module(name: str, names: set[str]) -> str | None:
    """The module that a full name of something imported lies in."""
    while name and name not in names:
        name = name.rpartition(".")[0]
    return name or None


def test_no_modules_know_each_other_in_a_circle() -> None:
    assert circles(sources()) == []


def test_that_a_circle_is_seen() -> None:
    texts = {"probe.a": "def f():\n    import probe.b", "probe.b": "from probe.c import x", "probe.c": "import probe.a"}
    made = [Source(name, text) for name, text in {**texts, "probe.d": "import probe.a"}.items()]
    assert circles(made) == [{"probe.a", "probe.b", "probe.c"}]


def test_study_has_an_order() -> None:
    inside = {source.name.rpartition(".")[2]: source for source in sources() if source.name.startswith("probe.study.")}
    assert set(STUDY) == inside.keys()
    for place, name in enumerate(STUDY):
        known = {one.split(".")[2] for one in inside[name].imports if one.startswith("probe.study.")}
        assert known <= set(STUDY[:place]), name


def test_few_modules_stand_at_the_top() -> None:
    assert len([source for source in sources() if source.name.count(".") == 1 and source.room in TOP]) <= 12
    assert len(MAY_IMPORT) <= 14 >= len(JOINS)


@pytest.mark.parametrize("source", [one for one in MODULES if one.values[0].room in FREE_OF_TORCH])
def test_rooms_without_torch(source: Source) -> None:
    assert {name.split(".")[0] for name in source.imports}.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("probe.design.x", "import probe.prompts.plan", {"prompts"}),
        ("probe.engine.x", "def f():\n    from probe.store.schema import READINGS", {"store"}),
        ("probe.store.x", "if TYPE_CHECKING:\n    from probe import engine", {"engine"}),
        ("probe.analysis.x", "from probe.prompts import pack", {"prompts"}),
        ("probe.report.x", "import probe.run as r", {"run"}),
        ("probe.study.x", "from probe.cli import main", {"cli"}),
        ("probe.design.x", "from probe import read", {"read"}),
        ("probe.design.x", "import probe", {"__init__"}),
        ("probe.report.x", "from probe.analysis.results import StudyResults\nimport numpy", set()),
    ],
)
def test_that_a_wrong_import_is_seen(name: str, text: str, found: set[str]) -> None:
    assert upward(Source(name, text)) == found


@pytest.mark.process
def test_importing_probe_loads_no_torch() -> None:
    """The second half shows that the first can fail: reading does load torch."""
    script = (
        "import json, sys\n"
        f"heavy = {HEAVY!r}\n"
        "for module in ('probe', 'probe.cli', 'probe.engine.plain'):\n"
        "    __import__(module)\n"
        "    print(json.dumps([name for name in heavy if name in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    after_probe, after_command, after_engine = map(json.loads, done.stdout.splitlines())
    assert after_probe == []
    assert after_command == []
    assert {"torch", "transformers"} <= set(after_engine)
