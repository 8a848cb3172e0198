"""The numeric floor: how far the reader in use is from one prompt, one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.engine.plain import read_alone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transformers import PreTrainedModel

    from probe.prompts.pack import Prompt

__all__ = ["FLOOR_CELLS", "measure_floor"]

FLOOR_CELLS = 200
"""Cells that are read again to estimate the floor, or all of them where a study has fewer."""


def measure_floor(
    model: PreTrainedModel,
    cells: Sequence[tuple[Prompt, float, Callable[[tuple[float, ...]], float]]],
    advance: Callable[[int], None],
) -> float:
    """Largest difference in log-odds between the study's readings and the same prompts read alone, in nats.

    Args:
        model: The model as loaded, its projection in float32.
        cells: A prompt, the log-odds that the study's reader gave, and the function from the log-probabilities of
            its continuations to log-odds.
        advance: Called with 1 after each cell.
    """
    delta = 0.0
    for prompt, reading, log_odds in cells:
        delta = max(delta, abs(log_odds(read_alone(model, prompt)) - reading))
        advance(1)
    return delta
