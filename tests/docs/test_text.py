"""Links lead somewhere, examples in docstrings run, decisions stay short, and no file names a package registry."""

from __future__ import annotations

import doctest
import os
import pkgutil
import re
from pathlib import Path

import pytest
from modules import imported, needs

import probe

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "scenarios/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
MODULES = sorted(one.name for one in pkgutil.walk_packages(probe.__path__, "probe.") if "__main__" not in one.name)
SKIPPED = {".git", "__pycache__", ".venv", "runs", "dist", "build", "htmlcov"}
REGISTRIES = ("pypi" + ".org", "files.python" + "hosted.org", "registry." + "npmjs", "download.py" + "torch.org")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_resolve(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link)]
    broken = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(imported(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_that_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES if not needs(name) for test in finder.find(imported(name)) if test.examples]
    assert len(found) >= 20


@pytest.mark.parametrize("record", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem)
def test_decision_records(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 25
    assert re.match(rf"# {int(record.name[:4])}\. ", text)
    parts = ("Context", "Decision", "Cost", "What would change our mind", "Evidence")
    assert [part for part in parts if f"**{part}.**" not in text] == []


def test_no_package_registry_is_named() -> None:
    naming = []
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name not in SKIPPED and not name.endswith("_cache")]
        paths = [Path(folder, name) for name in names if not name.endswith((".safetensors", ".pyc"))]
        naming += [str(path) for path in paths if any(host.encode() in path.read_bytes() for host in REGISTRIES)]
    assert naming == []
