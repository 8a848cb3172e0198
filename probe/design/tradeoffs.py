"""The door through which trade-off files are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from probe.design.rules import rule_faults
from probe.design.shape import Bridge, Control, Mate, Paraphrase, Revealed, Stated, TradeOff
from probe.design.strict_yaml import Document, Faulty, faults_as, load_yaml
from probe.design.typed_yaml import read_as
from probe.errors import ScenarioError

__all__ = [
    "Bridge",
    "Control",
    "Mate",
    "Paraphrase",
    "Revealed",
    "Stated",
    "TradeOff",
    "TradeOffFile",
    "load_tradeoff",
    "read_tradeoff",
]


@dataclass(frozen=True, slots=True)
class TradeOffFile:
    """A trade-off and the file it stands in.

    Attributes:
        name: The file's name below the folder it was found through; no machine's path.
        source: Its text, verbatim.
        tradeoff: What it says.
    """

    name: str
    source: str
    tradeoff: TradeOff


def load_tradeoff(path: Path, *, name: str | None = None) -> TradeOffFile:
    """Read and check one trade-off file; `name` is what to call it, else its base name.

    Raises:
        ScenarioError: The file is wrong; one line per fault, each ``file:line: what, found. What to do.``
    """
    with faults_as(ScenarioError):
        document, tradeoff = read_tradeoff(path)
    return TradeOffFile(name or path.name, document.source, tradeoff)


def read_tradeoff(path: Path) -> tuple[Document, TradeOff]:
    """Read and check one trade-off file; also gives its lines.

    Raises:
        Faulty: With every fault of the first kind that was found: of YAML, of shape, or of a rule across fields.
    """
    document = load_yaml(path)
    tradeoff = read_as(document, TradeOff)
    faults = sorted(rule_faults(document, tradeoff), key=lambda fault: fault.line)
    if faults:
        raise Faulty(faults)
    return document, tradeoff
