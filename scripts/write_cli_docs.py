"""Writes docs/cli.md from the command's own declarations, so that page and `--help` cannot differ."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from probe.cli import app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"

OPENING = """\
# The command

Written by `make docs` from the command's own help; change the text there, in `probe/cli.py`, or for
what a study asks for in `probe/study/request.py`.
"""


def page() -> str:
    """The whole page."""
    root = typer.main.get_command(app)
    parts = [OPENING, f"{root.help}\n", f"{root.epilog}\n"]
    return "\n".join([*parts, *(section(name, command) for name, command in verbs("probe", root))])


def verbs(name: str, command: TyperCommand | TyperGroup) -> Iterator[tuple[str, TyperCommand]]:
    """Every verb under `command` with its full name, in the order of the help."""
    if not isinstance(command, TyperGroup):
        yield name, command
        return
    for part, below in command.commands.items():
        yield from verbs(f"{name} {part}", below)


def section(name: str, command: TyperCommand) -> str:
    """One verb: what it does, what it takes."""
    lines = [f"## {name}\n", f"{' '.join((command.help or '').split())}\n"]
    rows = [row(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    if rows:
        lines += ["| argument or option | what it means | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def row(parameter: TyperArgument | TyperOption) -> str:
    """One argument or option as a row of a table."""
    names = (
        [parameter.metavar] if isinstance(parameter, TyperArgument) else [*parameter.opts, *parameter.secondary_opts]
    )
    shown = ", ".join(f"`{name}`" for name in names if name)
    return (
        "| " + " | ".join(cell.replace("|", r"\|") for cell in (shown, parameter.help or "", default(parameter))) + " |"
    )


def default(parameter: TyperArgument | TyperOption) -> str:
    """What holds if nothing is given; empty where the help says it, and for switches."""
    if parameter.required:
        return "required"
    plain = isinstance(parameter.default, str | int) and not isinstance(parameter.default, bool)
    return f"`{parameter.default}`" if plain and parameter.default != "" else ""


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
