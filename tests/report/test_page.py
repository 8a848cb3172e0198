"""Guards: one file that fetches nothing, the same bytes each time, and in which names stay text."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from probe.analysis.paired import Difference, PairedTradeOff
from probe.analysis.results import FailedCheck, StudyResults
from probe.errors import StudyError
from probe.report.browser import packed
from probe.report.dataset_card import dataset_card
from probe.report.model_comparison import Change
from probe.report.notebook import glance
from probe.report.page import Page, render_page
from probe.report.plotly_js import drawing_library


class Reader(HTMLParser):
    """Every element with its attributes, and the text of each script."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


LIBRARY = "const Plotly = 1 < 2 && '&';"


@pytest.fixture(autouse=True, scope="module")
def small_library() -> Iterator[None]:
    """Plotly's own megabytes only slow a parser down; one test puts them back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("probe.report.page.drawing_library", lambda: LIBRARY)
        yield


@pytest.fixture(scope="module")
def rendered(page: Page) -> str:
    return render_page(page)


def test_the_same_page_gives_the_same_bytes(page: Page, rendered: str) -> None:
    assert render_page(page) == rendered


def test_the_whole_page_is_one_file_of_bounded_size(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.report.page.drawing_library", drawing_library)
    text = render_page(page)
    assert text.count("</script>") == 5
    assert packed(drawing_library()) in text
    assert len(text.encode()) < 2_500_000


def test_the_library_is_neither_escaped_nor_repeated(rendered: str) -> None:
    assert rendered.count(packed(LIBRARY)) == 1


def test_order_of_the_page(rendered: str) -> None:
    marks = [
        'class="chips"',
        'class="headline"',
        'class="plot" id="first-figure"',
        'class="meaning"',
        "<summary>In sentences",
        'id="model-1-main-1"',
        "<h3>Trade-offs one by one</h3>",
        'class="plot" id="model-1-curve-1"',
        'id="model-1-checks-1"',
        "<h3>Everything else</h3>",
        'class="plot" id="model-1-figure-2"',
        "<h3>Planted",
        'id="methods"',
        'id="manifest"',
    ]
    places = [rendered.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_answer_comes_with_its_noise(rendered: str) -> None:
    text = " ".join(read(rendered).text.split())
    assert "demo, 4 trade-offs: deviation in 1" in text
    assert "numeric error ±1.0e-4" in text
    assert "nothing is at stake and no act follows" in text


def test_figures_carry_the_numbers(rendered: str) -> None:
    reader = read(rendered)
    drawn = packed_figures(reader)
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    assert len(drawn) == 15
    assert set(drawn) == {a["id"] for _, a in reader.elements if a.get("class") == "plot"}
    assert len(ids) == len(set(ids))
    assert 0.82 in drawn["first-figure"]["data"][0]["x"]


def packed_figures(reader: Reader) -> dict[str, Any]:
    (pack,) = [
        script
        for (_, attrs), script in zip(_scripts(reader), reader.scripts, strict=True)
        if attrs.get("id") == "figures-packed"
    ]
    return dict(json.loads(zlib.decompress(base64.b64decode(pack))))


def test_where_nothing_can_be_said_the_reason_stands_first(page: Page) -> None:
    model = page.results.models["demo"]
    known = FailedCheck("fact", "control", 0.6, 0.9, 10)
    gift = replace(model.tradeoffs["gift"], verdict="not interpretable", direction=None, gates=(known,))
    closed = StudyResults(1, {"demo": replace(model, tradeoffs={"gift": gift})})
    reason = "demo: nothing can be said, 1 of 1 trade-off fails: 6 of 10 known answers right, 9 needed."
    assert reason in read(render_page(replace(page, results=closed))).text
    assert reason in dataset_card(closed, "demo")
    assert reason in glance(closed)


def test_models_stand_side_by_side(page: Page) -> None:
    model = page.results.models["demo"]
    change = PairedTradeOff(Difference(0.8, 0.7, -0.1, (-0.2, 0.0), 9), None, None, 12, 1)
    two = replace(
        page,
        results=StudyResults(1, {"a": model, "b": model}),
        changes=(Change("a", "b", {"gift": change}, {"gift": ["b"]}),),
    )
    reader = read(render_page(two))
    assert "b minus a" in reader.text
    assert "-0.100 [-0.200, 0]" in reader.text
    assert "12 (1 in one only)" in reader.text
    (cells,) = packed_figures(reader)["models-figure-1"]["data"]
    assert len(cells["z"][0]) == 2
    assert "models-figure-1" not in packed_figures(read(render_page(page)))


def _scripts(reader: Reader) -> list[tuple[str, dict[str, str | None]]]:
    return [(tag, attrs) for tag, attrs in reader.elements if tag == "script"]


def test_only_our_scripts_may_run_and_nothing_may_be_fetched(rendered: str) -> None:
    reader = read(rendered)
    (policy,) = [a["content"] for _, a in reader.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    run = [s for (_, a), s in zip(_scripts(reader), reader.scripts, strict=True) if "type" not in a]
    assert len(run) == 3
    run.insert(0, LIBRARY)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in run]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]


@pytest.mark.parametrize("which", ["page", "hostile"])
def test_nothing_points_outside(which: str, request: pytest.FixtureRequest) -> None:
    reader = read(render_page(request.getfixturevalue(which)))
    for tag, attrs in reader.elements:
        assert tag not in {"img", "iframe", "object", "embed", "link", "form", "base"}
        assert "src" not in attrs
        assert not [name for name in attrs if name.startswith("on")]
        if "href" in attrs:
            assert (attrs["href"] or "").startswith("#")


def test_hostile_names_stay_text(page: Page, hostile: Page) -> None:
    usual, attacked = read(render_page(page)), read(render_page(hostile))
    assert len(_scripts(attacked)) == len(_scripts(usual))
    assert not [s for s in attacked.scripts if s.strip() == "alert(1)"]
    assert attacked.text.count(hostile.title) > 5


def test_a_missing_truth_is_not_shown(page: Page) -> None:
    text = render_page(replace(page, truth_json=None))
    assert "Planted against measured" not in text
    assert "truth.json" not in text


def test_truth_is_about_one_model_only(page: Page) -> None:
    other = page.results.models["demo"]
    both = replace(page, results=StudyResults(1, {"demo": other, "zeta": other}))
    assert render_page(both).count("<h3>Planted against measured</h3>") == 1
    assert "<h3>Planted" not in render_page(replace(page, truth_model="zeta"))


def test_a_damaged_truth_is_refused(page: Page) -> None:
    with pytest.raises(StudyError, match=r"truth\.json: not JSON"):
        render_page(replace(page, truth_json="{"))


def test_the_design_behind_the_truth_is_told(page: Page, rendered: str) -> None:
    assert "those of design standard over all items" in rendered
    silent = json.dumps({k: v for k, v in json.loads(page.truth_json or "").items() if k != "design"})
    assert "those of design" not in render_page(replace(page, truth_json=silent))


def test_every_model_has_its_answer(page: Page) -> None:
    model = page.results.models["demo"]
    text = render_page(replace(page, results=StudyResults(1, {"b": model, "a": model})))
    assert text.count('class="headline"') == 2
    assert text.index('id="model-1">b<') < text.index('id="model-2">a<'), "as given"


def test_design_and_manifest_are_told(rendered: str) -> None:
    text = " ".join(read(rendered).text.split())
    assert "order (p1, p2) × label order (p1, p2) × cue (answer, choice): 8 formats of every question" in text
    assert '"seed": 0' in text


def test_a_keyboard_finds_its_way(rendered: str) -> None:
    reader = read(rendered)
    assert reader.elements[[tag for tag, _ in reader.elements].index("body") + 1] == (
        "a",
        {"class": "skip", "href": "#main"},
    )
    assert [tag for tag, _ in reader.elements].count("h1") == 1
    assert all(a.get("tabindex") == "0" for _, a in reader.elements if a.get("class") == "scroll")
