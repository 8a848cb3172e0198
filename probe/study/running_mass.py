"""Option mass while a run goes on, so that a format that a model does not answer in is seen at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from probe.progress import ADVICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.prompts.pack import PromptReading

__all__ = ["LITTLE", "MassSoFar"]

LITTLE = 0.5
"""Mean mass below which the note warns: the default limit of the validity check on mean option mass."""

_ENOUGH = 100
"""From so many prompts on it is also said what to try: the first item may be an unusual one."""

_REMEDY = (
    "option mass is low, and the check of it will fail if it stays so: look at a prompt with `probe show`, then try "
    "another cue or label set in a design file, or a chat model"
)


@dataclass(slots=True)
class MassSoFar:
    """Mean over prompts of the probability that the labels of a prompt have together.

    Attributes:
        total: Sum over prompts of that probability.
        prompts: How many.
    """

    total: float = 0.0
    prompts: int = 0

    def add(self, readings: Sequence[PromptReading]) -> None:
        """Take in the prompts of a pack; every continuation of a prompt is a form of one of its labels."""
        self.total += sum(exp(logprob) for one in readings for logprob in one.logprobs)
        self.prompts += len(readings)

    def join(self, other: MassSoFar) -> None:
        """Take in what another process has read."""
        self.total += other.total
        self.prompts += other.prompts

    @property
    def note(self) -> str:
        """What to say of it, and from enough prompts on what to try if it is low; empty before the first prompt.

        Example:
            >>> from probe.prompts.pack import PromptReading
            >>> mass = MassSoFar()
            >>> mass.add([PromptReading((-1.0, -2.0, -3.0), (1.0, 1.0, 1.0), 0, -1.0)])
            >>> mass.note
            'option mass 0.553'
            >>> mass.add([PromptReading((-5.0, -6.0), (1.0, 1.0), 0, -0.1)])
            >>> mass.note
            'option mass 0.281, low: mostly something other than a label would be answered'
        """
        if self.prompts == 0:
            return ""
        mean = self.total / self.prompts
        if mean >= LITTLE:
            return f"option mass {mean:.3f}"
        reported = f"option mass {mean:.3f}, low: mostly something other than a label would be answered"
        return f"{reported}{ADVICE}{_REMEDY}" if self.prompts >= _ENOUGH else reported
