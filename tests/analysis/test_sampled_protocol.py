"""Guards: the protocol's own format, signs against the exact gap, and draws that really would do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from probe.analysis.cells import study_formats, tabulate
from probe.analysis.gu2025 import answer_shares, joint_estimates
from probe.analysis.sampled_protocol import enough_draws, protocol_column, sampled_instead
from probe.analysis.side import Setting, side_figures

from .build import QUICK, STANDARD, Asked, facts, laid, table


def items(stated, revealed, clusters=None):
    return [
        *(Asked(f"t/q{i}", "stated", z) for i, z in enumerate(stated)),
        *(Asked(f"t/s{i}", "revealed", z, cluster=f"t/c{i % (clusters or len(revealed))}") for i, z in enumerate(revealed)),
    ]  # fmt: skip


def figures(rows, axes=QUICK):
    formats = study_formats(table(rows, axes), facts(axes).axes)
    setting = Setting(formats=formats, unordered=(), agreeing={}, delta=1e-9)
    cells = tabulate(table(rows, axes), formats)["m"]
    return side_figures(cells, "stated", "first", setting), side_figures(cells, "revealed", "first", setting), formats


def test_one_format_is_asked_and_its_prompts_count_equally():
    formats = laid(QUICK)
    stated = [1.0 + 2 * formats.order, -0.5 + 2 * formats.order, 0.3 + formats.order]
    revealed = [-1.0 + formats.label, 0.2 + formats.label]
    found = sampled_instead(*figures(items(stated, revealed))[:2])
    s, r = np.array([3.0, 1.5, 1.3]), np.array([0.0, 1.2])
    assert found.variant.startswith("order=p1,label_order=p1")
    assert found.gap == pytest.approx(expit(r).mean() - expit(s).mean(), abs=1e-14)
    p, q = expit(r).mean(), expit(s).mean()
    assert found.kl_log10 == pytest.approx(p * np.log10(p / q) + (1 - p) * np.log10((1 - p) / (1 - q)), abs=1e-14)
    exact = joint_estimates(answer_shares(expit(s)), answer_shares(expit(r)))
    assert found.every_prompt.mean == pytest.approx(exact.mean, abs=1e-14)
    assert (found.every_prompt.stated_prompts, found.every_prompt.revealed_prompts) == (3, 2)
    assert found.published_size == found.every_prompt
    means = [
        joint_estimates(*(answer_shares(expit(np.array([z[k] for z in one]))) for one in (stated, revealed))).mean
        for k in range(4)
    ]
    assert found.mean_by_format == pytest.approx((min(means), max(means)), abs=1e-14)
    assert len(set(np.round(means, 6))) == 4


def test_a_wrong_sign_is_against_the_exact_gap_over_all_formats():
    formats = laid(QUICK)
    # In the protocol's own format the stories lean to the first principle, in the mean of all formats away from it.
    stated, revealed = [np.zeros(4)] * 4, [np.where(np.arange(4) == protocol_column(formats), 60.0, -60.0)] * 3
    found = sampled_instead(*figures(items(stated, revealed))[:2])
    assert found.gap == pytest.approx(0.5)
    assert found.every_prompt.wrong_sign == pytest.approx(1 - 0.5**4)
    assert found.every_prompt.no_sign == pytest.approx(0.5**4)
    assert found.every_prompt.switch == pytest.approx(5 / 16)
    even = sampled_instead(*figures(items([np.zeros(4)] * 2, [np.zeros(4)] * 2))[:2])
    assert even.every_prompt.wrong_sign is None


def test_at_most_eleven_and_six_prompts_are_asked():
    rng = np.random.default_rng(1)
    stated, revealed = [[z] * 4 for z in rng.normal(1, 1, 14)], [[z] * 4 for z in rng.normal(0, 1, 9)]
    found = sampled_instead(*figures(items(stated, revealed))[:2])
    asked = (found.published_size.stated_prompts, found.published_size.revealed_prompts)
    assert asked == (11, 6)
    assert found.published_size.mean > found.every_prompt.mean
    assert found.published_size.wrong_sign > found.every_prompt.wrong_sign
    p, q = (expit(np.array(one)[:, 0]) for one in (revealed, stated))
    for published, asked in ((found.every_prompt, (None, None)), (found.published_size, (11, 6))):
        exact = joint_estimates(answer_shares(q, None, asked[0]), answer_shares(p, None, asked[1]))
        ends = [exact.percentile(share) for share in (0.01, 0.05, 0.1, 0.9, 0.95, 0.99)]
        assert [published.low, published.high] == pytest.approx([ends[1], ends[4]], abs=1e-12)
        assert len(set(ends[:3])) + len(set(ends[3:])) > 4


def test_the_variant_of_a_protocol_without_a_grid():
    formats = laid(STANDARD)
    assert formats.variants[protocol_column(formats)] == (
        "order=p1,label_order=p1,label_set=AB,enclosure=paren,layout=lines,instruction=label,cue=answer"
    )
    turned = laid({**QUICK, "order": ("p2", "p1"), "label_order": ("position",)})
    assert turned.variants[protocol_column(turned)].startswith("order=p1,label_order=position")
    other = laid({"order": ("p2", "p1"), "label_order": ("p2", "p1")})
    assert other.variants[protocol_column(other)].startswith("order=p1,label_order=p1")


@pytest.mark.parametrize("column", [None, 0])
def test_draws_that_would_do_add_a_tenth_to_the_variance(column):
    """Variance of the mean of drawn answers, against the variance between clusters, both by definition.

    Two of the four stories have two cells, so their cells count half as much as the others'.
    """
    rng = np.random.default_rng(2)
    stated = [rng.normal(0.5, 0.4) + rng.normal(0, 1, 4) for _ in range(5)]
    revealed = [rng.normal(-0.5, 0.6) + rng.normal(0, 1, 4) for _ in range(6)]
    s, r, _ = figures(items(stated, revealed, clusters=4))
    draws = enough_draws((s, r), None if column is None else s.cells.formats.variants[column])
    chosen = slice(None) if column is None else [column]
    p_s, p_r = expit(np.array(stated)[:, chosen]), expit(np.array(revealed)[:, chosen])
    of_clusters = np.stack([p_r[k::4].mean() for k in range(4)])
    between = p_s.mean(axis=1).var(ddof=1) / 5 + of_clusters.var(ddof=1) / 4

    def added(d):
        of_sides = ((p_s, np.full(5, 1 / 5)), (p_r, np.array([1, 1, 2, 2, 1, 1]) / 8))
        return sum(w**2 @ (p * (1 - p)).sum(axis=1) / p.shape[1] ** 2 / d for p, w in of_sides)

    assert added(draws) <= 0.1 * between < added(draws - 1)


def test_no_number_of_draws_would_do_where_clusters_do_not_differ_or_stand_alone():
    same = figures(items([[1.0] * 4] * 3, [[0.0] * 4] * 3))
    assert enough_draws(same[:2]) is None
    assert sampled_instead(*same[:2]).answers is None
    alone = figures(items([[1.0] * 4], [[0.0] * 4, [1.0] * 4]))
    assert enough_draws(alone[:2]) is None
    apart = figures(items([[60.0] * 4, [-60.0] * 4], [[60.0] * 4, [-60.0] * 4]))
    assert enough_draws(apart[:2]) == 1


def test_an_absent_side_has_no_protocol():
    s = figures(items([[1.0] * 4], [[0.0] * 4]))[0]
    assert sampled_instead(s, None) is None
    assert sampled_instead(None, s) is None


def test_answers_count_every_cell_of_both_sides():
    z = logit(np.array([0.3, 0.4, 0.6]))
    s, r, formats = figures(items([[v] * 4 for v in z], [[v] * 4 for v in z[:2]]))
    found = sampled_instead(s, r)
    assert found.answers == found.draws_per_prompt * 5 * 4
    assert found.draws_per_prompt == enough_draws((s, r))
    assert found.draws_per_prompt_one_format == enough_draws((s, r), formats.variants[protocol_column(formats)])
