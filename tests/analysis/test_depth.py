"""Guards: curves over layers are means of clusters with order and labels cancelled, bands those of a bootstrap of their
own, and the layers where something arises or separates are those where it was planted.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from probe.analysis.depth import DRAWS, FEWEST, depth_of
from probe.design.items import AXES
from probe.errors import StudyError
from probe.store.schema import DEPTH

LAYERS = 9
SIGN = {"p1": 1.0, "p2": -1.0}


def rows(cells):
    """Rows of cells: side, cluster, item, order, label order, label set, log-odds after every layer."""
    made = []
    for side, cluster, item, order, label, label_set, z in cells:
        levels = dict.fromkeys(AXES, "x") | {"order": order, "label_order": label, "label_set": label_set}
        for layer, value in enumerate(z, 1):
            made.append(
                {
                    **{name: "" for name in DEPTH.names if DEPTH.field(name).type == pa.string()},
                    **{f"axis_{axis}": level for axis, level in levels.items()},
                    **{"model": "m", "tradeoff": "t", "side": side, "cluster": cluster, "item": f"{item}~depth"},
                    "variant": f"{order},{label},{label_set}",
                    **{"layer": layer, "log_odds": float(value), "n_tokens": 1},
                    "option_mass": 0.5 + layer / 100 if layer in (1, 5, 9) else None,
                }
            )
    return pa.Table.from_pylist(made, schema=DEPTH)


def planted(contents, position=0.0, label=0.0, label_set="AB", side="stated"):
    """Whole crossings; content by cluster and item, each a curve over layers."""
    found = []
    for (cluster, item), content in contents.items():
        for order, o in SIGN.items():
            for label_order, at in SIGN.items():
                z = np.asarray(content, float) + o * np.asarray(position) + at * np.asarray(label)
                found.append((side, cluster, item, order, label_order, label_set, z))
    return found


def readings(cells, off=0.0):
    return pa.table(
        {
            "item": [one[2] for one in cells],
            "variant": [f"{one[3]},{one[4]},{one[5]}" for one in cells],
            "log_odds": [float(one[6][-1]) + off for one in cells],
        }
    )


def step(at, size=1.0):
    return np.where(np.arange(1, LAYERS + 1) >= at, size, 0.0)


def test_content_position_and_label_are_what_was_planted():
    cells = planted({("t/a", "t/a"): step(3, 2.0), ("t/b", "t/b"): step(3, 1.0)}, step(5, 0.7), step(7, -0.4))
    found = depth_of(rows(cells), readings(cells), (), ("m", "t"))
    side = found.stated
    assert found.revealed is None
    assert (found.layers, found.mass_layers, found.end_difference) == (LAYERS, (1, 5, 9), 0.0)
    assert side.content.values == pytest.approx(step(3, 1.5), abs=1e-12)
    assert side.position.values == pytest.approx(step(5, 0.7), abs=1e-12)
    assert side.label.values == pytest.approx(step(7, -0.4), abs=1e-12)
    assert (side.content.arises, side.position.arises, side.label.arises) == (3, 5, 7)
    assert (side.cells, side.items, side.clusters) == (8, 2, 2)
    assert side.option_mass == pytest.approx((0.51, 0.55, 0.59))
    assert side.slot is None


def test_clusters_count_equally_and_items_within_them():
    cells = planted({("t/a", "t/a/1"): step(1, 3.0), ("t/a", "t/a/2"): step(1, 1.0), ("t/b", "t/b"): step(1, -4.0)})
    found = depth_of(rows(cells), readings(cells), (), ("m", "t"))
    assert found.stated.content.values == pytest.approx(step(1, -1.0), abs=1e-12)


def test_where_signs_separate():
    stated = planted({(f"t/{n}", f"t/{n}"): step(2, 1.0 + n / 10) for n in range(6)})
    revealed = planted(
        {(f"t/r{n}", f"t/r{n}"): step(2, 1.0) - step(6, 2.5 + n / 10) for n in range(6)}, side="revealed"
    )
    found = depth_of(rows([*stated, *revealed]), readings([*stated, *revealed]), (), ("m", "t"))
    assert (found.apart_from, found.apart_clearly_from) == (6, 6)
    same = planted({(f"t/r{n}", f"t/r{n}"): step(2, 1.0) for n in range(6)}, side="revealed")
    found = depth_of(rows([*stated, *same]), readings([*stated, *same]), (), ("m", "t"))
    assert (found.apart_from, found.apart_clearly_from) == (None, None)


def test_means_may_separate_before_bands_do():
    stated = planted({(f"t/{n}", f"t/{n}"): step(1, 1.0) for n in range(4)})
    wide = [step(3, -1.0), step(3, -1.0), step(3, -1.0), step(3, 2.0) - step(8, 3.5)]
    revealed = planted({(f"t/r{n}", f"t/r{n}"): z for n, z in enumerate(wide)}, side="revealed")
    found = depth_of(rows([*stated, *revealed]), readings([*stated, *revealed]), (), ("m", "t"))
    assert (found.apart_from, found.apart_clearly_from) == (3, 8)


def test_bands_are_those_of_a_bootstrap_over_clusters():
    rng = np.random.default_rng(2)
    means = rng.normal(0.8, 1.0, (7, LAYERS))
    cells = planted({(f"t/{n}", f"t/{n}"): z for n, z in enumerate(means)}, position=5.0)
    found = depth_of(rows(cells), readings(cells), (), ("m", "t")).stated.content
    drawn = rng.choice(7, (20_000, 7))
    low, high = np.percentile(means[drawn].mean(1), [2.5, 97.5], axis=0)
    assert found.low == pytest.approx(low, abs=0.06)
    assert found.high == pytest.approx(high, abs=0.06)
    assert DRAWS >= 2000
    again = depth_of(rows(cells), readings(cells), (), ("m", "t")).stated.content
    assert again == found


def test_without_enough_clusters_there_is_no_band():
    few = planted({(f"t/{n}", f"t/{n}"): step(1, 1.0) for n in range(FEWEST - 1)})
    curve = depth_of(rows(few), readings(few), (), ("m", "t")).stated.content
    assert (curve.low, curve.high, curve.clear) == (None, None, False)
    enough = planted({(f"t/{n}", f"t/{n}"): step(1, 1.0) for n in range(FEWEST)})
    curve = depth_of(rows(enough), readings(enough), (), ("m", "t")).stated.content
    assert curve.clear
    assert curve.low == pytest.approx(step(1), abs=1e-12)


def test_labels_without_an_order_have_no_sign():
    cells = planted({("t/a", "t/a"): step(1)}, label=step(4))
    stated = depth_of(rows(cells), readings(cells), ("AB",), ("m", "t")).stated
    assert stated.label is None
    mixed = [*cells, *planted({("t/b", "t/b"): step(1)}, label=step(6, 3.0), label_set="12")]
    stated = depth_of(rows(mixed), readings(mixed), ("AB",), ("m", "t")).stated
    assert stated.label.values == pytest.approx(step(6, 3.0), abs=1e-12)


def test_where_labels_follow_the_order_there_is_one_pull():
    cells = [("stated", "t/a", "t/a", order, "position", "AB", step(1) + SIGN[order] * step(4)) for order in SIGN]
    stated = depth_of(rows(cells), readings(cells), (), ("m", "t")).stated
    assert (stated.position, stated.label) == (None, None)
    assert stated.slot.values == pytest.approx(step(4), abs=1e-12)


def test_the_last_layer_is_compared_with_the_readings():
    cells = planted({("t/a", "t/a"): step(1)})
    assert depth_of(rows(cells), readings(cells, off=0.25), (), ("m", "t")).end_difference == pytest.approx(0.25)
    assert depth_of(rows(cells), readings([]), (), ("m", "t")).end_difference is None


def test_a_cell_without_a_layer_or_with_no_number_is_refused():
    cells = planted({("t/a", "t/a"): step(1)})
    whole = rows(cells)
    with pytest.raises(StudyError, match="has not every layer from 1 to 9"):
        depth_of(whole.slice(1), readings(cells), (), ("m", "t"))
    broken = rows(planted({("t/a", "t/a"): np.full(LAYERS, np.nan)}))
    with pytest.raises(StudyError, match="a number that is none"):
        depth_of(broken, readings(cells), (), ("m", "t"))
