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
"""What a room knows of the others; everything may raise the package's errors."""

JOINS = {
    "assemble": 1,
    "checkpack": 1,
    "choosing": 1,
    "exact": 1,
    "live_floor": 2,
    "live_mass": 1,
    "packs": 1,
    "pipeline": 1,
    "progress": 1,
    "console": 2,
    "publish": 2,
    "study": 2,
    "writing": 2,
    "work": 3,
    "planning": 3,
    "reading": 4,
    "results": 3,
    "merging": 4,
    "scaling": 5,
    "finished": 5,
    "floors": 5,
    "records": 5,
    "validation": 5,
    "measurement": 6,
    "run": 7,
    "single": 7,
    "verbs": 8,
    "__init__": 9,
    "cli": 10,
    "__main__": 11,
}
"""What joins the rooms, in layers: each knows every room, and of the others only lower layers."""

HEAVY = ("torch", "transformers", "accelerate", "bitsandbytes", "tokenizers", "safetensors")
FREE_OF_TORCH = ("design", "imports", "store", "analysis", "report")

MODULES = [pytest.param(source, id=source.name) for source in sources()]


def upward(source: Source) -> set[str]:
    """What a module imports although its place does not allow it."""
    if source.room == "errors":
        return set(source.rooms)
    if source.room in MAY_IMPORT:
        return set(source.rooms) - MAY_IMPORT[source.room] - {source.room, "errors"}
    lower = {name for name, layer in JOINS.items() if layer < JOINS[source.room]}
    return set(source.rooms) - lower - MAY_IMPORT.keys() - {source.room, "errors"}


def test_every_module_has_a_place() -> None:
    places = MAY_IMPORT.keys() | JOINS.keys() | {"errors"}
    assert {source.room for source in sources()} == places


@pytest.mark.parametrize("source", MODULES)
def test_imports_go_down(source: Source) -> None:
    assert upward(source) == set()


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
        ("probe.study", "from probe.cli import main", {"cli"}),
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
