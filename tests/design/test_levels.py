"""Guards: what levels mean, and the levels that would make a label unreadable."""

from __future__ import annotations

import pytest

from probe.design.items import AXES, Level
from probe.design.levels import AxesFile, Levels, OwnLevels, shipped_levels
from probe.design.strict_yaml import Faulty, parse_yaml
from probe.design.typed_yaml import read_as
from probe.errors import InputError


def own_fault(source):
    with pytest.raises(Faulty) as caught:
        read_as(parse_yaml(source, "d.yaml"), OwnLevels)
    (fault,) = caught.value.faults
    return str(fault)


def test_shipped_levels_mean_what_the_file_says():
    levels = shipped_levels()
    assert levels.label_set(Level("12")).labels == ("1", "2")
    assert levels.label_set(Level("AB")).ordered
    assert not levels.label_set(Level("KR")).ordered
    assert (levels.enclosure(Level("round")).open, levels.enclosure(Level("round")).close) == ("(", ")")
    assert (levels.layout(Level("bullets")).prefix, levels.layout(Level("spaced")).between) == ("- ", "\n\n")
    assert levels.instruction(Level("label")) == "Answer with the label of one option."
    assert (levels.cue(Level("answer")), levels.cue(Level("none"))) == ("Answer:", "")
    assert [levels.default(axis) for axis in AXES] == ["p1", "position", "AB", "paren", "lines", "label", "answer"]
    assert levels.known("label_order") == ("p1", "p2", "position")


def test_an_unknown_level_is_told_with_the_nearest():
    with pytest.raises(InputError, match=r"cue: the level 'anser' is not known; known are .*Did you mean 'answer'\?"):
        shipped_levels().cue(Level("anser"))


def test_own_levels_stand_beside_the_shipped():
    own = read_as(
        parse_yaml("cue: {pick: 'I pick'}\nlabel_set: {PQ: {labels: [P, Q], ordered: true}}", "d.yaml"), OwnLevels
    )
    levels = shipped_levels().with_own(own)
    assert levels.cue(Level("pick")) == "I pick"
    assert levels.cue(Level("answer")) == "Answer:"
    assert levels.label_set(Level("PQ")).labels == ("P", "Q")
    assert "pick" not in shipped_levels().known("cue")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("cue:\n  x: 'Answer: '", "d.yaml:2: cue.x: the cue 'Answer: ' begins or ends in white space"),
        ('cue:\n  x: "Answer:\\n"', "begins or ends in white space"),
        ("label_set:\n  x: {labels: [A, A], ordered: true}", "d.yaml:2: label_set.x: the labels 'A' and 'A' are equal"),
        ("label_set:\n  x: {labels: ['1', '10'], ordered: true}", "one begins with the other"),
        ("label_set:\n  x: {labels: [Action 1, B], ordered: true}", "label_set.x.labels[0]: the label 'Action 1'"),
        ("label_set:\n  x: {labels: ['', B], ordered: true}", "is empty or holds white space"),
        ("label_set:\n  x: {labels: [A, B]}", "the key 'ordered' is missing"),
        ("label_set:\n  x: {labels: [A, B], ordered: perhaps}", "true or false is expected, found 'perhaps'"),
        ("enclosure:\n  x: {open: '( ', close: ')'}", "the enclosure '( ' holds white space"),
        ("layout:\n  x: {prefix: '', between: ''}", "nothing stands between the two options"),
        ("instruction:\n  x: ''", "the text is empty"),
        ("instruction:\n  x: 'Answer '", "begins or ends in white space"),
        ("cue:\n  'a b': 'Answer:'", "'a b' is not an id"),
        ("order:\n  p3: p3", "the key 'order' is not known"),
    ],
)
def test_levels_that_are_refused(source, words):
    assert words in own_fault(source)


def test_a_default_is_one_of_the_levels():
    axis = "{default: x, levels: {p1: p1}}"
    with pytest.raises(Faulty, match="the default 'x' is none of 'p1'"):
        read_as(parse_yaml(f"order: {axis}", "a.yaml"), AxesFile)


def test_levels_are_frozen():
    with pytest.raises(AttributeError):
        shipped_levels().tables = None
    assert isinstance(shipped_levels(), Levels)
