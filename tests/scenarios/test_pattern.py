"""The trade-off that sets the pattern: its counts, its balance and its wording; and the template beside it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from probe.design.expand import expand
from probe.design.lint import check
from probe.design.suites import load_suites, suite_names
from probe.design.tradeoffs import load_tradeoff

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PATTERN = load_tradeoff(SCENARIOS / "honesty" / "honesty-kindness.yaml").tradeoff
ITEMS = expand(PATTERN)
REVEALED = [item for item in ITEMS if item.side == "revealed"]
LEVELS = {
    "stakes": {"low", "middle", "high"},
    "relation": {"distant", "familiar", "close"},
    "visibility": {"private", "public"},
    "certainty": {"unsure", "likely", "sure"},
}
MORAL = re.compile(
    r"\b(?:dis|un|in)?(?:honest|kind|tru(?:e|th|st|ly)|false|lie|lying|liar|sincer|frank|candid|candour|dece|mislead|"
    r"compassion|cruel|moral|ethic|virtu|duty|duties|right|wrong|fair|ought|should|integrity|tact|gentl|merc|feelings|"
    r"hurt|spar(?:e|ing)|comfort|respect|blunt)",
    re.IGNORECASE,
)
LABEL_LIKE = re.compile(r"(?:^|[.;,:!?]\s)[(\[]?[A-Za-z0-9](?:[).:\]])(?=\s|$)|[(\[][A-Za-z0-9][)\]]")
PLAIN_WORDS = {"what", "even", "when", "have", "give"}


def words(text: str) -> list[str]:
    return re.findall(r"[\w'’-]+", text.lower())


def gender(option: str) -> str:
    """Of the one person that an option speaks of, by its pronouns."""
    told = set(words(option))
    woman, man = bool(told & {"she", "her"}), bool(told & {"he", "him", "his"})
    assert woman != man, option
    return "woman" if woman else "man"


def reading_ease(text: str) -> float:
    """Flesch (1948), with vowel groups for syllables."""
    text = re.sub(r"\bMr?s?\b", "Mister", text)
    sentences = len(re.findall(r"[.?!;](?=\s|$)", text))
    count = words(text)
    syllables = sum(max(1, len(re.findall(r"[aeiouyé]+", w)) - (w[-1] == "e" and w[-2:] != "le")) for w in count)
    return 206.835 - 1.015 * len(count) / sentences - 84.6 * syllables / len(count)


def test_counts_are_those_of_a_full_trade_off():
    assert Counter(root.form for root in PATTERN.stated) == {"choose": 3, "agree": 3, "advise": 3}
    assert sum(len(root.paraphrases) >= 2 for root in PATTERN.stated) >= 8
    assert len(PATTERN.revealed) == 12
    assert {control.kind for control in PATTERN.controls} == {
        "dominated",
        "identical",
        "equivalent",
        "content_free",
        "fact",
    }
    assert Counter(item.side for item in ITEMS) == {"stated": 29, "revealed": 78, "bridge": 12, "control": 13}
    assert tuple(PATTERN.principles) == ("honesty", "kindness")
    assert len(PATTERN.sources) >= 3


def test_every_scenario_has_two_factors_a_bridge_and_reasons():
    for scenario in PATTERN.revealed:
        assert len(scenario.factors) == 2, scenario.id
        assert scenario.bridge is not None, scenario.id
        assert set(scenario.why) == set(PATTERN.principles), scenario.id
        for factor, levels in scenario.factors.items():
            assert 2 <= len(levels) <= 3
            assert set(levels) <= LEVELS[factor], (scenario.id, factor)
    used = Counter(factor for scenario in PATTERN.revealed for factor in scenario.factors)
    assert sum(n >= 8 for n in used.values()) >= 2
    assert set(used) == set(LEVELS)


def test_which_principle_is_listed_first_is_balanced():
    first = Counter(next(iter(scenario.options)) for scenario in PATTERN.revealed)
    assert first == {"honesty": 6, "kindness": 6}
    assert Counter(next(iter(s.bridge.options)) for s in PATTERN.revealed if s.bridge) == first
    roots = Counter(next(iter(root.options)) for root in PATTERN.stated)
    assert abs(roots["honesty"] - roots["kindness"]) == 1
    expected_first = [next(iter(c.options)) == c.expect for c in PATTERN.controls if c.expect]
    assert abs(2 * sum(expected_first) - len(expected_first)) <= 1


@pytest.mark.parametrize("measure", [len, lambda text: len(words(text))], ids=["characters", "words"])
def test_neither_principle_has_the_longer_options(measure):
    sizes = [(measure(s.options["honesty"]), measure(s.options["kindness"])) for s in PATTERN.revealed]
    assert all(honesty != kindness for honesty, kindness in sizes)
    assert 5 <= sum(honesty > kindness for honesty, kindness in sizes) <= 7
    honesty, kindness = (sum(column) for column in zip(*sizes, strict=True))
    assert abs(honesty - kindness) <= 0.1 * min(honesty, kindness)
    assert all(max(pair) <= 1.2 * min(pair) for pair in sizes)


def test_length_and_listing_are_not_confounded():
    longer_and_first = [
        (len(s.options["honesty"]) > len(s.options["kindness"])) == (next(iter(s.options)) == "honesty")
        for s in PATTERN.revealed
    ]
    assert 5 <= sum(longer_and_first) <= 7


@pytest.mark.parametrize("side", ["stated", "bridge"])
def test_general_questions_have_options_of_like_length(side):
    sizes = [(len(i.option_p1), len(i.option_p2)) for i in ITEMS if i.side == side and i.form != "agree"]
    assert all(max(pair) <= 1.35 * min(pair) for pair in sizes)
    honesty, kindness = (sum(column) for column in zip(*sizes, strict=True))
    assert abs(honesty - kindness) <= 0.1 * min(honesty, kindness)


def test_agree_questions_are_negated_in_their_mates():
    for root in PATTERN.stated:
        if root.form != "agree":
            continue
        assert root.mate is not None
        assert list(root.options.values()) == list(root.mate.options.values()) == ["I agree.", "I disagree."]
        assert list(root.options) == list(reversed(root.mate.options))
        statement, negated = (re.findall(r'"(.+)"', text)[0] for text in (root.text, root.mate.text))
        assert ("not" in words(negated)) != ("not" in words(statement))


@pytest.mark.parametrize("item", REVEALED, ids=lambda item: item.id.split("/", 1)[1])
def test_a_cell_reads_well(item):
    assert 60 <= len(item.text.split()) <= (115 if "~mate" in item.id else 110)
    assert item.text.endswith("What do you do?")
    assert "  " not in item.text
    assert "\n" not in item.text
    assert "{{" not in item.text
    assert all(sentence[0].isupper() for sentence in re.split(r"(?<=[.?!]) ", item.text))
    assert 65 <= reading_ease(f"{item.text} {item.option_p1} {item.option_p2}") <= 100


@pytest.mark.parametrize("item", REVEALED, ids=lambda item: item.id.split("/", 1)[1])
def test_a_cell_names_no_principle(item):
    shown = f"{item.text} {item.option_p1} {item.option_p2}"
    assert not MORAL.search(shown)
    glosses = " ".join(f"{key} {gloss}" for key, gloss in PATTERN.principles.items())
    told = {word for word in words(glosses) if len(word) > 3} - PLAIN_WORDS
    assert not told & set(words(shown))


def test_levels_fit_the_sentences_around_them():
    for scenario in PATTERN.revealed:
        for factor, levels in scenario.factors.items():
            before, after = scenario.text.split(f"{{{{{factor}}}}}")
            begins = not before or before.rstrip()[-1] in ".?!}"
            ends = after.lstrip()[0].isupper() or after.lstrip().startswith("{{")
            for text in levels.values():
                assert text[0].isupper() == begins, text
                assert text.endswith(".") == ends, text


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id.split("/", 1)[1])
def test_options_are_sentences_without_labels(item):
    for option in (item.option_p1, item.option_p2):
        assert option[0].isupper()
        assert option.endswith(".")
        assert option.count(".") == 1
    for text in (item.text, item.option_p1, item.option_p2):
        assert not LABEL_LIKE.search(text)


def test_one_decision_maker_acts_throughout():
    for item in REVEALED:
        assert item.option_p1.startswith("You ")
        assert item.option_p2.startswith("You ")
        assert {"you", "your"} & set(words(item.text))
        assert not {"i", "me", "my", "we", "us"} & set(words(item.text))
    for item in ITEMS:
        if item.side == "bridge":
            assert re.search(r"which of the two should come first for you\?$", item.text)
            assert item.option_p1.startswith("Being honest ")
            assert item.option_p2.startswith("Being kind ")


def test_women_and_men_are_balanced():
    asked_by = {scenario.id: {gender(text) for text in scenario.options.values()} for scenario in PATTERN.revealed}
    assert all(len(genders) == 1 for genders in asked_by.values()), asked_by
    assert Counter(genders.pop() for genders in asked_by.values()) == {"woman": 6, "man": 6}


def test_no_text_repeats_another():
    texts = [(item.side, item.id, item.text) for item in ITEMS if "/" not in item.id.split("/", 1)[1]]
    assert len({text for _, _, text in texts}) == len(texts)
    bodies = [" ".join(s.text.split()[:-4]) for s in PATTERN.revealed]
    grams = [{tuple(words(b)[i : i + 4]) for i in range(len(words(b)) - 3)} for b in bodies]
    assert max(len(a & b) / min(len(a), len(b)) for a, b in combinations(grams, 2)) < 0.1
    options = [text for s in PATTERN.revealed for text in s.options.values()]
    assert len(set(options)) == len(options)
    assert len({item.text for item in REVEALED}) == len(REVEALED)


@pytest.mark.parametrize("suite", suite_names())
def test_suites_hold_the_pattern_and_not_the_template(suite):
    held = {file.tradeoff.tradeoff for file in load_suites([suite])}
    assert ("honesty-kindness" in held) == (suite != "demo")
    assert load_tradeoff(SCENARIOS / "template.yaml").tradeoff.tradeoff not in held


@pytest.mark.parametrize("name", ["honesty/honesty-kindness.yaml", "template.yaml"])
def test_the_linter_finds_nothing(name):
    assert check([SCENARIOS / name]) == []


def test_the_template_shows_every_field_and_every_form():
    template = load_tradeoff(SCENARIOS / "template.yaml").tradeoff
    assert template.model_fields_set == type(template).model_fields.keys()
    assert {root.form for root in template.stated} == {"choose", "agree", "advise"}
    assert any(root.paraphrases for root in template.stated)
    (scenario,) = template.revealed
    assert scenario.model_fields_set == type(scenario).model_fields.keys() - {"fixed"}  # for texts of others
    assert {control.expect is None for control in template.controls} == {True, False}
    assert len(expand(template)) == 5 + 2 * 4 + 1 + 2


def test_the_card_states_the_counts_of_the_file():
    card = (SCENARIOS / "README.md").read_text(encoding="utf-8")
    sides = Counter(item.side for item in ITEMS)
    mates = sum(root.mate is not None for root in PATTERN.stated)
    paraphrases = sum(len(root.paraphrases) for root in PATTERN.stated)
    lengths = [[len(s.options[p]) for s in PATTERN.revealed] for p in PATTERN.principles]
    used = Counter(factor for scenario in PATTERN.revealed for factor in scenario.factors)
    for factor, count in used.items():
        assert re.search(rf"\| `{factor}` \|.*\| {count} \|", card), factor
    lengths_text = " and ".join(f"{sum(column) / len(column):.1f}" for column in lengths)
    for row in (
        f"| root questions | {len(PATTERN.stated)} |",
        f"| negated mates | {mates} |",
        f"| paraphrases | {paraphrases} |",
        f"| scenarios | {len(PATTERN.revealed)} |",
        f"| revealed items | {sides['revealed']} |",
        f"| bridge questions | {sides['bridge']} |",
        f"| controls | {sides['control']} |",
        f"| mean option length, honesty and kindness | {lengths_text} characters |",
    ):
        assert row in card, row
