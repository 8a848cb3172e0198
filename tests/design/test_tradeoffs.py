"""Guards: every rule of a trade-off file, each with a bad file, its line and its words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.design.tradeoffs import load_tradeoff
from probe.errors import ProbeError, ScenarioError

SHORT = Path(__file__).parent.parent / "data" / "short.yaml"

GOOD = """\
tradeoff: t
family: f
principles: {honesty: Say what is so., kindness: Spare feelings.}
stated:
  - id: s1
    form: agree
    text: Is it so?
    options: {honesty: I agree., kindness: I disagree.}
    mate:
      text: Is it not so?
      options: {kindness: I agree., honesty: I disagree.}
  - id: s2
    form: choose
    text: Which one?
    options: {honesty: The first., kindness: The second.}
revealed:
  - id: r1
    text: You owe {{sum}}.
    factors:
      sum: {low: little, high: much}
    options:
      honesty: You say {{sum}}.
      kindness: You say nothing.
    bridge:
      text: When you owe?
      options: {honesty: Say it., kindness: Spare them.}
controls:
  - id: c1
    kind: fact
    text: Is snow cold?
    options: {yes: It is cold., no: It is hot.}
    expect: yes
  - id: c2
    kind: identical
    text: Go?
    options: {a: Go., b: Go.}
"""


@pytest.fixture
def errors_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def load(source):
        (tmp_path / "t.yaml").write_text(source, encoding="utf-8")
        with pytest.raises(ScenarioError) as caught:
            load_tradeoff(Path("t.yaml"))
        return str(caught.value).split("\n")

    return load


def test_a_good_file_is_read_verbatim(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(GOOD, encoding="utf-8")
    file = load_tradeoff(path)
    assert (file.name, file.source) == ("t.yaml", GOOD)
    assert list(file.tradeoff.principles) == ["honesty", "kindness"]
    assert list(file.tradeoff.stated[0].mate.options) == ["kindness", "honesty"]
    assert file.tradeoff.controls[0].options == {"yes": "It is cold.", "no": "It is hot."}
    assert load_tradeoff(path, name="x/t.yaml").name == "x/t.yaml"


def test_the_message_that_sets_the_pattern(errors_of):
    bad = GOOD.replace("      kindness: You say nothing.", "      kindnes: You say nothing.")
    assert errors_of(bad) == [
        "t.yaml:23: revealed[0].options has keys 'honesty', 'kindnes'; the principles are 'honesty', 'kindness'. "
        "Did you mean 'kindness'?"
    ]


NO_MATE = GOOD[: GOOD.index("    mate:\n")] + GOOD[GOOD.index("  - id: s2") :]
BAD = {
    "unknown key": (
        ("    form: choose\n", "    form: choose\n    txt: x\n"),
        "t.yaml:14: stated[1]: the key 'txt' is not known; known are 'id', 'form', 'text', 'options', 'mate', "
        "'paraphrases', 'fixed'. Did you mean 'text'?",
    ),
    "missing key": (("family: f\n", ""), "t.yaml:1: the file: the key 'family' is missing. Add it."),
    "bad id": (
        ("tradeoff: t\n", "tradeoff: ../t\n"),
        "t.yaml:1: tradeoff: '../t' is not an id. Use 1 to 64 letters, digits, '.', '_' and '-', beginning with a "
        "letter or digit.",
    ),
    "bad level id": (
        ("{low: little", "{'a=b': little"),
        "t.yaml:20: revealed[0].factors.sum.a=b: 'a=b' is not an id. Use 1 to 64 letters, digits, '.', '_' and '-', "
        "beginning with a letter or digit.",
    ),
    "unknown form": (
        ("form: choose", "form: chose"),
        "t.yaml:13: stated[1].form: one of 'choose', 'agree', 'advise' is expected, found 'chose'. "
        "Did you mean 'choose'?",
    ),
    "one principle": (
        (", kindness: Spare feelings.}", "}"),
        "t.yaml:3: principles: two are expected, found 1. Set one principle against another.",
    ),
    "three principles": (
        (", kindness: Spare feelings.}", ", kindness: Spare., order: Obey.}"),
        "t.yaml:3: principles: two are expected, found 3. Set one principle against another.",
    ),
    "option missing": (
        ("{honesty: The first., kindness: The second.}", "{honesty: The first.}"),
        "t.yaml:15: stated[1].options has keys 'honesty'; the principles are 'honesty', 'kindness'. "
        "Name each principle once.",
    ),
    "mate in another form": (
        ("form: agree", "form: advise"),
        "t.yaml:9: stated[0]: only the agree form has a mate, found form 'advise'. Remove it, or set form: agree.",
    ),
    "unbalanced mate": (
        ("{kindness: I agree., honesty: I disagree.}", "{honesty: I agree., kindness: I disagree.}"),
        "t.yaml:11: stated[0].mate: the pair is unbalanced: agreeing stands for 'honesty' in the question and its "
        "mate, so that the pull towards agreeing would count as a preference. The option listed first is the agreeing "
        "answer: negate the mate's statement, and list first the option for the other principle.",
    ),
    "mate's principle": (
        ("{kindness: I agree., honesty: I disagree.}", "{kindness: I agree., honest: I disagree.}"),
        "t.yaml:11: stated[0].mate.options has keys 'kindness', 'honest'; the principles are 'honesty', 'kindness'. "
        "Did you mean 'honesty'?",
    ),
    "id twice": (
        ("  - id: c1", "  - id: r1"),
        "t.yaml:28: controls[0]: the id 'r1' is the id of revealed[0] too. Rename one.",
    ),
    "equal options": (
        ("kindness: The second.", "kindness: The first."),
        "t.yaml:15: stated[1].options: both options have the same text. Write two different ones.",
    ),
    "unknown factor": (
        ("owe {{sum}}.", "owe {{sums}}."),
        "t.yaml:18: revealed[0].text: {{sums}} names no factor; the factors are 'sum'. Did you mean 'sum'?",
    ),
    "unknown factor in an option": (
        ("say {{sum}}.", "say {{price}}."),
        "t.yaml:22: revealed[0].options.honesty: {{price}} names no factor; the factors are 'sum'. "
        "Declare it under 'factors', or write the words out.",
    ),
    "brace left over": (
        ("owe {{sum}}.", "owe {{sum}}}}."),
        "t.yaml:18: revealed[0].text: a '{{' or '}}' is left over. Write a place as {{name}}.",
    ),
    "factor not used": (
        ("      sum: {low: little, high: much}\n", "      sum: {low: little, high: much}\n      who: {a: A, b: B}\n"),
        "t.yaml:21: revealed[0].factors.who: the factor is not used. Put {{who}} in the text, or remove it.",
    ),
    "one level": (
        ("{low: little, high: much}", "{low: little}"),
        "t.yaml:20: revealed[0].factors.sum: two levels or more are expected, found 1. Add one, or write the words out.",
    ),
    "levels that change nothing": (
        ("{low: little, high: much}", "{low: little, high: little}"),
        "t.yaml:20: revealed[0].factors.sum: the levels 'low' and 'high' have the same text. Let them change the text.",
    ),
    "a place within a level": (
        ("{low: little, high: much}", "{low: little, high: 'much {{sum}}'}"),
        "t.yaml:20: revealed[0].factors.sum.high: a level holds '{{' or '}}'. Write the words out.",
    ),
    "a place in a stated question": (
        ("text: Which one?", "text: 'Which {{one}}?'"),
        "t.yaml:14: stated[1].text: holds '{{' or '}}', but only scenarios have places for factors. "
        "Write the words out.",
    ),
    "a place in a bridge's option": (
        ("{honesty: Say it.,", "{honesty: 'Say {{sum}}.',"),
        "t.yaml:26: revealed[0].bridge.options.honesty: holds '{{' or '}}', but only scenarios have places for "
        "factors. Write the words out.",
    ),
    "bridge's principle": (
        ("kindness: Spare them.}", "kind: Spare them.}"),
        "t.yaml:26: revealed[0].bridge.options has keys 'honesty', 'kind'; the principles are 'honesty', 'kindness'. "
        "Did you mean 'kindness'?",
    ),
    "unknown kind": (
        ("kind: fact", "kind: facts"),
        "t.yaml:29: controls[0].kind: one of 'dominated', 'identical', 'equivalent', 'content_free', 'fact' is "
        "expected, found 'facts'. Did you mean 'fact'?",
    ),
    "one option in a control": (
        ("{a: Go., b: Go.}", "{a: Go.}"),
        "t.yaml:36: controls[1].options: two options are expected, found 1. Write two.",
    ),
    "identical that differs": (
        ("{a: Go., b: Go.}", "{a: Go., b: Stay.}"),
        "t.yaml:36: controls[1].options: a control of kind 'identical' has two equal texts, found two different ones. "
        "Make them equal, or set another kind.",
    ),
    "another kind that is identical": (
        ("kind: identical", "kind: equivalent"),
        "t.yaml:36: controls[1].options: both options have the same text. Write two different ones.",
    ),
    "expect missing": (
        ("    expect: yes\n", ""),
        "t.yaml:29: controls[0]: a control of kind 'fact' needs 'expect', the option that a sound reading "
        "chooses. Add it: one of 'yes', 'no'.",
    ),
    "expect of no option": (
        ("expect: yes", "expect: yess"),
        "t.yaml:32: controls[0].expect is 'yess'; the options are 'yes', 'no'. Did you mean 'yes'?",
    ),
    "expect where nothing is right": (
        ("{a: Go., b: Go.}\n", "{a: Go., b: Go.}\n    expect: a\n"),
        "t.yaml:37: controls[1]: a control of kind 'identical' has no right answer, found expect 'a'. "
        "Remove 'expect', or set another kind.",
    ),
    "empty text": (("text: Go?", "text: ''"), "t.yaml:35: controls[1].text: the text is empty. Write it."),
    "control character": (
        ("text: Go?", 'text: "Go\\e[2J?"'),
        "t.yaml:35: controls[1].text: the control character U+001B is not taken. Remove it.",
    ),
    "an option that looks labelled": (
        ("kindness: The second.", "kindness: B) The second."),
        "t.yaml:15: stated[1].options.kindness: an option begins with 'B)', which reads as a label. Labels come from "
        "the design: remove it.",
    ),
}


@pytest.mark.parametrize("rule", BAD)
def test_each_rule(errors_of, rule):
    (old, new), message = BAD[rule]
    assert GOOD.count(old) == 1
    assert errors_of(GOOD.replace(old, new)) == [message]


def test_an_agree_question_needs_its_mate(errors_of):
    assert errors_of(NO_MATE) == [
        "t.yaml:6: stated[0]: the agree question 's1' has no mate. Without its negated twin the pull towards agreeing "
        "cannot be distinguished from a preference. Write the mate."
    ]


def test_a_file_without_items(errors_of):
    message = "t.yaml:1: the file: holds no item. Write one under 'stated', 'revealed' or 'controls'."
    assert errors_of(GOOD[: GOOD.index("stated:")]) == [message]


def test_why_names_the_principles(errors_of):
    bad = GOOD.replace("    bridge:\n", "    why: {honesty: It is so.}\n    bridge:\n")
    assert errors_of(bad)[0].startswith("t.yaml:24: revealed[0].why has keys 'honesty'; the principles are")


def test_an_index_is_no_option(errors_of):
    bad = GOOD.replace("options: {honesty: The first., kindness: The second.}", "options: [The first., The second.]")
    assert errors_of(bad) == ["t.yaml:15: stated[1].options: a mapping is expected, found a list. Mend the value."]


def test_several_faults_are_told_in_the_order_of_lines(errors_of):
    bad = GOOD.replace("expect: yes", "expect: x").replace("form: agree", "form: advise")
    assert [line.split(":")[1] for line in errors_of(bad)] == ["9", "32"]


def test_yes_and_no_are_ids_not_truth_values():
    control = load_tradeoff(SHORT).tradeoff.controls[0]
    assert control.expect == "blue"


def test_a_scenario_without_factors_or_bridge_is_taken(tmp_path):
    source = GOOD.replace("{{sum}}", "much").replace("    factors:\n      sum: {low: little, high: much}\n", "")
    source = source[: source.index("    bridge:")] + source[source.index("controls:") :]
    (tmp_path / "t.yaml").write_text(source, encoding="utf-8")
    revealed = load_tradeoff(tmp_path / "t.yaml").tradeoff.revealed[0]
    assert (revealed.factors, revealed.bridge) == ({}, None)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_raises_only_our_errors(tmp_path_factory, data):
    source = SHORT.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(source)))
    stop = data.draw(st.integers(start, min(len(source), start + 60)))
    garbage = data.draw(st.text(max_size=12) | st.text("{}[]:-&*!|> \n", max_size=12))
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_text(source[:start] + garbage + source[stop:], encoding="utf-8", errors="replace")
    try:
        file = load_tradeoff(path)
    except ProbeError as error:
        assert all("damaged.yaml:" in line for line in str(error).split("\n") if line)  # noqa: PT017
    else:
        assert len(file.tradeoff.principles) == 2
