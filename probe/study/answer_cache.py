"""Answers that a model writes greedily: asked for with its packs, kept beside them, never written twice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from probe.progress import Progress
    from probe.prompts.pack import TokenIds
    from probe.store.memo import Notes

__all__ = ["WRITTEN_TOKENS", "Writing", "kept_answers", "write_answers"]

WRITTEN_TOKENS = 64
"""Most tokens of an answer; it ends earlier where the model ends it."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What a model is to write; can be sent to another process.

    Attributes:
        prompts: Token ids to go on from.
        end: The tokenizer's own token for the end of a text, if it has one.
    """

    prompts: tuple[TokenIds, ...] = ()
    end: int | None = None

    def key(self, engine: str, prompt: TokenIds) -> str:
        """What an answer is kept under: everything that it depends on."""
        content = json.dumps([engine, prompt, self.end, WRITTEN_TOKENS], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


def kept_answers(writing: Writing, notes: Notes, engine: str) -> list[TokenIds] | None:
    """Every answer, in the order of the prompts, or None if one is still to be written.

    Args:
        writing: What is to be written.
        notes: Where answers are kept.
        engine: Key of everything that an answer depends on beside its prompt.
    """
    found = [notes.get(writing.key(engine, prompt)) for prompt in writing.prompts]
    kept = [_answer(one) for one in found]
    return None if None in kept else [one for one in kept if one is not None]


def _answer(note: str | None) -> TokenIds | None:
    """The tokens that a note holds; None if there is none, or it holds something else."""
    try:
        content = json.loads(note or "")
    except (ValueError, RecursionError):
        return None
    whole = isinstance(content, list) and all(type(token) is int and token >= 0 for token in content)
    return tuple(content) if whole else None


def write_answers(model: PreTrainedModel, writing: Writing, notes: Notes, engine: str, progress: Progress) -> None:
    """Write what is not kept yet; each answer is kept as soon as it is written."""
    from probe.engine.generate import stop_tokens, write_greedily  # noqa: PLC0415  torch

    if not writing.prompts:
        return
    stops = stop_tokens(model, writing.end)
    with progress.phase("written answers", len(writing.prompts)) as advance:
        for prompt in writing.prompts:
            key = writing.key(engine, prompt)
            if _answer(notes.get(key)) is None:
                notes.put(key, json.dumps(write_greedily(model, prompt, stops, WRITTEN_TOKENS)))
            advance(1)
