"""What a suite should hold beyond what loads, and a reader-back that shows polarity slips. Reads, never mends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from probe.design.balance import TokenCount, balance_findings
from probe.design.defaults import default_findings
from probe.design.expand import expand
from probe.design.findings import Finding, ReadFile
from probe.design.ladder import BRIDGE_ENDINGS, VIGNETTE_ENDING, bridge_stem, vignette_stem
from probe.design.repeats import repeat_findings, same_cell_findings
from probe.design.shape import TradeOff
from probe.design.strict_yaml import Faulty
from probe.design.tradeoffs import read_tradeoff
from probe.design.wording import wording_findings

__all__ = ["Finding", "TokenCount", "check", "readback"]


def check(paths: Sequence[Path], counts: Mapping[str, TokenCount] | None = None) -> list[Finding]:
    """Everything that is wrong with trade-off files, alone and together, in the order of files and lines.

    Args:
        paths: The files.
        counts: Measures of an option's length beside its characters, by name, such as tokens of some tokenizer.
    """
    measures = {"characters": len, **(counts or {})}
    findings: list[Finding] = []
    read: list[ReadFile] = []
    for path in paths:
        try:
            read.append(ReadFile(path, *read_tradeoff(path)))
        except Faulty as faulty:
            findings += [Finding(fault.where, fault.line, "load", fault.message) for fault in faulty.faults]
    for file in read:
        findings += [*_names(file), *_parts(file), *_endings(file), *wording_findings(file), *default_findings(file)]
        findings += [*same_cell_findings(file), *balance_findings(file, measures)]
    findings += repeat_findings(read)
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


def _names(file: ReadFile) -> Iterator[Finding]:
    if file.path.stem != file.tradeoff.tradeoff:
        message = f"is '{file.tradeoff.tradeoff}' in a file named '{file.path.name}'. Give both the same name."
        yield file.finding(("tradeoff",), "name", message)


def _parts(file: ReadFile) -> Iterator[Finding]:
    for index, revealed in enumerate(file.tradeoff.revealed):
        path = ("revealed", index)
        if not revealed.factors:
            message = (
                f"the scenario '{revealed.id}' has no factors, so that context cannot be distinguished from scenario."
            )
            yield file.finding(path, "factors", f"{message} Cross one or two.")
        if revealed.bridge is None:
            message = f"the scenario '{revealed.id}' has no bridge, the general question for this kind of situation."
            yield file.finding(path, "bridge", f"{message} Write it.")


def _endings(file: ReadFile) -> Iterator[Finding]:
    """A question that the ladder cannot put otherwise, since it does not end as it must."""
    for scenario in file.scenarios:
        revealed = scenario.revealed
        if any(vignette_stem(cell.text) is None for cell in scenario.cells):
            message = f"does not end '{VIGNETTE_ENDING}', so that the ladder leaves '{revealed.id}' out. End it so."
            yield file.finding((*scenario.path, "text"), "ending", message)
        if revealed.bridge is not None and bridge_stem(revealed.bridge.text) is None:
            known = " or ".join(f"'{ending}'" for ending in BRIDGE_ENDINGS)
            message = f"does not end {known}, so that the ladder leaves '{revealed.id}' out. End it so."
            yield file.finding((*scenario.path, "bridge", "text"), "ending", message)
