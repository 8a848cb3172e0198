"""Guards: a notebook shows the answer and a row per trade-off; names stay text."""

from __future__ import annotations

from html.parser import HTMLParser

from probe.analysis.results import StudyResults
from probe.report.notebook import glance
from probe.report.page import Page


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.tags[-1] == "td":
            self.rows[-1][-1] += data


def read(text: str) -> Cells:
    cells = Cells()
    cells.feed(text)
    return cells


def test_a_row_per_trade_off(results: StudyResults) -> None:
    text = glance(results)
    rows = read(text).rows[1:]
    assert "demo, 4 trade-offs: deviation in 1" in text
    assert [row[0] for row in rows] == ["gift", "loan", "queue", "mirror", "walk"]
    assert rows[0][1:] == ["honesty", "0.820", "0.410", "-0.41 [-0.46, -0.36]", "0.416", "5.4", "deviation (reversal)"]
    assert (rows[4][2], rows[4][4]) == ("–", "–")


def test_names_stay_text(hostile: Page) -> None:
    assert set(read(glance(hostile.results)).tags) == {"p", "table", "thead", "tbody", "tr", "th", "td"}
