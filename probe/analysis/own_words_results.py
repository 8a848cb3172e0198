"""What is said of questions in two turns, as results.json holds it. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from probe.analysis.ladder_results import Step

__all__ = ["OwnWordsResult", "Turns", "UnrelatedAnswers"]


@dataclass(frozen=True, slots=True)
class UnrelatedAnswers:
    """The same read after a forced answer to an unrelated question: the floor of the instrument.

    Attributes:
        items: Number of questions that were read so.
        size: Root mean square over these of the pull of one unrelated answer against the other, nats; which of the two
            counts as the first has no meaning.
        shift: Mean probability of P1 after both unrelated answers minus that without a first turn, with a 95 % t
            interval: what any first turn does.
        pull: Mean pull over them, with a 95 % t interval.
        label_echo: As of `Turns`.
        position_echo: As of `Turns`.
    """

    items: int
    size: float
    shift: Step
    pull: Step
    label_echo: Step
    position_echo: Step


@dataclass(frozen=True, slots=True)
class Turns:
    """What is answered in a second turn, given what was said in the first; towards the first principle, P1.

    Scenarios count equally, and so do the general questions that a scenario is paired with. Order and labels of both
    turns are crossed, so that pull and both echoes are orthogonal.

    Attributes:
        pairs: Number of pairs of a general question and a scenario.
        scenarios: Number of their scenarios.
        given: Mean probability of P1 by the principle that the forced answer stands for.
        transition: Joint probability by principle of the first answer and of the second, the first weighted by how
            probable the model makes it: the four add up to 1.
        alone: Mean probability of P1 in the same questions and formats without a first turn.
        after: The same after the model's own first answer: the sum of the transition over what was said.
        shift: `after` minus `alone`, with a 95 % t interval over scenarios.
        pull: Mean log-odds after an answer for P1 minus those after an answer for P2, nats; positive where the second
            answer follows the first, whichever principle is P1.
        pull_of_means: The same of the log-odds of `given`, with a jackknife t interval over scenarios.
        label_echo: Log-odds of an option whose label is the one that was said minus those where it is the other.
        position_echo: The same of the place at which the option that was said was shown.
        by_form: Pull by form of the general question.
        by_scenario: Pull by scenario.
        option_mass: Mean option mass of the second answers.
        unrelated: The floor; None where it was not read.
        beyond_floor: Whether the interval of `pull` lies beyond the size of the unrelated answers' pull, and beyond
            rounding, on one side.
    """

    pairs: int
    scenarios: int
    given: dict[str, float]
    transition: dict[str, dict[str, float]]
    alone: float
    after: float
    shift: Step
    pull: Step
    pull_of_means: Step
    label_echo: Step
    position_echo: Step
    by_form: dict[str, float]
    by_scenario: dict[str, float]
    option_mass: float
    unrelated: UnrelatedAnswers | None
    beyond_floor: bool


@dataclass(frozen=True, slots=True)
class OwnWordsResult:
    """Both orders of the two turns.

    Attributes:
        choice: What is chosen in a scenario after a principle was said: commitment. None where it was not read.
        principle: Which principle is said after a choice: rationalisation. None where it was not read.
    """

    choice: Turns | None
    principle: Turns | None
