"""Guards: content against format: shares add up, each effect is credited where it belongs, opposite signs do not cancel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.format_shares import mean_squares
from probe.analysis.study import analyse

from .build import QUICK, STANDARD, STILL, Asked, facts, laid, steady, table

ONE = np.ones(1)


def squares(z, axes=STANDARD, weights=ONE):
    return mean_squares(np.atleast_2d(z), weights, laid(axes))


@steady
@given(st.integers(0, 2**32 - 1))
def test_parts_are_those_of_the_definition_and_add_up(seed):
    rng = np.random.default_rng(seed)
    z, weights, formats = rng.normal(1, 2, (5, 32)), rng.dirichlet(np.ones(5)), laid(STANDARD)
    found = squares(z, weights=weights)
    assert sum(found.values()) == pytest.approx(float(weights @ (z**2).mean(axis=1)))
    others = [name for name in formats.varied if name not in ("order", "label_order")]
    points = list(itertools.product(*formats.varied.values()))
    cells = [tuple(level for name, level in zip(formats.varied, p, strict=True) if name in others) for p in points]
    for name, code in {
        "order": formats.order,
        "label": formats.label,
        "listing": formats.order * formats.label,
    }.items():
        plain = sum(
            w * (z[row, own] * code[own]).mean() ** 2 / len(set(cells))
            for row, w in enumerate(weights)
            for cell in set(cells)
            for own in [[k for k, other in enumerate(cells) if other == cell]]
        )
        assert found[name] == pytest.approx(plain)
    assert found["content"] == pytest.approx(float(weights @ z.mean(axis=1) ** 2))


def test_opposite_label_biases_of_two_sets_do_not_cancel():
    formats = laid(STANDARD)
    sign = np.array([1.0 if name == "AB" else -1.0 for name in formats.label_set])
    found = squares(0.5 + 2 * sign * formats.label)
    assert found["label"] == pytest.approx(4.0)
    assert found["content"] == pytest.approx(0.25)
    assert found["order"] == pytest.approx(0, abs=1e-12)


def test_a_slot_is_one_where_labels_follow_the_order():
    found = squares(np.array([3.0, -1.0]), {**STILL, "order": ("p1", "p2"), "label_order": ("position",)})
    assert found == pytest.approx({"slot": 4.0, "content": 1.0, "rest": 0.0})


def test_a_model_has_its_shares_whatever_its_gates():
    bias = 3 * np.array([1.0, 1.0, -1.0, -1.0])
    items = [Asked(f"t/{side}{k}", side, bias, mass=0.1) for side in ("stated", "revealed") for k in range(2)]
    model = analyse(table(items, QUICK), facts(), {"m": 1e-6}).models["m"]
    assert model.tradeoffs["t"].gates
    shares = model.format_shares
    assert (shares.content, shares.order, shares.label) == pytest.approx((0, 1, 0))
    assert shares.mean_square == pytest.approx(9)
