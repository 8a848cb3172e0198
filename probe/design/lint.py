"""What a suite should hold beyond what loads, and a reader-back that shows polarity slips. Reads, never mends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from probe.design.expand import expand
from probe.design.fields import label_like
from probe.design.shape import TradeOff
from probe.design.strict_yaml import Document, Faulty, ValuePath
from probe.design.tradeoffs import read_tradeoff
from probe.design.typed_yaml import path_text

__all__ = ["Finding", "check", "readback"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a trade-off file that a person should look at.

    Attributes:
        file: The file, as messages name it.
        line: Line, from 1.
        rule: ``load`` for what keeps the file from being read, else the rule's name.
        message: What is wrong, what was found, what to do.
    """

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that could be read."""

    path: Path
    document: Document
    tradeoff: TradeOff

    def finding(self, path: ValuePath, rule: str, message: str) -> Finding:
        return Finding(self.document.where, self.document.line(path), rule, f"{path_text(path)}: {message}")


def check(paths: Sequence[Path]) -> list[Finding]:
    """Everything that is wrong with trade-off files, alone and together, in the order of files and lines."""
    findings: list[Finding] = []
    read: list[_Read] = []
    for path in paths:
        try:
            read.append(_Read(path, *read_tradeoff(path)))
        except Faulty as faulty:
            findings += [Finding(fault.where, fault.line, "load", fault.message) for fault in faulty.faults]
    for file in read:
        findings += [*_names(file), *_scenarios(file), *_label_lines(file)]
    findings += [*_same_ids(read), *_same_texts(read)]
    return sorted(findings, key=lambda finding: (finding.file, finding.line, finding.rule))


def readback(tradeoff: TradeOff) -> tuple[str, ...]:
    """Two lines per item, one per option: what it stands for, then what it says. For a person to read.

    An agreeing answer is marked, so that a pair whose polarity slipped is seen at once.
    """
    lines = []
    for item in expand(tradeoff):
        lines.append(f"{item.id} ({item.form})")
        for option, text in ((item.p1, item.option_p1), (item.p2, item.option_p2)):
            mark = " [agreeing]" if option == item.agreeing else " [expected]" if option == item.expect else ""
            lines.append(f"  {option}{mark}: {text}")
    return tuple(lines)


def _names(file: _Read) -> Iterator[Finding]:
    if file.path.stem != file.tradeoff.tradeoff:
        message = f"is '{file.tradeoff.tradeoff}' in a file named '{file.path.name}'. Give both the same name."
        yield file.finding(("tradeoff",), "name", message)


def _scenarios(file: _Read) -> Iterator[Finding]:
    for index, revealed in enumerate(file.tradeoff.revealed):
        path = ("revealed", index)
        if not revealed.factors:
            message = f"the scenario '{revealed.id}' has no factors, so that context cannot be told from scenario."
            yield file.finding(path, "factors", f"{message} Cross one or two.")
        if revealed.bridge is None:
            message = f"the scenario '{revealed.id}' has no bridge, the general question for this kind of situation."
            yield file.finding(path, "bridge", f"{message} Write it.")


def _label_lines(file: _Read) -> Iterator[Finding]:
    for path, text in _texts(file.tradeoff):
        for line in text.split("\n"):
            if label := label_like(line):
                message = f"a line begins with '{label}', which reads as an option's label. Say it otherwise."
                yield file.finding(path, "label-line", message)


def _texts(tradeoff: TradeOff) -> Iterator[tuple[ValuePath, str]]:
    """Every text that stands above options, with its place."""
    for index, stated in enumerate(tradeoff.stated):
        path: ValuePath = ("stated", index)
        yield (*path, "text"), stated.text
        yield from (((*path, "paraphrases", n), text) for n, text in enumerate(stated.paraphrases))
        if stated.mate is not None:
            yield (*path, "mate", "text"), stated.mate.text
    for index, revealed in enumerate(tradeoff.revealed):
        path = ("revealed", index)
        yield (*path, "text"), revealed.text
        if revealed.bridge is not None:
            yield (*path, "bridge", "text"), revealed.bridge.text
    yield from ((("controls", index, "text"), control.text) for index, control in enumerate(tradeoff.controls))


def _same_ids(read: Sequence[_Read]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for file in read:
        other = first.setdefault(file.tradeoff.tradeoff, file.document.where)
        if other != file.document.where:
            message = f"the id '{file.tradeoff.tradeoff}' is the id of {other} too. Rename one."
            yield file.finding(("tradeoff",), "same-id", message)


def _same_texts(read: Sequence[_Read]) -> Iterator[Finding]:
    """Texts that stand at two places, in one file or in two: one draw would count as two.

    Texts of content-free controls say nothing, and may be the same.
    """
    first: dict[str, str] = {}
    for file in read:
        empty = {("controls", n, "text") for n, c in enumerate(file.tradeoff.controls) if c.kind == "content_free"}
        for path, text in _texts(file.tradeoff):
            if path in empty:
                continue
            here = f"{file.document.where}:{file.document.line(path)}"
            key = " ".join(text.casefold().split())
            other = first.setdefault(key, here)
            if other != here:
                message = f"the text stands at {other} too, so that one question would count as two. Rewrite one."
                yield file.finding(path, "same-text", message)
