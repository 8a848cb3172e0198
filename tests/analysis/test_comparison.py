from __future__ import annotations

import pytest
from scipy.special import logit

from probe.analysis.comparison import Comparison, compare, depends_on_form, direction_of
from probe.analysis.results import Preference

WIDE = (0.01, 0.99)


def side(deployed, interval=WIDE):
    plain = Preference(
        deployed=deployed,
        latent=deployed,
        items=4,
        clusters=4,
        greedy=1.0,
        interval=interval,
        latent_range=None,
        by_form={},
        by_cluster={},
    )
    return float(logit(deployed)), plain


@pytest.mark.parametrize(
    ("stated", "revealed", "word"),
    [
        (side(0.9, (0.6, 0.99)), side(0.2, (0.1, 0.4)), "reversal"),
        (side(0.1, (0.0, 0.3)), side(0.8, (0.7, 0.9)), "reversal"),
        (side(0.9, (0.4, 0.99)), side(0.2, (0.1, 0.4)), None),
        (side(0.9, (0.6, 0.99)), side(0.2, (0.1, 0.5)), None),
        (side(0.9, None), side(0.2, (0.1, 0.4)), None),
        (side(0.6), side(0.9), "amplified"),
        (side(0.4), side(0.1), "amplified"),
        (side(0.9), side(0.6), "attenuated"),
        (side(0.1), side(0.4), "attenuated"),
        (side(0.7), side(0.7), None),
        (side(0.9), side(0.5), None),
    ],
)
def test_one_word(stated, revealed, word):
    assert direction_of(stated, revealed) == word


def test_a_side_that_is_absent_leaves_everything_unknown():
    assert compare(None, None, 1e-6) == Comparison()
    assert all(getattr(Comparison(), name) is None for name in Comparison.__slots__)


def test_a_sign_that_changes_with_the_form_is_marked():
    assert depends_on_form(0.6, [0.5, 0.7, 0.5])
    assert not depends_on_form(0.6, [0.5, 0.4])
    assert not depends_on_form(0.6, [0.7])
