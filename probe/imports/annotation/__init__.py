"""What the texts of the seed paper stand for, by id; holds none of their words."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict

from probe.design.fields import Id, Text
from probe.design.strict_yaml import faults_as, load_yaml
from probe.design.typed_yaml import read_as
from probe.errors import ScenarioError

__all__ = ["Kind", "PromptSet", "Reading", "load_annotation", "load_sets", "text_hash"]

Kind = Literal["choice", "judgement", "belief", "attribution", "completion"]
Polarity = Literal["p1", "p2", "none"]
Answers = Literal["letters", "yes-no"]

_FOLDER = Path(__file__).parent


class PromptSet(BaseModel):
    """One of the published sets: its subject and the two principles that it sets against each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: Text
    principles: dict[Id, Text]


class _Sets(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sets: dict[Id, PromptSet]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one published text asks.

    Attributes:
        id: ``SET/q01`` for the first question of a list, ``SET/key`` for a variant.
        sha256: First 16 digits of the hash of the text that was read.
        first: The principle that its first answer (A or Yes) stands for; ``none`` where the answers do not set the
            two against each other.
        kind: ``choice`` of the answerer, ``judgement`` of what is right, ``belief`` about people or things,
            ``attribution`` of a reason to something that happened, or ``completion`` of a sentence.
        answers: How it offers its answers.
        duplicate_of: Id of an earlier text with the same words, else empty.
        note: What makes it doubtful or peculiar, else empty.
    """

    id: str
    sha256: str
    first: Polarity
    kind: Kind
    answers: Answers
    duplicate_of: str
    note: str


def text_hash(text: str) -> str:
    """First 16 hex digits of the SHA-256 of a text without outer white space."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


@cache
def load_annotation() -> Mapping[str, Reading]:
    """Every reading, by id, in the order of the file."""
    with (_FOLDER / "alignment_revisited.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["id"]: Reading(
            id=row["id"],
            sha256=row["sha256"],
            first=cast("Polarity", row["first"]),
            kind=cast("Kind", row["kind"]),
            answers=cast("Answers", row["answers"]),
            duplicate_of=row["duplicate_of"],
            note=row["note"],
        )
        for row in rows
    }


@cache
def load_sets() -> Mapping[str, PromptSet]:
    """The published sets by name."""
    with faults_as(ScenarioError):
        return read_as(load_yaml(_FOLDER / "alignment_revisited_sets.yaml"), _Sets).sets
