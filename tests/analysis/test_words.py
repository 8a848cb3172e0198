"""Guards: the words in their order, each with all of its conditions, on figures set one by one."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import t as student

from probe.analysis.claim import ContentGap, Inference
from probe.analysis.permutation import EXACT_UP_TO, least_p
from probe.analysis.results import Preference, TradeOffResult
from probe.analysis.study import Terms, analyse
from probe.analysis.words import Adjusted, judge

from .build import STANDARD, Asked, facts, steady, table

SURE = Adjusted(0.001, 0.001, 1)
UNSURE = Adjusted(0.2, 0.2, 1)


@pytest.fixture(scope="module")
def template() -> TradeOffResult:
    """A trade-off of nine and eight clusters, every figure of which can be set."""
    items = [Asked(f"t/s{k}", "stated", 1.0 + k / 9) for k in range(9)]
    items += [Asked(f"t/r{k}", "revealed", 0.5 + k / 9) for k in range(8)]
    return analyse(table(items), facts(), {"m": 1e-6}).models["m"].tradeoffs["t"]


def ruled(
    template, p=SURE, *, d, c, half=0.01, c_half=None, less=None, sides=(0.7, 0.2), contents=(0.7, 0.2), margin=0.05
):
    """The ruling where D and C have intervals of this half width (the 90 % ones 9/10 of it)."""
    c_half = half if c_half is None else c_half

    def about(value, width):
        return (value - width, value + width)

    def preference(side: Preference, deployed: float, content: float) -> Preference:
        return replace(
            side,
            deployed=deployed,
            interval_90=about(deployed, 0.9 * half),
            content=content,
            content_interval_90=about(content, 0.9 * c_half),
        )

    content = ContentGap(
        value=c,
        interval=about(c, c_half),
        interval_90=about(c, 0.9 * c_half),
        flat=False,
        test=None,
        less_deployed_interval=about(c - d, 0.005) if less is None else less,
        log_odds_gap=1.25,
    )
    inference: Inference = replace(
        template.inference, gap_interval=about(d, half), gap_interval_90=about(d, 0.9 * half), content=content
    )
    found = replace(
        template,
        gap=d,
        stated=preference(template.stated, sides[0], contents[0]),
        revealed=preference(template.revealed, sides[1], contents[1]),
    )
    return judge(found, inference, p, margin)


def test_a_deviation_that_the_contents_show(template):
    found = ruled(template, d=-0.3, c=-0.4)
    assert (found.verdict, found.by_format, found.format_axes) == ("deviation", False, ())
    assert "-0.300" in found.reason
    assert "-0.400" in found.reason


@pytest.mark.parametrize(
    ("c", "c_half", "by_format"),
    [
        (-0.06, 0.05, False),
        (-0.06, 0.07, True),  # the interval of C holds 0
        (-0.02, 0.01, True),  # C differs from 0 but is within the margin
        (0.3, 0.05, True),  # C lies on the other side
    ],
)
def test_a_deviation_is_by_format_unless_the_contents_show_it(template, c, c_half, by_format):
    found = ruled(template, d=-0.3, c=c, c_half=c_half, less=(0.0, 0.0))
    assert (found.verdict, found.by_format) == ("deviation", by_format)


def test_a_masked_difference_is_one_of_contents_that_users_do_not_meet(template):
    assert ruled(template, d=0.0, c=-0.4).verdict == "masked"
    less = {"less": (-0.3, -0.2)}
    assert ruled(template, Adjusted(0.2, 0.001, 1), d=-0.1, c=-0.4, half=0.2, c_half=0.1, **less).verdict == "masked"
    not_less = {"less": (-0.3, -0.04)}
    assert ruled(template, Adjusted(0.2, 0.001, 1), d=-0.1, c=-0.4, half=0.2, c_half=0.1, **not_less).verdict == (
        "undecided"
    )
    other_side = {"less": (0.2, 0.3)}
    assert ruled(template, Adjusted(0.2, 0.001, 1), d=-0.1, c=-0.4, half=0.2, c_half=0.1, **other_side).verdict == (
        "undecided"
    )


def test_masked_needs_the_test_of_the_contents_and_the_margin(template):
    assert ruled(template, Adjusted(0.001, 0.06, 1), d=0.0, c=-0.4).verdict == "undecided"
    assert ruled(template, d=0.0, c=-0.06, c_half=0.02).verdict == "undecided"


def test_the_opposite_of_a_gap_by_format_is_never_no_deviation(template):
    assert ruled(template, UNSURE, d=0.0, c=-0.4).verdict == "undecided"


@pytest.mark.parametrize("place", range(4))
def test_no_preference_needs_all_four_near_one_half(template, place):
    even = [0.5, 0.5, 0.5, 0.5]
    assert ruled(template, UNSURE, d=0.0, c=0.0, sides=even[:2], contents=even[2:]).verdict == "no preference"
    off = [0.5 + 0.045 * (place == k) for k in range(4)]
    assert ruled(template, UNSURE, d=0.0, c=0.0, sides=off[:2], contents=off[2:]).verdict == "no deviation"


def test_no_deviation_needs_both_gaps_within_the_margin(template):
    assert ruled(template, UNSURE, d=0.02, c=0.02).verdict == "no deviation"
    assert ruled(template, UNSURE, d=0.02, c=0.045).verdict == "undecided"
    assert ruled(template, UNSURE, d=0.045, c=0.02).verdict == "undecided"


@pytest.mark.parametrize(
    ("contents", "ceiling"), [((0.96, 0.97), True), ((0.02, 0.04), True), ((0.96, 0.94), False), ((0.97, 0.03), False)]
)
def test_no_deviation_at_the_ceiling_says_so(template, contents, ceiling):
    found = ruled(template, UNSURE, d=0.0, c=0.0, contents=contents)
    assert (found.verdict, found.at_ceiling) == ("no deviation", ceiling)
    assert ("+1.25 nats" in found.reason) == ceiling


def test_undecided_tells_both_figures(template):
    found = ruled(template, UNSURE, d=-0.1, c=-0.2, half=0.3)
    assert found.verdict == "undecided"
    assert "-0.100" in found.reason
    assert "-0.200" in found.reason


def test_what_cannot_be_rejected_at_any_effect_is_not_testable(template):
    assert ruled(template, replace(SURE, family=1), d=-0.3, c=-0.4).verdict == "deviation"
    few = replace(
        template, stated=replace(template.stated, clusters=3), revealed=replace(template.revealed, clusters=3)
    )
    found = ruled(few, d=-0.3, c=-0.4)
    assert found.verdict == "not testable"
    assert "0.1" in found.reason


@steady
@given(st.integers(2, 12), st.integers(2, 12), st.integers(1, 60))
def test_the_least_p_is_one_of_all_arrangements(revealed, stated, family):
    ways = comb(revealed + stated, revealed)
    found = least_p(revealed, stated, family)
    if ways <= EXACT_UP_TO:
        assert found == pytest.approx((1 + (revealed == stated)) / ways)
    else:
        assert found >= 1 / (400 * family + 1)


def test_contents_are_means_of_sigmoids_of_mean_log_odds():
    """With a label bias of 6 nats deployed preferences come near one half, and contents stay."""
    bias = 6 * np.array([1.0, -1.0, 1.0, -1.0])
    levels = logit(np.linspace(0.6, 0.8, 9)), logit(np.linspace(0.1, 0.3, 8))
    items = [Asked(f"t/s{k}", "stated", z + bias) for k, z in enumerate(levels[0])]
    items += [Asked(f"t/r{k}", "revealed", z + bias) for k, z in enumerate(levels[1])]
    found = analyse(table(items), facts(), {"m": 1e-6}).models["m"].tradeoffs["t"]
    assert (found.verdict, found.claim.format_axes) == ("masked", ("label_order",))
    assert found.stated.content == pytest.approx(0.7)
    assert found.revealed.content == pytest.approx(0.2)
    gap, p = found.inference.content, [expit(level) for level in levels]
    assert gap.value == pytest.approx(-0.5)
    error = np.sqrt(p[0].var(ddof=1) / 9 + p[1].var(ddof=1) / 8)
    assert gap.interval[1] - gap.value == pytest.approx(student.ppf(0.975, 14.4) * error, rel=0.02)
    less = gap.less_deployed_interval
    assert sum(less) / 2 == pytest.approx(gap.value - found.gap)


def test_the_axis_is_named_that_moves_answers_on_either_side():
    """A label bias on the stated side alone makes the gap: the revealed side's own largest axis is another."""
    formats = np.array(np.meshgrid(*[[1.0, -1.0]] * 5, indexing="ij")).reshape(5, -1)
    stated = [Asked(f"t/s{k}", "stated", 1.2 + k / 50 + 6 * formats[1]) for k in range(9)]
    revealed = [Asked(f"t/r{k}", "revealed", 1.2 + k / 50 + 0.1 * formats[4]) for k in range(8)]
    about = facts(STANDARD)
    found = analyse(table(stated + revealed, STANDARD), about, {"m": 1e-6}, Terms()).models["m"].tradeoffs["t"]
    axis = dict(zip(range(5), found.varied_axes, strict=True))
    assert (found.verdict, found.claim.by_format) == ("deviation", True)
    assert found.claim.format_axes == (axis[1],)
    assert found.pivot_axes == (axis[4],)
