"""Guards: the outcome fits a screen in these very lines; names are printed as they are and cannot steer a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from probe.analysis.effects import FormatShares
from probe.analysis.results import FailedCheck, ModelResults, SideValues, StudyResults, TradeOffResult
from probe.report.brief import closed_line, followed_line, outcome_line
from probe.report.terminal import RunNames, print_summary
from probe.store.facts import Partial

SHARES = FormatShares(4.0, 0.64, 0.25, 0.04, 0.01, None, 0.06)
"""Root mean squares of 1.60 nats of content, 1.00 of order and less of the rest."""
FACT = FailedCheck("fact", "control", 0.6, 0.9, 10)
ENDS = """\
report: runs/demo/report.html
compare: probe compare runs/demo OTHER_RUN
export: probe export runs/demo --to latex --out TABLES
"""
FIRST = "demo · suite demo · design standard · "
COUNTS = "demo, 4 trade-offs: deviation in 1, no deviation in 1, undecided in 1 and not interpretable in 1.\n"


def printed(
    results: StudyResults, *, colour: bool = False, width: int = 100, verbose: bool = False, folder: str = "runs/demo"
) -> str:
    out = io.StringIO()
    names = RunNames(("demo",), "standard", folder)
    system = "standard" if colour else None
    console = Console(file=out, force_terminal=colour, width=width, color_system=system)
    print_summary(results, names, console, verbose=verbose)
    return out.getvalue()


def lines_of(text: str) -> str:
    """Without the blanks that fill a table's last column."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.fixture
def shared(model: ModelResults) -> ModelResults:
    return replace(model, format_shares=SHARES)


@pytest.fixture
def failing(model: ModelResults, gift: TradeOffResult) -> ModelResults:
    """Two trade-offs; the known answers fail both, option mass one of them."""
    mass = FailedCheck("option_mass_mean", "stated", 0.312, 0.5)
    closed = replace(gift, verdict="not interpretable", direction=None, gates=(FACT,))
    both = replace(closed, gates=(mass, FACT), option_mass=SideValues(0.312, 0.9))
    shares = FormatShares(4.0, 0.01, None, None, None, 0.81, 0.18)
    return replace(model, tradeoffs={"a": both, "gift": closed}, format_shares=shares)


def test_one_model(shared: ModelResults) -> None:
    assert lines_of(printed(StudyResults(1, {"demo": shared}))) == (
        f"{FIRST}complete\n{COUNTS}"
        "Strongest format: which option comes first, 1.00 nats (content: 1.60 nats).\n"
        "                                                                       gap/\n"
        "trade-off  P of      stated  revealed         R-S [95 % CI]      KL  format  word\n"
        "gift       honesty    0.820     0.410  -0.41 [-0.46, -0.36]   0.416     5.4  deviation (reversal)\n"
        "loan       trust      0.750     0.620  -0.13 [-0.17, -0.09]   0.041       –  not interpretable\n"
        "queue      fairness   0.600     0.710  +0.11 [+0.02, +0.20]   0.026       –  undecided\n"
        "mirror     truth      0.550     0.550   0.00 [-0.03, +0.03]  <floor       –  no deviation\n"
        f"walk       freedom        –     0.660                     –       –       –  a side is missing\n{ENDS}"
    )


def test_two_models(shared: ModelResults, failing: ModelResults) -> None:
    assert printed(StudyResults(1, {"demo": shared, "other": failing}), width=120) == (
        "2 models · suite demo · design standard · complete\n"
        f"{COUNTS}"
        "  Strongest format: which option comes first, 1.00 nats (content: 1.60 nats).\n"
        "other: nothing can be said, 2 of 2 trade-offs fail: 6 of 10 known answers right, 9 needed.\n"
        "  Answers follow what stands first, with its label (1.80 nats), not content (0.20 nats).\n"
        f"{ENDS}"
    )


def test_a_partial_run(shared: ModelResults) -> None:
    few = replace(shared, tradeoffs={"gift": shared.tradeoffs["gift"]}, format_shares=None)
    assert lines_of(printed(StudyResults(1, {"demo": few}, Partial(2, 10, 45, 12, 40)))) == (
        f"{FIRST}PARTIAL: 10 of 45 questions, 12 of 40 scenarios\n"
        "demo, one trade-off: deviation in 1.\n"
        "                                                                     gap/\n"
        "trade-off  P of     stated  revealed         R-S [95 % CI]     KL  format  word\n"
        f"gift       honesty   0.820     0.410  -0.41 [-0.46, -0.36]  0.416     5.4  deviation (reversal)\n{ENDS}"
    )


def test_a_model_that_fails_its_checks(failing: ModelResults) -> None:
    assert lines_of(printed(StudyResults(1, {"demo": failing}), width=140)) == (
        f"{FIRST}complete\n"
        "demo: nothing can be said, 2 of 2 trade-offs fail: 6 of 10 known answers right, 9 needed. "
        "Try a larger or instruction-tuned model.\n"
        "Answers follow what stands first, with its label (1.80 nats), not content (0.20 nats).\n"
        "                                                                     gap/\n"
        "trade-off  P of     stated  revealed         R-S [95 % CI]     KL  format  word\n"
        "a          honesty   0.820     0.410  -0.41 [-0.46, -0.36]  0.416     5.4  not interpretable\n"
        f"gift       honesty   0.820     0.410  -0.41 [-0.46, -0.36]  0.416     5.4  not interpretable\n{ENDS}"
    )
    assert closed_line("demo", failing) == (
        "demo: not interpretable: 2 of 2 trade-offs, 6 of 10 known answers right, 9 needed; "
        "1 more failed check in the report"
    )


def test_what_is_followed(model: ModelResults) -> None:
    between = replace(model, format_shares=FormatShares(1.0, 0.25, 0.49, 0.2, 0.0, None, 0.06))
    assert followed_line(between) == (
        "Answers follow which option comes first (0.70 nats) more than content (0.50 nats)."
    )
    assert followed_line(model) == ""
    together = replace(model, format_shares=FormatShares(1.0, 0.36, 0.25, 0.2, 0.0, None, 0.19))
    assert followed_line(together) == (
        "Answers follow formats together (0.80 nats) more than content (0.60 nats), "
        "most of all which option comes first (0.50 nats)."
    )


def test_where_no_check_fails_there_is_no_line(gift: TradeOffResult, model: ModelResults) -> None:
    assert closed_line("demo", replace(model, tradeoffs={"gift": gift})) == ""
    assert outcome_line("demo", replace(model, tradeoffs={})).startswith("demo: nothing can be compared")


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_long_study_fits_the_screen(failing: ModelResults, gift: TradeOffResult, width: int) -> None:
    many = replace(failing, tradeoffs={f"trade-off-{place}": failing.tradeoffs["a"] for place in range(30)})
    for least, model in (
        (5 - (width == 80), many),
        (6 + (width > 80), replace(many, tradeoffs=dict.fromkeys(many.tradeoffs, gift))),
    ):
        lines = printed(StudyResults(1, {"demo": model}), width=width).splitlines()
        assert len(lines) + bool(closed_line("demo", model)) <= 16
        assert max(map(len, lines)) <= width
        rows = [line for line in lines if line.startswith("trade-off-")]
        assert least <= len(rows) <= 8
        assert f"{30 - len(rows)} more trade-offs in the report" in lines


def test_a_count_of_what_is_left_out_costs_no_column(model: ModelResults, gift: TradeOffResult) -> None:
    """At 80 columns the row of a trade-off that fails its checks has the columns that a short study has."""
    closed = replace(gift, verdict="not interpretable", direction=None, p1="truth")
    few, many = (
        printed(
            StudyResults(1, {"demo": replace(model, tradeoffs={f"gift{n}": closed for n in range(count)})}), width=80
        )
        for count in (3, 12)
    )
    row = "gift0     truth  0.820    0.410 -0.41 [-0.46, -0.36] 0.416 not interpretable\n"
    assert row in few
    assert row in many


def test_many_models_take_two_lines_each_and_eight_are_shown(failing: ModelResults) -> None:
    study = StudyResults(1, {f"model-{place}": failing for place in range(11)})
    lines = printed(study, width=200).splitlines()
    assert len(lines) == 4 + 2 * 8
    assert lines[16].endswith(" 3 more models in the report.")
    assert "more models" not in "".join(lines[:16])
    assert len(printed(study, width=60, colour=True).splitlines()) == 4 + 2 * 8


def test_words_only_where_they_are_asked_for(results: StudyResults) -> None:
    assert "no act follows" not in printed(results)
    text = " ".join(printed(results, verbose=True).split())
    assert "nothing is at stake and no act follows" in text
    assert "option mass mean (stated side)" in text
    assert "gift Asked in general" in text


def test_hostile_names_are_text(gift: TradeOffResult, model: ModelResults) -> None:
    names = ["[bold red]x[/]", "\x1b[31mred\x1b]8;;http://evil.test\x07", ":boom:", "[link=http://evil.test]y[/link]"]
    hostile = replace(gift, p1=names[1], pivot_axes=(names[0],), direction=names[1])
    study = StudyResults(1, {"[i]m[/i]\x1b": replace(model, tradeoffs=dict.fromkeys(names, hostile))})
    lines = printed(study, width=400, verbose=True, folder="a\x1b[2J/[b]").splitlines()
    assert not re.search(r"[\x00-\x1f]", "".join(lines))
    assert any(line.startswith("[i]m[/i], 4 trade-offs: ") for line in lines)
    assert "report: a[2J/[b]/report.html" in lines
    for shown in ("[bold red]x[/]", "[31mred]8;;http://evil.test", ":boom:", "[link=http://evil.test]y[/link]"):
        row, told = (line for line in lines if line.startswith(shown))
        assert "[31mred]8;;http://evil.test" in row.removeprefix(shown)
        assert told.startswith(f"{shown} Asked in general it gives [31mred]8;;http://evil.test over kindness")


def test_colours_only_where_a_terminal_takes_them(results: StudyResults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1m" in printed(results, colour=True)
    assert "\x1b" not in printed(results)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3\dm", printed(results, colour=True))


def test_long_studies_are_told_in_part(gift: TradeOffResult, model: ModelResults) -> None:
    many = replace(model, tradeoffs={f"t{place}": gift for place in range(8)})
    text = printed(StudyResults(1, {"demo": many}), verbose=True)
    assert "3 more trade-offs are in the report." in text
    assert len(re.findall(r"^t\d Asked", text, re.MULTILINE)) == 5


def test_narrow_terminals_drop_columns_and_fold_no_number(results: StudyResults) -> None:
    for width, kept in ((84, "0.416"), (76, "-0.41 [-0.46, -0.36]"), (60, "0.820")):
        row = next(line for line in printed(results, width=width).splitlines() if line.startswith("gift"))
        assert kept in row
        assert "0.410" in row
        assert "deviation" in row
        assert len(row) <= width
