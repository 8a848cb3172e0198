"""Guards: names are printed as they are and cannot steer a terminal; no colour where none is wanted."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from probe.analysis.results import ModelResults, StudyResults, TradeOffResult
from probe.report.terminal import print_summary


def printed(results: StudyResults, *, colour: bool = False, width: int = 100) -> str:
    out = io.StringIO()
    print_summary(
        results, Console(file=out, force_terminal=colour, width=width, color_system="standard" if colour else None)
    )
    return out.getvalue()


def test_the_table_holds_the_numbers(results: StudyResults) -> None:
    row = next(line for line in printed(results).splitlines() if line.startswith("gift  "))
    assert row.split() == ["gift", "0.820", "0.410", "0.416", "±1.0e-4", "74", "%", "order", "deviation", "(reversal)"]


def test_what_qualifies_a_row_stands_beside_it(results: StudyResults) -> None:
    rows = {line.split()[0]: line for line in printed(results).splitlines() if re.match(r"\w+ +[–0]", line)}
    assert "not interpretable" in rows["loan"]
    assert "no deviation, below floor" in rows["mirror"]
    assert "undecided" in rows["queue"]
    assert "attenuated" not in rows["mirror"]
    assert "a side is missing" in rows["walk"]
    assert rows["walk"].split()[1:3] == ["–", "0.660"]


def test_words_follow_the_table(results: StudyResults) -> None:
    text = " ".join(printed(results).split())
    assert "demo, 4 trade-offs: deviation in 1, no deviation in 1, undecided in 1 and not interpretable in 1." in text
    assert "nothing is at stake and no act follows" in text
    assert "Gate closed: option mass mean (stated side)" in text


def test_hostile_names_are_text(gift: TradeOffResult, model: ModelResults) -> None:
    names = ["[bold red]x[/]", "\x1b[31mred\x1b]8;;http://evil.test\x07", ":boom:", "[link=http://evil.test]y[/link]"]
    hostile = replace(gift, p1=names[1], pivot_axes=(names[0],), direction=names[1])
    study = StudyResults(1, {"[i]m[/i]\x1b": replace(model, tradeoffs=dict.fromkeys(names, hostile))})
    lines = printed(study, width=400).splitlines()
    assert not re.search(r"[\x00-\x1f]", "".join(lines))
    assert any(line.startswith("[i]m[/i], 4 trade-offs: ") for line in lines)
    for shown in ("[bold red]x[/]", "[31mred]8;;http://evil.test", ":boom:", "[link=http://evil.test]y[/link]"):
        row, told = (line for line in lines if line.startswith(shown))
        assert "[bold red]x[/]" in row.removeprefix(shown)
        assert told.startswith(f"{shown} Asked in general it gives [31mred]8;;http://evil.test over kindness")


def test_colours_only_where_a_terminal_takes_them(results: StudyResults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1m" in printed(results, colour=True)
    assert "\x1b" not in printed(results)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3\dm", printed(results, colour=True))


def test_long_studies_are_told_in_part(gift: TradeOffResult, model: ModelResults) -> None:
    many = replace(model, tradeoffs={f"t{place}": gift for place in range(8)})
    text = printed(StudyResults(1, {"demo": many}))
    assert "3 more trade-offs are told in the report." in text
    assert len(re.findall(r"^t\d Asked", text, re.MULTILINE)) == 5


def test_narrow_terminals_lose_no_number(results: StudyResults) -> None:
    text = printed(results, width=60)
    for number in ("0.820", "0.410", "0.416"):
        assert number in text
    assert all(len(line) <= 60 for line in text.splitlines())
