"""Cells read once more for the numeric floor: each alone, as the run computes, or many together in float32."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from probe.engine.expansion import is_quantised
from probe.engine.out_of_memory import NoMemoryError, telling_out_of_memory
from probe.engine.plain import read_alone
from probe.engine.trie import TrieReader
from probe.engine.upcast import computing_in_float32
from probe.loaded_facts import IN_FLOAT32
from probe.prompts.pack import Pack

if TYPE_CHECKING:
    from probe.engine.load import LoadedModel
    from probe.engine.reader_choice import Reader
    from probe.prompts.pack import Prompt

__all__ = ["FloorReader"]


@dataclass
class FloorReader:
    """Reads prompts in other ways than a study does, by the study's own trie where it has one.

    A trie of one prompt and what may follow it is one prompt in one pass. In float32 compute the trie was held against
    one prompt at a time when it was chosen (`probe.engine.reader_choice`), and differs from it by rounding of float32
    alone, so there one pass has many prompts: the weights of a layer are expanded once for all of them, and what
    prompts begin with is computed once. In exact mode, whose trie of one prompt says the same by design, and without a
    trie, a pass has one sequence and no cache.

    Attributes:
        loaded: The model as loaded.
        reader: How the study reads it.
        absent: Why the same weights need not or cannot be read in float32 compute beside the run's own; empty as long
            as they are.
    """

    loaded: LoadedModel
    reader: Reader
    absent: str = field(init=False)

    def __post_init__(self) -> None:
        """Look at the model; whether memory is enough only a pass tells."""
        self.absent = _why_not_raised(self.loaded)

    def read(self, pack: Pack) -> tuple[tuple[float, ...], ...] | None:
        """Log-probabilities of the continuations of each prompt of a pack from `probe.study.packs.floor_packs`.

        A pack with a negative budget is read in float32 compute, and None of it where that cannot be.
        """
        return self.together(pack) if pack.budget < 0 else tuple(map(self.alone, pack.prompts))

    def alone(self, prompt: Prompt) -> tuple[float, ...]:
        """Log-probabilities of a prompt's continuations, in the run's own arithmetic."""
        return self._by_trie(Pack((prompt,), 1))[0] if self._has_trie else read_alone(self.loaded.model, prompt)

    def together(self, pack: Pack) -> tuple[tuple[float, ...], ...] | None:
        """The same of many prompts, every module computing in float32 from the same stored or quantised weights.

        A pass has half of the study's tokens, of twice the bytes. None where that is `absent`, to which running out of
        memory leads, but for a trie that computes in float32 anyway.

        Raises:
            NoMemoryError: A run that computes in float32 has no memory for it; all of it is in vain at this budget.
        """
        native = self.absent == IN_FLOAT32 and self._has_trie
        if self.absent and not native:
            return None
        budget = max(1, abs(pack.budget) // 2)
        try:
            with (
                telling_out_of_memory(self.loaded.name, budget),
                contextlib.nullcontext() if native else computing_in_float32(self.loaded.model),
            ):
                if self._has_trie:
                    return self._by_trie(Pack(pack.prompts, budget))
                return tuple(read_alone(self.loaded.model, prompt) for prompt in pack.prompts)
        except NoMemoryError:
            if native:
                raise
            self.absent = "memory"
            return None

    @property
    def _has_trie(self) -> bool:
        return isinstance(self.reader, TrieReader) and not self.reader.exact

    def _by_trie(self, pack: Pack) -> tuple[tuple[float, ...], ...]:
        return tuple(one.logprobs for one in self.reader.read(pack))


def _why_not_raised(loaded: LoadedModel) -> str:
    """Why the same weights need not be read in float32; empty if they are."""
    if loaded.weights.compute == "fp32" or _is_float32(loaded):
        return IN_FLOAT32
    return ""


def _is_float32(loaded: LoadedModel) -> bool:
    quantised = any(is_quantised(module) for module in loaded.model.modules())
    return not quantised and all(p.dtype in {torch.float32, torch.float64} for p in loaded.model.parameters())
