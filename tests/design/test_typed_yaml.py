"""Guards: everything pydantic can complain of becomes ``path: what, found. What to do.`` at the right line."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from probe.design.strict_yaml import Faulty, parse_yaml
from probe.design.typed_yaml import did_you_mean, read_as


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    kind: Literal["one", "other"] = "one"
    ordered: bool = False
    size: float | None = None
    count: Annotated[int, Field(gt=0)] = 1
    pair: tuple[str, str] = ("a", "b")


class Root(BaseModel):
    model_config = ConfigDict(extra="forbid")
    leaves: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] = {}
    maybe: Leaf | None = None


def faults_of(source):
    with pytest.raises(Faulty) as caught:
        read_as(parse_yaml(source, "f.yaml"), Root)
    return [str(fault) for fault in caught.value.faults]


def test_text_is_typed_by_its_place():
    root = read_as(parse_yaml("leaves: [{text: Yes, ordered: true, size: 1.5, count: 3}]", "f.yaml"), Root)
    assert root.leaves == (Leaf(text="Yes", ordered=True, size=1.5, count=3),)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("leaves:\n- {}\n", "f.yaml:2: leaves[0]: the key 'text' is missing. Add it."),
        (
            "leaves:\n- text: a\n  knd: one\n",
            "f.yaml:3: leaves[0]: the key 'knd' is not known; known are 'text', 'kind', 'ordered', 'size', 'count', "
            "'pair'. Did you mean 'kind'?",
        ),
        ("zzz: 1", "f.yaml:1: the file: the key 'zzz' is not known; known are 'leaves', 'named', 'maybe'. Remove it."),
        (
            "named:\n  a:\n    text: b\n    kind: othr\n",
            "f.yaml:4: named.a.kind: one of 'one', 'other' is expected, found 'othr'. Did you mean 'other'?",
        ),
        (
            "maybe: {text: a, kind: zzz}",
            "f.yaml:1: maybe.kind: one of 'one', 'other' is expected, found 'zzz'. Write one of them.",
        ),
        (
            "maybe: {txt: a, text: b}",
            "f.yaml:1: maybe: the key 'txt' is not known; known are 'text', 'kind', 'ordered', 'size', 'count', 'pair'."
            " Did you mean 'text'?",
        ),
        ("leaves:\n- text: [a]\n", "f.yaml:2: leaves[0].text: text is expected, found a list. Mend the value."),
        ("leaves:\n", "f.yaml:1: leaves: a list is expected, found ''. Mend the value."),
        ("leaves: {a: b}\n", "f.yaml:1: leaves: a list is expected, found a mapping. Mend the value."),
        ("named: a\n", "f.yaml:1: named: a mapping is expected, found 'a'. Mend the value."),
        ("leaves:\n- a\n", "f.yaml:2: leaves[0]: a mapping is expected, found 'a'. Mend the value."),
        ("[a]", "f.yaml:1: the file: a mapping is expected, found a list. Mend the value."),
        (
            "maybe: {text: a, ordered: maybe}",
            "f.yaml:1: maybe.ordered: true or false is expected, found 'maybe'. Mend the value.",
        ),
        ("maybe: {text: a, size: big}", "f.yaml:1: maybe.size: a number is expected, found 'big'. Mend the value."),
        (
            "maybe: {text: a, count: 0}",
            "f.yaml:1: maybe.count: Input should be greater than 0, found '0'. Mend the value.",
        ),
        (
            "maybe: {text: a, pair: [a, b, c]}",
            "f.yaml:1: maybe.pair: 2 entries are expected, found 3. Mend the list.",
        ),
        ("maybe: {text: a, pair: [a]}", "f.yaml:1: maybe.pair: the key '1' is missing. Add it."),
    ],
)
def test_messages(source, expected):
    assert faults_of(source) == [expected]


def test_all_faults_are_told_in_the_order_of_lines():
    told = faults_of("named:\n  a: {}\nleaves:\n- {text: a, x: 1}\n- {}\n")
    assert [fault.split(":")[1] for fault in told] == ["2", "4", "5"]


def test_a_long_value_is_cut():
    assert faults_of("named: " + "x" * 100) == [
        f"f.yaml:1: named: a mapping is expected, found '{'x' * 57}...'. Mend the value."
    ]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("SmolLM2", "SmolLM2-135M"), ("smollm3-3B", "smollm3-3b"), ("demmo", "demo"), ("sm", ""), ("xyz", "")],
)
def test_a_word_in_other_capitals_or_cut_short_is_still_near_the_one_that_is_meant(word, meant):
    hint = did_you_mean(word, ["smollm3-3b", "SmolLM2-135M", "SmolLM2-135M-Instruct", "demo"])
    assert hint == (f" Did you mean '{meant}'?" if meant else "")
