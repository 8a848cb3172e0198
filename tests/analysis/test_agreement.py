"""Guards: refusals and unread answers agree with nothing, kappa is Cohen's, sides and models are kept apart."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.analysis.agreement import checkable, cohen_kappa, compare_written
from probe.analysis.validity_checks import THRESHOLDS, agreement_checks
from probe.store.schema import WRITTEN


def table(*rows):
    """Rows of (side, outcome, decision, reading, first_token)."""
    keys = ("side", "outcome", "decision", "reading", "first_token")
    filled = [
        dict(zip(keys, row, strict=True))
        | {"model": "m", "item": str(n), "variant": "v", "tradeoff": "t", "text": "", "tokens": 1}
        for n, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(filled, schema=WRITTEN)


def test_every_figure_of_a_side():
    found = compare_written(
        table(
            ("revealed", "chosen", "p1", "p1", "p1"),
            ("revealed", "chosen", "p2", "p2", "p1"),
            ("revealed", "chosen", "p1", "p2", "shared"),
            ("revealed", "chosen", "p1", "p1", "other"),
            ("revealed", "refused", None, "p1", "p1"),
            ("revealed", "unparsed", None, "p2", "p2"),
            ("revealed", "unparsed", None, "p2", "shared"),
            ("revealed", "chosen", "p2", None, "other"),
        )
    )["m"]["revealed"]
    assert found.cells == 8
    assert found.share == 3 / 8
    assert found.of_chosen == 3 / 5
    assert (found.refused, found.unparsed) == (1 / 8, 2 / 8)
    assert found.first_token == 3 / 6
    # by hand: observed 3/5; readings p1 2, p2 2, none 1; answers p1 3, p2 2; chance (2*3 + 2*2) / 25
    assert found.kappa == pytest.approx((3 / 5 - 10 / 25) / (1 - 10 / 25))


def test_what_only_refuses_has_no_kappa_and_does_not_pass():
    found = compare_written(table(*[("stated", "refused", None, "p1", "p1")] * 100))
    assert found["m"]["stated"].of_chosen is None
    assert found["m"]["stated"].kappa is None
    checks = agreement_checks(checkable(found)["m"], THRESHOLDS)
    assert {check.side: check.state for check in checks} == {"stated": "closed", "revealed": "not measured"}


def test_labels_that_begin_alike_say_nothing_of_first_tokens():
    found = compare_written(table(("stated", "chosen", "p1", "p1", "shared")))
    assert found["m"]["stated"].first_token is None


def test_models_and_sides_are_kept_apart():
    one = table(("stated", "chosen", "p1", "p1", "p1"), ("revealed", "chosen", "p1", "p2", "p1"))
    other = one.set_column(0, WRITTEN.field("model"), pa.array(["n", "n"]))
    found = compare_written(pa.concat_tables([one, other.slice(1)]))
    assert {model: {side: a.share for side, a in sides.items()} for model, sides in found.items()} == {
        "m": {"stated": 1.0, "revealed": 0.0},
        "n": {"revealed": 0.0},
    }
    assert compare_written(WRITTEN.empty_table()) == {}


pairs = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), min_size=1, max_size=30)


@given(pairs=pairs)
@settings(max_examples=100, derandomize=True)
def test_kappa_against_its_definition(pairs):
    n = len(pairs)
    agree = sum(x == y for x, y in pairs) / n
    chance = sum((sum(x == option for x, _ in pairs) / n) * (sum(y == option for _, y in pairs) / n) for option in "ab")
    found = cohen_kappa(pairs)
    if chance == pytest.approx(1.0):
        assert found is None
    else:
        assert found == pytest.approx((agree - chance) / (1 - chance))
        assert found == pytest.approx(cohen_kappa([(y, x) for x, y in pairs]))
