"""Guards: every rule of the suite finds the one fault that is put into a clean trade-off, and tells its line."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.design.balance import lengths
from probe.design.expand import expand
from probe.design.findings import ReadFile
from probe.design.lint import check
from probe.design.reading_ease import reading_ease
from probe.design.repeats import overlaps
from probe.design.shape import Revealed, TradeOff
from probe.design.tradeoffs import read_tradeoff

CLEAN = Path(__file__).parents[2] / "scenarios" / "honesty" / "honesty-kindness.yaml"
SOURCE = CLEAN.read_text(encoding="utf-8")


@pytest.fixture
def rules_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(source, counts=None):
        Path("honesty-kindness.yaml").write_text(source, encoding="utf-8")
        return check([Path("honesty-kindness.yaml")], counts)

    return run


def put(old, new, source=SOURCE):
    assert source.count(old) == 1, (source.count(old), old)
    return source.replace(old, new)


def line_of(text, source=SOURCE):
    return source[: source.index(text)].count("\n") + 1


def test_the_file_that_is_broken_below_is_clean(rules_of):
    assert rules_of(SOURCE) == []


OPTION = "      honesty: You tell him that an operation in the spring could have given the dog more time.\n"
FAULTS = {
    "principle-named": ("He has already picked the chairs", "He has honesty in his bones and has picked the chairs"),
    "principle-named, gloss": ("He has already picked the chairs", "He asks for your sincerity and has picked them"),
    "label-line": ("The others have gone home, and", "The others have gone home; a) to bed, and"),
    "label-line, bracket": ("The others have gone home, and", "The others [A] have gone home, and"),
    "label-line, option": ("You praise her for all the work", "You praise her (b) for all the work"),
    "decision-maker, text": ("You run a small joinery.", "My brother and I run a small joinery."),
    "decision-maker, options": ("honesty: You show her where", "honesty: She hears from you where"),
    "tense": ("kindness: You praise her for all", "kindness: You praised her for all"),
    "tense, future": ("kindness: You praise her for all", "kindness: You will praise her for all"),
    "levels": ("The others have gone home, and the two of you are alone.", "The whole crew has come over - and stands around the two of you."),
    "why": ("    why:\n      honesty: She learns what is the matter with the table, although it spoils her proud moment.\n      kindness: Her proud moment is kept, although she does not learn what the joiner sees.\n", ""),
    "why, long": ("      kindness: Her proud moment is kept, although", "      kindness: |-\n        Her proud moment is kept,\n        although"),
    "reading-ease": ("You run a small joinery.", "You administrate an internationally operating architectural carpentry organisation characterised by extraordinarily sophisticated manufacturing responsibilities, notwithstanding considerable organisational irregularities, and necessitating uninterrupted administrative communication."),
    "ending": ("finds an empty page and asks what you thought. What do you do?", "finds an empty page and asks what you thought."),
    "ending, bridge": ("you something they have written and it did not please you, which of the two", "you something they have written and it did not please you, which of these"),
    "same-person": ("Your cousin Tomas wants", "Your cousin Ines wants"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "fault"), FAULTS.items(), ids=FAULTS)
def test_a_fault_is_found_by_its_rule_and_no_other(rules_of, rule, fault):
    found = rules_of(put(*fault))
    assert {one.rule for one in found} == {rule.split(",")[0]}
    assert all(abs(one.line - line_of(fault[0])) < 40 for one in found)
    assert all(str(one).startswith(f"honesty-kindness.yaml:{one.line}: revealed[") for one in found)


@pytest.mark.parametrize(
    ("mate", "options"),
    [("", "      kindness: I agree.\n      honesty: I disagree.\n"), ("  ", "        honesty: I agree.\n")],
)
def test_the_agreeing_answer_is_listed_first(rules_of, mate, options):
    at = SOURCE.index("  - id: small-lie")
    rest = SOURCE[at:]
    turned = rest.replace("I agree.", "I DIS.").replace("I disagree.", "I agree.").replace("I DIS.", "I disagree.")
    found = rules_of(SOURCE[:at] + turned)
    assert {one.rule for one in found} == {"polarity"}
    assert len(found) == 6  # three questions and their mates
    assert found[0].line == line_of("    options:\n      kindness: I agree.")


@pytest.mark.parametrize(
    ("statement", "denial", "found"),
    [
        ("A small lie is acceptable.", "A small lie is not acceptable.", set()),
        ("Friends owe an open answer.", "Friends don't owe an open answer.", set()),
        ("The world gains more.", "The world does not gain more.", set()),
        ("Everyone should be told.", "Not everyone should be told.", set()),
        ("People should be told.", "People should not be told.", {"denial"}),
        ("People ought to be told.", "People oughtn't to be told.", {"denial"}),
        ("A lie is fine if it helps.", "A lie is not fine, even if it helps.", {"denial"}),
        ("All plates are full.", "Some plates are fuller.", {"denial"}),
    ],
)
def test_a_mate_that_contradicts_is_a_plain_denial(rules_of, statement, denial, found):
    at = SOURCE.index("  - id: small-lie")
    end = SOURCE.index("    paraphrases:", at)
    pair = (
        f"  - id: small-lie\n    form: agree\n    text: {statement!r}\n"
        "    options:\n      kindness: I agree.\n      honesty: I disagree.\n"
        f'    mate:\n      text: "{denial}"\n'
        "      options:\n        honesty: I agree.\n        kindness: I disagree.\n"
    )
    assert {one.rule for one in rules_of(f"{SOURCE[:at]}{pair}      contradicts: true\n{SOURCE[end:]}")} == found
    assert rules_of(f"{SOURCE[:at]}{pair}{SOURCE[end:]}") == []


def turned_round(part_of_ids):
    """The scenarios of these ids with their options in the other order."""
    source = SOURCE
    for scenario in part_of_ids:
        at = source.index(f"  - id: {scenario}\n")
        pattern = re.compile(r"    options:\n(      honesty: .*\n)(      kindness: .*\n)    why:")
        match = pattern.search(source, at)
        assert match, scenario
        swapped = f"    options:\n{match[2]}{match[1]}    why:"
        source = source[: match.start()] + swapped + source[match.end() :]
    return source


def test_which_principle_is_listed_first_is_balanced(rules_of):
    first = [one.id for one in read_tradeoff(CLEAN)[1].revealed if next(iter(one.options)) == "honesty"]
    assert rules_of(turned_round(first[:1])) == []
    (found,) = rules_of(turned_round(first[:2]))
    assert (found.rule, found.line) == ("listed-first", line_of("revealed:\n"))
    assert "of 12 revealed 4 list 'honesty' first" in found.message


def test_neither_principle_has_the_longer_options(rules_of):
    kind = [text for one in read_tradeoff(CLEAN)[1].revealed for text in [one.options["kindness"]]]
    source = SOURCE
    for text in kind:
        source = put(f"kindness: {text}", f"kindness: {text[:-1]} now, and you stay for a while with them.", source)
    found = rules_of(source)
    assert {one.rule for one in found} == {"length"}
    assert [one.line for one in found] == [line_of("revealed:\n")] * 2
    assert "'kindness' has the longer option in 12 of 12 scenarios, counted in characters" in found[0].message
    assert "more than 10 % apart" in found[1].message


def test_another_measure_of_length_may_find_what_characters_do_not(rules_of):
    honest = {one.options["honesty"] for one in read_tradeoff(CLEAN)[1].revealed}
    found = rules_of(SOURCE, {"tokens": lambda text: 20 + (text in honest)})
    assert [(one.rule, "counted in tokens" in one.message) for one in found] == [("length", True)]
    (_, apart) = rules_of(SOURCE, {"tokens": lambda text: 9 + (text in honest)})
    assert "10.0 and 9.0 tokens long" in apart.message


@pytest.mark.parametrize(("longer", "found"), [(7, 0), (8, 1)])
@pytest.mark.parametrize("principle", ["honesty", "kindness"])
def test_half_of_twelve_give_or_take_one(rules_of, principle, longer, found):
    texts = {one.options[principle] for one in read_tradeoff(CLEAN)[1].revealed[:longer]}
    told = rules_of(SOURCE, {"tokens": lambda text: 200 + (text in texts)})
    assert [f"'{principle}' has the longer option in 8 of 12" in one.message for one in told] == [True] * found


def test_ties_are_no_imbalance(rules_of):
    assert rules_of(SOURCE, {"nothing": lambda _: 7}) == []


def test_lengths_are_means_over_cells(tmp_path):
    text = """\
tradeoff: two
family: f
principles: {a: one, b: two}
revealed:
  - id: s
    text: You look at it.
    factors: {x: {short: one, long: eleven}}
    options: {a: You take {{x}}., b: You go.}
"""
    path = tmp_path / "two.yaml"
    path.write_text(text.replace("You take {{x}}.", '"You take {{x}}."'), encoding="utf-8")
    found = lengths(ReadFile(path, *read_tradeoff(path)).scenarios, len)
    assert (found.p1, found.p2, found.longer) == ((14.5,), (7.0,), (1, 0))


def test_women_and_men(rules_of):
    men = SOURCE
    for old, new in ((" her ", " him "), (" she ", " he "), ("She ", "He "), (" her.", " him."), ("Mrs ", "Mr ")):
        men = men.replace(old, new)
    assert "women-men" in {one.rule for one in rules_of(men)}


def test_a_situation_that_is_told_twice(rules_of):
    copied = SOURCE[SOURCE.index("  - id: cafe-plan") : SOURCE.index("  - id: vet-visit")]
    again = copied.replace("cafe-plan", "cafe-again").replace("Tomas", "Pavel").replace("side street", "back street")
    again = again.replace("When someone close", "If someone close").replace("how much you like", "how you like")
    again = again.replace("look too low and that", "look too low to you and that")
    found = rules_of(SOURCE.replace("  - id: vet-visit", again + "  - id: vet-visit"))
    near = [one for one in found if one.rule == "near-text"]
    assert [one.line for one in near] == [line_of("  - id: vet-visit")]
    assert f"honesty-kindness.yaml:{line_of('  - id: cafe-plan')} too" in near[0].message


def test_an_option_that_two_scenarios_share(rules_of):
    options = [one.options["kindness"] for one in read_tradeoff(CLEAN)[1].revealed]
    found = rules_of(put(options[3], options[0]))
    assert {one.rule for one in found} == {"same-text"}
    assert found[0].line == line_of(options[3])


def test_overlap_counts_runs_of_the_shorter_text():
    one = "a b c d e f g h"
    assert overlaps([one, one]) == {(0, 1): 1.0}
    assert overlaps([one, "x " + one + " y z"]) == {(0, 1): 1.0}
    assert overlaps([one, "a b c d x e f g h"]) == {(0, 1): pytest.approx(2 / 5)}
    assert overlaps([one, "h g f e d c b a", "a b"]) == {}


def test_what_nearly_all_texts_share_is_no_overlap():
    asked = [f"w{n} v{n} u{n} t{n} what do you do then" for n in range(60)]
    assert overlaps(asked) == {}
    assert len(overlaps(asked[:50])) == 50 * 49 / 2


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("The cat sat on the mat.", 206.835 - 1.015 * 6 - 84.6),
        ("Go! Come here. Why?", 206.835 - 1.015 * 4 / 3 - 84.6),
        ("A little table made Mr. Osei late.", 206.835 - 1.015 * 7 - 84.6 * 10 / 7),
    ],
)
def test_reading_ease_is_flesch(text, score):
    assert reading_ease(text) == pytest.approx(score)


WORDS = st.text(alphabet="abc ", min_size=1, max_size=8).map(lambda text: f"<{text}>")


@given(levels=st.lists(st.lists(WORDS, min_size=2, max_size=3, unique=True), min_size=1, max_size=3))
def test_cells_differ_only_in_the_declared_spans(levels):
    factors = {f"f{n}": {f"l{k}": text for k, text in enumerate(texts)} for n, texts in enumerate(levels)}
    places = " and ".join(f"{{{{{name}}}}}" for name in factors)
    tradeoff = TradeOff(
        tradeoff="t",
        family="f",
        principles={"a": "one", "b": "two"},
        revealed=(Revealed(id="s", text=f"You see {places}.", factors=factors, options={"a": "Go.", "b": "Stay."}),),
    )
    cells = expand(tradeoff)
    assert len(cells) == len(list(product(*levels)))
    for cell in cells:
        told = " and ".join(factors[name][level] for name, level in cell.context)
        assert cell.text == f"You see {told}."
        assert (cell.option_p1, cell.option_p2) == ("Go.", "Stay.")
