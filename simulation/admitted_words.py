"""The words where levels of format axes are chosen on controls first: does looking at these make wrong words likelier?

A label set and a cue have two levels each. Under the second label set the option shown first gains more, and controls
answer with less option mass; so the choice of levels hangs on the chance of the controls, and differs between sets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.formats import Formats, lay_formats
from probe.analysis.levels import Known, admit, kept_variants
from simulation.word_cases import apart_in_content
from simulation.words import ROOTS, SCENARIOS, WORDS, Drawn, Truth, draw_words

__all__ = ["CONTROLS", "MASSES", "WITHIN", "Levels", "admitted_cases", "admitted_shares"]

CONTROLS = 8
"""Controls of the half that levels are chosen on; all of them have a sound option."""

SOUND = 0.8
"""Mean p from which on an answer is right."""

KNOWN = 5.0
"""Mean log-odds towards the sound option, nats; standard deviation 1."""

MASSES = (0.56, 0.46)
"""Mean option mass of controls under either label set; standard deviation .1 over controls."""

CUE = 0.04
"""By so much the second cue lowers it, and the first raises it."""

WITHIN = 0.25
"""Standard deviation of what a label set does to a single item, nats."""

SECOND = 5.0
"""What the option shown first gains under the second label set, nats."""

FORMATS = lay_formats(
    {
        "order": ("p1", "p2"),
        "label_order": ("p1", "p2"),
        "label_set": ("AB", "12"),
        "enclosure": ("paren",),
        "layout": ("lines",),
        "instruction": ("label",),
        "cue": ("answer", "choice"),
    }
)


@dataclass(frozen=True, slots=True)
class Levels:
    """A trade-off whose formats differ.

    Attributes:
        truth: Contents of both sides; its bias is that under the first label set.
        bias: What the option shown first gains under the second, nats.
    """

    truth: Truth
    bias: float


def admitted_cases() -> dict[str, Levels]:
    """Truths by what they are."""
    cases: dict[str, Levels] = {}
    for bias in (0.0, 3.0):
        told = f"bias {bias:g} and {SECOND:g}"
        truths = {
            "no content": Truth(0.0, 0.0, 0.05, bias),
            "equal contents .5 nats, SD .5": Truth(0.5, 0.5, 0.5, bias),
            "equal contents 3 nats, SD .5": Truth(3.0, 3.0, 0.5, bias),
            "C .05, SD .25": apart_in_content(0.05, 0.25, bias),
            "C .05 around .8, SD .25": apart_in_content(0.05, 0.25, bias, 0.8),
            "C .08, SD .25": apart_in_content(0.08, 0.25, bias),
            "opposite contents, C 0.3, SD 0.5": apart_in_content(0.3, 0.5, bias),
        }
        cases |= {f"{name}, {told}": Levels(truth, SECOND) for name, truth in truths.items()}
    return cases


def admitted_shares(case: Levels, sets: int, rng: np.random.Generator, family: int = 30) -> dict[str, float]:
    """Share of sets that get each word over the levels that their controls chose, and in which a level was dropped.

    Args:
        case: The truth.
        sets: Independent studies of one trade-off: controls, nine root questions, twelve scenarios.
        rng: The chance.
        family: Number of tests planned.
    """
    chosen: dict[tuple[tuple[str, str], ...], int] = {}
    for _ in range(sets):
        dropped = admit(_controls(case, rng), FORMATS)
        chosen[dropped] = chosen.get(dropped, 0) + 1
    counts = dict.fromkeys((*WORDS, "by format"), 0)
    for dropped, number in sorted(chosen.items()):
        words, by_format = draw_words(_drawn(case, dropped, number, rng), rng, family)
        for word in WORDS:
            counts[word] += int((words == word).sum())
        counts["by format"] += int(by_format.sum())
    return {**{word: count / sets for word, count in counts.items()}, "dropped": 1 - chosen.get((), 0) / sets}


def _second(formats: Formats, axis: str) -> Float64[np.ndarray, " variants"]:
    """1 where the second level of an axis stands, else 0."""
    place = list(formats.varied).index(axis)
    return np.asarray(np.indices(formats.shape)[place].reshape(-1), dtype=np.float64)


def _pull(case: Levels) -> Float64[np.ndarray, " variants"]:
    second = _second(FORMATS, "label_set")
    return np.asarray(FORMATS.order * (case.truth.bias * (1 - second) + case.bias * second))


def _controls(case: Levels, rng: np.random.Generator) -> Known:
    second = _second(FORMATS, "label_set")
    mean = MASSES[0] * (1 - second) + MASSES[1] * second + CUE * (1 - 2 * _second(FORMATS, "cue"))
    mass = np.clip(mean + 0.1 * rng.standard_normal((CONTROLS, 1)), 0.01, 0.99)
    known = KNOWN + rng.standard_normal((CONTROLS, 1)) + _pull(case)
    return Known(mass, np.asarray(expit(known)), SOUND)


def _drawn(case: Levels, dropped: tuple[tuple[str, str], ...], sets: int, rng: np.random.Generator) -> Drawn:
    """Mean p and content of every cluster over the formats that are left."""
    kept, second, pull = kept_variants(FORMATS, dropped), _second(FORMATS, "label_set"), _pull(case)
    p, content = [], []
    for mean, clusters in ((case.truth.stated, ROOTS), (case.truth.revealed, SCENARIOS)):
        own = mean + case.truth.spread * rng.standard_normal((sets, clusters, 1))
        within = WITHIN * rng.standard_normal((sets, clusters, 2))
        z = (own + within[..., second.astype(int)] + pull)[..., kept]
        p.append(expit(z).mean(axis=-1))
        content.append(expit(z.mean(axis=-1)))
    return Drawn((p[0], p[1]), (content[0], content[1]))
