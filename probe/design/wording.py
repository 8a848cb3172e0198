"""Rules about the words of single items: what gives a principle away, reads as a label, or is hard to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from probe.design.fields import label_like
from probe.design.findings import Finding, ReadFile, Scenario
from probe.design.reading_ease import reading_ease, words
from probe.design.shape import Control, Revealed, Stated
from probe.design.strict_yaml import ValuePath

__all__ = ["EASE", "wording_findings"]

EASE = (60.0, 118.0)
"""Reading ease of a scenario with its options: from plain English to short words in short sentences."""

_CLAUSE_LABEL = re.compile(
    r"(?:[.;,:!?]\s+|^\s*)([(\[]?(?:[A-Za-z]|\d{1,2})[).:\]])(?=\s|$)|([(\[][A-Za-z0-9][)\]])", re.M
)
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»')
_DENIES = re.compile(r"(?:no\b|i disagree|disagree\b|i do not\b|i don['’]t\b)", re.IGNORECASE)
_AFFIRMS = re.compile(r"(?:yes\b|i agree|agree\b)", re.IGNORECASE)
_FIRST_PERSON = frozenset(words("i me my we us our ours"))
_NOT_PRESENT = frozenset(
    words(
        "will would did had was were could should might shall went took gave told kept left made said got came saw "
        "found bought sold sent paid wrote"
    )
)
_PRESENT_IN_ED = frozenset(words("bleed breed embed exceed feed heed need proceed shed speed succeed wed weed"))


def wording_findings(file: ReadFile) -> Iterator[Finding]:
    """What is wrong with the words of a file's items."""
    yield from _label_clauses(file)
    yield from _agreement(file)
    yield from _reasons(file)
    for scenario in file.scenarios:
        yield from _named_principles(file, scenario)
        yield from _decision_maker(file, scenario)
        yield from _ease(file, scenario)


def _label_clauses(file: ReadFile) -> Iterator[Finding]:
    for path, text in [*file.texts(), *_option_texts(file)]:
        if file.fixed(path):
            continue
        for line in text.split("\n"):
            if label := label_like(line):
                message = f"a line begins with '{label}', which reads as an option's label. Say it otherwise."
                yield file.finding(path, "label-line", message)
            elif match := _CLAUSE_LABEL.search(line):
                label = match.group(1) or match.group(2)
                message = f"a clause begins with '{label}', which reads as an option's label. Say it otherwise."
                yield file.finding(path, "label-line", message)


def _option_texts(file: ReadFile) -> Iterator[tuple[ValuePath, str]]:
    """Options and levels of factors: what is shown beside the texts."""
    tradeoff = file.tradeoff
    parts: dict[str, Sequence[Stated | Revealed | Control]] = {
        "stated": tradeoff.stated,
        "revealed": tradeoff.revealed,
        "controls": tradeoff.controls,
    }
    for part, entries in parts.items():
        for index, one in enumerate(entries):
            yield from (((part, index, "options", key), text) for key, text in one.options.items())
    for index, revealed in enumerate(tradeoff.revealed):
        for factor, levels in revealed.factors.items():
            yield from ((("revealed", index, "factors", factor, level), text) for level, text in levels.items())


def _agreement(file: ReadFile) -> Iterator[Finding]:
    """In the agree form the option that is listed first must be the agreeing answer, in the question and its mate."""
    for index, stated in enumerate(file.tradeoff.stated):
        questions: list[tuple[ValuePath, dict[str, str]]] = [(("stated", index, "options"), stated.options)]
        if stated.mate is not None:
            questions.append((("stated", index, "mate", "options"), stated.mate.options))
        for path, options in questions if stated.form == "agree" else ():
            first, second = options.values()
            if _DENIES.match(first) or _AFFIRMS.match(second):
                message = f"'{first}' is listed first, as the agreeing answer, before '{second}'. Turn them round."
                yield file.finding(path, "polarity", message)


def _reasons(file: ReadFile) -> Iterator[Finding]:
    for scenario in file.scenarios:
        why = scenario.revealed.why
        if set(why) != set(scenario.revealed.options):
            message = f"the scenario '{scenario.revealed.id}' does not say why its options stand for their principles."
            yield file.finding(scenario.path, "why", f"{message} Write one line for each under 'why'.")
        for key, text in why.items():
            if "\n" in text:
                yield file.finding((*scenario.path, "why", key), "why", "is more than one line. Write it in one.")


def _named_principles(file: ReadFile, scenario: Scenario) -> Iterator[Finding]:
    """The id of a principle, the name in its gloss, or the whole gloss, within what a prompt shows."""
    reported: set[str] = set()
    for cell in scenario.cells:
        shown = f" {' '.join(words(f'{cell.text} {cell.option_p1} {cell.option_p2}'))} "
        for key, gloss in file.tradeoff.principles.items():
            name, _, rest = gloss.partition(":")
            for phrase in (key.replace("-", " ").replace("_", " "), name, rest or gloss):
                plain = " ".join(words(phrase))
                if plain and plain not in reported and f" {plain} " in shown:
                    reported.add(plain)
                    message = f"the scenario says '{plain}', which names the principle '{key}'. Say it otherwise."
                    yield file.finding(scenario.path, "principle-named", message)


def _decision_maker(file: ReadFile, scenario: Scenario) -> Iterator[Finding]:
    """One person decides in the text and in both options, and does so now."""
    revealed = scenario.revealed
    subjects = {key: (words(text) or [""])[0] for key, text in revealed.options.items()}
    reported = [subject if subject in ("you", "i", "we", "he", "she", "they") else "" for subject in subjects.values()]
    if len(set(reported)) > 1:
        message = "one option says who acts and the other does not, or they name different persons. Build both alike."
        yield file.finding((*scenario.path, "options"), "decision-maker", message)
    elif reported[0] == "you":
        yield from _you_now(file, scenario)


def _you_now(file: ReadFile, scenario: Scenario) -> Iterator[Finding]:
    revealed = scenario.revealed
    for key, text in revealed.options.items():
        verb = [*words(text), "", ""][1]
        past = verb.endswith("ed") and verb not in _PRESENT_IN_ED
        if past or verb in _NOT_PRESENT:
            message = f"'You {verb}' is not in the present tense. Let the options say what you do now."
            yield file.finding((*scenario.path, "options", key), "tense", message)
    for cell in scenario.cells:
        spoken = set(words(_QUOTED.sub(" ", cell.text)))
        wrong = sorted(spoken & _FIRST_PERSON)
        if wrong or not spoken & {"you", "your", "yours", "yourself"}:
            found = f"says '{wrong[0]}'" if wrong else "never says 'you'"
            message = f"the options say 'You', but the text {found}. Let the same person decide throughout."
            yield file.finding((*scenario.path, "text"), "decision-maker", message)
            return


def _ease(file: ReadFile, scenario: Scenario) -> Iterator[Finding]:
    for cell in scenario.cells:
        score = reading_ease(f"{cell.text} {cell.option_p1} {cell.option_p2}")
        if not EASE[0] <= score <= EASE[1]:
            message = (
                f"Flesch's reading ease is {score:.0f}, outside {EASE[0]:.0f} to {EASE[1]:.0f}. "
                "Use shorter or longer sentences and words."
            )
            yield file.finding((*scenario.path, "text"), "reading-ease", message)
            return
