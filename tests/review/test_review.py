"""Guards: kappa as defined, sheets that give nothing away, answers that are read as meant, and the published review."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
REVIEW = ROOT / "scenarios" / "review"


def test_cohen_is_the_published_example():
    """Two readers, 50 units: 20 both yes, 15 both no, 5 and 10 apart; chance agreement is a half."""
    from agreement import cohen

    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen(*zip(*pairs, strict=True)) == pytest.approx(0.4)


def test_fleiss_is_the_published_example():
    """Fourteen readers, ten units, five categories; the table that most expositions use gives 0.21."""
    from agreement import fleiss

    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    units = [[category for category, n in enumerate(row) for _ in range(n)] for row in table]
    assert fleiss(units) == pytest.approx(0.20993, abs=5e-6)


@given(units=st.lists(st.tuples(*[st.sampled_from("ab")] * 2), min_size=2, max_size=30))
def test_two_readers_who_agree_have_kappa_one_and_none_exceeds_it(units):
    from agreement import cohen, fleiss

    for kappa in (cohen(*zip(*units, strict=True)), fleiss(units)):
        assert kappa is None or kappa <= 1
    same = [(one, one) for one, _ in units]
    assert fleiss(same) in (None, 1)


def test_a_sheet_gives_nothing_away():
    from rounds import scenario_hashes
    from sheets import pages

    first = list(pages("reader-1", "all"))
    assert {page.scenario for page in first} == set(scenario_hashes("all"))
    orders = Counter((page.match, page.options[0] == page.item.option_p1) for page in first)
    assert all(len(first) / 6 <= count <= len(first) / 3 for count in orders.values())
    assert [page.scenario for page in first] != [page.scenario for page in pages("reader-2", "all")]
    for page in first:
        assert not any(re.search(rf"\b{re.escape(key)}:", page.text) for key in page.principles)
        assert page.scenario not in page.text


def test_the_key_undoes_the_orders():
    from sheets import pages

    for page in pages(
        "somebody", "all", ["honesty-kindness/cafe-plan", "honesty-kindness/vet-visit/relation=close,certainty=sure"]
    ):
        of_x = page.principles[0]
        text_of_x = page.item.option_p1 if of_x == page.item.p1 else page.item.option_p2
        assert (page.match == "X") == (page.options[0] == text_of_x)
        if "vet-visit" in page.item.id:
            assert page.item.id.endswith("relation=close,certainty=sure")


@pytest.fixture
def frozen(tmp_path):
    from rounds import freeze, read_round
    from sheets import pages

    only = ["honesty-kindness/cafe-plan", "honesty-kindness/vet-visit"]

    def run(answers, notes=""):
        shown = {page.scenario.split("/")[1]: page for page in pages("r", "all", only)}
        rows = [f"{shown[name].number},{match(shown[name])},{flaw}" for name, match, flaw in answers]
        (tmp_path / "a.csv").write_text("\n".join(["number,match,flaw", *rows]), encoding="utf-8")
        text = "".join(f"{shown[name].number}: {note}\n" for name, note in notes)
        (tmp_path / "n.txt").write_text(text, encoding="utf-8")
        freeze(tmp_path / "first", "r", tmp_path / "a.csv", tmp_path / "n.txt", "all", only)
        return shown, {reading.scenario: reading for reading in read_round(tmp_path / "first")}

    return run


def right(page):
    return page.match


def wrong(page):
    return "Y" if page.match == "X" else "X"


def test_answers_are_read_as_meant(frozen):
    shown, read = frozen([("cafe-plan", wrong, "1"), ("vet-visit", right, "")], [("cafe-plan", "too harsh")])
    cafe, vet = read["honesty-kindness/cafe-plan"], read["honesty-kindness/vet-visit"]
    assert (cafe.said, cafe.note, vet.said, vet.flawed) == ("other", "too harsh", "same", ())
    page = shown["cafe-plan"]
    meant = page.item.p1 if page.options[0] == page.item.option_p1 else page.item.p2
    assert cafe.flawed == (meant,)
    assert cafe.category == "honesty"  # the file lists kindness first, and the reader took it for honesty
    assert vet.category == "honesty"  # the file lists honesty first, and the reader agrees


@pytest.mark.parametrize(
    "answers",
    [
        [("cafe-plan", right, "")],
        [("cafe-plan", right, ""), ("vet-visit", right, "3")],
        [("cafe-plan", right, ""), ("vet-visit", lambda _: "p1", "")],
        [("cafe-plan", right, ""), ("vet-visit", right, ""), ("vet-visit", right, "")],
    ],
)
def test_answers_that_are_not_whole_are_refused(frozen, answers):
    with pytest.raises(SystemExit):
        frozen(answers)


def test_a_changed_scenario_is_unread(frozen):
    from score import unread

    _, read = frozen([("cafe-plan", right, ""), ("vet-visit", wrong, "")])
    readings = list(read.values())
    hashes = {reading.scenario: reading.sha256 for reading in readings}
    assert unread(readings, hashes) == ["honesty-kindness/vet-visit"]
    assert len(unread(readings, dict.fromkeys(hashes, "0"))) == 2
    assert unread([], hashes) == list(hashes)


def test_the_review_is_what_the_answers_say():
    from score import review

    assert (ROOT / "scenarios" / "REVIEW.md").read_text(encoding="utf-8") == review(), "python scripts/review/score.py"


def test_at_most_one_in_twenty_readings_flags_an_option_and_each_is_published():
    from score import last_readings, review, rounds

    found = rounds()
    for readings in (found["first"], last_readings(found)):
        assert sum(bool(one.flawed) for one in readings) <= 0.05 * len(readings)
    published = review()
    for readings in found.values():
        assert all(
            f"`{one.item}` | {one.reader} |" in published for one in readings if one.flawed or one.said != "same"
        )


def test_the_first_round_is_whole_and_names_the_files_that_were_read():
    keys = [path.read_text(encoding="utf-8").splitlines() for path in sorted((REVIEW / "first").glob("*.key.csv"))]
    assert [len(key) - 1 for key in keys] == [360] * 3
    assert len((REVIEW / "first" / "files.sha256").read_text(encoding="utf-8").splitlines()) == 30
    assert "No human panel has validated the suite" in (ROOT / "scenarios" / "REVIEW.md").read_text(encoding="utf-8")
