from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from probe.analysis.logspace import log_probabilities, mixture_log_odds, sigmoid

from .build import steady

getcontext().prec = 80


def exact(z: float) -> Decimal:
    return 1 / (1 + Decimal(-z).exp())


@steady
@given(arrays(float, 5, elements=st.floats(-300, 300)), arrays(float, 5, elements=st.floats(0.01, 1)))
def test_a_mixture_equals_the_mean_in_eighty_digits(z, w):
    first = sum(Decimal(b) * exact(a) for a, b in zip(z, w, strict=True))
    second = sum(Decimal(b) * exact(-a) for a, b in zip(z, w, strict=True))
    assert mixture_log_odds(z, w) == pytest.approx(float((first / second).ln()), abs=1e-11)


@steady
@given(st.floats(-100, 100))
def test_log_probabilities_in_eighty_digits(z):
    first, second = log_probabilities(np.array([z]))
    assert float(first[0]) == pytest.approx(float(exact(z).ln()), rel=1e-13, abs=1e-300)
    assert float(second[0]) == pytest.approx(float(exact(-z).ln()), rel=1e-13, abs=1e-300)


def test_a_mean_that_rounds_to_one_keeps_its_log_odds():
    assert np.mean([sigmoid(40.0)]) == 1.0
    assert mixture_log_odds(np.array([800.0, 800.0]), np.array([0.3, 0.7])) == pytest.approx(800, abs=1e-9)
