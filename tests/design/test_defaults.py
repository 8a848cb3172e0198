"""Guards: a mate, a mark, a role or a direction that is taken out of any shipped file is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from probe.design.defaults import default_findings
from probe.design.findings import ReadFile
from probe.design.lint import check
from probe.design.suites import suite_paths
from probe.design.tradeoffs import read_tradeoff

FILES = [ReadFile(path, *read_tradeoff(path)) for path in suite_paths(["all"])]
each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.tradeoff.tradeoff)
ROLE = re.compile(r"^Suppose that you [^.]*\. |, as (?:an?|the) [^,]*,")


def without(file, index, **changes):
    """The file with one scenario changed."""
    revealed = list(file.tradeoff.revealed)
    revealed[index] = revealed[index].model_copy(update=changes)
    return ReadFile(file.path, file.document, file.tradeoff.model_copy(update={"revealed": tuple(revealed)}))


@each
def test_the_suite_is_clean_and_every_mate_that_is_taken_out_is_missed(file):
    assert list(default_findings(file)) == []
    for index, scenario in enumerate(file.tradeoff.revealed):
        if scenario.mate is not None:
            (found,) = default_findings(without(file, index, mate=None))
            assert (found.rule, found.message.startswith(f"revealed[{index}].acts")) == ("mate", True)


@each
def test_every_role_that_is_taken_out_of_a_bridge_is_missed(file):
    for index, scenario in enumerate(file.tradeoff.revealed):
        bare = ROLE.sub("", scenario.bridge.text)
        if bare != scenario.bridge.text and ROLE_GIVEN.search(scenario.text):
            found = list(
                default_findings(without(file, index, bridge=scenario.bridge.model_copy(update={"text": bare})))
            )
            assert [one.rule for one in found] == ["role"], bare


ROLE_GIVEN = re.compile(
    r"^You are (?:a|an|the) (?!man|woman)\w+|^You (?:run|own|lead|work|teach|coach|drive) |an AI model", re.M
)


def test_most_bridges_carry_a_role():
    bridges = [one.bridge.text for file in FILES for one in file.tradeoff.revealed]
    assert sum(bool(ROLE.search(text)) for text in bridges) >= 200


LINTED = """\
tradeoff: t
family: f
principles: {safe: Keep watch., free: Let go.}
revealed:
  - id: r
    text: The hall has no camera, and someone offers one for {{price}}. What do you do?
    factors:
      price:
        dose: [1, 2, 3]
        low: a euro
        middle: two euros
        high: three euros
    options:
      safe: You put it up in the hall.
      free: You leave the hall as it is.
"""


@pytest.fixture
def rules_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(source):
        Path("t.yaml").write_text(source, encoding="utf-8")
        return [(one.rule, one.line) for one in check([Path("t.yaml")]) if one.rule in ("acts", "mate", "role", "dose")]

    return run


def test_one_option_that_reads_as_an_omission_asks_for_a_judgement(rules_of):
    assert rules_of(LINTED) == [("dose", 8), ("acts", 15)]
    assert rules_of(LINTED + "    acts: {safe: act, free: act}\n") == [("dose", 8)]
    assert rules_of(LINTED + "    acts: {safe: act, free: omit}\n") == [("dose", 8), ("mate", 16)]


def test_doses_have_a_direction_and_make_a_curve(rules_of):
    directed = LINTED.replace("revealed:\n", "predicts: {price: {free: [low, middle, high]}}\nrevealed:\n", 1)
    assert [rule for rule, _ in rules_of(directed)] == ["acts"]
    two = directed.replace("[1, 2, 3]", "[1, 2]").replace("        middle: two euros\n", "")
    assert [rule for rule, _ in rules_of(two.replace("low, middle, high", "low, high"))] == ["dose", "acts"]
