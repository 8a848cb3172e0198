"""Guards: the item browser holds every cell and every prompt of the table, once, and nothing that runs."""

from __future__ import annotations

import base64
import json
import math
import shutil
import zlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pytest

import probe
from probe.analysis.results import StudyResults
from probe.commands import compare
from probe.report.browser import browser_of
from probe.report.page import render_page
from probe.report.publish import page_of
from probe.store.schema import PROMPTS, READINGS

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return probe.run("demo", suite=str(SHORT), design="quick", out=tmp_path_factory.mktemp("browser") / "run")


def unpack(text):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def array(text, kind, cells):
    flat = np.frombuffer(base64.b64decode(text), kind)
    return flat.reshape(len(cells["items"]), len(cells["variants"]))


def renamed(table, column, value, schema):
    values = pa.array([value] * table.num_rows)
    return table.set_column(table.column_names.index(column), column, values).cast(schema)


def test_every_cell_is_there(run):
    made = browser_of(run.readings, run.folder.prompts(), {"demo": ["x"]})
    cells = unpack(made.cells)
    (model,) = cells["models"]
    z, mass = array(model["z"], "<f4", cells), array(model["mass"], "<f4", cells)
    label, top = array(model["label"], "<u2", cells), array(model["top"], "<u2", cells)
    items = [item[0] for item in cells["items"]]
    for row in run.readings.to_pylist():
        at = items.index(row["item"]), cells["variants"].index(row["variant"])
        assert z[at] == np.float32(row["log_odds"])
        assert mass[at] == np.float32(row["option_mass"])
        assert model["labels"][label[at]] == [row["label_p1"], row["label_p2"]]
        assert model["tops"][top[at]] == repr(row["top_token"])[1:-1]
        assert cells["items"][at[0]][1:] == [row[name] for name in ("tradeoff", "side", "form", "p1", "p2")]
    assert model["closed"] == ["x"]


def test_every_prompt_is_there_line_by_line(run):
    made = browser_of(run.readings, run.folder.prompts(), {})
    cells = unpack(made.cells)
    text = {row["prompt_sha256"]: row["text"] for row in run.folder.prompts().to_pylist()}
    items = [item[0] for item in cells["items"]]
    for row in run.readings.to_pylist():
        name, order = cells["models"][0]["prompts"][row["tradeoff"]]
        asked = unpack(made.prompts[name])[order.index(items.index(row["item"]))]
        assert asked[cells["variants"].index(row["variant"])] == text[row["prompt_sha256"]]
    assert any("\n" in told for told in text.values())


def test_models_asked_in_the_same_words_share_them(run):
    other = renamed(run.readings, "model", "other", READINGS), renamed(run.folder.prompts(), "model", "other", PROMPTS)
    one = browser_of(run.readings, run.folder.prompts(), {})
    both = browser_of(
        pa.concat_tables([run.readings, other[0]]), pa.concat_tables([run.folder.prompts(), other[1]]), {}
    )
    assert both.prompts == one.prompts
    assert [model["name"] for model in unpack(both.cells)["models"]] == ["demo", "other"]


def with_neutral(table):
    """The stated items with a third label that takes a quarter of what the two have."""
    rows = table.to_pylist()
    for row in rows:
        if row["side"] == "stated":
            own = row["option_mass"] / 4
            row |= {"label_neutral": "C", "logprob_neutral": math.log(own), "option_mass": row["option_mass"] + own}
    return pa.Table.from_pylist(rows, schema=READINGS)


def test_a_neutral_label_is_there_where_it_was_offered(run):
    (model,) = unpack(browser_of(run.readings, run.folder.prompts(), {}).cells)["models"]
    assert model["neutral"] == ""
    readings = with_neutral(run.readings)
    cells = unpack(browser_of(readings, run.folder.prompts(), {}).cells)
    (model,) = cells["models"]
    neutral, label = array(model["neutral"], "<f4", cells), array(model["label"], "<u2", cells)
    items = [item[0] for item in cells["items"]]
    for row in readings.to_pylist():
        at = items.index(row["item"]), cells["variants"].index(row["variant"])
        third = [row["label_neutral"]] if row["side"] == "stated" else []
        assert model["labels"][label[at]] == [row["label_p1"], row["label_p2"], *third]
        assert neutral[at] == pytest.approx(row["option_mass"] / 5, rel=1e-6) if third else np.isnan(neutral[at])


def test_a_cell_that_was_not_read_is_no_number(run):
    made = browser_of(run.readings.slice(1), run.folder.prompts(), {})
    cells = unpack(made.cells)
    assert np.isnan(array(cells["models"][0]["z"], "<f4", cells)).sum() == 1


@pytest.fixture(scope="module")
def laddered(tmp_path_factory):
    suite = Path(__file__).parents[2] / "scenarios" / "template.yaml"
    out = tmp_path_factory.mktemp("ladder") / "run"
    return probe.run("demo", suite=str(suite), design="quick", ladder="first", out=out)


RUNGS = ["000", "100", "010", "110", "111", "bare"]


def test_cells_of_the_ladder_are_items_of_the_page_of_a_run_and_of_a_comparison(laddered):
    text = (laddered.path / "report.html").read_text(encoding="utf-8")
    for page in (text, compare.page_of([laddered.path])):
        packed = page.partition('id="browser-cells">')[2].partition("</script>")[0]
        cells = unpack(packed)
        own = {item[0]: item[3] for item in cells["items"] if item[2] == "ladder"}
        assert sorted(own.values()) == ["010", "100", "110", "bare"]
        z = array(cells["models"][0]["z"], "<f4", cells)
        items = [item[0] for item in cells["items"]]
        for row in laddered.ladder.to_pylist():
            at = items.index(row["item"]), cells["variants"].index(row["variant"])
            assert z[at] == np.float32(row["log_odds"])


needs_chromium = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, run):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.told, page.asked = [], []
    page.on("console", lambda message: page.told.append(message.text))
    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto((run.path / "report.html").as_uri())
    page.wait_for_selector("#browser:not([hidden])")
    page.wait_for_selector("body[data-ready]", state="attached")
    yield page
    page.close()


UNMARKED = """pre => [...pre.childNodes].filter((one) => one.nodeName === "#text").map((one) => one.data).join("")"""


def different(one, other):
    pairs = zip(one["variant"].split(","), other["variant"].split(","), strict=True)
    return [a.split("=")[0].replace("_", " ") for a, b in pairs if a != b]


def nearest_pair(readings, item):
    """The two formats one axis apart whose p differs most, the higher first."""
    rows = sorted((row for row in readings.to_pylist() if row["item"] == item), key=lambda row: -row["log_odds"])
    pairs = [(a, b) for n, a in enumerate(rows) for b in rows[n + 1 :] if len(different(a, b)) == 1]

    def p(row):
        return 1 / (1 + math.exp(-row["log_odds"]))

    return max(pairs, key=lambda pair: p(pair[0]) - p(pair[1]))


class TestInChromium:
    pytestmark = needs_chromium

    def test_filters_and_opens_and_asks_nobody(self, opened, run):
        items = len(set(run.readings["item"].to_pylist()))
        assert opened.locator("#browser-count").inner_text() == f"{items} items"
        opened.select_option("#browser-side", "stated")
        stated = len({row["item"] for row in run.readings.to_pylist() if row["side"] == "stated"})
        assert opened.locator("#browser-count").inner_text() == f"{stated} items"
        opened.locator("#browser-list button").first.click()
        opened.wait_for_selector(".pane pre")
        name = opened.locator("#browser-shown h3").inner_text()
        texts = {row["prompt_sha256"]: row["text"] for row in run.folder.prompts().to_pylist()}
        high, low = nearest_pair(run.readings, name)
        panes = opened.locator(".pane pre").all_text_contents()
        assert panes == [texts[row["prompt_sha256"]] + "▮" for row in (high, low)]
        assert opened.told == []
        assert opened.asked == [(run.path / "report.html").as_uri()]

    def test_two_formats_stand_beside_each_other_one_axis_apart_with_what_differs_marked(self, opened, run):
        opened.locator("#browser-list button").first.click()
        opened.wait_for_selector(".pane pre")
        high, low = nearest_pair(run.readings, opened.locator("#browser-shown h3").inner_text())
        (axis,) = different(high, low)
        assert opened.locator("#browser-shown p[role=status]").inner_text().startswith(f"The two differ in {axis};")
        for place in (0, 1):
            pre = opened.locator(".pane pre").nth(place)
            marked = pre.locator("mark.differs").all_text_contents()
            plain = [one for one in pre.text_content().split() if one not in marked]
            assert 0 < len(marked) < len(plain)
        first, second = ("".join(opened.locator(".pane pre").nth(n).evaluate(UNMARKED).split()) for n in (0, 1))
        assert first == second
        choice = opened.locator(".pane select").nth(1)
        choice.select_option(opened.locator(".pane select").first.input_value())
        assert opened.locator("#browser-shown p[role=status]").inner_text() == "The same format twice."
        assert opened.locator("mark.differs").count() == 0

    def test_text_is_searched_and_lists_are_sorted(self, opened, run):
        rows = run.readings.to_pylist()
        texts = {row["prompt_sha256"]: row["text"] for row in run.folder.prompts().to_pylist()}
        first = {}
        for row in sorted(rows, key=lambda row: row["variant"]):
            first.setdefault(row["item"], texts[row["prompt_sha256"]].lower())
        words = {w for text in first.values() for w in text.split() if len(w) > 5 and w.isalpha()}
        word = min(sorted(words), key=lambda w: sum(w in text for text in first.values()))
        wanted = [item for item in sorted(first) if word in first[item] or word in item.lower()]
        opened.fill("#browser-search", word.upper())
        opened.wait_for_function(
            "count => document.querySelectorAll('#browser-list li').length === count", arg=len(wanted)
        )
        assert [told.split(" p ")[0] for told in opened.locator("#browser-list button").all_inner_texts()] == wanted
        opened.fill("#browser-search", "")
        p = {row["item"]: row["p"] for row in (*run.items.to_pylist(), *run.controls.to_pylist())}
        for order, sign in (("high", -1), ("low", 1)):
            opened.select_option("#browser-sort", order)
            shown = [told.split(" p ")[0] for told in opened.locator("#browser-list button").all_inner_texts()]
            found = [sign * p[item] for item in shown]
            assert found == pytest.approx(sorted(found), abs=1e-6)
            assert len(found) == len(p)
        opened.select_option("#browser-sort", "flips")
        told = opened.locator("#browser-list button").all_inner_texts()
        rates = [int(one.partition("flips in ")[2].partition(" %")[0] or 0) for one in told]
        assert rates == sorted(rates, reverse=True)
        assert opened.locator("#browser-sort option[value=models]").count() == 0

    def test_an_address_opens_its_item(self, opened, chromium):
        opened.locator("#browser-list button").nth(2).click()
        opened.wait_for_selector(".pane pre")
        name, address = opened.locator("#browser-shown h3").inner_text(), opened.url
        assert "#item=" in address
        assert opened.locator("#browser-shown a").get_attribute("href") == address[address.index("#") :]
        view = chromium.new_page(viewport={"width": 1280, "height": 900})
        said = []
        view.on("console", lambda message: said.append(message.text))
        view.on("pageerror", lambda error: said.append(str(error)))
        view.goto(address)
        view.wait_for_selector(".pane pre")
        assert view.locator("#browser-shown h3").inner_text() == name
        assert view.locator("#browser-shown h3").evaluate("one => one.getBoundingClientRect().top") < 900
        view.evaluate("location.hash = '#item=' + encodeURIComponent('no/such')")
        assert view.locator("#browser-shown h3").inner_text() == name
        assert said == []
        view.close()

    def test_a_comparison_has_its_items_too(self, chromium, run, tmp_path):
        other = probe.run("demo", suite=str(SHORT), design="quick", system="Say A.", out=tmp_path / "other")
        path = probe.compare(run, other).report(tmp_path / "both.html")
        view = chromium.new_page(viewport={"width": 1280, "height": 900})
        said = []
        view.on("console", lambda message: said.append(message.text))
        view.on("pageerror", lambda error: said.append(str(error)))
        view.goto(path.as_uri() + "#item=")
        view.wait_for_selector("#browser:not([hidden])")
        assert view.locator("#browser-model option").count() == 2
        view.select_option("#browser-sort", "models")
        p = [
            {row["item"]: row["p"] for row in (*one.items.to_pylist(), *one.controls.to_pylist())}
            for one in (run, other)
        ]
        told = view.locator("#browser-list button").all_inner_texts()
        shown = [one.split(" p ")[0] for one in told]
        apart = [abs(p[0][item] - p[1][item]) for item in shown]
        assert apart == pytest.approx(sorted(apart, reverse=True), abs=1e-6)
        assert f"models {apart[0]:.3f} apart" in told[0]
        view.locator("#browser-list button").first.click()
        view.wait_for_selector(".pane pre")
        view.select_option("#browser-model", "1")
        view.wait_for_function("location.hash.includes('&model=')")
        assert said == []
        view.close()

    def test_the_keyboard_opens_an_item(self, opened):
        opened.focus("#browser-search")
        opened.keyboard.press("Tab")
        for _ in range(3):
            if opened.evaluate("document.activeElement.closest('#browser-list li') !== null"):
                break
            opened.keyboard.press("Tab")
        opened.keyboard.press("Enter")
        opened.wait_for_selector(".pane pre")
        assert opened.evaluate("document.activeElement.tagName") == "H3"

    @pytest.mark.parametrize("width", [375, 1280])
    def test_nothing_is_wider_than_the_page(self, opened, width):
        opened.set_viewport_size({"width": width, "height": 800})
        opened.locator("#browser-list button").first.click()
        opened.wait_for_selector(".pane pre")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_no_serious_violation(self, opened, scheme):
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
        opened.emulate_media(color_scheme=scheme)
        opened.locator("#browser-list button").first.click()
        opened.wait_for_selector(".pane pre")
        found = axe.Axe().run(opened).response["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []

    def test_three_labels_are_told_with_their_own_probabilities(self, chromium, run, page, tmp_path):
        readings = with_neutral(run.readings)
        path = tmp_path / "report.html"
        told = replace(page, browser=browser_of(readings, run.folder.prompts(), {}))
        path.write_text(render_page(told), encoding="utf-8")
        view = chromium.new_page()
        view.goto(path.as_uri())
        view.wait_for_selector("#browser:not([hidden])")
        for side, labels in (("stated", 3), ("revealed", 2)):
            view.select_option("#browser-side", side)
            view.locator("#browser-list button").first.click()
            view.wait_for_selector("#browser-list button[aria-current]")
            name = view.locator("#browser-shown h3").inner_text()
            row, _ = nearest_pair(readings, name)
            told = view.locator(".pane dl").first.locator("dd").all_inner_texts()
            shown = [float(text) for text in told[: labels + 1]]
            logs = [row["logprob_p1"], row["logprob_p2"], row["logprob_neutral"]][:labels]
            assert shown == pytest.approx([*map(math.exp, logs), row["option_mass"]], abs=0.0006)
            assert view.locator(".pane dl").first.locator("dt").all_inner_texts()[labels] == "all labels"
        view.close()

    def test_hostile_names_run_nothing(self, chromium, run, page, tmp_path):
        evil = "</script><script>window.evil = 1</script><img src=x onerror='window.evil = 1'>"
        readings = renamed(renamed(run.readings, "model", evil, READINGS), "p1", evil, READINGS)
        prompts = renamed(run.folder.prompts(), "model", evil, PROMPTS)
        told = replace(page, browser=browser_of(readings, prompts, {}))
        path = tmp_path / "report.html"
        path.write_text(render_page(told), encoding="utf-8")
        view = chromium.new_page()
        view.goto(path.as_uri())
        view.wait_for_selector("#browser:not([hidden])")
        view.locator("#browser-list button").first.click()
        view.wait_for_selector(".pane pre")
        assert evil in view.locator("#browser-shown").inner_text()
        assert view.evaluate("window.evil") is None
        view.close()


@pytest.fixture(scope="module")
def three(run, tmp_path_factory):
    """A page over three models; the second and third have the readings of the first."""
    names = ("demo", "demo-bfloat16", "demo-int8")
    results = StudyResults(1, dict.fromkeys(names, run.results.models["demo"]))
    readings = pa.concat_tables([renamed(run.readings, "model", name, READINGS) for name in names])
    prompts = pa.concat_tables([renamed(run.folder.prompts(), "model", name, PROMPTS) for name in names])
    made = page_of(results, run.manifest.facts, readings, prompts, manifest_json="{}", title="three")
    path = tmp_path_factory.mktemp("three") / "report.html"
    path.write_text(render_page(made), encoding="utf-8")
    return path


class TestThreeModelsInChromium:
    pytestmark = needs_chromium

    def test_every_figure_is_drawn_when_it_is_come_to_and_all_are_in_print(self, chromium, three):
        view = chromium.new_page(viewport={"width": 1280, "height": 900})
        said, asked = [], []
        view.on("console", lambda message: said.append(message.text))
        view.on("pageerror", lambda error: said.append(str(error)))
        view.on("request", lambda request: asked.append(request.url))
        view.add_init_script("window.requestIdleCallback = () => 0")
        view.goto(three.as_uri())
        view.wait_for_selector("body[data-ready]", state="attached")
        count = view.locator(".plot").count()
        assert view.locator(".plot .main-svg").count() < count
        view.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for place in range(count):
            view.locator(".plot").nth(place).scroll_into_view_if_needed()
            view.locator(".plot").nth(place).locator(".main-svg").first.wait_for()
        assert view.locator("#models-figure-1 .heatmap-label text").count() == 3 * len(set(_tradeoffs(view)))
        view.reload()
        view.wait_for_selector("body[data-printable]", state="attached")
        view.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert view.evaluate("document.querySelectorAll('.js-plotly-plot').length") == count
        assert view.locator("details:not([open])").count() == 0
        assert said == []
        assert set(asked) == {three.as_uri()}
        view.close()

    def test_every_figure_is_drawn_without_coming_to_it(self, chromium, three):
        view = chromium.new_page(viewport={"width": 1280, "height": 900})
        view.goto(three.as_uri())
        view.wait_for_selector("body[data-drawn]", state="attached")
        assert view.locator(":not(details:not([open]) *) > .plot:not(.js-plotly-plot)").count() == 0
        view.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        view.wait_for_function("document.querySelectorAll('.plot:not(.js-plotly-plot)').length === 0")
        assert view.locator(".plot .main-svg").count() >= view.locator(".plot").count() > 20
        view.close()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_no_serious_violation(self, chromium, three, scheme):
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
        view = chromium.new_page(viewport={"width": 375, "height": 800}, color_scheme=scheme)
        view.goto(three.as_uri())
        view.wait_for_selector("body[data-drawn]", state="attached")
        view.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        view.add_style_tag(content="section { content-visibility: visible !important }")
        found = axe.Axe().run(view).response["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
        assert view.evaluate("document.documentElement.scrollWidth") <= 375
        view.close()


def _tradeoffs(view):
    return view.locator("#models-figure-1 .ytick text").all_inner_texts()


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium")
def test_from_a_scenario_its_ladder_is_climbed(chromium, laddered):
    """Each button opens its cell, whose steps are the same; the p beside it is the mean over formats of the table."""
    view = chromium.new_page(viewport={"width": 1280, "height": 900})
    item = "template/class-trip/number=one,certainty=unsure"
    view.goto((laddered.path / "report.html").as_uri() + "#item=" + quote(item))
    view.wait_for_selector(".rungs")
    steps = view.eval_on_selector_all(".rungs button", "all => all.map((one) => one.textContent)")
    assert [step.split()[0] for step in steps] == RUNGS
    assert view.text_content(".rungs [aria-current]").startswith("111 the choice")
    read = pa.concat_tables([laddered.readings, laddered.ladder]).to_pylist()
    for place, cell in enumerate(RUNGS):
        view.click(f".rungs li:nth-child({place + 1}) button")
        view.wait_for_function(f"document.querySelector('.rungs [aria-current]').textContent.startsWith('{cell}')")
        opened = view.text_content("#browser-shown h3")
        p = [1 / (1 + math.exp(-row["log_odds"])) for row in read if row["item"] == opened]
        assert steps[place].endswith(f" p {np.mean(p):.3f}")
        assert len(view.query_selector_all(".rungs button")) == len(RUNGS)
    view.goto((laddered.path / "report.html").as_uri() + "#item=" + quote("template/first-rule"))
    view.reload()
    view.wait_for_selector("#browser-shown h3")
    assert view.query_selector(".rungs") is None
    view.close()


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium")
def test_the_matrix_of_checks_fits_the_page(opened):
    wider = opened.eval_on_selector_all(
        ".scroll[aria-labelledby*='-checks']", "all => all.map((one) => one.scrollWidth - one.clientWidth)"
    )
    assert wider == [0]


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    suite = Path(__file__).parents[1] / "data" / "cut.yaml"
    out = tmp_path_factory.mktemp("cut") / "run"
    return probe.run("demo", suite=str(suite), design="quick", clauses=9, out=out)


def test_a_scenario_with_its_clauses_is_in_the_page_of_a_run_and_of_a_comparison(cut, run):
    text = (cut.path / "report.html").read_text(encoding="utf-8")
    for page in (text, compare.page_of([cut.path])):
        cells = unpack(page.partition('id="browser-cells">')[2].partition("</script>")[0])
        views = cells["models"][0]["clauses"]
        assert sorted(views) == ["cut/bus", "cut/ferry/wind=calm,stakes=low", "cut/train"]
        items = {item[0] for item in cells["items"]}
        for view in views.values():
            assert {one["item"] for one in view["clauses"]} <= items
        assert views["cut/ferry/wind=calm,stakes=low"]["all"] in items
        assert views["cut/bus"]["all"] not in items
    packed = (run.path / "report.html").read_text(encoding="utf-8").partition('id="browser-cells">')[2]
    assert unpack(packed.partition("</script>")[0])["models"][0]["clauses"] == {}


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None, reason="needs headless Chromium: apt-get install chromium")
def test_a_vignette_is_coloured_and_leads_to_itself_without_each_clause(chromium, cut):
    """The text is whole, each clause has its figure, and each button opens the item without it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
    item = "cut/ferry/wind=calm,stakes=low"
    about = cut.manifest.facts.clauses.scenarios["cut/ferry"]
    changes = cut.results.models["demo"].tradeoffs["cut"].clauses.scenarios["cut/ferry"].clauses
    for scheme in ("light", "dark"):
        view = chromium.new_page(viewport={"width": 375, "height": 900}, color_scheme=scheme)
        said = []
        view.on("console", lambda message, said=said: said.append(message.text))
        view.on("pageerror", lambda error, said=said: said.append(str(error)))
        view.goto((cut.path / "report.html").as_uri() + "#item=" + quote(item))
        view.wait_for_selector(".clauses mark")
        words = view.eval_on_selector_all(
            ".clauses p",
            "all => all.map((p) => { const q = p.cloneNode(true); q.querySelectorAll('b').forEach((b) => b.remove()); "
            "return q.textContent; })",
        )
        assert words == [about.text, *(f"{key}: {about.options[key]}" for key in ("time", "person"))]
        figures = view.locator(".clauses mark b").all_text_contents()
        assert [float(one.split(": ")[1]) for one in figures] == pytest.approx([c.change for c in changes], abs=6e-4)
        assert view.evaluate("document.documentElement.scrollWidth") <= 375
        buttons = view.locator("[aria-label^='the scenario without'] button")
        assert buttons.count() == len(changes) + 2
        assert view.text_content("[aria-label^='the scenario without'] [aria-current]") == "as it stands"
        buttons.nth(2).click()
        view.wait_for_function("document.querySelector('#browser-shown h3').textContent.endsWith('~without-02')")
        assert changes[1].text not in view.text_content(".pane pre")
        found = axe.Axe().run(view).response["violations"]
        assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
        assert said == []
        view.close()
