from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit, logit

from probe.analysis.results import to_json
from probe.analysis.side import form_consistency
from probe.analysis.study import analyse
from probe.errors import StudyError
from probe.store.facts import TradeOffFacts
from probe.store.schema import READINGS

from .build import QUICK, TWO, Asked, control, facts, laid, rows_of, table

FLOORS = {"m": 1e-6}
FORMATS = laid(QUICK)
OF_ORDER, OF_LABEL = FORMATS.order, FORMATS.label
FACTS = facts(
    agreeing={"t/agree": "first", "t/agree~mate": "second"},
    controls={"t/dom": control("dominated", "first")},
)


def full_study(seed=0):
    rng = np.random.default_rng(seed)
    odd = 0.8 * OF_ORDER + 0.3 * OF_LABEL

    def z():
        return rng.normal(0, 1.5) + odd + rng.normal(0, 0.2, 4)

    return [
        Asked("t/choose", "stated", z(), "choose", "t/choose"),
        Asked("t/choose~p1", "stated", z(), "choose", "t/choose"),
        Asked("t/agree", "stated", z(), "agree", "t/agree"),
        Asked("t/agree~mate", "stated", z(), "agree", "t/agree"),
        Asked("t/advise", "stated", z(), "advise", "t/advise"),
        Asked("t/suggest", "stated", z(), "advise", "t/suggest"),
        *(
            Asked(f"t/{s}/stakes={k}", "revealed", z(), "choice", f"t/{s}", {"stakes": k})
            for s in "abc"
            for k in ("low", "high")
        ),
        Asked("t/a~bridge", "bridge", z(), "bridge", "t/a"),
        Asked("t/dom", "control", 5.0 + odd, "dominated", "t/dom"),
    ]


def result(items, about=FACTS, axes=QUICK):
    return analyse(table(items, axes), about, FLOORS).models["m"].tradeoffs["t"]


def test_both_sides_are_weighted_means_of_probabilities():
    items = full_study()
    p = {item.id: expit(item.z).mean() for item in items}
    found = result(items)
    stated = np.mean(
        [
            np.mean([p["t/choose"], p["t/choose~p1"]]),
            np.mean([p["t/agree"], p["t/agree~mate"]]),
            np.mean([p["t/advise"], p["t/suggest"]]),
        ]
    )
    revealed = np.mean([p[f"t/{s}/stakes={k}"] for s in "abc" for k in ("low", "high")])
    assert found.stated.deployed == pytest.approx(stated, abs=1e-12)
    assert found.revealed.deployed == pytest.approx(revealed, abs=1e-12)
    assert found.gap == pytest.approx(revealed - stated, abs=1e-12)
    assert found.tv == pytest.approx(abs(found.gap), abs=1e-12)
    assert found.log_odds_gap == pytest.approx(logit(revealed) - logit(stated), abs=1e-12)
    assert found.latent_gap == pytest.approx(logit(found.revealed.latent) - logit(found.stated.latent))
    expected = revealed * np.log(revealed / stated) + (1 - revealed) * np.log((1 - revealed) / (1 - stated))
    assert found.kl_revealed_stated == pytest.approx(expected, abs=1e-12)
    reverse = stated * np.log(stated / revealed) + (1 - stated) * np.log((1 - stated) / (1 - revealed))
    assert found.kl_stated_revealed == pytest.approx(reverse, abs=1e-12)
    assert (found.stated.items, found.stated.clusters, found.revealed.clusters) == (6, 4, 3)


def test_every_part_of_a_trade_off_is_filled():
    found = result(full_study())
    parts = found.budget
    assert parts.format + parts.context + parts.scenarios + parts.gap == pytest.approx(parts.total, abs=1e-12)
    assert set(parts.format_by_axis) == {"order", "label_order"}
    assert found.pivot_axes == ("order",)
    assert found.varied_axes == {"order": TWO, "label_order": TWO}
    assert found.held_axes["cue"] == "answer"
    assert found.bias.position == pytest.approx(0.8, abs=0.2)
    assert found.bias.acquiescence is None
    assert found.bias_stated.acquiescence.pairs == 1
    assert found.bridge.scenarios == 1
    assert found.context_effects["stakes"]["low"].scenarios == 3
    assert found.form_consistency.revealed == pytest.approx(1 - parts.format / np.log(2), abs=1e-14)
    assert found.symmetric_budget.side == pytest.approx(found.jsd, abs=1e-14)
    assert found.option_mass.stated == found.option_mass.revealed == pytest.approx(0.99)
    assert found.gates == ()
    assert found.decomposition.items > 0
    assert found.flips.spread.variants == 4


def renamed(items):
    """The same readings with the principles' ranks exchanged: z, orders and label orders turn round."""
    turned = [replace(i, z=-np.broadcast_to(i.z, 4)[::-1], p1=i.p2, p2=i.p1) for i in items]
    about = replace(
        FACTS,
        tradeoffs={"t": TradeOffFacts("f", "second", "first")},
        controls={"t/dom": control("dominated", "first")},
    )
    return turned, about


@pytest.mark.parametrize("seed", range(4))
def test_naming_the_principles_the_other_way_round_turns_the_signs_and_nothing_else(seed):
    items = full_study(seed)
    here, there = result(items), result(*renamed(items))
    assert there.stated.deployed == pytest.approx(1 - here.stated.deployed, abs=1e-12)
    assert there.revealed.latent == pytest.approx(1 - here.revealed.latent, abs=1e-12)
    assert there.gap == pytest.approx(-here.gap, abs=1e-12)
    assert there.bias.content == pytest.approx(-here.bias.content, abs=1e-12)
    for name in ("position", "label", "listing"):
        sign = 1 if name != "listing" else -1
        assert getattr(there.bias, name) == pytest.approx(sign * getattr(here.bias, name), abs=1e-12)
    agreement = here.bias_stated.acquiescence.towards_agreeing
    assert there.bias_stated.acquiescence.towards_agreeing == pytest.approx(agreement, abs=1e-12)
    for name in ("kl_revealed_stated", "kl_stated_revealed", "jsd", "tv", "soft_switch", "kl_error"):
        assert getattr(there, name) == pytest.approx(getattr(here, name), abs=1e-12)
    for name in ("total", "format", "context", "scenarios", "gap"):
        assert getattr(there.budget, name) == pytest.approx(getattr(here.budget, name), abs=1e-12)
    assert there.budget.format_by_axis == pytest.approx(here.budget.format_by_axis, abs=1e-12)
    assert there.flips.rate == here.flips.rate
    assert there.direction == here.direction
    assert replace(there.claim, reason="") == replace(here.claim, reason="")
    turned_round(there.inference, here.inference)
    assert there.gap_to_noise.ratio == pytest.approx(here.gap_to_noise.ratio, abs=1e-12)
    assert there.gap_to_noise.same_sign == here.gap_to_noise.same_sign
    assert there.bridge.sign_flip_p == here.bridge.sign_flip_p
    assert there.bridge.general_to_bridge_interval == here.bridge.general_to_bridge_interval


def turned_round(there, here):
    """Intervals of signed figures change their ends, those of divergences and the test stay."""
    for name in ("gap_interval", "gap_interval_90", "latent_gap_interval"):
        low, high = getattr(here, name)
        assert getattr(there, name) == pytest.approx((-high, -low), abs=1e-12)
    for name in ("kl_revealed_stated_interval", "kl_stated_revealed_interval", "kl_bias", "numeric_error"):
        assert getattr(there, name) == pytest.approx(getattr(here, name), abs=1e-10)
    assert (there.test.p, there.test.arrangements) == (here.test.p, here.test.arrangements)
    assert there.test.statistic == pytest.approx(here.test.statistic, rel=1e-10)


def swapped(items):
    """First and second exchanged in every prompt, and the labels with them: the reader turns the grid round."""
    return [replace(i, z=np.broadcast_to(i.z, 4)[::-1]) for i in items]


@pytest.mark.parametrize("seed", range(2))
def test_exchanging_first_and_second_with_their_labels_turns_the_biases_and_nothing_else(seed):
    items = full_study(seed)
    here, there = result(items), result(swapped(items))
    for name in ("position", "label"):
        assert getattr(there.bias, name) == pytest.approx(-getattr(here.bias, name), abs=1e-12)
    assert there.bias.listing == pytest.approx(here.bias.listing, abs=1e-12)
    assert replace(there.claim, reason="") == replace(here.claim, reason="")
    assert there.inference.gap_interval == pytest.approx(here.inference.gap_interval, abs=1e-12)
    assert there.stated.latent == pytest.approx(here.stated.latent, abs=1e-12)
    assert there.budget.total == pytest.approx(here.budget.total, abs=1e-12)
    assert there.budget.format_by_axis == pytest.approx(here.budget.format_by_axis, abs=1e-12)


def test_the_order_of_rows_changes_no_byte():
    plain = table(full_study())
    mixed = plain.take(pa.array(np.random.default_rng(1).permutation(plain.num_rows)))
    assert to_json(analyse(mixed, FACTS, FLOORS)) == to_json(analyse(plain, FACTS, FLOORS))


def test_controls_and_bridges_never_enter_a_preference():
    items = full_study()
    moved = [replace(i, z=-9.0) if i.side in ("control", "bridge") else i for i in items]
    here, there = result(items), result(moved)
    assert there.stated == here.stated
    assert there.revealed == here.revealed
    assert [(g.gate, g.side, g.value) for g in there.gates] == [("dominated", "control", 0.0)]


@pytest.mark.parametrize(("kept", "absent"), [("stated", "revealed"), ("revealed", "stated")])
def test_an_absent_side_is_null_and_so_is_what_needs_it(kept, absent):
    found = result([i for i in full_study() if i.side == kept])
    assert getattr(found, absent) is None
    assert getattr(found, kept) is not None
    for name in ("kl_revealed_stated", "jsd", "tv", "gap", "direction", "symmetric_budget", "depends_on_form"):
        assert getattr(found, name) is None
    assert getattr(found.option_mass, absent) is None
    assert getattr(found.form_consistency, absent) is None
    if kept == "revealed":
        assert (found.budget.total, found.budget.gap) == (None, None)
        assert found.budget.format > 0
        assert (found.bias_stated, found.flips_stated, found.decomposition_stated) == (None, None, None)
    else:
        assert (found.budget, found.bias, found.flips, found.pivot_axes) == (None, None, None, ())
        assert found.context_effects == {}


def test_equal_preferences_are_below_the_floor_and_have_no_direction():
    items = [Asked("t/q", "stated", 1.0), Asked("t/s", "revealed", 1.0 + 1e-7)]
    found = result(items)
    assert found.kl_below_floor
    assert found.direction is None
    apart = result([items[0], Asked("t/s", "revealed", 2.0)])
    assert not apart.kl_below_floor
    assert apart.direction == "amplified"
    assert apart.hard_switch is False


def test_a_reversal_needs_clusters_that_agree():
    stated = [Asked(f"t/q{k}", "stated", 2.0 + 0.1 * k) for k in range(4)]
    against = [Asked(f"t/s{k}", "revealed", -2.0 + 0.1 * k) for k in range(4)]
    assert result(stated + against).direction == "reversal"
    assert result(stated + against).hard_switch is True
    scattered = [replace(s, z=z) for s, z in zip(against, [-6.0, 4.0, -6.0, 3.0], strict=True)]
    assert result(stated + scattered).hard_switch is True
    assert result(stated + scattered).direction is None


def test_models_are_apart_and_keep_their_own_floor():
    rows = rows_of(full_study(0), QUICK, "a") + rows_of(full_study(1), QUICK, "b")
    both = analyse(pa.Table.from_pylist(rows, schema=READINGS), FACTS, {"a": 1e-6, "b": 0.05})
    alone = analyse(table(full_study(1), QUICK, "b"), FACTS, {"b": 0.05})
    here, there = both.models["b"].tradeoffs["t"], alone.models["b"].tradeoffs["t"]
    assert replace(here, claim=None, verdict=None) == replace(there, claim=None, verdict=None)
    assert (here.claim.family, there.claim.family) == (2, 1)
    assert here.claim.p_adjusted >= there.claim.p_adjusted == there.inference.test.p
    assert both.models["b"].numeric_floor.kl == pytest.approx(0.00125)
    assert set(both.models) == {"a", "b"}


def test_labels_that_follow_position_are_named_slot():
    axes = {"order": TWO, "label_order": ("position",)}
    formats = laid(axes)
    items = [Asked("t/q", "stated", 1.0), Asked("t/s", "revealed", 1.0 + 2 * formats.order)]
    found = result(items, facts(axes), axes)
    assert found.pivot_axes == ("slot",)
    assert found.varied_axes == {"slot": TWO}
    assert found.bias.slot == pytest.approx(2.0)


def test_form_consistency_is_one_without_format_effects_and_zero_at_the_extremes():
    assert form_consistency(np.array([[2.0, 2.0]]), np.ones(1)) == 1.0
    assert form_consistency(np.array([[60.0, -60.0]]), np.ones(1)) == pytest.approx(0.0, abs=1e-12)


def test_an_empty_table_has_no_models():
    assert analyse(READINGS.empty_table(), FACTS, {}).models == {}


@pytest.mark.parametrize(
    ("about", "floors", "message"),
    [
        (FACTS, {}, "no numeric floor of model m"),
        (replace(FACTS, tradeoffs={}), FLOORS, "trade-off 't' is not part of the study"),
        (
            replace(FACTS, tradeoffs={"t": TradeOffFacts("f", "second", "first")}),
            FLOORS,
            "principles are 'first', 'second', the study has 'second', 'first'",
        ),
    ],
)
def test_what_does_not_belong_to_the_study_is_refused(about, floors, message):
    with pytest.raises(StudyError, match=message):
        analyse(table(full_study()), about, floors)
