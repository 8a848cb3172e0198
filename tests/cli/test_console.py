"""Guards: pipes get plain lines with rate and remaining time, quiet gets none, and nothing steers a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from probe.console import Bars, say


def ticking(*seconds: float) -> Iterator[float]:
    yield from seconds


def test_a_pipe_gets_a_line_each_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticking(0.0, 10.0, 40.0, 50.0, 100.0, 101.0)
    with Bars(clock=lambda: next(clock)) as bars, bars.phase("reading \x1b[31mdemo", 100) as advance:
        for _ in range(4):
            advance(10)
    assert capsys.readouterr().err.splitlines() == [
        "reading [31mdemo: 100",
        "reading [31mdemo: 20/100, 0.5/s, 3 min left",
        "reading [31mdemo: 40/100, 0.4/s, 3 min left",
    ]


def test_quiet_says_nothing_and_verbose_how_long_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticking(0.0, 60.0, 61.0)
    with Bars(quiet=True, verbose=True, clock=lambda: next(clock)) as bars, bars.phase("reading", 10) as advance:
        advance(10)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")
    clock = ticking(0.0, 2.0, 2.5)
    with Bars(verbose=True, clock=lambda: next(clock)) as bars, bars.phase("reading", 10) as advance:
        advance(10)
    assert capsys.readouterr().err == "reading: 10\nreading: 10 done in 2.5 s\n"


def test_after_a_resume_the_rate_is_that_of_reading(capsys: pytest.CaptureFixture[str]) -> None:
    """9,000 of 10,000 packs are there at once; then one a second is read."""
    clock = ticking(0.0, 1.0, *(31.0 + 30.0 * n for n in range(6)))
    with Bars(clock=lambda: next(clock)) as bars, bars.phase("reading", 10_000) as advance:
        advance(9_000)
        for _ in range(6):
            advance(30)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "reading: 9180/10000, 1.0/s, 14 min left"


def test_what_came_before_a_step_of_none_is_no_pace(capsys: pytest.CaptureFixture[str]) -> None:
    """Workers load for 200 seconds and read a pack; then one a second is read."""
    clock = ticking(0.0, 201.0, 231.0)
    with Bars(clock=lambda: next(clock)) as bars, bars.phase("reading", 61) as advance:
        advance(0)
        advance(1)
        advance(30)
    assert capsys.readouterr().err.splitlines() == [
        "reading: 61",
        "reading: 1/61",
        "reading: 31/61, 1.0/s, 1 min left",
    ]


@pytest.mark.parametrize(
    ("seconds", "steps", "said"),
    [
        ((201.0, 201.001), (1, 1), ""),
        ((201.0, 201.001), (17, 24), ""),
        ((201.0, 204.0), (1, 1), ""),
        ((201.0, 204.0), (17, 24), "8.0/s, 1 min left"),
        ((201.0, 201.001, 231.0), (1, 1, 2), "0.1/s, 22 min left"),
        ((201.0, 202.0), (17, 115), "115.0/s"),
    ],
)
def test_a_bar_has_no_pace_of_what_has_only_begun(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    seconds: tuple[float, ...],
    steps: tuple[int, ...],
    said: str,
) -> None:
    """The first packs of two workers are seen at once, after both have loaded for 200 seconds."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    clock = ticking(0.0, *seconds)
    with Bars(clock=lambda: next(clock)) as bars, bars.phase("reading", 132) as advance:
        advance(0)
        for count in steps:
            advance(count)
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err).split("reading")[-1]
    assert last.partition("0:00:00")[2].strip() == said


def test_a_phase_of_one_step_is_named_and_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticking(0.0, 40.0)
    with Bars(clock=lambda: next(clock)) as bars, bars.phase("loading demo", 1) as advance:
        advance(1)
    assert capsys.readouterr().err == "loading demo\n"


def test_what_to_do_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticking(*(40.0 * n for n in range(4)))
    with Bars(clock=lambda: next(clock)) as bars, bars.phase("reading", 3) as advance:
        for _ in range(3):
            advance(1, "option mass 0.1, low\ntry \x1b[31manother cue")
    told = capsys.readouterr().err
    assert told.count("reading: try [31manother cue\n") == 1
    assert told.count("option mass 0.1, low\n") == 3
    with Bars(quiet=True) as bars, bars.phase("reading", 1) as advance:
        advance(1, "low\ntry another cue")
    assert capsys.readouterr().err == ""


def test_what_is_noted_beside_a_phase_is_told_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ticking(0.0, 40.0, 41.0)
    with Bars(verbose=True, clock=lambda: next(clock)) as bars, bars.phase("reading", 10) as advance:
        advance(10, "option mass 0.300 \x1b[31mlow")
    assert capsys.readouterr().err.splitlines() == [
        "reading: 10",
        "reading: 10/10, 0.2/s, option mass 0.300 [31mlow",
        "reading: 10 done in 41.0 s, option mass 0.300 [31mlow",
    ]


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "FORCE_COLOR": "1"}, {}])
def test_no_colour_where_none_is_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Bars() as bars, bars.phase("reading", 10) as advance:
        advance(10)
    told = capsys.readouterr()
    assert "\x1b[3" not in told.out + told.err


def test_nothing_that_is_printed_commands_a_terminal_or_hides(capsys):
    steering = "\x1b\r\x07\x9b\u200b\u200d\ufeff\u202e\u2066\u2028\ue000"
    say(f"a{steering}[31mb\n\tc")
    say(f"d{steering}", error=True)
    say("\u200b", data=True)
    told = capsys.readouterr()
    assert told.out == "a[31mb\n\tc\n\u200b\n"
    assert told.err == "d\n"
