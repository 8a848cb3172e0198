"""Guards: the one reading of a fixed item counts as any item's in preferences, and for nothing that is about formats."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit

from probe.analysis.cells import study_formats, tabulate
from probe.analysis.study import analyse
from probe.design.items import AXES, FIXED
from probe.errors import StudyError
from probe.store.schema import READINGS

from .build import QUICK, Asked, facts, laid, rows_of, table

BIASED = 0.4 + 2.0 * laid(QUICK).order + 0.7 * laid(QUICK).label


def fixed_row(item, *, printed_first="second"):
    row = rows_of([item], {})[0]
    axes = {f"axis_{axis}": "fixed" for axis in AXES}
    return {**row, **axes, "variant": FIXED.id, "shown_first": printed_first, "label_p1": "Yes", "label_p2": "No"}


def mixed(*fixed, varied=()):
    rows = [*(fixed_row(one) for one in fixed), *rows_of(varied, QUICK)]
    return pa.Table.from_pylist(rows, schema=READINGS)


def of(readings, axes=QUICK):
    return analyse(readings, facts(axes), {"m": 1e-6}).models["m"].tradeoffs["t"]


def test_it_fills_its_row_whatever_it_prints_first():
    readings = mixed(Asked("t/y", "stated", 1.5), varied=[Asked("t/x", "stated", BIASED)])
    cells = tabulate(readings, study_formats(readings, QUICK))["m"]
    assert [(item.id, item.fixed) for item in cells.items] == [("t/x", False), ("t/y", True)]
    np.testing.assert_array_equal(cells.z, [BIASED, [1.5] * 4])


def test_preferences_count_it_and_biases_do_not():
    both = of(mixed(Asked("t/y", "revealed", 3.0, cluster="t/y"), varied=[Asked("t/x", "revealed", BIASED)]))
    alone = of(table([Asked("t/x", "revealed", BIASED)]))
    assert both.revealed.deployed == pytest.approx((expit(3.0) + expit(BIASED).mean()) / 2, abs=1e-12)
    assert both.bias == alone.bias
    assert both.bias.position == pytest.approx(2.0)
    assert both.flips == alone.flips
    assert both.form_consistency == alone.form_consistency
    assert both.decomposition == alone.decomposition


def test_the_budget_adds_up_and_its_format_term_is_zero():
    items = [Asked("t/x", "revealed", BIASED), Asked("t/s", "stated", BIASED[::-1])]
    found = of(mixed(Asked("t/y", "revealed", -1.0), Asked("t/q", "stated", 0.3), varied=items)).budget
    parts = found.format + found.context + found.scenarios + found.gap
    assert parts == pytest.approx(found.total, abs=1e-12)
    alone = of(table(items)).budget
    assert found.format == pytest.approx(alone.format / 2, abs=1e-12)


def test_a_study_of_fixed_items_alone_has_no_bias():
    found = of(mixed(Asked("t/y", "revealed", -1.0), Asked("t/q", "stated", 0.3)))
    assert (found.bias, found.bias_stated, found.flips, found.decomposition) == (None, None, None, None)
    assert found.form_consistency.revealed is None
    assert found.revealed.deployed == pytest.approx(expit(-1.0))
    assert found.budget.format == pytest.approx(0.0, abs=1e-12)


def test_a_fixed_item_that_stands_there_twice_is_refused():
    readings = mixed(Asked("t/y", "stated", 1.0), varied=[Asked("t/x", "stated", 0.0)])
    doubled = pa.concat_tables([readings, mixed(Asked("t/y", "stated", 1.0))])
    with pytest.raises(StudyError, match="stands there more than once"):
        tabulate(doubled, study_formats(doubled, QUICK))
