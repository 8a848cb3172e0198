"""Guards: on paper nothing is cut off or made smaller until it fits, and no figure is split between pages."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from probe.report.page import Page, render_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium"),
]

UPRIGHT, ACROSS = (710, 1031), (1031, 710)
"""Width and height of A4 within the margins of the style sheet, in pixels."""

TABLES = """() => [...document.querySelectorAll('main table')].map((one) => [
  one.tHead.innerText.slice(0, 40), one.getBoundingClientRect().right,
  getComputedStyle(one.closest('details') || one).page === 'wide'])"""
FIGURES = """() => [...document.querySelectorAll('figure')].map((one) => [
  one.getBoundingClientRect().right, one.getBoundingClientRect().height, getComputedStyle(one).breakInside])"""


@pytest.fixture(scope="module")
def printed(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page as it goes to paper."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    path: Path = tmp_path_factory.mktemp("print") / "report.html"
    path.write_text(render_page(page), encoding="utf-8")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": UPRIGHT[0], "height": UPRIGHT[1]})
        view.goto(path.as_uri())
        view.wait_for_selector("body[data-printable]", state="attached")
        view.emulate_media(media="print")
        view.evaluate("dispatchEvent(new Event('beforeprint'))")
        yield view
        browser.close()


def cut(view: Any) -> list[str]:
    return [name for name, right, across in view.evaluate(TABLES) if right > (ACROSS if across else UPRIGHT)[0]]


def test_every_table_fits_its_paper(printed: Any) -> None:
    found = printed.evaluate(TABLES)
    assert len(found) > 15
    assert {across for _, _, across in found} == {True, False}
    assert cut(printed) == []
    larger = printed.add_style_tag(content="table { font-size: 20pt !important }")
    assert cut(printed) != [], "larger letters must be seen"
    larger.evaluate("(one) => one.remove()")


def test_no_figure_is_split_or_larger_than_a_page(printed: Any) -> None:
    found = printed.evaluate(FIGURES)
    assert len(found) > 10
    assert {kept for _, _, kept in found} == {"avoid"}
    assert all(right <= UPRIGHT[0] and height <= UPRIGHT[1] for right, height, _ in found)


def test_wide_tables_lie_across_on_pages_of_their_own(printed: Any) -> None:
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed.pdf(format="A4"))
    across = [float(width) > float(height) for width, height in sizes]
    assert 0 < sum(across) < len(across) / 4
