"""Guards: an appeal sheet shows every option alone, and the table gives each principle its own answers."""

from __future__ import annotations

import csv

import pytest


def test_every_option_stands_once_and_alone():
    from appeal import options, sheet
    from rounds import scenario_hashes

    asked = options("a")
    assert len(asked) == 2 * len(scenario_hashes("all"))
    assert {(one.scenario, one.first) for one in asked} == {
        (name, first) for name in scenario_hashes("all") for first in (True, False)
    }
    assert [one.scenario for one in asked] != [one.scenario for one in options("b")]
    text = sheet("a")
    assert "What do you do?" not in text
    assert not any(one.scenario in text for one in asked)


def test_the_table_gives_each_principle_its_own_answers(tmp_path):
    from appeal import freeze, options, read_answers, table

    asked = options("a")
    path = tmp_path / "a.csv"
    rows = [f"{one.number},{6 if one.first else 2}" for one in asked]
    path.write_text("\n".join(["number,appeal", *rows]), encoding="utf-8")
    told = table(freeze({"a": (asked, read_answers(path, asked))}))
    assert "| honesty-kindness | 6.00 | 2.00 | +4.00 |" in told
    assert told.count("+4.00") == 30


@pytest.mark.parametrize("rows", [["1,8"], ["1,x"], ["1,3", "1,3"], ["1,3"]])
def test_answers_that_are_not_whole_are_refused(tmp_path, rows):
    from appeal import options, read_answers

    path = tmp_path / "a.csv"
    path.write_text("\n".join(["number,appeal", *rows]), encoding="utf-8")
    with pytest.raises(SystemExit):
        read_answers(path, options("a"))


def test_the_page_is_of_the_frozen_answers_and_every_option_stands_as_it_was_read():
    from appeal import FROZEN, PUBLISHED, options, page

    frozen = FROZEN.read_text(encoding="utf-8")
    assert PUBLISHED.read_text(encoding="utf-8") == page(frozen)
    rows = list(csv.DictReader(frozen.splitlines()))
    read = {(row["item"], row["option"]): row["text"] for row in rows}
    assert len(read) == len(rows)
    assert read == {(one.scenario, "1" if one.first else "2"): one.text for one in options("a")}
    for reader in ("appeal-a", "appeal-b", "appeal-c"):
        assert {int(row[reader]) for row in rows} <= set(range(1, 8))
