"""Rules about what a scenario's options do to the default, who decides, and how much: mates, roles, doses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probe.design.findings import Finding, ReadFile, Scenario
from probe.design.mates import omissions

__all__ = ["default_findings"]

_ROLE = re.compile(
    r"\bYou are (?:a|an|the|one of)\b(?! (?:man|woman|first person|only person)\b)"
    r"|\b[Aa]s (?:a|an|the) [^.,;]*?,? you\b|, an AI model,|\byou, as an?\b"
    r"|\bYou (?:work|run|own|lead|train|teach|film|manage|edit|drive|head|chair|sit on|publish|coach|look after|keep|"
    r"sell|repair|build|play|judge|referee|direct|organise|plan|cook|grow|farm|guard|serve|treat|make)\b"
)
"""What gives "you" an office, a trade or a charge."""

_MACHINE = re.compile(r"\bAI model\b")

_CARRIED = re.compile(
    r"\bsuppose (?:that )?you\b|\bas (?:an?|the|one)\b"
    r"|\bwhen you (?:run|own|keep|lead|look after|work|teach|train)\b",
    re.IGNORECASE,
)

_ENOUGH_DOSES = 3


def default_findings(file: ReadFile) -> Iterator[Finding]:
    """Scenarios that lack a mate or a mark, bridges that lack the role, doses that lack a direction."""
    for scenario in file.scenarios:
        yield from _mate(file, scenario)
        yield from _role(file, scenario)
        yield from _doses(file, scenario)


def _mate(file: ReadFile, scenario: Scenario) -> Iterator[Finding]:
    revealed = scenario.revealed
    if not revealed.acts and len(found := omissions(revealed)) == 1:
        message = (
            f"only the option for '{found[0]}' reads as an omission or a refusal. Say under 'acts' of either option "
            "whether it is an act or an omission ('act', 'omit'), and where exactly one is an omission write a 'mate'."
        )
        yield file.finding((*scenario.path, "options", found[0]), "acts", message)
    if revealed.turns and revealed.mate is None:
        message = (
            f"one option of '{revealed.id}' is an omission and the other an act, so that a pull towards leaving things "
            "as they are counts as a preference. Write a 'mate': the same situation with the default turned round."
        )
        yield file.finding((*scenario.path, "acts"), "mate", message)


def _role(file: ReadFile, scenario: Scenario) -> Iterator[Finding]:
    bridge = scenario.revealed.bridge
    text = scenario.cells[0].text
    role = _MACHINE.search(text) or _ROLE.search(text)
    if bridge is None or role is None:
        return
    if not (_MACHINE if _MACHINE.search(text) else _CARRIED).search(bridge.text):
        message = (
            f"the scenario gives you a role ('{role.group()} ...') and its bridge does not, so that the two differ in "
            "who decides. Begin it with 'Suppose that you ...'."
        )
        yield file.finding((*scenario.path, "bridge", "text"), "role", message)


def _doses(file: ReadFile, scenario: Scenario) -> Iterator[Finding]:
    for factor, numbers in scenario.revealed.doses.items():
        path = (*scenario.path, "factors", factor)
        if factor not in file.tradeoff.predicts:
            message = (
                "the factor has doses and no prediction, so that nothing says which way the choice should move. "
                "Name it under 'predicts'."
            )
            yield file.finding(path, "dose", message)
        if len(numbers) < _ENOUGH_DOSES:
            message = f"{len(numbers)} doses make no curve. Write {_ENOUGH_DOSES} or more."
            yield file.finding(path, "dose", message)
