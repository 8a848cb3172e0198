"""Guards: the ladder's terms add up and are what other code finds, planted ones are found, and what may be claimed."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from probe.analysis.ladder import UNREAD
from probe.analysis.ladder_results import Step
from probe.analysis.study import Terms, analyse
from probe.design.items import CELLS
from probe.store.facts import LadderFacts

from .build import QUICK, STANDARD, Asked, facts, laid, steady, table

OWN = ("100", "010", "110", "bare")
FIRST = {"stakes": "low"}


def suite(cells, *, more=(), stated=(0.4, 0.8), left_out=None):
    """A study of one trade-off: `cells` holds z of each cell by scenario, `more` z of further context cells."""
    items, ladder, first = [], [], {}
    for name, z in cells.items():
        scenario = f"t/{name}"
        first[scenario] = f"{scenario}/stakes=low"
        items.append(Asked(f"{scenario}~bridge", "bridge", z["000"], "bridge", scenario))
        items.append(Asked(first[scenario], "revealed", z["111"], "choice", scenario, FIRST))
        items += [Asked(f"{scenario}/stakes={k}", "revealed", v, "choice", scenario, {"stakes": k}) for k, v in more]
        for cell in OWN:
            told = FIRST if cell in ("100", "110") else {}
            ladder.append(Asked(f"{scenario}~ladder-{cell}", "ladder", z[cell], cell, scenario, told))
    items += [Asked(f"t/q{n}", "stated", z) for n, z in enumerate(stated)]
    return items, ladder, LadderFacts("first", first, left_out or {})


def ladder_table(asked, axes=QUICK):
    rows = table(asked, axes).to_pylist()
    scenarios = {one.id: one.cluster for one in asked}
    return pa.Table.from_pylist([{**row, "scenario": scenarios[row["item"]]} for row in rows], schema=table([]).schema)


def found_in(items, ladder, about, axes=QUICK, floor=1e-6, **terms):
    study = facts(axes, ladder=about)
    results = analyse(
        table(items, axes), study, {"m": floor}, Terms(tables={"ladder": ladder_table(ladder, axes)}, **terms)
    )
    return results.models["m"].tradeoffs["t"].ladder


def by_orders(z):
    """Mean over both orders of what each change adds when it is made; shares no code with the analysis."""
    state = {(0, 0): z["000"], (1, 0): z["100"], (0, 1): z["010"], (1, 1): z["110"]}
    added = np.zeros(2)
    for order in permutations((0, 1)):
        at = [0, 0]
        for change in order:
            before = state[tuple(at)]
            at[change] = 1
            added[change] += (state[tuple(at)] - before) / 2
    return added


numbers = st.floats(-30, 30, allow_nan=False)
ladders = st.dictionaries(
    st.sampled_from("abcdef"), st.fixed_dictionaries(dict.fromkeys(CELLS, numbers)), min_size=1, max_size=6
)


@steady
@given(ladders)
def test_the_terms_add_up_and_are_what_an_enumeration_of_orders_finds(cells):
    found = found_in(*suite(cells))
    total = np.mean([z["111"] - z["000"] for z in cells.values()])
    assert found.total.value == pytest.approx(total, abs=1e-12)
    three = found.vignette.value + found.wording.value + found.should_to_do.value
    assert abs(three - found.total.value) <= 1e-12
    assert abs(sum(step.value for step in found.path.values()) - found.total.value) <= 1e-12
    vignette, wording = np.mean([by_orders(z) for z in cells.values()], axis=0)
    assert (found.vignette.value, found.wording.value) == pytest.approx((vignette, wording), abs=1e-12)
    assert found.should_to_do.value == pytest.approx(np.mean([z["111"] - z["110"] for z in cells.values()]), abs=1e-12)
    assert found.cells == pytest.approx({cell: np.mean([z[cell] for z in cells.values()]) for cell in CELLS})
    assert found.by_scenario == {f"t/{name}": pytest.approx(z) for name, z in cells.items()}
    assert (found.scenarios, found.contexts) == (len(cells), len(cells))


def drawn(seed, scenarios=6, noise=0.3):
    rng = np.random.default_rng(seed)
    return {f"s{n}": dict(zip(CELLS, rng.normal(0.5, noise, 6), strict=True)) for n in range(scenarios)}


def test_intervals_and_the_test_are_paired_by_scenario():
    cells = drawn(1)
    found = found_in(*suite(cells), models=3)
    column = {cell: np.array([cells[name][cell] for name in sorted(cells)]) for cell in CELLS}
    pairs = {
        found.total: ("111", "000"),
        found.should_to_do: ("111", "110"),
        found.path["000-100"]: ("100", "000"),
        found.path["100-110"]: ("110", "100"),
        found.same_facts.difference: ("111", "100"),
    }
    for step, (one, other) in pairs.items():
        ends = stats.ttest_rel(column[one], column[other]).confidence_interval()
        assert step.interval == pytest.approx((ends.low, ends.high), abs=1e-12)
    signs = stats.permutation_test(
        (column["111"] - column["100"],), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert found.same_facts.sign_flip_p == pytest.approx(signs.pvalue)
    assert found.same_facts.p_adjusted == pytest.approx(min(1.0, 3 * signs.pvalue))
    apart = stats.ttest_ind(column["000"], (0.4, 0.8), equal_var=False).confidence_interval()
    assert found.general_to_bridge.value == pytest.approx(column["000"].mean() - 0.6)
    assert found.general_to_bridge.interval == pytest.approx((apart.low, apart.high), abs=1e-12)


PLANTED = {"000": 1.4, "100": 0.6, "010": 1.1, "110": 0.1, "111": -0.9, "bare": -0.35}


def planted(scenarios=48, *, same_facts=None, seed=4):
    """Scenarios that differ from each other and, a little, from cell to cell, in formats with biases of 2 and 3 nats."""
    rng, formats = np.random.default_rng(seed), laid(STANDARD)
    truth = PLANTED if same_facts is None else {**PLANTED, "111": PLANTED["100"] + same_facts}
    cells = {}
    for n in range(scenarios):
        own = rng.normal(0, 0.8)
        bias = 2 * formats.order + 3 * formats.label
        cells[f"s{n}"] = {cell: truth[cell] + own + rng.normal(0, 0.08) + bias for cell in CELLS}
    return cells


def test_a_planted_split_is_found_under_large_format_biases():
    found = found_in(*suite(planted()), axes=STANDARD)
    vignette, wording = by_orders(PLANTED)
    assert found.vignette.value == pytest.approx(vignette, abs=0.05)
    assert found.wording.value == pytest.approx(wording, abs=0.05)
    assert found.should_to_do.value == pytest.approx(-1.0, abs=0.05)
    assert found.total.value == pytest.approx(-2.3, abs=0.05)
    low, high = found.vignette.interval
    assert low < vignette < high
    assert high - low < 0.1
    assert found.same_facts.difference.value == pytest.approx(-1.5, abs=0.05)
    assert found.same_facts.inconsistent


def test_inconsistency_is_claimed_from_the_same_facts_alone_and_behind_open_gates():
    same = found_in(*suite(planted(same_facts=0.0)), axes=STANDARD)
    assert same.total.value < -0.5
    assert (same.same_facts.p_adjusted > 0.05, same.same_facts.inconsistent) == (True, False)
    items, ladder, about = suite(planted())
    shut = found_in([Asked(**{**vars(one), "mass": 0.1}) for one in items], ladder, about, axes=STANDARD)
    assert (shut.same_facts.p_adjusted <= 0.05, shut.same_facts.inconsistent) == (True, False)
    within = found_in(items, ladder, about, axes=STANDARD, floor=1.6)
    assert not within.same_facts.inconsistent
    few = found_in(*suite(planted(4)), axes=STANDARD)
    assert (few.same_facts.sign_flip_p, few.same_facts.inconsistent) == (0.125, False)


def test_the_bare_options_and_the_first_cell():
    cells = {"a": dict(PLANTED), "b": {**PLANTED, "bare": 0.05, "111": -0.94}}
    found = found_in(*suite(cells, more=[("mid", 0.3), ("high", 0.9)]))
    assert found.bare.latent.value == pytest.approx(-0.15)
    assert found.bare.share == pytest.approx(-0.15 / -0.92)
    assert found.bare.deployed == pytest.approx((1 / (1 + np.exp(0.35)) + 1 / (1 + np.exp(-0.05))) / 2)
    means = [-0.9 - (-0.9 + 0.3 + 0.9) / 3, -0.94 - (-0.94 + 0.3 + 0.9) / 3]
    assert found.first_to_mean.value == pytest.approx(np.mean(means))
    assert found_in(*suite(cells), floor=1.3).bare.share is None
    assert found_in(*suite({**cells, "c": {**PLANTED, "111": 0.5}})).bare.share is None


def test_every_cell_counts_within_its_scenario():
    items, ladder, about = suite({"a": PLANTED, "b": PLANTED}, more=[("high", 5.0)])
    for cell, z in (("100", 2.6), ("110", 4.1)):
        ladder.append(Asked(f"t/a/stakes=high~ladder-{cell}", "ladder", z, cell, "t/a", {"stakes": "high"}))
    found = found_in(items, ladder, about)
    assert (found.scenarios, found.contexts) == (2, 3)
    assert found.by_scenario["t/a"] == pytest.approx({**PLANTED, "100": 1.6, "110": 2.1, "111": 2.05})
    assert found.by_scenario["t/b"] == pytest.approx(PLANTED)


def test_a_scenario_of_which_a_cell_is_missing_is_left_out_by_name():
    items, ladder, about = suite({"a": PLANTED, "b": PLANTED}, left_out={"t/c": "it has no bridge", "u/d": "other"})
    found = found_in(items, [one for one in ladder if one.id != "t/a~ladder-010"], about)
    assert found.left_out == {"t/a": UNREAD, "t/c": "it has no bridge"}
    assert list(found.by_scenario) == ["t/b"]
    assert found.total == Step(pytest.approx(-2.3), None)
    none = [one for one in ladder if one.form != "110"]
    assert found_in(items, none, about) is None


def test_a_scenario_whose_first_cell_is_missing_is_left_out_though_another_was_read():
    items, ladder, about = suite({"a": PLANTED, "b": PLANTED}, more=[("high", 5.0)])
    ladder += [
        Asked(f"t/a/stakes=high~ladder-{cell}", "ladder", 1.0, cell, "t/a", {"stakes": "high"})
        for cell in ("100", "110")
    ]
    found = found_in([one for one in items if one.id != about.first["t/a"]], ladder, about)
    assert (list(found.by_scenario), found.left_out) == (["t/b"], {"t/a": UNREAD})


def test_cells_of_their_own_win_over_items_asked_in_other_prompts():
    items, ladder, about = suite({"a": PLANTED, "b": PLANTED})
    for name in "ab":
        ladder.append(Asked(f"t/{name}~ladder-000", "ladder", 7.0, "000", f"t/{name}"))
    assert found_in(items, ladder, about).cells["000"] == 7.0


def test_a_mate_is_no_rung():
    """A scenario with its default turned round stands in its scenario's cells, under the same context."""
    z = {"000": 0.0, "100": 0.5, "010": 0.25, "110": 0.75, "111": 1.0, "bare": 0.1}
    items, ladder, about = suite({"s1": z, "s2": z})
    mates = [
        Asked(f"t/{name}~mate/stakes=low", "revealed", -5.0, "choice", f"t/{name}", FIRST) for name in ("s1", "s2")
    ]
    alone, beside = found_in(items, ladder, about), found_in([*items, *mates], ladder, about)
    assert beside == alone
    assert beside.cells["111"] == pytest.approx(1.0)
