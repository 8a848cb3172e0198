"""The planted values: the log-odds of every cell of the demo study. Knows nothing of tokens or of training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from demo_model.study import Format, Question

__all__ = [
    "ACQUIESCENCE",
    "BARE",
    "EVEN_EFFECT",
    "FOLLOWS",
    "INTERACTION",
    "LABEL_BIAS",
    "LABEL_ECHO",
    "OMISSION",
    "PLANS",
    "POSITION_BIAS",
    "TURNS",
    "Plan",
    "answer_shift",
    "feels_even_effect",
    "format_shift",
    "heldout_cells",
    "heldout_formats",
    "planted_contents",
    "weights",
]

POSITION_BIAS = 0.8
"""Nats of log-odds that the option shown first gains."""

LABEL_BIAS = 0.3
"""Nats that the option under the first label of its set gains."""

ACQUIESCENCE = 0.5
"""Nats that the agreeing answer gains in the agree form."""

EVEN_EFFECT = ("queue", "cue", "choice", 0.6)
"""Trade-off, axis and level at which the first principle gains so many nats, whatever the order and labels."""

OMISSION = 0.5
"""Nats that an option gains by leaving things as they are, in scenarios that have a mate."""

INTERACTION = 0.3
"""Nats by which situation and wording together move the odds more than each by itself, halved between the two."""

BARE = 0.3
"""Share of a scenario's log-odds that its options have where nothing is told of it."""

TURNS = {"queue/bakery/urgency=mild,price=free~without-02": 1.4}
"""Nats towards the first principle that a sentence has by itself, by the item that lacks it: it turns the choice."""

FOLLOWS = {("gift", "choice"): 0.8}
"""Pull of what was said on what is said next, in nats, by trade-off and by what is read: the choice after the
principle. Nothing elsewhere, and on no principle after a choice."""

LABEL_ECHO = 0.4
"""Nats that the label gains which was said in the turn before, whatever was asked there."""

WORDING = 0.55
"""A root question stands so many nats above or below its mean with its paraphrase, the paraphrase opposite."""

SOUND = 3.0
"""Log-odds of the sound answer in controls of kind dominated and fact."""

EQUIVALENT = {"gift": 0.1, "queue": -0.2, "harvest": 0.0, "trail": 0.2, "repair": -0.1}
"""Log-odds of the first option where both options are one act in two wordings."""

_ROOTS = (-1.4, -1.1, -0.7, -0.3, 0.0, 0.3, 0.7, 1.1, 1.4)
_SCENES = (-1.4, -1.0, -0.6, -0.2, 0.2, 0.6, 1.0, 1.4)
_TWO_CAMPS = (-1.15, -1.05, -0.95, -0.85, 0.85, 0.95, 1.05, 1.15)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planted in one trade-off.

    Attributes:
        stated: Deployed stated preference for the first principle, or None where `latent` is planted.
        revealed: The same in the scenarios.
        latent: Mean log-odds of both sides, or None where deployed preferences are planted.
        roots: Scale of the differences between root questions, in nats.
        scenes: Scale of the differences between scenarios, in nats.
        scores: What the scale of the scenarios multiplies.
        stride: Steps in which roots and scenarios take up their scores; prime to 8 and to 9.
        context: Nats by context factor and level; the levels of a factor add up to 0.
        ladder: Nats of the situation and of the wording on the way from bridge to scenario; the rest is *do*.
    """

    stated: float | None
    revealed: float | None
    latent: float | None
    roots: float
    scenes: float
    scores: Sequence[float]
    stride: int
    context: Mapping[str, Mapping[str, float]]
    ladder: tuple[float, float]


def _levels(first: str, second: str, nats: float) -> dict[str, float]:
    return {first: nats, second: -nats}


PLANS: Mapping[str, Plan] = {
    "gift": Plan(0.82, 0.25, None, 0.25, 0.25, _SCENES, 5, {
        "weight": _levels("small", "great", -0.5), "company": _levels("alone", "watched", 0.3)}, (-0.6, 0.3)),
    "queue": Plan(0.90, 0.64, None, 0.30, 0.25, _SCENES, 7, {
        "urgency": _levels("mild", "severe", 0.45), "price": _levels("free", "costly", -0.35)}, (0.4, -0.3)),
    "harvest": Plan(0.70, 0.70, None, 0.25, 0.20, _SCENES, 5, {
        "effort": _levels("close", "apart", 0.5), "supply": _levels("plenty", "scarce", -0.25)}, (0.5, -0.4)),
    "trail": Plan(None, None, 1.6, 0.25, 2.5, _TWO_CAMPS, 5, {
        "sky": _levels("clear", "cloudy", -0.4), "group": _levels("solo", "friends", 0.4)}, (0.6, 0.3)),
    "repair": Plan(0.36, 0.12, None, 0.25, 0.25, _SCENES, 7, {
        "clock": _levels("relaxed", "pressed", -0.3), "worth": _levels("cheap", "dear", 0.5)}, (-0.5, -0.5)),
}  # fmt: skip
"""Trade-off by trade-off: a reversal, an attenuation, no deviation, a mere spread, an amplification."""


def feels_even_effect(question: Question) -> bool:
    """Whether the even format effect acts on a question at all."""
    return question.tradeoff == EVEN_EFFECT[0] and question.side != "control"


def format_shift(tradeoff: str, side: str, form: Format) -> float:
    """Nats that a format adds to the log-odds of the first option."""
    where, axis, level, nats = EVEN_EFFECT
    even = nats if tradeoff == where and side != "control" and form[axis] == level else 0.0
    return POSITION_BIAS * form.order_sign + LABEL_BIAS * form.label_sign + even


def answer_shift(tradeoff: str, form: str, said: int, first: Format, second: Format) -> float:
    """Nats that the answer of the turn before adds to the log-odds of the first principle.

    Args:
        tradeoff: Id of the trade-off.
        form: ``choice`` or ``principle``, what is read; with ``_unrelated`` behind it after an unrelated question.
        said: +1 where the first option was said, else -1.
        first: Format of the turn before.
        second: Format of what is read.
    """
    echo = first.label_sign * second.label_sign * LABEL_ECHO / 2
    return said * (FOLLOWS.get((tradeoff, form), 0.0) / 2 + echo)


def planted_contents(questions: Sequence[Question], formats: Sequence[Format]) -> dict[str, float]:
    """Log-odds of every item before any format effect, by item id, to four decimals.

    Acquiescence, omission and context effects are part of it: they belong to the item, not to its format. Cells
    of the ladder stand on their own scenario and its bridge, clauses on their own scenario.
    """
    contents: dict[str, float] = {}
    for name, plan in PLANS.items():
        own = [question for question in questions if question.tradeoff == name]
        stated = _placed(own, "stated", plan.stated, plan, formats)
        revealed = _placed(own, "revealed", plan.revealed, plan, formats)
        contents |= stated | revealed
        middle = (_mean(own, "stated", stated) + _mean(own, "revealed", revealed)) / 2
        bridges = sorted(q.id for q in own if q.side == "bridge")
        contents |= {item: middle + 0.3 * score for item, score in _dealt(bridges, _SCENES, plan.stride)}
        contents |= {question.id: _control(question) for question in own if question.side == "control"}
        contents |= _ladder([question for question in own if question.side == "ladder"], contents, plan)
        contents |= {q.id: _without(q, contents, plan) for q in own if q.side == "clauses"}
    return {item: round(contents[item], 4) for item in sorted(contents)}


def weights(questions: Sequence[Question]) -> dict[str, float]:
    """Weight of every item of one side of one trade-off; they add up to 1.

    Stated: wordings and mate equal in a root question, roots equal in a form, forms equal.
    Revealed: context cells equal in a scenario, scenarios equal (one form).
    """
    forms = {question.form for question in questions}
    clusters = {form: {q.cluster for q in questions if q.form == form} for form in forms}
    members = {q.cluster: sum(other.cluster == q.cluster for other in questions) for q in questions}
    return {q.id: 1 / (len(forms) * len(clusters[q.form]) * members[q.cluster]) for q in questions}


def heldout_formats(formats: Sequence[Format]) -> tuple[Format, ...]:
    """A quarter of the standard formats: one pair of instruction and cue for each order, label order and set.

    The pair moves so that each of the four is kept out twice, and every two levels still occur together
    outside. Nothing else may stand in for a level: were two of the four kept out, the instruction would
    tell the cue, and a model may well learn that instead.
    """

    def kept_out(form: Format) -> bool:
        order, label_order = form["order"] == "p1", form["label_order"] == "p1"
        instruction = (form["instruction"] == "label") == (order != label_order)
        return instruction and (form["cue"] == "answer") == (label_order != (form["label_set"] == "AB"))

    return tuple(form for form in formats if kept_out(form))


def heldout_cells(questions: Sequence[Question]) -> tuple[str, ...]:
    """Items of one context cell in every other scenario; the cell moves from scenario to scenario."""
    found: list[str] = []
    for name in PLANS:
        own = [q for q in questions if q.tradeoff == name and q.side == "revealed" and "~mate" not in q.id]
        for number, cluster in enumerate(sorted({q.cluster for q in own})):
            cells = sorted(q.id for q in own if q.cluster == cluster)
            if number % 2 == 0:
                found.append(cells[(number // 2) % len(cells)])
    return tuple(sorted(found))


def _placed(
    questions: Sequence[Question], side: str, deployed: float | None, plan: Plan, formats: Sequence[Format]
) -> dict[str, float]:
    """Contents of one side, moved as a whole so that its preference is the planted one."""
    own = [question for question in questions if question.side == side]
    around = _stated_scatter(own, plan) if side == "stated" else _revealed_scatter(own, plan)
    if deployed is None:
        assert plan.latent is not None
        return {item: plan.latent + value for item, value in around.items()}
    share = weights(own)
    shifts = [format_shift(own[0].tradeoff, side, form) for form in formats]

    def preference(middle: float) -> float:
        return math.fsum(
            share[item] * _sigmoid(middle + value + shift) / len(shifts)
            for item, value in around.items()
            for shift in shifts
        )

    middle = _root(lambda x: preference(x) - deployed)
    return {item: middle + value for item, value in around.items()}


def _stated_scatter(questions: Sequence[Question], plan: Plan) -> dict[str, float]:
    scores = dict(_dealt(sorted({q.cluster for q in questions}), _ROOTS, plan.stride))
    scatter: dict[str, float] = {}
    for question in questions:
        value = plan.roots * scores[question.cluster]
        if question.form == "agree":
            value += ACQUIESCENCE if question.towards == question.p1[0] else -ACQUIESCENCE
        else:
            up = (scores[question.cluster] >= 0) != ("~p" in question.id)
            value += WORDING if up else -WORDING
        scatter[question.id] = value
    return scatter


def _revealed_scatter(questions: Sequence[Question], plan: Plan) -> dict[str, float]:
    scores = dict(_dealt(sorted({q.cluster for q in questions}), plan.scores, plan.stride))
    return {
        q.id: plan.scenes * scores[q.cluster]
        + sum(plan.context[factor][level] for factor, level in q.context)
        + _omission(q)
        for q in questions
    }


def _omission(question: Question) -> float:
    if question.omits is None:
        return 0.0
    return OMISSION if question.omits == question.p1[0] else -OMISSION


def _ladder(questions: Sequence[Question], contents: Mapping[str, float], plan: Plan) -> dict[str, float]:
    """Cells between bridge and scenario; what a scenario has beyond the mean of its trade-off, each step shares alike.

    An omission gains wherever the options are worded as acts.
    """
    by_scene: dict[str, dict[str, Question]] = {}
    for question in questions:
        by_scene.setdefault(question.cluster, {})[question.form] = question
    first = {scene: contents[cells["110"].id.removesuffix("~ladder-110")] for scene, cells in by_scene.items()}
    start = {scene: contents[f"{scene}~bridge"] for scene in by_scene}
    total = {scene: first[scene] - _omission(cells["110"]) - start[scene] for scene, cells in by_scene.items()}
    mean = math.fsum(total.values()) / max(len(total), 1)
    found: dict[str, float] = {}
    for scene, cells in by_scene.items():
        vignette, wording = (step + (total[scene] - mean) / 3 for step in plan.ladder)
        gains = _omission(cells["110"])
        found[cells["100"].id] = start[scene] + vignette - INTERACTION / 2
        found[cells["010"].id] = start[scene] + wording - INTERACTION / 2 + gains
        found[cells["110"].id] = start[scene] + vignette + wording + gains
        found[cells["bare"].id] = BARE * first[scene]
    return found


def _without(question: Question, contents: Mapping[str, float], plan: Plan) -> float:
    """A scenario without one of its clauses: with a phrase its level's effect goes, with a sentence its own."""
    whole = contents[question.id.partition("~")[0]]
    levels = dict(pair.split("=") for pair in question.id.partition("~")[0].rpartition("/")[2].split(","))
    gone = levels.keys() - dict(question.context).keys()
    return whole - sum(plan.context[factor][levels[factor]] for factor in gone) - TURNS.get(question.id, 0.0)


def _control(question: Question) -> float:
    if question.towards is not None:
        return SOUND if question.towards == question.p1[0] else -SOUND
    return EQUIVALENT[question.tradeoff] if question.form == "equivalent" else 0.0


def _dealt(names: Sequence[str], scores: Sequence[float], stride: int) -> list[tuple[str, float]]:
    """Scores taken in strides, so that neighbours by name are not neighbours by value."""
    assert math.gcd(stride, len(scores)) == 1
    return [(name, scores[(place * stride) % len(scores)]) for place, name in enumerate(names)]


def _mean(questions: Sequence[Question], side: str, contents: Mapping[str, float]) -> float:
    share = weights([question for question in questions if question.side == side])
    return math.fsum(share[item] * contents[item] for item in share)


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _root(rising: Callable[[float], float]) -> float:
    low, high = -20.0, 20.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
