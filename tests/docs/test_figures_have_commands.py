"""Guards: a command that a page gives for its figures exists in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SCRIPT = re.compile(r"\bscripts/[\w/.-]+?\.(?:py|sh)\b")
TARGET = re.compile(r"`make ([\w-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_named_commands_exist(page):
    text = page.read_text(encoding="utf-8")
    missing = [name for name in SCRIPT.findall(text) if not (ROOT / name).is_file()]
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    missing += [name for name in TARGET.findall(text) if not re.search(rf"^{name}:", rules, re.MULTILINE)]
    assert missing == []


@pytest.mark.parametrize("page", ["benchmarks.md", "validation.md", "security.md"])
def test_pages_of_figures_name_a_command(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert SCRIPT.search(text) or TARGET.search(text)
