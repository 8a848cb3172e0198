"""YAML read strictly: scalars stay text, a key stands once, nothing is shared or tagged; every value has a line.

Knows nothing of trade-offs or models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeAlias

import yaml

from probe.errors import InputError

__all__ = ["Document", "Fault", "Faulty", "Plain", "ValuePath", "faults_as", "load_yaml", "parse_yaml"]

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"
ValuePath: TypeAlias = "tuple[str | int, ...]"

MAX_BYTES = 2**20
MAX_DEPTH = 32
_PARSER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file; its text is ``where:line: message``."""

    where: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: {self.message}"


class Faulty(Exception):  # noqa: N818
    """A file has faults. Stays inside the room: its doors turn it into the error of their subject."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@contextmanager
def faults_as(error: type[InputError]) -> Iterator[None]:
    """Raise `error` with one line per fault instead of `Faulty`."""
    try:
        yield
    except Faulty as faulty:
        raise error(str(faulty)) from None


@dataclass(frozen=True, slots=True)
class Document:
    """A file's plain value with the line of every part of it.

    Attributes:
        where: How messages name the file.
        source: Its text, verbatim.
        value: Mappings, lists and text; nothing else.
        lines: Line, from 1, of every path of keys and indices; of a mapping's entry, the line of its key.
    """

    where: str
    source: str
    value: Plain
    lines: Mapping[ValuePath, int]

    def line(self, path: ValuePath) -> int:
        """Line of the value at `path`, or of the nearest enclosing one that exists."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def fault(self, path: ValuePath, message: str) -> Fault:
        """A fault at `path`."""
        return Fault(self.where, self.line(path), message)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being read, and the key that waits for its value."""

    value: dict[str, Plain] | list[Plain]
    path: ValuePath
    key: tuple[str, int] | None = None
    seen: dict[str, int] = field(default_factory=dict)


def load_yaml(path: Path) -> Document:
    """Read a file strictly.

    Raises:
        Faulty: It cannot be read, is too large or nested too deeply, is not UTF-8, is not one YAML document, or
            uses tags, anchors, merge keys or a key twice.
    """
    where = _display(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Faulty([Fault(where, 1, f"cannot be read: {error.strerror}. Check the path.")]) from None
    try:
        source = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"is not UTF-8, found byte 0x{data[error.start]:02x}. Save the file as UTF-8."
        raise Faulty([Fault(where, line, message)]) from None
    return parse_yaml(source, where)


def parse_yaml(source: str, where: str) -> Document:
    r"""Read YAML text strictly; `where` names it in messages.

    Raises:
        Faulty: As `load_yaml`.

    Example:
        >>> parse_yaml("labels: [Yes, No]\nn: 010", "design.yaml").value
        {'labels': ['Yes', 'No'], 'n': '010'}
        >>> parse_yaml("a: 1\na: 2", "design.yaml")
        Traceback (most recent call last):
        ...
        probe.design.strict_yaml.Faulty: design.yaml:2: the key 'a' stands twice, first on line 1. Remove one.
    """
    if len(source.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES} bytes. Split the file."
        raise Faulty([Fault(where, 1, message)])
    try:
        return _Builder(where, source).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(part for part in (error.problem, error.context) if part)
        hint = "Mend the YAML there (quote text that holds ': ', ' #', or begins with a sign)."
        raise Faulty([Fault(where, line, f"is not valid YAML: {problem}. {hint}")]) from None
    except (yaml.YAMLError, UnicodeError) as error:
        message = f"is not valid YAML: {' '.join(str(error).split())}. Remove the character."
        raise Faulty([Fault(where, 1, message)]) from None


class _Builder:
    """Builds a plain value from parser events, without recursion, so that depth is ours to limit."""

    def __init__(self, where: str, source: str) -> None:
        self.where = where
        self.source = source
        self.lines: dict[ValuePath, int] = {(): 1}
        self.stack: list[_Open] = []
        self.root: list[Plain] = []

    def build(self) -> Document:
        for event in yaml.parse(self.source, Loader=_PARSER):
            if isinstance(event, yaml.NodeEvent):
                self._node(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self.stack.pop()
            elif isinstance(event, yaml.DocumentStartEvent) and self.root:
                self._stop(event, "a second document begins. Keep one document in a file")
        if not self.root:
            raise Faulty([Fault(self.where, 1, "is empty. Write the keys that this kind of file has.")])
        return Document(self.where, self.source, self.root[0], self.lines)

    def _stop(self, event: yaml.Event, message: str) -> NoReturn:
        raise Faulty([Fault(self.where, _line(event), f"{message}.")])

    def _node(self, event: yaml.NodeEvent) -> None:
        self._refuse_sharing(event)
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            self._key(event, self.stack[-1])
        elif isinstance(event, yaml.ScalarEvent):
            self._put(event.value, event)
        else:
            value: dict[str, Plain] | list[Plain] = {} if isinstance(event, yaml.MappingStartEvent) else []
            path = self._put(value, event)
            self.stack.append(_Open(value, path))
            if len(self.stack) > MAX_DEPTH:
                self._stop(event, f"is nested deeper than {MAX_DEPTH} levels. Flatten it")

    def _refuse_sharing(self, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._stop(
                event,
                f"the alias '*{event.anchor}' is not taken: a few of them can stand for gigabytes, and a text that "
                "is shared is easily changed in one place too many. Write the value out",
            )
        if event.anchor is not None:
            self._stop(event, f"the anchor '&{event.anchor}' is not taken. Write the value out where it is used")
        if (tag := getattr(event, "tag", None)) is not None:
            self._stop(event, f"the tag '{tag}' is not taken: types come from the key. Remove it")

    def _key(self, event: yaml.NodeEvent, mapping: _Open) -> None:
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(event, "a key is a list or a mapping. Use plain text as key (quote text that begins with '{')")
        elif event.value == "<<" and event.implicit[0]:
            self._stop(event, "the merge key '<<' is not taken. Write the keys out")
        elif event.value in mapping.seen:
            first = mapping.seen[event.value]
            self._stop(event, f"the key '{event.value}' stands twice, first on line {first}. Remove one")
        else:
            mapping.seen[event.value] = line
            mapping.key = (event.value, line)

    def _put(self, value: Plain, event: yaml.NodeEvent) -> ValuePath:
        if not self.stack:
            self.root.append(value)
            self.lines[()] = _line(event)
            return ()
        parent = self.stack[-1]
        if isinstance(parent.value, list):
            path: ValuePath = (*parent.path, len(parent.value))
            line = _line(event)
            parent.value.append(value)
        else:
            key, line = parent.key or ("", 1)
            path = (*parent.path, key)
            parent.value[key] = value
            parent.key = None
        self.lines[path] = line
        return path


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _display(path: Path) -> str:
    """The path below the current folder where it is, else as given."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
