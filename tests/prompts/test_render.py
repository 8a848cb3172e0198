"""Guards: what a model reads, word for word; every level of every axis; and that labels and principles never swap.

The golden file is of the independent writer in tests/support/reference.py, which shares no code with what is tested;
``PROBE_GOLDEN=write`` lets that one write it anew, and people read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from reference import axes, questions, write

from probe.design.axes import load_design, parse_variant, shipped_levels
from probe.design.expand import expand
from probe.design.items import AXES
from probe.design.suites import load_suites
from probe.prompts.render import render

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name("golden_prompts.txt")
SHORT = ROOT / "tests/data/short.yaml"

DEFAULTS = {
    **{"order": "p1", "label_order": "position", "label_set": "AB", "enclosure": "paren", "layout": "lines"},
    **{"instruction": "label", "cue": "answer"},
}
"""What an axis is where a variant does not name it; written by hand."""

SHOWN = {
    "short/toys": ["", "order=p2", "label_order=p2", "order=p2,label_order=p2", "order=p2,label_order=p1"],
    "short/last-cake~mate": ["label_set=12,layout=inline", "label_set=XY,enclosure=dot,cue=choice", "cue=none"],
    "short/apple/many=ten": ["enclosure=round,layout=bullets", "enclosure=bracket,instruction=must,cue=select"],
    "short/apple~bridge": ["label_set=ab,enclosure=colon,layout=spaced,instruction=which"],
    "short/same-hat": ["label_set=KR,label_order=p2"],
}


@pytest.fixture(scope="module")
def items():
    return {item.id: item for file in load_suites([str(SHORT)]) for item in expand(file.tradeoff)}


def block(item: str, variant: str, labels: dict[str, str], opening: str, question: str, cue: str) -> str:
    told = ", ".join(f"{label} = {principle}" for principle, label in labels.items())
    head = f"##### {item} {variant or 'as by default'}\n##### {told}; opening {opening!r}"
    return f"{head}\n{question}\n\n{cue}\u25ae\n"


def test_the_golden_file_is_of_the_independent_writer():
    asked, meaning, blocks = questions(SHORT), axes(), []
    for item, variants in SHOWN.items():
        for variant in variants:
            said = dict(part.split("=") for part in variant.split(",") if part)
            whole = ",".join(f"{axis}={level}" for axis, level in (DEFAULTS | said).items())
            one = write(asked[item], whole, meaning)
            blocks.append(block(item, variant, one.labels, one.opening, one.question, one.cue))
    text = "\n".join(blocks)
    if os.environ.get("PROBE_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_golden_prompts(items):
    blocks = []
    for item, variants in SHOWN.items():
        for variant in variants:
            one = render(items[item], parse_variant(variant, shipped_levels()), shipped_levels())
            labels = {shown.principle: shown.label for shown in one.shown}
            blocks.append(block(item, variant, labels, one.opening, one.question, one.cue))
    assert "\n".join(blocks) == GOLDEN.read_text(encoding="utf-8")


def test_the_golden_prompts_show_every_level():
    shown = [parse_variant(variant, shipped_levels()) for variants in SHOWN.values() for variant in variants]
    for axis in AXES:
        assert {variant[axis] for variant in shown} == set(shipped_levels().known(axis)), axis


@pytest.mark.parametrize("design", ["quick", "standard", "full"])
def test_equal_to_an_independent_rendering(items, design):
    chosen = load_design(design)
    asked, meaning = questions(SHORT), axes()
    assert set(asked) == set(items)
    for item in items.values():
        for variant in chosen.variants():
            one = render(item, variant, chosen.levels)
            other = write(asked[item.id], variant.id, meaning)
            assert (one.question, one.cue, one.opening) == (other.question, other.cue, other.opening)
            assert {shown.principle: shown.label for shown in one.shown} == other.labels
            assert [shown.principle for shown in one.shown] == list(other.labels)
            assert other.labels[one.first_label] == chosen.levels.label_set(variant["label_set"]).labels[0]


def test_an_opening_that_the_cue_has_given_is_not_given_twice(items, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "design: own\naxes: {enclosure: [round, bracket], cue: [opened]}\nlevels: {cue: {opened: 'It is ('}}\n"
    )
    own = load_design(str(path))
    found = {v["enclosure"]: render(items["short/toys"], v, own.levels).opening for v in own.variants()}
    assert found == {"round": "", "bracket": "["}


def test_option_texts_stay_with_their_principle(items):
    for item in items.values():
        for variant in load_design("full").variants():
            for shown in render(item, variant, shipped_levels()).shown:
                assert shown.text == (item.option_p1 if shown.principle == item.p1 else item.option_p2)
