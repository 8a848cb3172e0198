"""Guards: shares and divergences over three options, and that a side without the option is analysed as ever."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, rel_entr

from probe.analysis.neutral_grids import over_positions, pooled_over_positions, tabulate_grids
from probe.analysis.results import NumericFloor, from_json, to_json
from probe.analysis.sampled_protocol import enough_draws
from probe.analysis.side import Setting, side_figures
from probe.analysis.study import analyse
from probe.design.items import AXES as ALL_AXES
from probe.design.items import FIXED
from probe.errors import StudyError
from probe.report.neutral import neutral_line, neutral_table
from probe.store.schema import READINGS

from .build import QUICK, Asked, facts, laid, rows_of, steady, table

PLACES = ("first", "middle", "last")
FLOORS = {"m": 1e-6}
AXES = {**QUICK, "neutral": PLACES}


def offered(item, z, zn, positions=PLACES):
    """Rows of one item: `z` and `zn`, the log-odds of neutral against the rest, per variant x place."""
    plain = rows_of([item], QUICK)
    z, zn = (np.broadcast_to(np.asarray(one, dtype=float), (4, len(positions))) for one in (z, zn))
    rows = []
    for row, of_z, of_n in zip(plain, z, zn, strict=True):
        for place, one, n in zip(positions, of_z, of_n, strict=True):
            answered = -np.logaddexp(0, n)
            p1, p2 = answered - np.logaddexp(0, -one), answered - np.logaddexp(0, one)
            here = {"variant": f"{row['variant']},neutral={place}", "log_odds": float(p1 - p2)}
            here |= {"logprob_p1": float(p1), "logprob_p2": float(p2), "label_neutral": "C", "option_mass": 1.0}
            rows.append({**row, **here, "logprob_neutral": float(-np.logaddexp(0, -n))})
    return rows


def side(name, count, seed, shift=0.0, positions=PLACES):
    rng = np.random.default_rng(seed)
    form = "choose" if name == "stated" else "choice"
    found = []
    for k in range(count):
        item = Asked(f"t/{name}{k}", name, 0.0, form, f"t/{name}{k}")
        shape = (4, len(positions))
        found.append((item, rng.normal(shift, 1, shape), rng.normal(-shift / 2, 1, shape)))
    return found


def rows_of_side(cells, positions=PLACES):
    return [row for item, z, zn in cells for row in offered(item, z, zn, positions)]


def result(rows, axes=AXES, about=None):
    readings = pa.Table.from_pylist(rows, schema=READINGS)
    return analyse(readings, about or facts(axes), FLOORS).models["m"].tradeoffs["t"]


def marginals(cells):
    """P1, P2, neutral: every item counts equally, so does every variant."""
    z, zn = (np.stack([one[k] for one in cells]) for k in (1, 2))
    left = expit(-zn)
    return np.array([(left * expit(z)).mean(), (left * expit(-z)).mean(), expit(zn).mean()])


def test_three_options_on_both_sides_are_what_scipy_says():
    stated, revealed = side("stated", 4, 1, 0.8), side("revealed", 5, 2, -0.4)
    found = result(rows_of_side(stated) + rows_of_side(revealed)).neutral
    s, r = marginals(stated), marginals(revealed)
    assert found.kl3_revealed_stated == pytest.approx(rel_entr(r, s).sum(), abs=1e-12)
    assert found.kl3_stated_revealed == pytest.approx(rel_entr(s, r).sum(), abs=1e-12)
    given_s, given_r = s[:2] / s[:2].sum(), r[:2] / r[:2].sum()
    assert found.kl_revealed_stated_not_neutral == pytest.approx(rel_entr(given_r, given_s).sum(), abs=1e-12)
    assert found.kl_stated_revealed_not_neutral == pytest.approx(rel_entr(given_s, given_r).sum(), abs=1e-12)
    for own, expected, given_own in ((found.stated, s, given_s), (found.revealed, r, given_r)):
        assert [own.p1, own.p2, own.neutral] == pytest.approx(expected, abs=1e-12)
        assert own.p1_given_not_neutral == pytest.approx(given_own[0], abs=1e-12)
        assert own.place_moves
    assert (found.stated.items, found.revealed.items) == (4, 5)
    by_place = np.stack([expit(zn) for _, _, zn in revealed]).mean(axis=(0, 1))
    assert list(found.revealed.by_place.values()) == pytest.approx(by_place, abs=1e-12)
    assert list(found.revealed.by_place) == list(PLACES)
    means = np.array([expit(zn).mean() for _, _, zn in revealed])
    half = 2.7764451051977987 * means.std(ddof=1) / np.sqrt(5)
    assert found.revealed.neutral_interval == pytest.approx((means.mean() - half, means.mean() + half), abs=1e-9)


@settings(steady, max_examples=10)
@given(st.lists(st.tuples(st.floats(-30, 30), st.floats(-2, 2)), min_size=2, max_size=2))
def test_the_chain_rule_holds(sides):
    cells = [
        [(Asked(f"t/{n}", n, 0.0, "choose"), np.full((4, 3), z), np.full((4, 3), zn))]
        for n, (z, zn) in zip(("stated", "revealed"), sides, strict=True)
    ]
    found = result(rows_of_side(cells[0]) + rows_of_side(cells[1])).neutral
    n_s, n_r = found.stated.neutral, found.revealed.neutral
    of_neutral = rel_entr([n_r, 1 - n_r], [n_s, 1 - n_s]).sum()
    expected = of_neutral + (1 - n_r) * found.kl_revealed_stated_not_neutral
    assert found.kl3_revealed_stated == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.kl3_revealed_stated >= 0


def test_one_side_alone_has_no_divergence_over_three():
    stated = [Asked(f"t/s{k}", "stated", z, "choose", f"t/s{k}") for k, z in enumerate((0.4, 1.1))]
    revealed = side("revealed", 3, 3)
    found = result(rows_of(stated, QUICK) + rows_of_side(revealed))
    assert found.neutral.stated is None
    assert found.neutral.kl3_revealed_stated is None
    s, r = expit([0.4, 1.1]).mean(), marginals(revealed)
    q = r[0] / (r[0] + r[1])
    assert found.neutral.kl_revealed_stated_not_neutral == pytest.approx(
        rel_entr([q, 1 - q], [s, 1 - s]).sum(), abs=1e-12
    )
    plain = result(rows_of([*stated, Asked("t/r", "revealed", 0.0, "choice")], QUICK), QUICK)
    assert found.stated == plain.stated
    assert found.bias_stated == plain.bias_stated
    assert found.flips_stated == plain.flips_stated
    assert found.flips_stated.spread.variants == 4
    assert found.flips.spread.variants == 12
    assert found.varied_axes["neutral"] == PLACES


def test_a_fixed_item_counts_in_preferences_and_not_in_neutral_masses():
    stated, revealed = side("stated", 3, 16, 0.5), side("revealed", 3, 17)
    plain = rows_of([Asked("t/y", "stated", 2.5)], {})[0]
    fixed = {**plain, **{f"axis_{axis}": "fixed" for axis in ALL_AXES}, "variant": FIXED.id, "label_p1": "Yes"}
    rows = rows_of_side(stated) + rows_of_side(revealed)
    alone, found = result(rows), result([*rows, fixed])
    one, other = found.neutral.stated, alone.neutral.stated
    assert [one.p1, one.p2, one.neutral] == pytest.approx([other.p1, other.p2, other.neutral], abs=1e-12)
    assert (one.items, one.neutral_interval) == (3, None)
    assert one.by_place == pytest.approx(other.by_place, abs=1e-12)
    assert found.neutral.revealed == alone.neutral.revealed
    assert (found.neutral.kl3_revealed_stated, found.neutral.kl3_stated_revealed) == (None, None)
    own = np.stack([z for _, z, _ in stated])
    assert found.stated.deployed == pytest.approx((expit(own).mean(axis=(1, 2)).sum() + expit(2.5)) / 4, abs=1e-12)
    s, r = marginals(stated), marginals(revealed)
    a, b = (3 * s[k] + expit(sign * 2.5) for k, sign in ((0, 1), (1, -1)))
    given_s, given_r = np.array([a, b]) / (a + b), r[:2] / r[:2].sum()
    divergence = rel_entr(given_r, given_s).sum()
    assert found.neutral.kl_revealed_stated_not_neutral == pytest.approx(divergence, abs=1e-12)
    assert found.bias_stated == alone.bias_stated
    assert found.flips_stated == alone.flips_stated
    parts = found.budget.format + found.budget.context + found.budget.scenarios + found.budget.gap
    assert parts == pytest.approx(found.budget.total, abs=1e-12)


def test_deployed_and_biases_speak_of_the_two_principles():
    formats = laid(QUICK)
    z = 0.7 + 0.5 * formats.order - 0.3 * formats.label
    item = Asked("t/r", "revealed", 0.0, "choice")
    found = result(offered(item, np.repeat(z[:, None], 3, axis=1), [[3.0, -1.0, 0.0]] * 4))
    assert found.revealed.deployed == pytest.approx(expit(z).mean(), abs=1e-12)
    assert found.revealed.latent == pytest.approx(expit(0.7), abs=1e-12)
    assert (found.bias.content, found.bias.position, found.bias.label) == pytest.approx((0.7, 0.5, -0.3), abs=1e-12)
    assert found.budget.format_by_axis["neutral"] == pytest.approx(0, abs=1e-12)
    assert found.neutral.revealed.by_place["first"] == pytest.approx(expit(3.0), abs=1e-12)


def test_content_is_free_of_odd_terms_at_every_place():
    formats = laid(QUICK)
    rng = np.random.default_rng(4)
    z = rng.normal(0, 1) + np.outer(formats.order, rng.normal(0, 3, 3)) + np.outer(formats.label, rng.normal(0, 3, 3))
    content = z.mean()
    found = result(offered(Asked("t/r", "revealed", 0.0, "choice"), z, 0.0))
    assert found.revealed.latent == pytest.approx(expit(content), abs=1e-12)
    assert found.corrections.grid_average.deployed == pytest.approx(expit(content), abs=1e-12)


@pytest.mark.parametrize(("zn", "state"), [(np.log(9) - 0.01, "open"), (np.log(9) + 0.01, "closed")])
def test_a_tenth_must_be_left(zn, state):
    stated, revealed = side("stated", 3, 5), side("revealed", 3, 6)
    stated = [(item, z, np.full((4, 3), zn)) for item, z, _ in stated]
    found = result(rows_of_side(stated) + rows_of_side(revealed))
    (gate,) = [one for one in found.gates_checked if (one.gate, one.side) == ("not_neutral", "stated")]
    assert (gate.state, gate.threshold) == (state, 0.1)
    assert gate.value == pytest.approx(expit(-zn), abs=1e-12)
    assert gate.repeated == {"not_neutral": (False, True)}
    assert (found.verdict == "not interpretable") == (state == "closed")
    assert (found.neutral.stated.p1_given_not_neutral is None) == (state == "closed")
    assert (found.neutral.kl_revealed_stated_not_neutral is None) == (state == "closed")
    assert found.neutral.kl3_revealed_stated > 0
    assert "not_neutral" in found.claim.repeated


def test_no_option_no_gate_no_figure():
    found = result(rows_of([Asked("t/s", "stated", 0.3), Asked("t/r", "revealed", 0.1, "choice")], QUICK), QUICK)
    assert found.neutral is None
    assert not [one for one in found.gates_checked if one.gate == "not_neutral"]
    assert neutral_line(found, NumericFloor(0, 0)) == ""


def test_a_place_that_stands_still_is_marked():
    rows = rows_of_side(side("stated", 2, 7, positions=("last",)), ("last",))
    rows += rows_of_side(side("revealed", 2, 8, positions=("last",)), ("last",))
    study = analyse(pa.Table.from_pylist(rows, schema=READINGS), facts(QUICK), FLOORS)
    found = study.models["m"].tradeoffs["t"]
    assert not found.neutral.stated.place_moves
    assert found.held_axes["neutral"] == "last"
    assert "cannot be distinguished from that of its position" in neutral_line(found, study.models["m"].numeric_floor)
    told = neutral_table(study.models["m"], (("t", found),))
    assert [row[0:2] for row in told.rows] == [("t", "stated"), ("t", "revealed")]
    assert all("confounded" in row[6] for row in told.rows)
    assert from_json(to_json(study)) == study


def test_the_line_tells_both_masses_and_the_divergence():
    found = result(rows_of_side(side("stated", 3, 9)) + rows_of_side(side("revealed", 3, 10)))
    line = neutral_line(found, NumericFloor(1e-6, 5e-13))
    assert f"asked in general {found.neutral.stated.neutral:.3f}" in line
    assert f"in the scenarios {found.neutral.revealed.neutral:.3f}" in line
    assert f"Over all three options, KL(revealed || stated) is {found.neutral.kl3_revealed_stated:.3f} nats." in line
    coarse = neutral_line(found, NumericFloor(2, found.neutral.kl3_revealed_stated / 2))
    assert "below floor" in coarse


def test_a_cell_too_few_is_told():
    rows = rows_of_side(side("revealed", 2, 11))
    with pytest.raises(StudyError, match=r"neutral=middle is missing \(1 such cells\)"):
        result([row for row in rows if not (row["item"] == "t/revealed1" and row is rows[13])])


def test_arms_keep_sides_apart_and_find_everything():
    rows = rows_of([Asked("t/s", "stated", 0.3), Asked("t/c", "control", 1.0, "identical")], QUICK)
    rows += rows_of_side(side("revealed", 2, 12))
    grids = tabulate_grids(pa.Table.from_pylist(rows, schema=READINGS), AXES)["m"]
    assert [item.id for item in grids.items] == ["t/c", "t/s", "t/revealed0", "t/revealed1"]
    assert grids.of_side("stated").z.shape == (1, 4)
    assert grids.of_tradeoff("t").of_side("revealed").z.shape == (2, 12)
    assert grids.of_tradeoff("other").of_side("revealed").z.shape[0] == 0
    assert np.isnan(grids.of_side("stated").neutral).all()
    assert (grids.of_side("stated").neutral_share == 0).all()
    everywhere = tabulate_grids(pa.Table.from_pylist(rows_of_side(side("revealed", 1, 1)), schema=READINGS), AXES)["m"]
    assert everywhere.plain.items == ()
    assert everywhere.of_side("revealed").z.shape == (1, 12)


def test_places_average_out_where_formats_are_compared():
    wide = laid(QUICK)
    z = np.random.default_rng(13).normal(0, 2, 12)
    grid = replace(wide, positions=3)
    assert over_positions(expit(z), grid) == pytest.approx(expit(z).reshape(4, 3).mean(axis=1), abs=1e-15)
    assert expit(pooled_over_positions(z, grid)) == pytest.approx(expit(z).reshape(4, 3).mean(axis=1), abs=1e-12)
    assert pooled_over_positions(z, wide) is z


def test_neutral_answers_are_drawn_and_dropped_as_the_protocol_does():
    """One prompt a side: with neutral the estimate is undefined as often as a side answers neutrally."""
    cells = [
        [(Asked(f"t/{n}", n, 0.0, "choose"), np.full((4, 3), z), np.full((4, 3), zn))]
        for n, z, zn in (("stated", 1.0, 0.0), ("revealed", -1.0, np.log(3.0)))
    ]
    found = result(rows_of_side(cells[0]) + rows_of_side(cells[1])).gu2025.every_prompt
    assert found.undefined == pytest.approx(1 - 0.5 * 0.25, abs=1e-12)
    plain = result(
        rows_of([Asked("t/stated", "stated", 1.0), Asked("t/revealed", "revealed", -1.0, "choice")], QUICK), QUICK
    )
    assert found.mean == pytest.approx(plain.gu2025.every_prompt.mean, abs=1e-12)
    assert plain.gu2025.every_prompt.undefined == 0


def test_draws_count_only_where_they_are_not_neutral():
    stated, revealed = side("stated", 4, 14), side("revealed", 4, 15)
    flat = [
        [(item, z, np.full((4, 3), zn)) for item, z, _ in cells] for cells in (stated, revealed) for zn in (-40.0, 0.0)
    ]
    without = result(rows_of_side(flat[0]) + rows_of_side(flat[2])).gu2025
    half = result(rows_of_side(flat[1]) + rows_of_side(flat[3])).gu2025
    assert half.draws_per_prompt in (2 * without.draws_per_prompt - 1, 2 * without.draws_per_prompt)


def test_a_format_that_is_always_answered_neutrally_has_no_protocol():
    stated, revealed = side("stated", 3, 18), side("revealed", 3, 19)
    one_cell = [(item, z, np.where(np.arange(12).reshape(4, 3) == 5, 800.0, zn)) for item, z, zn in revealed]
    assert result(rows_of_side(stated) + rows_of_side(one_cell)).gu2025 is None
    of_one_item = result(rows_of_side(stated) + rows_of_side([one_cell[0], *revealed[1:]])).gu2025
    assert of_one_item.every_prompt.mean > 0
    assert (of_one_item.draws_per_prompt, of_one_item.answers) == (None, None)


def test_draws_in_one_format_ask_a_side_of_two_options_in_the_same_format():
    rng = np.random.default_rng(20)
    plain = [Asked(f"t/q{k}", "stated", rng.normal(0.5, 1.5, 4)) for k in range(4)]
    revealed = side("revealed", 4, 21)
    readings = pa.Table.from_pylist(rows_of(plain, QUICK) + rows_of_side(revealed), schema=READINGS)
    grids = tabulate_grids(readings, AXES)["m"]
    setting = Setting(formats=grids.plain.formats, unordered=(), agreeing={}, delta=1e-9)
    sides = tuple(side_figures(grids.of_side(name), name, "first", setting) for name in ("stated", "revealed"))
    found = []
    for column, variant in enumerate(grids.of_side("revealed").formats.variants):
        s = expit([item.z[column // 3] for item in plain])
        r, zn = (np.array([one[k].ravel()[column] for one in revealed]) for k in (1, 2))
        r = expit(r)
        sampling = (s * (1 - s)).sum() / 16 + (r * (1 - r) / expit(-zn)).sum() / 16
        between = s.var(ddof=1) / 4 + r.var(ddof=1) / 4
        found.append(enough_draws(sides, variant))
        assert found[-1] == np.ceil(sampling / (0.1 * between))
    assert len(set(found)) > 4


def test_the_plain_table_is_untouched():
    items = [Asked("t/s", "stated", 0.3), Asked("t/r", "revealed", [0.1, 0.2, 0.3, 0.4], "choice")]
    grids = tabulate_grids(table(items), QUICK)["m"]
    assert grids.offered is None
    assert grids.of_side("revealed").z.tolist() == [[0.1, 0.2, 0.3, 0.4]]
