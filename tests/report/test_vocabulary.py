"""Guards: page, card and terminal use the field's words, in sentences that no fixture makes too."""

from __future__ import annotations

import ast
import html
import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from vocabulary import BESIDE, found_in

import probe.report
from probe.analysis.results import StudyResults
from probe.report.dataset_card import dataset_card
from probe.report.page import Page, render_page
from probe.report.terminal import RunNames, print_summary

ROOM = Path(next(iter(probe.report.__path__)))


def texts_of(page: str) -> list[str]:
    """What a reader sees of a page, text by text: no scripts, no styles, no JSON of the manifest."""
    bare = re.sub(r"<(script|style|pre|code)\b.*?</\1>", "", page, flags=re.DOTALL)
    return [html.unescape(text).strip() for text in re.split(r"<[^>]*>", bare) if text.strip()]


def beside(texts: list[str]) -> list[str]:
    return [
        text for text in texts for word, other in BESIDE.items() if word in text.lower() and other not in text.lower()
    ]


def test_the_page(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.report.page.drawing_library", lambda: "")
    texts = texts_of(render_page(page))
    assert len(texts) > 300
    assert [found for text in texts if text != "control" for found in found_in(text)] == []
    assert beside(texts) == []


def test_data_set_card(results: StudyResults) -> None:
    lines = dataset_card(results, "demo").splitlines()
    assert [found for line in lines for found in found_in(re.sub(r"`[^`]*`", "", line))] == []
    assert beside(lines) == []


@pytest.mark.parametrize("verbose", [False, True])
def test_terminal(results: StudyResults, *, verbose: bool) -> None:
    out = io.StringIO()
    print_summary(results, RunNames(("demo",), "standard", "runs/demo"), Console(file=out, width=200), verbose=verbose)
    assert found_in(out.getvalue()) == []
    assert beside(out.getvalue().splitlines()) == []


def sentences(path: Path) -> list[str]:
    """What a module may write: its texts of more than one word, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs]
    return [node.value for node in texts if isinstance(node.value, str) and " " in node.value.strip()]


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_sentences(path: Path) -> None:
    assert [found for text in sentences(path) for found in found_in(re.sub(r"`[^`]*`", "", text))] == []


def test_that_a_sentence_is_seen(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(
        '"""A gate."""\n\ndef f(n):\n    """A gate."""\n    return f"{n} gates are closed"\n'
    )
    assert [found_in(text)[0].split()[0] for text in sentences(tmp_path / "x.py")] == ["gates"]
