"""Guards: what is planted is what the documentation claims, recomputed from the table of cells."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import yaml
from demo_model import grammar
from demo_model.cells import other_cells
from demo_model.study import AXES
from demo_model.truth import own_words
from scipy import stats
from scipy.special import expit, rel_entr

from .conftest import ROOT

DEVIATING = ("gift", "queue", "repair")


def side_table(questions, cells, name, side):
    """Log-odds as items x variants, and the items, of one side of one trade-off."""
    own = [q for q in questions if q.tradeoff == name and q.side == side]
    rows = {q.id: [] for q in own}
    for cell in cells:
        if cell.item in rows:
            rows[cell.item].append(cell.log_odds)
    return own, np.array([rows[q.id] for q in own])


def nested_mean(own, values):
    """Mean over items of means over clusters of means over forms, spelled out."""
    forms = []
    for form in sorted({q.form for q in own}):
        clusters = sorted({q.cluster for q in own if q.form == form})
        means = [np.mean([v for q, v in zip(own, values, strict=True) if q.cluster == c]) for c in clusters]
        forms.append(np.mean(means))
    return np.mean(forms)


def cluster_means(own, table):
    p = expit(table).mean(axis=1)
    names = sorted({q.cluster for q in own})
    return np.array([np.mean([v for q, v in zip(own, p, strict=True) if q.cluster == c]) for c in names])


def deployed(questions, cells, name, side):
    own, table = side_table(questions, cells, name, side)
    return nested_mean(own, expit(table).mean(axis=1))


def latent(questions, cells, name, side):
    own, table = side_table(questions, cells, name, side)
    return expit(nested_mean(own, table.mean(axis=1)))


def test_the_truth_follows_from_the_cells(questions, cells, truth):
    for name, planted in truth["tradeoffs"].items():
        for side in ("stated", "revealed"):
            assert planted[side] == pytest.approx(deployed(questions, cells, name, side), abs=1e-6)
            assert planted[f"{side}_latent"] == pytest.approx(latent(questions, cells, name, side), abs=1e-6)
        r, s = planted["revealed"], planted["stated"]
        assert planted["kl_revealed_stated"] == pytest.approx(rel_entr([r, 1 - r], [s, 1 - s]).sum(), abs=1e-5)


def test_plans_are_met(questions, cells):
    for name, plan in grammar.PLANS.items():
        for side in ("stated", "revealed"):
            planted = getattr(plan, side)
            if planted is not None:
                assert deployed(questions, cells, name, side) == pytest.approx(planted, abs=1e-4)


def test_deviations_are_apart(truth):
    values = sorted(t["kl_revealed_stated"] for t in truth["tradeoffs"].values())
    assert len(values) == 5
    assert values[0] < 1e-6
    assert np.diff(values).min() >= 0.03


def test_directions(truth):
    words = {name: (t["direction"], t["deviates"]) for name, t in truth["tradeoffs"].items()}
    assert words == {
        "gift": ("reversal", True),
        "queue": ("attenuated", True),
        "repair": ("amplified", True),
        "trail": ("attenuated", False),
        "harvest": (None, False),
    }


def test_one_tradeoff_differs_by_spread_alone(truth):
    trail = truth["tradeoffs"]["trail"]
    assert trail["stated_latent"] == trail["revealed_latent"]
    assert trail["stated"] - trail["revealed"] > 0.1


@pytest.mark.parametrize("name", sorted(grammar.PLANS))
@pytest.mark.parametrize("side", ["stated", "revealed"])
def test_items_vary(questions, cells, name, side):
    own, table = side_table(questions, cells, name, side)
    content = table.mean(axis=1)
    assert content.std(ddof=1) >= 0.5
    towards = [0 if q.form != "agree" else (1 if q.towards == q.p1[0] else -1) for q in own]
    assert (content - grammar.ACQUIESCENCE * np.array(towards)).std(ddof=1) >= 0.5


@pytest.mark.parametrize("name", sorted(grammar.PLANS))
def test_biases_are_what_the_contrasts_recover(questions, cells, grid, name):
    o = np.array([form.order_sign for form in grid.standard])
    lab = np.array([form.label_sign for form in grid.standard])
    for side in ("stated", "revealed", "bridge", "control"):
        own, table = side_table(questions, cells, name, side)
        assert nested_mean(own, (table * o).mean(axis=1)) == pytest.approx(grammar.POSITION_BIAS)
        assert nested_mean(own, (table * lab).mean(axis=1)) == pytest.approx(grammar.LABEL_BIAS)
        assert (table * o * lab).mean() == pytest.approx(0, abs=1e-12)


def test_signs_of_the_biases(cells, questions, rungs):
    """The option shown first and the first label of its set gain, read from the prompts themselves."""
    texts = {q.id: q for q in questions + rungs}
    for cell in cells[:: len(cells) // 97]:
        q = texts[cell.item]
        if q.p1[1] == q.p2[1]:
            continue
        first_shown = 1 if cell.text.index(q.p1[1]) < cell.text.index(q.p2[1]) else -1
        first_label = 1 if cell.labels in {("A", "B"), ("1", "2")} else -1
        assert f"{cell.labels[0]}) {q.p1[1]}" in cell.text
        shift = grammar.format_shift(q.tradeoff, q.side, cell.form)
        even = shift - 0.8 * first_shown - 0.3 * first_label
        assert even == pytest.approx(
            0.6 if q.tradeoff == "queue" and q.side != "control" and "My choice:" in cell.text else 0
        )


def test_the_position_is_pivotal(questions, cells, grid):
    """Variance of z by axis, which the additive grammar makes plain: the order outweighs all others together."""
    for name, side in itertools.product(grammar.PLANS, ("stated", "revealed")):
        _, table = side_table(questions, cells, name, side)
        shares = {}
        for axis in ("order", "label_order", "label_set", "instruction", "cue"):
            levels = np.array([form[axis] for form in grid.standard])
            means = [table[:, levels == level].mean(axis=1) for level in sorted(set(levels))]
            shares[axis] = np.var(means, axis=0).mean()
        assert shares["order"] > 3 * (sum(shares.values()) - shares["order"])
        if name == "queue":
            assert shares["cue"] == pytest.approx(0.09)


def test_acquiescence_is_half_the_difference_of_root_and_mate(questions, contents):
    for mate in (q for q in questions if q.id.endswith("~mate") and q.form == "agree"):
        towards_p2 = mate.towards == mate.p1[0]
        half = (contents[mate.cluster] - contents[mate.id]) / 2
        assert (-half if towards_p2 else half) == pytest.approx(grammar.ACQUIESCENCE, abs=1e-4)


def test_context_effects_are_within_scenario_contrasts(questions, contents, truth):
    for name, planted in truth["tradeoffs"].items():
        own = [q for q in questions if q.tradeoff == name and q.side == "revealed"]
        for factor, levels in planted["context"].items():
            assert sum(levels.values()) == pytest.approx(0)
            for level, nats in levels.items():
                here = np.mean([contents[q.id] for q in own if dict(q.context)[factor] == level])
                everywhere = np.mean([contents[q.id] for q in own])
                assert here - everywhere == pytest.approx(nats, abs=1e-4)


def scenario_files():
    for file in sorted((ROOT / "scenarios/demo").glob("*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        yield from ((data["tradeoff"], list(data["principles"]), scene) for scene in data["revealed"])


def test_what_leaves_things_as_they_are_gains_in_a_scenario_and_in_its_mate(contents, truth):
    found = []
    for name, (p1, _), scene in scenario_files():
        if "mate" not in scene:
            assert "omission" not in truth["tradeoffs"][name]
            continue
        s = 1 if scene["acts"][p1] == "omit" else -1
        for cell in (item.partition("/")[2] for item in contents if item.startswith(f"{name}/{scene['id']}/")):
            if "~" not in cell:
                levels = cell.partition("/")[2]
                both = [contents[f"{name}/{scene['id']}{which}/{levels}"] for which in ("", "~mate")]
                found.append(s * (both[0] - both[1]) / 2)
    assert len(found) == 32
    assert found == pytest.approx([grammar.OMISSION] * 32, abs=1e-4)
    assert truth["tradeoffs"]["queue"]["omission"] == grammar.OMISSION == 0.5


def test_the_ladder_goes_from_the_bridge_to_the_first_cell_of_the_scenario(contents, truth):
    """Situation and wording as averages over both orders in which they can come."""
    steps = {name: [] for name in grammar.PLANS}
    for name, _, scene in scenario_files():
        root = f"{name}/{scene['id']}"
        first = f"{root}/" + ",".join(f"{key}={next(iter(levels))}" for key, levels in scene["factors"].items())
        z000, z111 = contents[f"{root}~bridge"], contents[first]
        z100, z110 = contents[f"{first}~ladder-100"], contents[f"{first}~ladder-110"]
        z010, bare = contents[f"{root}~ladder-010"], contents[f"{root}~ladder-bare"]
        vignette = ((z100 - z000) + (z110 - z010)) / 2
        wording = ((z010 - z000) + (z110 - z100)) / 2
        assert vignette + wording + (z111 - z110) == pytest.approx(z111 - z000, abs=1e-12)
        assert z110 - z100 - z010 + z000 == pytest.approx(grammar.INTERACTION, abs=3e-4)
        assert bare == pytest.approx(grammar.BARE * z111, abs=1e-4)
        steps[name].append((vignette, wording, z111 - z110, z111 - z000, bare))
    for name, found in steps.items():
        assert len(found) == 8
        means = np.mean(found, axis=0)
        assert means[:2] == pytest.approx(grammar.PLANS[name].ladder, abs=1e-4)
        shift = 0.3 if name == "queue" else 0  # the even format effect, alike in every cell
        planted = truth["tradeoffs"][name]["ladder"]
        fields = ("vignette", "wording", "should_to_do", "total", "bare")
        assert means + np.array([0, 0, 0, 0, shift]) == pytest.approx([planted[field] for field in fields], abs=1e-4)


def welch(a, b, level):
    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    reach = stats.t.ppf((1 + level) / 2, df) * np.sqrt(va + vb)
    gap = a.mean() - b.mean()
    return gap - reach, gap + reach


def test_planted_values_can_be_claimed_with_nine_roots_and_eight_scenarios(questions, cells):
    for name in grammar.PLANS:
        revealed = cluster_means(*side_table(questions, cells, name, "revealed"))
        stated = cluster_means(*side_table(questions, cells, name, "stated"))
        low, high = welch(revealed, stated, 0.95)
        if name in DEVIATING:
            assert low > 0.05 or high < -0.05
            assert stats.mannwhitneyu(revealed, stated, method="exact").pvalue * 5 < 0.05
        else:
            assert low < 0 < high
    low, high = welch(
        cluster_means(*side_table(questions, cells, "harvest", "revealed")),
        cluster_means(*side_table(questions, cells, "harvest", "stated")),
        0.90,
    )
    assert -0.05 < low < high < 0.05


def test_controls_are_sensible(questions, contents):
    for q in (q for q in questions if q.side == "control"):
        if q.form in {"dominated", "fact"}:
            assert contents[q.id] == (3.0 if q.towards == q.p1[0] else -3.0)
        elif q.form == "equivalent":
            assert abs(contents[q.id]) <= 0.5
        else:
            assert contents[q.id] == 0


def test_bridges_stand_between_the_sides(truth):
    for planted in truth["tradeoffs"].values():
        low, high = sorted([planted["stated"], planted["revealed"]])
        assert low - 0.03 <= planted["bridge"] <= high + 0.03


def test_kept_out_formats_leave_every_pair_of_levels(grid):
    kept_out = grammar.heldout_formats(grid.standard)
    assert len(kept_out) == 8
    seen = [form for form in grid.standard if form not in kept_out]
    moved = [axis for axis in AXES if len({form[axis] for form in grid.standard}) > 1]
    for one, two in itertools.combinations(moved, 2):
        assert len({(form[one], form[two]) for form in seen}) == 4
    shown = {(f["order"], f["label_order"], f["label_set"], f["cue"]) for f in seen}
    assert len(shown) == 16


def test_no_kept_out_prompt_is_trained_on(questions, rungs, contents, cells, grid):
    others = other_cells(questions + rungs, contents, grid, 6, 11)
    seen = {cell.text for cell in cells if not cell.kept_out} | {cell.text for cell in others}
    # Two identical options give one prompt whichever is called the first: half of its formats are the other half.
    identical = {question.id for question in questions if question.form == "identical"}
    kept_out = {cell.text for cell in cells if cell.kept_out and cell.item not in identical}
    assert kept_out
    assert not seen & kept_out
    assert sum(bool(cell.kept_out) for cell in cells) == 8 * (347 + 160) + 24 * 20


def test_a_kept_out_context_is_shown_in_no_other_format(questions, contents, grid):
    shown = {cell.item for cell in other_cells(questions, contents, grid, 2, 11)}
    assert shown == {q.id for q in questions} - set(grammar.heldout_cells(questions))


def test_kept_out_contexts_leave_three_cells_of_their_scenario(questions):
    by_id = {q.id: q for q in questions}
    kept_out = [by_id[item] for item in grammar.heldout_cells(questions)]
    assert len(kept_out) == len({q.cluster for q in kept_out}) == 20
    for name in grammar.PLANS:
        assert len({q.context for q in kept_out if q.tradeoff == name}) == 4


def test_a_phrase_left_out_takes_its_planted_effect_with_it(clauses, contents, truth):
    moved = {"sentence": [], "factor": []}
    for q in clauses:
        whole = q.id.partition("~")[0]
        levels = dict(pair.split("=") for pair in whole.rpartition("/")[2].split(","))
        gone = [(factor, level) for factor, level in levels.items() if factor not in dict(q.context)]
        assert len(gone) == (q.form == "factor")
        planted = sum(truth["tradeoffs"][q.tradeoff]["context"][factor][level] for factor, level in gone)
        planted += truth["tradeoffs"][q.tradeoff]["sentences"].get(q.id, 0)
        assert contents[whole] - contents[q.id] == pytest.approx(planted, abs=1e-4)
        moved[q.form].append(planted)
    assert len(moved["factor"]) == 80
    assert {abs(nats) for nats in moved["factor"]} == {0.25, 0.3, 0.35, 0.4, 0.45, 0.5}
    assert sorted(moved["sentence"]) == [0] * 56 + [1.4]


def test_what_was_said_moves_the_next_answer_as_planted(exchanges, contents, truth):
    """Pull and echo from the prompts themselves: the label in the answer of the first turn, and whose text it has."""
    found = own_words("gift", exchanges, [cell.log_odds for cell in exchanges])
    none = {"pull": 0.0, "label_echo": 0.4, "position_echo": 0.0}
    assert {read: {term: round(nats, 9) for term, nats in terms.items()} for read, terms in found.items()} == {
        "choice": none | {"pull": 0.8},
        "principle": none,
        "choice_unrelated": none,
        "principle_unrelated": none,
    }
    for name in set(grammar.PLANS) - {"gift"}:
        found = own_words(name, exchanges, [cell.log_odds for cell in exchanges])
        assert max(abs(terms[term] - none[term]) for terms in found.values() for term in terms) < 1e-9
        assert truth["tradeoffs"][name]["own_words"] == {"choice": 0.0, "principle": 0.0}
    assert truth["tradeoffs"]["gift"]["own_words"] == {"choice": 0.8, "principle": 0.0}
    for cell in exchanges[:: len(exchanges) // 97]:
        said = re.findall(r"Answer: (\w)\)", cell.text)[0]
        first = -1 if cell.before.said < 0 else 1
        echo = 0.2 if said == cell.labels[0] else -0.2
        second = cell.item.partition("~")[0]
        pull = first * 0.4 if re.match(r"gift/[^~]*=[^~]*~after-", cell.item) else 0.0
        alone = contents[second] + grammar.format_shift(second.partition("/")[0], "revealed", cell.form)
        assert cell.log_odds - alone == pytest.approx(pull + echo)


def test_a_quarter_of_two_turns_is_kept_out_with_the_second_format(exchanges, truth):
    kept_out = {cell.form.id for cell in exchanges if cell.kept_out == "format"}
    assert len(kept_out) == 1
    assert kept_out < set(truth["heldout"]["variants"])
    assert {cell.item.partition("~")[0] for cell in exchanges if cell.kept_out == "context"} < set(
        truth["heldout"]["items"]
    )
