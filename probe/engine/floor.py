"""The numeric floor: how far a reading is from one prompt in one pass, and from the same weights in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from probe.engine.placement import free_memory
from probe.engine.plain import read_alone
from probe.engine.upcast import QUANTISED, computing_in_float32

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probe.engine.load import LoadedModel
    from probe.prompts.pack import Prompt

__all__ = ["FLOOR_CELLS", "Floor", "measure_floor"]

FLOOR_CELLS = 200
"""Cells that are read again to estimate the floor, or all of them where a study has fewer."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Largest differences in log-odds on a sample of cells, in nats.

    Attributes:
        reader: Between the study's readings and the same prompts read alone, in the run's own arithmetic.
        compute: Between the study's readings and the same prompts read alone, every module computing in float32 from
            the same stored or quantised weights; None where that was not measured.
        why: Why it was not; empty where it was.
        cells: Cells of the sample.
    """

    reader: float
    compute: float | None
    why: str
    cells: int

    @property
    def delta(self) -> float:
        """The difference in force: the larger of the two."""
        return max(self.reader, self.compute or 0.0)


def measure_floor(
    loaded: LoadedModel,
    cells: Sequence[tuple[Prompt, float, Callable[[tuple[float, ...]], float]]],
    advance: Callable[[int], None],
) -> Floor:
    """Read cells again in other ways and compare.

    Args:
        loaded: The model as loaded.
        cells: A prompt, the log-odds that the study's reader gave, and the function from the log-probabilities of
            its continuations to log-odds.
        advance: Called with 1 after each cell.
    """
    why = _why_not_raised(loaded)
    alone, raised = 0.0, 0.0
    for prompt, reading, log_odds in cells:
        alone = max(alone, abs(log_odds(read_alone(loaded.model, prompt)) - reading))
        if not why:
            try:
                with computing_in_float32(loaded.model):
                    exact = log_odds(read_alone(loaded.model, prompt))
                raised = max(raised, abs(exact - reading))
            except torch.OutOfMemoryError:
                why = "memory"
        advance(1)
    return Floor(alone, None if why else raised, why, len(cells))


def _why_not_raised(loaded: LoadedModel) -> str:
    """Why the same weights need not or cannot be read in float32; empty if they are."""
    if loaded.compute == "fp32" or _is_float32(loaded):
        return "computes in float32"
    return "memory" if free_memory(loaded.place) < loaded.fp32_bytes else ""


def _is_float32(loaded: LoadedModel) -> bool:
    quantised = any(isinstance(module, QUANTISED) for module in loaded.model.modules())
    return not quantised and all(p.dtype in {torch.float32, torch.float64} for p in loaded.model.parameters())
