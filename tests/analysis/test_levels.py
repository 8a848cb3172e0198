"""Guards: levels are dropped one by one, the worst first, on the choosing half alone; never order or label order."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import pytest

from probe.analysis.levels import Known, admit, is_for_choosing, kept_variants

from .build import STANDARD, TWO, laid

FORMATS = laid(STANDARD)
NONE = np.empty((0, 32))


def of_variant(number):
    """One figure per variant, from its levels."""
    levels = [dict(part.split("=") for part in name.split(",")) for name in FORMATS.variants]
    return np.array([number(one) for one in levels])


def masses(**cells):
    return of_variant(lambda at: cells[f"{at['label_set']}_{at['cue']}".replace("12", "n")])[None]


def test_the_worked_example_ends_at_letters_and_answer():
    mass = masses(AB_answer=0.565, n_answer=0.315, AB_choice=0.265, n_choice=0.24)
    at = {name: mass[0, of_variant(lambda v, n=name: n in v.values())] for name in ("AB", "12", "answer", "choice")}
    means = {name: found.mean() for name, found in at.items()}
    assert means == pytest.approx({"AB": 0.415, "12": 0.2775, "answer": 0.44, "choice": 0.2525})
    dropped = admit(Known(mass, NONE, 0.8), FORMATS)
    assert dropped == (("cue", "choice"), ("label_set", "12"))
    kept = kept_variants(FORMATS, dropped)
    assert kept.sum() == 8
    assert mass[0, kept].mean() == pytest.approx(0.565)


def test_nothing_is_dropped_where_controls_are_answered():
    assert admit(Known(np.full((3, 32), 0.5), np.full((2, 32), 0.8), 0.8), FORMATS) == ()
    assert admit(Known(NONE, NONE, 0.8), FORMATS) == ()


def test_the_last_levels_and_mirror_images_stay():
    order = of_variant(lambda at: 0.3 if at["order"] == "p1" else 0.0)[None]
    dropped = admit(Known(order, NONE, 0.8), FORMATS)
    assert dropped == (("label_set", "AB"), ("instruction", "label"), ("cue", "answer"))
    assert kept_variants(FORMATS, dropped).sum() == 4
    assert admit(Known(np.zeros((1, 4)), np.empty((0, 4)), 0.8), laid({"order": TWO, "label_order": TWO})) == ()


def test_known_answers_come_second_and_are_averaged_first():
    # Right under AB; under 12 half of the formats say the opposite.
    p = of_variant(lambda at: 0.95 if at["label_set"] == "AB" or at["cue"] == "answer" else 0.1)[None]
    assert admit(Known(np.full((1, 32), 0.9), p, 0.8), FORMATS) == (("label_set", "12"),)
    short = masses(AB_answer=0.6, n_answer=0.55, AB_choice=0.2, n_choice=0.2)
    assert admit(Known(short, p, 0.8), FORMATS) == (("cue", "choice"),)
    assert admit(Known(np.full((1, 32), 0.9), p, 0.7), FORMATS) == ()


def by_hand(mass, p, sound):
    """The rule with sets of levels and a loop over variants."""
    left = {axis: list(levels) for axis, levels in STANDARD.items() if axis not in ("order", "label_order")}
    points = list(itertools.product(*(FORMATS.varied[axis] for axis in FORMATS.varied)))
    names = list(FORMATS.varied)

    def figure(table, rate, where):
        columns = [
            k
            for k, point in enumerate(points)
            if all(dict(zip(names, point, strict=True))[axis] in where[axis] for axis in where)
        ]
        each = [sum(row[k] for k in columns) / len(columns) for row in table]
        return sum(one >= sound for one in each) / len(each) if rate else sum(each) / len(each)

    gone = []
    for table, rate, least in ((mass, False, 0.5), (p, True, 0.8)):
        while figure(table, rate, left) < least:
            worst = [
                (figure(table, rate, {**left, axis: [level]}), axis, level)
                for axis in names
                if axis in left and len(left[axis]) > 1
                for level in left[axis]
            ]
            if not worst:
                break
            _, axis, level = min(worst, key=lambda one: round(one[0], 12))
            left[axis].remove(level)
            gone.append((axis, level))
    return tuple(gone)


@pytest.mark.parametrize("seed", range(12))
def test_against_the_rule_by_hand(seed):
    rng = np.random.default_rng(seed)
    mass, p = rng.uniform(0, 1, (4, 32)) * rng.uniform(0.5, 1.2), rng.uniform(0.6, 1, (6, 32))
    assert admit(Known(mass, p, 0.8), FORMATS) == by_hand(mass.tolist(), p.tolist(), 0.8)


def test_half_of_the_controls_choose_by_a_hash_of_the_id():
    names = [f"honesty/control-{k}" for k in range(400)]
    assert 150 < sum(map(is_for_choosing, names)) < 250
    assert [is_for_choosing(name) for name in names] == [
        int(hashlib.sha256(n.encode()).hexdigest()[1], 16) % 2 == 0 for n in names
    ]
