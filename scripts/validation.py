"""Writes docs/validation.md and its figures: the statistics on made-up readings whose truth is known."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from probe.analysis.intervals import equal_weights, welch
from probe.analysis.results import Gu2025Result
from probe.analysis.study import analyse
from simulation.admitted_words import CONTROLS, MASSES, WITHIN, admitted_cases, admitted_shares
from simulation.agreement import differences
from simulation.cases import AXES, coverage_cases
from simulation.gated import Gated, try_gates
from simulation.table import facts_of, readings
from simulation.trials import MARGIN, Claims, Coverage, Family, Rejections
from simulation.truth import truth_of
from simulation.validation import (
    COVERAGE,
    KL_LEAST,
    LONG_RUN,
    REJECTION,
    SEEDS,
    Validation,
    validate,
)
from simulation.word_cases import apart_in_content, word_cases
from simulation.words import WORDS, drawn
from simulation.words import shares as word_shares
from simulation.world import TradeOff, World
from simulation.worlds import plain, rich, slotted

PAGE = Path(__file__).resolve().parents[1] / "docs" / "validation.md"
GATE_SEEDS = 5
WORD_SETS = 600
CEILING_SETS = 2_000
COUNTED = (*WORDS, "by format")
MODEL = "synthetic"
FLOORS = {MODEL: 1e-9}


@dataclass(frozen=True)
class Studied:
    """Whole made-up studies through the whole analysis.

    Attributes:
        differences: Largest difference from the definitions over all studies, by group of figures.
        sampled: R - S and the published protocol on one drawn set of each truth.
    """

    differences: dict[str, float]
    sampled: dict[str, tuple[float | None, Gu2025Result | None]]


def study() -> Studied:
    largest: dict[str, float] = {}
    for make, seed in itertools.product((plain, rich, slotted), SEEDS):
        world = make()
        rows, facts = readings(world, seed, MODEL), facts_of(world)
        result = analyse(rows, facts, FLOORS).models[MODEL].tradeoffs["t"]
        for group, value in differences(result, truth_of(rows, "t", facts.agreeing)).items():
            largest[group] = max(largest.get(group, 0.0), value)
    world = World({case.name: TradeOff(case.stated, case.revealed) for case in coverage_cases()}, AXES)
    found = analyse(readings(world, SEEDS[0], MODEL), facts_of(world), FLOORS).models[MODEL].tradeoffs
    sampled = {name: (found[name].gap, found[name].gu2025) for name in world.tradeoffs}
    return Studied(largest, sampled)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (headings, *rows)]
    lines.insert(1, "|---" * len(headings) + "|")
    return "\n".join(lines)


def shares(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3f}".removeprefix("0") for value in values)


def difference(value: float) -> str:
    """Rounding differs between machines and is not told to the digit."""
    return "below 1e-13" if value < 1e-13 else f"{value:.0e}"


def within(values: Sequence[float], band: tuple[float, float]) -> str:
    return "yes" if all(band[0] <= value <= band[1] for value in values) else "**no**"


def coverage_rows(found: Validation) -> list[list[str]]:
    rows = []
    for name, results in found.coverage.items():
        long = found.coverage_long[name]
        gap, root, kl = ([getattr(one, field) for one in results] for field in ("gap", "root", "kl"))
        held = (within(gap, COVERAGE), within(root, COVERAGE), within(kl, (KL_LEAST, 1.0)))
        rows.append(
            [
                name,
                f"{long.true_gap:+.2f}" if abs(long.true_gap) > 1e-6 else "0",
                shares(gap),
                shares(root),
                shares(kl),
                shares([long.gap, long.root, long.kl]),
                "yes" if set(held) == {"yes"} else "**no**",
            ]
        )
    return rows


def kl_row(name: str, long: Coverage) -> list[str]:
    excess = long.mean_kl - long.true_kl
    return [name, f"{long.true_kl:.4f}", f"{long.mean_kl:.4f}", f"{excess:.4f}", f"{long.told_bias:.4f}"]


def rejection_row(name: str, results: Sequence[Rejections], long: Rejections) -> list[str]:
    tests = [one.test for one in results]
    return [
        name,
        shares(tests),
        shares([long.test]),
        within(tests, REJECTION),
        shares([long.ranked_by_t]),
        shares([long.t_of_clusters]),
        shares([long.t_of_items]),
    ]


def family_row(name: str, results: Sequence[Family]) -> list[str]:
    power = [one.power for one in results if one.power is not None]
    return [
        name,
        shares([one.error for one in results]),
        shares([one.claimed for one in results]),
        shares(power) if power else "–",
    ]


def gate_row(name: str, gated: Gated) -> list[str]:
    closed = ", ".join(gate.replace("_", " ") for gate in gated.closed) or "–"
    return [name, closed, str(gated.tradeoffs), str(gated.would_claim), str(gated.claimed)]


def claim_columns(of: Mapping[float, Claims], field: str) -> list[str]:
    return [shares([getattr(one, field)]) for one in of.values()]


def sampled_row(name: str, gap: float | None, found: Gu2025Result | None) -> list[str]:
    if gap is None or found is None:
        raise ValueError(f"{name}: a side is absent")
    few = found.published_size
    return [
        name,
        f"{gap:+.3f}",
        f"{found.kl_log10:.3f}",
        f"{few.mean:.3f}",
        f"{few.low:.3f} to {few.high:.3f}".replace("-0.000", "0.000"),
        "–" if few.wrong_sign is None else f"{few.wrong_sign:.0%}",
        "–" if found.draws_per_prompt is None else str(found.draws_per_prompt),
    ]


def page(found: Validation, gated: Mapping[str, Gated], studied: Studied) -> str:
    """The text of the page."""
    return "\n".join(
        [
            *opening(found, studied),
            *intervals(found),
            *tests(found),
            *claiming(found, gated),
            *wording(),
            *admitting(),
            *sampling(studied),
        ]
    )


def opening(found: Validation, studied: Studied) -> list[str]:
    return [
        f"""# Validation

Written by `make validation` from trials on made-up readings; change the text there, in `scripts/validation.py`.

Whether an interval holds what it should can only be seen where the truth is known. Here it is: readings are drawn
from known parameters (content of either side, spread of questions and stories, rewordings and negated mates,
context factors, position and label biases), and the same functions that make `results.json` are tried on them,
thousands of data sets at once. The six truths and the five ways to have R = S were fixed before the first trial.
Every figure stands here as it was found, once from each of {len(SEEDS)} fixed seeds with {found.sets:,} data
sets; a long run of {LONG_RUN:,} tells what those figures vary around.

A data set has 9 root questions in three forms, each with a rewording or a negated mate, and 12 stories of four
context cells; every item is read in four formats (order by label order). Questions and stories are drawn anew
each time, with a standard deviation of 1.0 nats in log-odds unless said otherwise.

## The estimators

Whole tables of readings went through the whole analysis, and each figure was worked out a second time from its
definition, with plain probabilities in plain loops. Largest difference over {3 * len(SEEDS)} tables that between
them have every effect there is:
""",
        table(
            ["figures", "largest difference"],
            [[name, difference(value)] for name, value in studied.differences.items()],
        ),
        "",
    ]


def intervals(found: Validation) -> list[str]:
    few = [
        [name, *(shares([getattr(one, field) for one in results]) for field in ("gap", "root", "kl"))]
        for name, results in found.few_clusters.items()
    ]
    return [
        """## Intervals

Share of 95 % intervals that hold the truth about all questions and stories that could have been drawn. Asked for:
.92 to .98 for R - S and for the signed root of 2 KL, at least .92 for KL. *Stated side saturated* has S = .97 and
R = .85; its shortfall for R - S is skewness: nine probabilities crowded below 1 and a few far below. The signed
root is less affected, because it is on a scale on which the sides are less skewed.
""",
        table(
            ["truth", "R - S", "coverage of R - S", "of the signed root", "of KL", "long run, all three", "as asked"],
            coverage_rows(found),
        ),
        """
![Coverage by truth, with 9 and 12 clusters (filled) and with 4 a side (hollow)](images/validation-coverage.svg)

With four clusters a side (hollow dots) intervals are reported, and nothing is asked of them: with so few, a side that
falls into two camps, or is crowded against 1, is often seen from one side only.
""",
        table(["truth, 4 clusters a side", "coverage of R - S", "of the signed root", "of KL"], few),
        """
The plug-in KL is too large on average. The bias that is shown beside it is right where the sides do not differ,
and is of the order of the excess elsewhere:
""",
        table(
            ["truth", "KL(R \\|\\| S), nats", "mean of the plug-in", "excess", "mean of the bias shown"],
            [kl_row(name, long) for name, long in found.coverage_long.items()],
        ),
        "",
    ]


def tests(found: Validation) -> list[str]:
    return [
        """## The test of R = S

Share of data sets in which R = S = .6 is rejected at .05. Asked for: .03 to .07. The last three columns are tests that
this one replaces, on the data of the long run: the last one takes items for draws, which is what makes rewordings and
context cells look like evidence.
""",
        table(
            [
                "data",
                "rejected",
                "long run",
                "as asked",
                "ranked by \\|t\\|",
                "t test on clusters",
                "t test on items",
            ],
            [rejection_row(name, results, found.rejections_long[name]) for name, results in found.rejections.items()],
        ),
        """
![Rejections by ratio of spreads](images/validation-rejections.svg)

Exchanging clusters is exact where the sides' clusters are exchangeable, and close to it elsewhere. Furthest off is
the side with *fewer* clusters spread four times as wide, so that its variance is about seven times the other's.
Nine probabilities from a wide spread are skewed and bounded, so Welch's t test itself rejects too often. And
exchanged clusters come from both sides and have about 19 degrees of freedom where the data have 8 or 9: ranked by
|t| they make it worse, which is why the test ranks them by the p-value of their own t test. The price is some
power with few clusters and small p-values, since an arrangement that takes its variance from the smaller side has
to show a larger |t|.

**Families.** Share of families of eight tests with a false rejection after Holm, and with a false claim of a
deviation, which also needs the interval beyond the margin. Asked for: .05, up to chance.
""",
        table(
            ["family", "false rejection", "false claim", "rejected where there is a difference"],
            [family_row(name, results) for name, results in found.families.items()],
        ),
        """
The far tail of a t with few skewed clusters is worse than its 5 % point, so a family in which *every* trade-off
has one side spread four times as wide as the other does not keep .05 (one seed, half as many families):
""",
        table(
            ["family, clusters", "false rejection", "false claim"],
            [family_row(name, [one])[:3] for name, one in found.unequal_families.items()],
        ),
        """
What helps is more questions on the wide side. Whether a study is concerned is seen from the intervals of both
sides: one that is twice as wide as the other or wider, on the side with fewer clusters, is a reason to read an
adjusted p just below .05 with caution.
""",
    ]


def claiming(found: Validation, gated: Mapping[str, Gated]) -> list[str]:
    power = found.power
    gaps = [f"{gap:g}" for gap in power.in_family]
    spreads = [f"{spread:g}" for spread in power.at_margin]
    return [
        """## Claims

How often a deviation is claimed, by R - S (S = .5, spread of 1.0 nats): the test rejects and the whole 95 % interval
lies beyond a margin of .05.
""",
        table(
            ["clusters", *gaps],
            [
                *([f"{n} and {n * 4 // 3}", *claim_columns(of, "deviation")] for n, of in power.deviation.items()),
                ["9 and 12, first of 24 tests", *claim_columns(power.in_family, "deviation")],
            ],
        ),
        """
How often *no deviation* is claimed where R = S = .5, by the spread of the clusters in nats: the 90 % interval
lies within the margin. Without narrow spread or many clusters the honest answer is *undecided*, whatever the
truth.
""",
        table(
            ["clusters", *spreads],
            [[f"{n} and {n * 4 // 3}", *claim_columns(of, "no_deviation")] for n, of in power.no_deviation.items()],
        ),
        """
![Power of both claims](images/validation-power.svg)

Where R - S is exactly the margin, either claim is wrong (9 and 12 clusters, by spread; asked for: at most .025
and .05, up to chance):
""",
        table(
            ["claim", *spreads],
            [
                ["deviation", *claim_columns(power.at_margin, "deviation")],
                ["no deviation", *claim_columns(power.at_margin, "no_deviation")],
            ],
        ),
        """
**Validity checks.** A firm deviation (.85 against .3) and a firm equality, with one check failed at a time. Nothing is
claimed behind a failed validity check:
""",
        table(
            ["what fails", "checks failed", "trade-offs", "would be claimed", "claimed"],
            [gate_row(name, one) for name, one in gated.items()],
        ),
        "",
    ]


def wording() -> list[str]:
    """How often each word is said, seed after seed."""
    rows = []
    for name, truth in word_cases().items():
        found = [word_shares(truth, WORD_SETS, np.random.default_rng(seed)) for seed in SEEDS]
        rows.append([name, *(f"{np.mean([one[word] for one in found]):.3f}".lstrip("0") for word in COUNTED)])
    return [
        f"""## The words

How often each word is said of trade-offs whose contents are known, behind a position bias on both sides: 9 root
questions and 12 scenarios, the first of a family of 30, {len(SEEDS)} seeds with {WORD_SETS:,} sets each. C is the gap
of the contents around .5, D that of what a user meets under a random format, SD that of the items' log-odds. *By
format* counts deviations that the contents do not show. With 3 and 3 clusters the word is always *not testable*.
""",
        table(["truth", *COUNTED], rows),
        f"""
A difference of contents of .08 is hardly ever *no deviation*, whatever the bias; a bias that shrinks R - S makes
*deviation* into *masked*. With contents exactly at the margin around .5, *no deviation* is as rare as its two one-sided
tests allow (.05, up to chance). **Around .8 it is not quite so rare**: with SD .25 it is said in
{shares(near_ceiling(0.9))} of
{CEILING_SETS:,} sets a seed. Probabilities near 1 are skewed, so the t interval on the margin's side ends too soon a
little more often than one time in twenty; the rule was fixed before these trials and stays. A margin that must be held
at .05 near the ceiling needs the 95 % interval, which stands beside ({shares(near_ceiling(0.95))}).
""",
    ]


def near_ceiling(level: float) -> list[float]:
    """Share of sets whose intervals lie within the margin, R - S and contents being .05 apart around .8."""
    truth = apart_in_content(MARGIN, 0.25, 0.0, 0.8)
    found = []
    for seed in SEEDS:
        stated, revealed = drawn(truth, CEILING_SETS, np.random.default_rng(seed)).p
        gap = welch(revealed, stated, equal_weights(revealed.shape[1]), equal_weights(stated.shape[1]))
        low, high = gap.interval(level)
        found.append(float(((low > -MARGIN) & (high < MARGIN)).mean()))
    return found


def admitting() -> list[str]:
    """The same where levels of format axes are chosen on controls first."""
    rows = []
    for name, case in admitted_cases().items():
        found = [admitted_shares(case, WORD_SETS, np.random.default_rng(seed)) for seed in SEEDS]
        rows.append([name, *(f"{np.mean([one[k] for one in found]):.3f}".lstrip("0") for k in (*COUNTED, "dropped"))])
    return [
        f"""## The words over admitted levels

Words rest on the levels of format axes that half of the known-answer controls admit, so the choice of levels hangs on
chance. Here a label set and a cue have two levels each; the option shown first gains one bias under the first label set
and the other under the second, known-answer controls answer with mean option mass {MASSES[0]:g} and {MASSES[1]:g}
(SD .1), {CONTROLS} of them choose, and a label set moves a single item by {WITHIN:g} nats.
*Dropped* is the share of sets that lost a level; {len(SEEDS)} seeds with {WORD_SETS:,} sets each, otherwise as above.
""",
        table(["truth", *COUNTED, "dropped"], rows),
        """
No wrong word exceeds .05 after such a choice: known-answer controls say nothing of how items lean, so what is left is
the same truth in fewer formats. Averaging content over fewer formats costs power.
""",
    ]


def sampling(studied: Studied) -> list[str]:
    return [
        """## Against sampling

One drawn set of each truth, and what the published protocol (arXiv 2506.00751) would have reported of it with one
sampled answer from each of 11 stated and 6 revealed prompts: its estimate (base 10) with the 5th to 95th percentile,
enumerated. *Draws that would do* are per prompt and format, over all items.
""",
        table(
            ["truth", "R - S", "exact KL, base 10", "mean estimate", "5 to 95 %", "wrong sign", "draws that would do"],
            [sampled_row(name, *found) for name, found in studied.sampled.items()],
        ),
        """
The last truth is the plainest: its content is the same on both sides, but the one format that is asked carries the
whole position bias, and no number of answers would tell. Where both sides are equal, the estimate depends on how sure
each prompt's answer is, not on the sides' means:

![The published estimate where both sides are equal](images/validation-published.svg)
""",
    ]


def main() -> int:
    """Run every trial, write the page and draw the figures."""
    try:  # the page itself can be checked without matplotlib
        from validation_figures import draw_all  # noqa: PLC0415
    except ModuleNotFoundError as error:
        print(f"scripts/validation.py: {error.name} is missing. Run: pip install -e .", file=sys.stderr)
        return 1
    found = validate()
    PAGE.write_text(page(found, try_gates(GATE_SEEDS), study()), encoding="utf-8")
    draw_all(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
