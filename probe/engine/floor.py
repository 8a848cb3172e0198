"""Cells read again for the numeric floor: one sequence to a pass, as the run computes and in float32 compute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from probe.engine.expansion import is_quantised
from probe.engine.out_of_memory import NoMemoryError, telling_out_of_memory
from probe.engine.plain import read_alone
from probe.engine.upcast import computing_in_float32

if TYPE_CHECKING:
    from probe.engine.load import LoadedModel
    from probe.prompts.pack import Prompt

__all__ = ["FloorReader"]


@dataclass
class FloorReader:
    """Reads prompts alone.

    Attributes:
        loaded: The model as loaded.
        absent: Why the same weights need not or cannot be read in float32 compute; empty as long as they are.
    """

    loaded: LoadedModel
    absent: str = field(init=False)

    def __post_init__(self) -> None:
        """Look at the model; whether memory is enough only a pass tells."""
        self.absent = _why_not_raised(self.loaded)

    def alone(self, prompt: Prompt) -> tuple[float, ...]:
        """Log-probabilities of a prompt's continuations, in the run's own arithmetic."""
        return read_alone(self.loaded.model, prompt)

    def raised(self, prompt: Prompt) -> tuple[float, ...] | None:
        """The same with every module computing in float32 from the same stored or quantised weights.

        None where that is `absent`, to which running out of memory leads.
        """
        if self.absent:
            return None
        try:
            with (
                telling_out_of_memory(self.loaded.name, len(prompt.input_ids)),
                computing_in_float32(self.loaded.model),
            ):
                return read_alone(self.loaded.model, prompt)
        except NoMemoryError:
            self.absent = "memory"
            return None


def _why_not_raised(loaded: LoadedModel) -> str:
    """Why the same weights need not be read in float32; empty if they are."""
    if loaded.weights.compute == "fp32" or _is_float32(loaded):
        return "computes in float32"
    return ""


def _is_float32(loaded: LoadedModel) -> bool:
    quantised = any(is_quantised(module) for module in loaded.model.modules())
    return not quantised and all(p.dtype in {torch.float32, torch.float64} for p in loaded.model.parameters())
