"""Labels and option texts beside each other: what words rest on, in a sentence, a line, tables. Computes no number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.report.number_format import MISSING, amount, clean, interval, joined, probability, signed
from probe.report.sentences import by_distance
from probe.report.table import Column, Table, build, word
from probe.report.worded import NAMED, text_word

if TYPE_CHECKING:
    from probe.analysis.results import ModelResults
    from probe.analysis.text_results import Convergence, KnownAnswers, Method, Methods, SignRate, TextSide

__all__ = ["method_line", "method_sentence", "method_tables"]

_SHORT: dict[Method, str] = {"labels": "labels", "pmi": "PMI", "token": "per token", "sum": "sum"}

_NAMED = 3
"""So many trade-offs without option texts are named."""


def method_line(model: ModelResults) -> str:
    """One line where option texts decide something: where words do not rest on labels."""
    found = model.methods
    if found is None or found.chosen == "labels":
        return ""
    counts = ", ".join(f"{_SHORT[name]} {one.right}" for name, one in _in_order(found))
    of = max((one.of for one in found.known_answers.values()), default=0)
    rests = "No method is better than guessing" if found.chosen == "none" else f"Words rest on {NAMED[found.chosen]}"
    return f"{rests}: of {of} known answers the right one is ahead by {counts}.{_without_texts(model)}"


def method_sentence(model: ModelResults) -> str:
    """Which method the words rest on and why; empty where option texts were not read."""
    found = model.methods
    if found is None:
        return ""
    if not found.known_answers:
        return "There is no known-answer control to choose between labels and option texts by: no word rests on either."
    counted = joined([_known(name, one) for name, one in _in_order(found)])
    lines = [f"Known answers whose right option is ahead in the mean over formats: {counted}."]
    if found.chosen == "none":
        lines.append("By no method is that shown to be better than guessing, so no word rests on any.")
    elif found.chosen == "labels":
        lines.append("Words rest on labels, which are shown to be better than guessing.")
    else:
        why = ", as labels are not shown to be better than guessing" if "labels" in found.known_answers else ""
        lines.append(f"Words rest on {NAMED[found.chosen]}{why}; only the signs of these enter them.")
        lines.append(_without_texts(model).strip())
    if found.convergence:
        lines.append(f"Correlation of an item's content by label and by text: {_converging(found)}.")
    return " ".join(line for line in lines if line)


def method_tables(model: ModelResults) -> tuple[Table, ...]:
    """Known answers by method, and sign rates by trade-off and side; none where option texts were not read."""
    found = model.methods
    if found is None:
        return ()
    rows = [(key, side, own) for key, t in by_distance(model) if t.texts for side, own in t.texts.sides.items()]
    converging = [(key, t.texts.convergence) for key, t in by_distance(model) if t.texts and t.texts.convergence]
    return (
        build(
            "Methods side by side",
            "Known-answer controls with one right answer, over all trade-offs: how many are right by the mean over "
            "formats, the share with its exact 95 % interval (Clopper and Pearson), and the one-sided binomial p if "
            "each were guessed. Words rest on labels if their p is at most .05; else on the normaliser with the least "
            "p that is at most .05 / 3; else on none. Convergence: correlation over items of the mean log-odds by "
            "label with the score by text, centred within trade-offs, with a 95 % interval over questions and "
            f"scenarios. Questions without listed options were asked in {found.formats} "
            f"format{'s' * (found.formats != 1)}.",
            _in_order(found),
            [
                Column("method", lambda r: NAMED[r[0]]),
                Column("right", lambda r: f"{r[1].right} of {r[1].of}"),
                Column("share", lambda r: f"{probability(r[1].rate)} {interval(r[1].interval)}"),
                Column("p", lambda r: amount(r[1].p)),
                Column("convergence", lambda r: _correlation(found.convergence.get(r[0]))),
                word("words rest on it", lambda r: "yes" if r[0] == found.chosen else "no"),
            ],
        ),
        build(
            "Sign rates by method",
            "Share of items whose mean over formats favours the first principle, weighted as preferences are, with "
            "95 % t intervals over questions or scenarios (none where all are alike). Marked: items that ask which of "
            "the options, though by text none are listed; behind the slash the rate without them. Of option texts "
            "nothing but these signs enters a word.",
            rows,
            [
                Column("trade-off", lambda r: r[0]),
                word("side", lambda r: r[1]),
                Column("items", lambda r: f"{r[2].items}, {r[2].marked} marked" if r[2].marked else str(r[2].items)),
                *(Column(_SHORT[name], lambda r, name=name: _rates(r[2], name)) for name in NAMED),  # type: ignore[misc]
            ],
        ),
        *(
            (
                build(
                    "Convergence of methods",
                    "Correlation over stated and revealed items of the mean log-odds by label with the score by text, "
                    "with a 95 % interval by a jackknife over questions and scenarios.",
                    converging,
                    [
                        Column("trade-off", lambda r: r[0]),
                        Column("items", lambda r: str(next(iter(r[1].values())).items)),
                        *(
                            Column(_SHORT[name], lambda r, name=name: _correlation(r[1].get(name)))  # type: ignore[misc]
                            for name in NAMED
                            if name != "labels"
                        ),
                    ],
                ),
            )
            if converging
            else ()
        ),
    )


def _without_texts(model: ModelResults) -> str:
    """Which trade-offs have no word since there are no texts of them, behind what else is said; empty where none."""
    if model.methods is None or model.methods.chosen in ("labels", "none"):
        return ""
    bare = [
        clean(key) for key, one in sorted(model.tradeoffs.items()) if one.verdict is not None and not text_word(one)
    ]
    if not bare:
        return ""
    named = joined(bare if len(bare) <= _NAMED else [*bare[:_NAMED], f"{len(bare) - _NAMED} more"])
    return f" No word on {named}: {'its' if len(bare) == 1 else 'their'} items print their own answers, so no texts."


def _in_order(found: Methods) -> list[tuple[Method, KnownAnswers]]:
    return [(name, found.known_answers[name]) for name in NAMED if name in found.known_answers]


def _known(name: Method, one: KnownAnswers) -> str:
    return f"{one.right} of {one.of} by {NAMED[name]} ({probability(one.rate)}, 95 % interval {interval(one.interval)})"


def _converging(found: Methods) -> str:
    return joined(
        [f"{_correlation(found.convergence.get(name))} ({_SHORT[name]})" for name in NAMED if name != "labels"]
    )


def _correlation(one: Convergence | None) -> str:
    if one is None or one.correlation is None:
        return MISSING
    bounds = one.interval
    return signed(one.correlation) + (f" [{signed(bounds[0])}, {signed(bounds[1])}]" if bounds else "")


def _rates(side: TextSide, name: Method) -> str:
    whole, rest = side.rates.get(name), side.unmarked.get(name)
    return f"{_rate(whole)} / {_rate(rest)}" if rest else _rate(whole)


def _rate(one: SignRate | None) -> str:
    if one is None:
        return MISSING
    return f"{probability(one.value)} {interval(one.interval)}" if one.interval else probability(one.value)
