"""Rules of a trade-off file that span several fields: principles, polarity, ids, controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from probe.design.placeholders import brace_problems, factor_problems
from probe.design.predictions import prediction_problems
from probe.design.shape import Bridge, Control, Mate, Paraphrase, Revealed, Stated, TradeOff
from probe.design.strict_yaml import Document, Fault, ValuePath
from probe.design.typed_yaml import did_you_mean, listed, path_text

__all__ = ["rule_faults"]

Problem = tuple[ValuePath, str]
_RIGHT_ANSWER = ("dominated", "fact")


def rule_faults(document: Document, tradeoff: TradeOff) -> Iterator[Fault]:
    """What breaks a rule, each with its line."""
    for path, message in _problems(tradeoff):
        yield document.fault(path, message)


def _problems(tradeoff: TradeOff) -> Iterator[Problem]:
    principles = tradeoff.principles
    if len(principles) != 2:
        message = f"principles: two are expected, found {len(principles)}. Set one principle against another."
        yield ("principles",), message
        return
    if not (tradeoff.stated or tradeoff.revealed or tradeoff.controls):
        yield (), "the file: holds no item. Write one under 'stated', 'revealed' or 'controls'."
    yield from _id_problems(tradeoff)
    yield from prediction_problems(tradeoff)
    for index, stated in enumerate(tradeoff.stated):
        yield from _stated_problems(("stated", index), stated, principles)
    for index, revealed in enumerate(tradeoff.revealed):
        yield from _revealed_problems(("revealed", index), revealed, principles)
    for index, control in enumerate(tradeoff.controls):
        yield from _control_problems(("controls", index), control)


def _id_problems(tradeoff: TradeOff) -> Iterator[Problem]:
    first: dict[str, str] = {}
    items: dict[str, tuple[Stated | Revealed | Control, ...]] = {
        "stated": tradeoff.stated,
        "revealed": tradeoff.revealed,
        "controls": tradeoff.controls,
    }
    for part, entries in items.items():
        for index, item in enumerate(entries):
            here = path_text((part, index))
            if item.id in first:
                message = f"{here}: the id '{item.id}' is the id of {first[item.id]} too. Rename one."
                yield (part, index, "id"), message
            first.setdefault(item.id, here)


def _stated_problems(path: ValuePath, stated: Stated, principles: Mapping[str, str]) -> Iterator[Problem]:
    yield from _question_problems(path, stated, principles)
    for index, one in enumerate(stated.paraphrases):
        here: ValuePath = (*path, "paraphrases", index)
        if isinstance(one, Paraphrase):
            yield from _question_problems(here, one, principles)
        else:
            yield from brace_problems(here, one)
    if stated.fixed:
        yield from _fixed_stated_problems(path, stated)
    if stated.mate is not None:
        yield from _question_problems((*path, "mate"), stated.mate, principles)
    yield from _mate_problems(path, stated)


def _fixed_stated_problems(path: ValuePath, stated: Stated) -> Iterator[Problem]:
    if stated.form != "choose":
        message = (
            f"{path_text(path)}: a fixed question prints its own answers, found form '{stated.form}'. Set form: choose."
        )
        yield (*path, "form"), message
    yield from _label_problems((*path, "options"), stated.options)
    for index, one in enumerate(stated.paraphrases):
        if isinstance(one, Paraphrase):
            yield from _label_problems((*path, "paraphrases", index, "options"), one.options)


def _label_problems(path: ValuePath, options: Mapping[str, str]) -> Iterator[Problem]:
    """What keeps the words of a fixed item's options from being labels."""
    for key, text in options.items():
        if any(character.isspace() for character in text):
            message = (
                f"{path_text((*path, key))}: the words of a fixed item's options are its labels, found {text!r}, which "
                "holds white space. Write the label alone, such as Yes or A."
            )
            yield (*path, key), message
    words = list(options.values())
    if len(words) == 2 and words[0] != words[1] and (words[0].startswith(words[1]) or words[1].startswith(words[0])):
        message = f"{path_text(path)}: of the labels {listed(words)} one begins the other. An answer could be either."
        yield path, f"{message} Leave the item out."


def _mate_problems(path: ValuePath, stated: Stated) -> Iterator[Problem]:
    here = path_text(path)
    if stated.form != "agree" and stated.mate is not None:
        message = f"{here}: only the agree form has a mate, found form '{stated.form}'. Remove it, or set form: agree."
        yield (*path, "mate"), message
    if stated.form == "agree" and stated.mate is None:
        message = (
            f"{here}: the agree question '{stated.id}' has no mate. Without its negated twin the pull towards agreeing "
            "cannot be distinguished from a preference. Write the mate."
        )
        yield (*path, "form"), message
    if stated.form == "agree" and stated.mate is not None:
        agreeing, other = next(iter(stated.options), None), next(iter(stated.mate.options), None)
        if agreeing == other:
            message = (
                f"{here}.mate: the pair is unbalanced: agreeing stands for '{agreeing}' in the question and its mate, "
                "so that the pull towards agreeing would count as a preference. The option listed first is the "
                "agreeing answer: negate the mate's statement, and list first the option for the other principle."
            )
            yield (*path, "mate", "options"), message


def _revealed_problems(path: ValuePath, revealed: Revealed, principles: Mapping[str, str]) -> Iterator[Problem]:
    yield from _principle_problems((*path, "options"), revealed.options, principles)
    yield from _same_text_problems((*path, "options"), revealed.options)
    if revealed.why:
        yield from _principle_problems((*path, "why"), revealed.why, principles)
    yield from factor_problems(path, revealed)
    if revealed.fixed:
        yield from _label_problems((*path, "options"), revealed.options)
    if revealed.bridge is not None:
        yield from _question_problems((*path, "bridge"), revealed.bridge, principles)


def _question_problems(
    path: ValuePath, question: Stated | Mate | Bridge | Paraphrase, principles: Mapping[str, str]
) -> Iterator[Problem]:
    yield from _principle_problems((*path, "options"), question.options, principles)
    yield from _same_text_problems((*path, "options"), question.options)
    yield from brace_problems((*path, "text"), question.text)
    for key, text in question.options.items():
        yield from brace_problems((*path, "options", key), text)


def _principle_problems(
    path: ValuePath, options: Mapping[str, str], principles: Mapping[str, str]
) -> Iterator[Problem]:
    if set(options) == set(principles):
        return
    wrong = [key for key in options if key not in principles]
    free = [key for key in principles if key not in options]
    hint = (did_you_mean(wrong[0], free) if wrong else "") or " Name each principle once."
    message = f"{path_text(path)} has keys {listed(options)}; the principles are {listed(principles)}.{hint}"
    yield (*path, *wrong[:1]), message


def _same_text_problems(path: ValuePath, options: Mapping[str, str]) -> Iterator[Problem]:
    if len(options) == 2 and len(set(options.values())) == 1:
        message = f"{path_text(path)}: both options have the same text. Write two different ones."
        yield path, message


def _control_problems(path: ValuePath, control: Control) -> Iterator[Problem]:
    here, options = path_text(path), control.options
    yield from brace_problems((*path, "text"), control.text)
    for key, text in options.items():
        yield from brace_problems((*path, "options", key), text)
    if len(options) != 2:
        yield (*path, "options"), f"{here}.options: two options are expected, found {len(options)}. Write two."
    elif control.kind == "identical" and len(set(options.values())) != 1:
        message = f"{here}.options: a control of kind 'identical' has two equal texts, found two different ones. "
        yield (*path, "options"), message + "Make them equal, or set another kind."
    elif control.kind != "identical":
        yield from _same_text_problems((*path, "options"), options)
    yield from _expect_problems(path, control)


def _expect_problems(path: ValuePath, control: Control) -> Iterator[Problem]:
    here, options = path_text(path), control.options
    if control.kind not in _RIGHT_ANSWER:
        if control.expect is not None:
            message = (
                f"{here}: a control of kind '{control.kind}' has no right answer, found expect '{control.expect}'. "
            )
            yield (*path, "expect"), message + "Remove 'expect', or set another kind."
    elif control.expect is None:
        message = (
            f"{here}: a control of kind '{control.kind}' needs 'expect', the option that a sound reading chooses. "
        )
        yield (*path, "kind"), message + f"Add it: one of {listed(options)}."
    elif control.expect not in options:
        hint = did_you_mean(control.expect, options) or " Name one of them."
        message = f"{here}.expect is '{control.expect}'; the options are {listed(options)}.{hint}"
        yield (*path, "expect"), message
