"""docs/formats.md describes every shipped level as axes.yaml has it, and its design file works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from probe.design.axes import load_design, shipped_levels
from probe.design.expand import expand
from probe.design.findings import Rule
from probe.design.items import AXES, Level
from probe.design.tradeoffs import load_tradeoff
from probe.prompts.render import render

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
LEVELS = shipped_levels()


def table(axis):
    """Level -> the two other cells, of the axis's section."""
    section = re.search(rf"^## {axis}\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    assert section, axis
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", section[1], re.MULTILINE)
    return {level: (shows, why) for level, shows, why in rows}, section[1]


@pytest.mark.parametrize("axis", AXES)
def test_every_level_stands_there_with_a_source_and_a_reason(axis):
    rows, section = table(axis)
    assert tuple(rows) == LEVELS.known(axis)
    assert re.search(r"Source: .*\d{4}\.\d{5}|\d{4}\.\d{5}", section)
    assert all(len(why.split()) >= 2 for _, why in rows.values())


def test_levels_say_what_the_page_says():
    for level, (shows, _) in table("label_set")[0].items():
        assert tuple(shows.split(", ")) == LEVELS.label_set(Level(level)).labels
    for level, (shows, _) in table("enclosure")[0].items():
        enclosure = LEVELS.enclosure(Level(level))
        assert shows == f"{enclosure.open}A{enclosure.close}"
    for level, (says, _) in table("instruction")[0].items():
        assert says == LEVELS.instruction(Level(level))
    for level, (says, _) in table("cue")[0].items():
        assert says == (LEVELS.cue(Level(level)) or "nothing")


def test_the_design_of_the_page_works(tmp_path):
    (source,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "mine.yaml").write_text(source, encoding="utf-8")
    design = load_design(str(tmp_path / "mine.yaml"))
    assert len(design.variants()) == 64
    item = expand(load_tradeoff(ROOT / "tests" / "data" / "short.yaml").tradeoff)[0]
    (variant,) = [
        one
        for one in design.variants()
        if one.id
        == "order=p2,label_order=p1,label_set=greek,enclosure=paren,layout=semicolon,instruction=deutsch,cue=decision"
    ]
    shown = render(item, variant, design.levels)
    assert f"β) {item.option_p2}; α) {item.option_p1}\n\nAntworte nur" in shown.question
    assert shown.cue == "Decision:"


def test_inputs_names_every_rule_of_the_linter():
    inputs = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
    section = inputs[inputs.index("## What the linter holds") : inputs.index("## Suites")]
    named = {
        rule for row in re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE) for rule in re.findall("`(.+?)`", row)
    }
    assert named == set(get_args(Rule))
