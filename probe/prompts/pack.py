"""A pack: the token sequences of one item's prompts and what must be read after each. No text, no principles."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Engine", "Pack", "Prompt", "PromptReading", "TokenIds"]

TokenIds = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt and the token sequences whose probability is wanted right after it.

    Attributes:
        input_ids: The prompt; the decision position is the one after its last token.
        continuations: Distinct, non-empty token sequences; none is a prefix of another.
    """

    input_ids: TokenIds
    continuations: tuple[TokenIds, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """All prompts of one item, in canonical order. A reading depends on nothing outside its pack.

    Attributes:
        prompts: One per variant.
        budget: Most tokens in one forward pass: a constant of the study, never of the machine's state.
        every_layer: Whether it is read after every layer (`probe.engine.depth`), and not at the end alone.
    """

    prompts: tuple[Prompt, ...]
    budget: int
    every_layer: bool = False

    @property
    def sha256(self) -> str:
        """Hash of every token id in the pack and of its budget."""
        content = [self.budget, [[p.input_ids, p.continuations] for p in self.prompts], *["layers"] * self.every_layer]
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PromptReading:
    """What a model says at one decision position.

    Attributes:
        logprobs: Natural log-probability of each continuation as a whole, over the whole vocabulary, in float64.
        boundaries: For each continuation, the probability that no word character follows it.
        top_token_id: The most probable next token.
        top_logprob: Its natural log-probability.
    """

    logprobs: tuple[float, ...]
    boundaries: tuple[float, ...]
    top_token_id: int
    top_logprob: float


class Engine(Protocol):
    """Whatever reads packs. A fake one for tests is a class of four lines."""

    def read(self, pack: Pack) -> tuple[PromptReading, ...]:
        """Read every prompt of `pack`, in its order."""
        ...
