"""Writing a commit into a models file: one line of text changes, comments and order stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from probe.design.models import read_models_text
from probe.design.strict_yaml import faults_as, parse_yaml
from probe.errors import ModelError

if TYPE_CHECKING:
    from probe.design.strict_yaml import Document

__all__ = ["entry_text", "pinned"]

_REVISION = re.compile(r"""(\s*(?:-\s+)?revision\s*:)[ \t]*(?:~|null|["']?[0-9a-f]{40}["']?)?(?=\s|$)""")


def pinned(text: str, where: str, model: str, commit: str) -> str:
    r"""The text of a models file with the commit as `revision` of one entry, and nothing else changed.

    Args:
        text: The file.
        where: How messages name it.
        model: Id of the entry.
        commit: 40 hexadecimal digits.

    Raises:
        ModelError: The file is wrong, has no such entry, or writes it in a way that one line cannot change.

    Example:
        >>> text = "models:\n- id: m  # mine\n  hub: o/m\n  family: f\n  kind: base\n  licence: MIT\n"
        >>> pinned(text, "m.yaml", "m", "0" * 40).splitlines()[2:4]
        ['  hub: o/m', '  revision: 0000000000000000000000000000000000000000']
    """
    before = read_models_text(text, where)
    if model not in before:
        raise ModelError(f"{where}: has no entry '{model}'. Add one to that file, or leave --models out.")
    with faults_as(ModelError):
        document = parse_yaml(text, where)
    lines = text.splitlines(keepends=True)
    line = document.line(("models", list(before).index(model), "revision"))
    if before[model].hub is None:
        raise ModelError(f"{where}:{line}: '{model}' is a folder, and only what comes from the hub has a commit.")
    _change(lines, document, list(before).index(model), commit)
    changed = "".join(lines)
    try:
        after = read_models_text(changed, where)
    except ModelError:
        after = {}
    if after != before | {model: before[model].model_copy(update={"revision": commit})}:
        raise ModelError(
            f"{where}:{line}: the entry '{model}' is written in a way that one line cannot change. "
            f"Write 'revision: {commit}' into it by hand."
        )
    return changed


def entry_text(text: str, where: str, model: str) -> str:
    """The lines of one entry as they stand in a models file.

    Raises:
        ModelError: The file is wrong.
    """
    with faults_as(ModelError):
        document = parse_yaml(text, where)
    ids = list(read_models_text(text, where))
    index = ids.index(model)
    lines = text.splitlines()
    last = document.line(("models", index + 1)) - 1 if index + 1 < len(ids) else len(lines)
    return "\n".join(lines[document.line(("models", index)) - 1 : last]).rstrip()


def _change(lines: list[str], document: Document, index: int, commit: str) -> None:
    """Set the value on the line of `revision`, or add a line below that of `hub`, in the same column."""
    path = ("models", index, "revision")
    if path in document.lines:
        number = document.lines[path] - 1
        lines[number] = _REVISION.sub(rf"\g<1> {commit}", lines[number], count=1)
        return
    number = document.lines["models", index, "hub"] - 1
    line = lines[number]
    end = line[len(line.rstrip("\r\n")) :] or "\n"
    lines[number] = line.rstrip("\r\n") + end
    lines.insert(number + 1, f"{' ' * max(line.find('hub'), 0)}revision: {commit}{end}")
