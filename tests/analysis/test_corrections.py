from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit

from probe.analysis.corrections import corrected_gaps, corrections, held_out, mirrored, prior
from probe.analysis.results import from_json, to_json
from probe.analysis.study import analyse
from simulation.table import facts_of, readings
from simulation.world import (
    Control,
    FormatEffects,
    Revealed,
    Scenario,
    Spread,
    Stated,
    TradeOff,
    World,
    nine_roots,
)

from .build import QUICK, STANDARD, TWO, laid, steady

FORMATS = laid(STANDARD)
NONE = np.empty((0, 32))
CLUSTERS = [f"t/{k}" for k in range(8)]
EQUAL = np.full(8, 1 / 8)


def corrected(z, formats=FORMATS, content_free=None, clusters=CLUSTERS, weights=EQUAL):
    controls = np.empty((0, z.shape[1])) if content_free is None else content_free
    return corrections(z, weights, clusters, formats, (), 1e-9, controls)


def biased(position=1.5, label=-0.7, seed=0):
    """Eight items of their own content, with one bias for all that depends on the label set."""
    content = np.random.default_rng(seed).normal(0, 1.5, (8, 1))
    numbers = np.array(FORMATS.label_set) == "12"
    bias = position * FORMATS.order + np.where(numbers, -2 * label, label) * FORMATS.label
    return content, bias


def test_mirrored_variants_show_the_same_layout_with_contents_exchanged():
    mirror = mirrored(FORMATS)
    assert (mirror[mirror] == np.arange(32)).all()
    assert (FORMATS.order[mirror] == -FORMATS.order).all()
    assert (FORMATS.label[mirror] == -FORMATS.label).all()
    for here, there in enumerate(mirror):
        rest = [v.split(",")[2:] for v in (FORMATS.variants[here], FORMATS.variants[there])]
        assert rest[0] == rest[1]


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ({"order": TWO, "label_order": ("position",)}, [1, 0]),
        ({"order": TWO, "label_order": ("p1",)}, [1, 0]),
        ({"label_order": TWO}, [1, 0]),
        ({"order": TWO, "label_order": ("position", "p1", "p2")}, [3, 5, 4, 0, 2, 1]),
        ({"cue": ("answer", "choice")}, None),
    ],
)
def test_mirrors_of_smaller_designs(axes, expected):
    found = mirrored(laid(axes))
    assert (None if found is None else found.tolist()) == expected


def test_a_bias_alike_in_all_items_is_taken_out_exactly():
    content, bias = biased()
    control = np.array([0.4, -0.4])[:, None] + bias
    found = corrected(content + bias, content_free=control)
    own = expit(content[:, 0])
    assert found.grid_average.deployed == pytest.approx(own.mean(), abs=1e-12)
    assert found.content_free.deployed == pytest.approx(own.mean(), abs=1e-12)
    assert found.content_free.estimated_on == 2
    rest = [k for k, name in enumerate(CLUSTERS) if name not in held_out(CLUSTERS)]
    assert (found.pride.items, found.pride.estimated_on) == (6, 2)
    assert found.pride.deployed == pytest.approx(own[rest].mean(), abs=1e-12)
    before = expit(content + bias)
    assert found.pride.uncorrected == pytest.approx(before[rest].mean())
    assert found.grid_average.uncorrected == pytest.approx(before.mean())
    for told in (found.grid_average, found.content_free, found.pride):
        assert (told.position, told.label, told.disagreement) == pytest.approx((0, 0, 0), abs=1e-12)
        assert told.by_format == pytest.approx((told.deployed, told.deployed), abs=1e-12)
        low, high = told.by_format_uncorrected
        assert high - low > 0.3
        assert told.disagreement_uncorrected > 0.1
    signs = (content > 0) != (content + bias > 0)
    assert found.grid_average.changed == pytest.approx(signs.mean())
    assert found.pride.changed == pytest.approx(signs[rest].mean())


def test_a_prior_that_differs_between_controls_and_items_does_harm():
    """What the controls pull towards is taken out whether or not the items show it."""
    content, bias = biased(0.0, 0.0)
    found = corrected(content + bias, content_free=(2.0 * FORMATS.order)[None])
    assert found.content_free.position == pytest.approx(-2.0)
    assert found.content_free.by_format[1] > found.content_free.by_format_uncorrected[1] + 0.1
    assert found.pride.position == pytest.approx(0.0, abs=1e-12)


def test_content_and_even_terms_are_no_prior():
    cue = np.where(["cue=answer" in v for v in FORMATS.variants], 1.0, -1.0)
    listing = FORMATS.order * FORMATS.label
    z = np.array([2.0, -1.0])[:, None] + 0.8 * cue + 0.6 * listing
    assert prior(z, np.array([0.5, 0.5]), mirrored(FORMATS)) == pytest.approx(np.zeros(32), abs=1e-12)


def test_priors_are_averaged_as_probabilities():
    formats = laid(QUICK)
    z = np.array([1.0, 5.0])[:, None] * formats.order
    found = prior(z, np.array([0.75, 0.25]), mirrored(formats))
    expected = logit(0.75 * expit(1.0) + 0.25 * expit(5.0))
    assert found == pytest.approx(expected * formats.order)


@steady
@given(arrays(float, (8, 32), elements=st.floats(-6, 6)))
def test_naming_the_other_principle_first_mirrors_everything(z):
    """Both principles change places: the log-odds turn, and each variant is called what its mirror was."""
    mirror = mirrored(FORMATS)
    control = np.linspace(-1, 2, 32)[None]
    here = corrected(z, content_free=control)
    there = corrected(-z[:, mirror], content_free=-control[:, mirror])
    for name in ("grid_average", "content_free", "pride"):
        a, b = getattr(here, name), getattr(there, name)
        assert a.deployed == pytest.approx(1 - b.deployed, abs=1e-9)
        assert a.position == pytest.approx(b.position, abs=1e-9)
        assert a.label == pytest.approx(b.label, abs=1e-9)
        assert a.disagreement == b.disagreement or name == "grid_average"


def test_held_out_clusters_depend_on_their_names_alone():
    assert held_out(CLUSTERS) == held_out(CLUSTERS[::-1] + CLUSTERS)
    assert len(held_out(CLUSTERS)) == 2
    assert len(held_out(CLUSTERS[:2])) == 1
    assert held_out(["t/0", "t/0"]) == frozenset()


def test_what_cannot_be_estimated_is_absent():
    still = laid({"cue": ("answer", "choice")})
    found = corrected(np.zeros((8, 2)), still)
    assert (found.grid_average, found.content_free, found.pride) == (None, None, None)
    one = corrected(np.ones((1, 32)), clusters=["t/0"], weights=np.ones(1))
    assert (one.content_free, one.pride) == (None, None)
    assert one.grid_average.deployed == pytest.approx(expit(1.0))
    assert corrected_gaps(found, one).grid_average is None
    assert corrected_gaps(None, one) is None


def test_the_gap_that_bias_alone_makes_goes_with_every_correction():
    """Equal content on both sides, a strong position bias on the revealed side: R - S is no shift of preference."""
    bias = FormatEffects(position=6.0)
    world = World(
        {
            "t": TradeOff(
                Stated(1.0, nine_roots(), Spread(0.0, 0.0)),
                Revealed(1.0, tuple(Scenario() for _ in range(8)), Spread(0.0, 0.0), formats=bias),
            )
        },
        controls=(Control("content_free", 0.0, bias), Control("dominated", 4.0)),
    )
    study = analyse(readings(world, 1), facts_of(world), {"synthetic": 1e-9})
    found = study.models["synthetic"].tradeoffs["t"]
    gap = 0.5028908998649422 - 0.7310585786300049
    assert found.gap == pytest.approx(gap)
    assert found.corrected_gaps.grid_average == pytest.approx((0.0, gap), abs=1e-12)
    assert found.corrected_gaps.pride == pytest.approx((0.0, gap), abs=1e-12)
    revealed = found.corrections.content_free
    assert (revealed.estimated_on, revealed.deployed) == (1, pytest.approx(0.7310585786300049))
    assert found.corrected_gaps.content_free[0] == pytest.approx(
        revealed.deployed - found.corrections_stated.content_free.deployed
    )
    assert abs(found.corrections_stated.content_free.position) == pytest.approx(6.0)
    assert from_json(to_json(study)) == study
    plain = replace(world, controls=())
    without = analyse(readings(plain, 1), facts_of(plain), {"synthetic": 1e-9}).models["synthetic"].tradeoffs["t"]
    assert without.corrections.content_free is None
    assert without.gap == found.gap
