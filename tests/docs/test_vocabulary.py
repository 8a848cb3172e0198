"""Guards: pages and the help of every command use the field's words, and so do names in the code."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main
from sources import Source, sources
from vocabulary import BESIDE, KEPT, NAMES, WORDS, found_in

from probe.cli import app

ROOT = Path(__file__).resolve().parents[2]
EXCEPT = ("docs/log.md", "docs/decisions/")
PAGES = [
    path
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
    if not path.relative_to(ROOT).as_posix().startswith(EXCEPT)
]


def without_code(text: str) -> str:
    """A page without what stands between backticks in a line: keys, names and flags stay what they are."""
    return re.sub(r"(`+)[^`\n]+\1", "", text)


def beside(text: str) -> list[str]:
    return [
        word for word, other in BESIDE.items() if re.search(rf"\b{word}\b", text, re.I) and other not in text.lower()
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages(page: Path) -> None:
    text = without_code(page.read_text(encoding="utf-8"))
    assert found_in(text) == []
    assert beside(text) == []


def commands(command: click.Command, path: str = "probe") -> Iterator[tuple[str, click.Command]]:
    """Every command with its path, the hidden ones too."""
    yield path, command
    for name, one in getattr(command, "commands", {}).items():
        yield from commands(one, f"{path} {name}")


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_help(path: str, command: click.Command) -> None:
    with click.Context(command, info_name=path, terminal_width=10_000) as context:
        shown = [command.help or "", command.short_help or "", command.epilog or ""]
        for option in command.params:
            if not getattr(option, "hidden", False):
                record = option.get_help_record(context) or ("", "")
                shown += [*record, getattr(option, "help", None) or "", " ".join(option.opts)]
    flat = without_code("\n".join(shown)).replace("--card-memory", "")
    assert found_in(flat) == []
    assert beside(flat) == []


def parts(name: str) -> str:
    """A name in small letters with a line between its parts and around them."""
    return f"_{'_'.join(re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+', name)).lower()}_"


def strange(source: Source) -> list[str]:
    """Names of a module that hold a word of the list."""
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    names = {token.string for token in tokens if token.type == tokenize.NAME} | set(source.name.split("."))
    wrong = {name for name in names if any(f"_{word}_" in parts(name) for word in NAMES)}
    kept = {name for name, modules in KEPT.items() if not modules or source.name in modules.split()}
    return sorted(wrong - kept)


@pytest.mark.parametrize("source", [pytest.param(source, id=source.name) for source in sources()])
def test_names(source: Source) -> None:
    assert strange(source) == []


def test_every_name_that_is_kept_is_used() -> None:
    used = {name for source in sources() for name in re.findall(r"\w+", source.text)}
    assert set(KEPT) <= used


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One card, or every card: it says 3 nat, and a gate closes at hand.", 6),
        ("The two lie 0.1 apart; Controls are held against it, whose cues stand still.", 4),
        ("A data set card, a known-answer control and 3 nats of log-odds; a workflow in someplace.", 0),
        ("control tokens; a content-free control; displaced, cardinal, delegated", 0),
    ],
)
def test_that_a_word_is_seen(text: str, count: int) -> None:
    assert len(found_in(text)) == count


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class UnitOutline: ...", ["UnitOutline"]),
        ("def told_verdict(crew): return f'{crew}'", ["crew", "told_verdict"]),
        ("LANE_BYTES = workers = network = placement = gates", ["LANE_BYTES"]),
        ("held_against = at_hand = withheld", ["at_hand", "held_against"]),
        ("units = cards = place", ["cards", "place", "units"]),
    ],
)
def test_that_a_name_is_seen(text: str, found: list[str]) -> None:
    assert strange(Source("probe.analysis.x", text)) == found


def test_the_list_is_whole() -> None:
    assert len({word.pattern for word in WORDS}) == len(WORDS)
    assert len(set(NAMES)) == len(NAMES)
