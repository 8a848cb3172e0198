"""Guards: the matrix is the mean of the divergence cell by cell; trade-offs weigh alike; one format has none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.analysis.cells import Cells, ItemRow
from probe.analysis.divergence import kl_from_log_odds
from probe.analysis.format_distances import format_distances, mean_divergences
from probe.analysis.formats import Formats, lay_formats
from probe.design.items import AXES

ONE = dict.fromkeys(AXES, ("x",))
TWO = lay_formats(ONE | {"order": ("p1", "p2"), "label_order": ("p1", "p2")})


def item(name: str, cluster: str, side: str = "revealed", *, fixed: bool = False) -> ItemRow:
    return ItemRow(name, "t", side, "choice", cluster, cluster, (), "a", "b", fixed)


def read(items: tuple[ItemRow, ...], z: np.ndarray, formats: Formats = TWO) -> Cells:
    return Cells(items, z, np.ones_like(z), formats, np.full_like(z, -np.inf))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6), st.floats(0.1, 30))
def test_it_is_the_mean_of_the_divergence_of_every_cell(seed: int, items: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    z, weights = scale * rng.standard_normal((items, 5)), rng.dirichlet(np.ones(items))
    expected = np.einsum("i,iab->ab", weights, kl_from_log_odds(z[:, :, None], z[:, None, :]))
    assert mean_divergences(z, weights) == pytest.approx(expected, abs=1e-12 * (1 + scale))


def test_the_row_is_what_diverges_from_the_column() -> None:
    z = np.array([[2.0, 0.0]])
    matrix = mean_divergences(z, np.ones(1))
    p = 1 / (1 + np.exp(-2.0))
    assert matrix[0, 1] == pytest.approx(p * np.log(2 * p) + (1 - p) * np.log(2 * (1 - p)))
    assert matrix[1, 0] == pytest.approx(0.5 * np.log(0.5 / p) + 0.5 * np.log(0.5 / (1 - p)))


def test_scenarios_and_trade_offs_weigh_alike() -> None:
    crowded = read(
        (item("a", "s1"), item("b", "s1"), item("c", "s1"), item("d", "s2"), item("q", "r1", "stated")),
        np.array([[1.0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [9, 0, 0, 0]]),
    )
    still = read((item("e", "s3"),), np.zeros((1, 4)))
    found = format_distances([crowded, still])
    assert found is not None
    assert found.tradeoffs == 2
    assert found.variants == TWO.variants
    assert found.nats[0][1] == pytest.approx(float(kl_from_log_odds(np.array(1.0), 0.0)) / 4)
    assert found.nats[1][2] == 0
    assert [row[place] for place, row in enumerate(found.nats)] == [0] * 4


def test_nothing_is_said_where_nothing_was_asked_in_two_formats() -> None:
    fixed = read((item("a", "s", fixed=True),), np.ones((1, 4)))
    assert format_distances([fixed]) is None
    assert format_distances([]) is None
    one = lay_formats(ONE)
    assert format_distances([read((item("a", "s"),), np.ones((1, 1)), one)]) is None
