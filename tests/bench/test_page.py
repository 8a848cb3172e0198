"""Guards: a script fills its own section of the page, with versions and no name of a machine."""

from __future__ import annotations

import platform
from importlib.metadata import version

import pytest


def test_only_its_own_section_is_replaced(bench, tmp_path):
    page = bench("page")
    path = tmp_path / "page.md"
    path.write_text("# Page\n<!-- a: begin -->\nold\n<!-- a: end -->\nkept\n<!-- b: begin -->\n<!-- b: end -->\n")
    page.put("a", r"new \1", path)
    text = path.read_text()
    assert "old" not in text
    assert r"new \1" in text
    assert text.endswith("<!-- a: end -->\nkept\n<!-- b: begin -->\n<!-- b: end -->\n")
    assert f"torch {version('torch')}" in text
    assert platform.node() not in text
    with pytest.raises(ValueError, match="0 sections c"):
        page.put("c", "", path)


def test_a_table(bench):
    assert bench("page").table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"
