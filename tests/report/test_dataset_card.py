"""Guards: the card has front matter that YAML reads, the answer and every trade-off; names stay text."""

from __future__ import annotations

import re

import yaml

from probe.analysis.results import ModelResults, StudyResults
from probe.report.dataset_card import dataset_card
from probe.report.page import Page
from probe.report.summary import points


def front(text: str) -> dict[str, object]:
    _, told, _ = text.split("---\n", 2)
    return dict(yaml.safe_load(told))


def test_front_matter_names_both_tables(results: StudyResults) -> None:
    told = front(dataset_card(results, "demo: a study"))
    assert told["pretty_name"] == "demo: a study"
    assert told["configs"] == [
        {"config_name": "readings", "data_files": "readings.parquet", "default": True},
        {"config_name": "prompts", "data_files": "prompts.parquet"},
    ]


def test_the_answer_and_every_trade_off_are_told(results: StudyResults, model: ModelResults) -> None:
    text = dataset_card(results, "demo")
    assert all(f"- **{point.question}** " in text for point in points(model))
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ") and line.count("|") == 9]
    assert [row[0].removeprefix("| ") for row in rows[1:]] == ["gift", "loan", "queue", "mirror", "walk"]
    assert rows[1][1:] == [
        "honesty",
        "0.820",
        "0.410",
        r"-0.41 \[-0.46, -0.36\]",
        "0.416",
        "5.4",
        "deviation (reversal) |",
    ]
    assert rows[4][5] == "&lt;floor"
    assert dataset_card(results, "demo") == text


def test_hostile_names_stay_text(hostile: Page) -> None:
    text = dataset_card(hostile.results, "--- \x1b[31m\n---\nevil: 1 <img src=x onerror=alert(1)>")
    assert set(front(text)) == {"pretty_name", "tags", "configs"}
    body = text.split("---\n", 2)[2]
    assert "<" not in body
    assert "\x1b" not in text
    assert not re.search(r"(?<!\\)\[[^\]]*\]\(", body)
