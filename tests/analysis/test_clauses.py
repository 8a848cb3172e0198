"""Guards: changes are exact, planted ones are found by a fake engine, and what clauses do together is not hidden."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.analysis.clauses import UNREAD, ranked
from probe.analysis.study import Terms, analyse
from probe.design.axes import load_design
from probe.design.clauses import clauses_of
from probe.design.expand import expand
from probe.design.tradeoffs import load_tradeoff
from probe.loaded_facts import ReaderFacts
from probe.prompts.pack import PromptReading
from probe.prompts.plan import plan_item
from probe.prompts.style import PromptStyle
from probe.prompts.tokenizer import load_encoder
from probe.store.facts import ClausedScenario, ClauseFact, ClauseFacts, StudyFacts, TradeOffFacts
from probe.study.clause_items import clause_facts
from probe.study.finished_rows import finished_rows
from probe.study.rows import cell_rows, shard_rows

from .build import QUICK, Asked, facts, steady, table

FLOOR = 1e-6


def suite(scenarios, axes=QUICK, levels=(), left_out=None):
    """A study of one trade-off: by scenario z as it stands, without each clause, and without all."""
    items, without, about = [Asked("t/q", "stated", 0.5)], [], {}
    for name, (z, each, bare) in scenarios.items():
        scenario, item = f"t/{name}", f"t/{name}/stakes=low"
        items.append(Asked(item, "revealed", z, "choice", scenario, {"stakes": "low"}))
        items += [Asked(f"t/{name}/stakes={k}", "revealed", v, "choice", scenario, {"stakes": k}) for k, v in levels]
        ends = [(f"{n:02}", one) for n, one in enumerate(each, 1)] + [("all", bare)] * (len(each) > 1)
        without += [
            Asked(f"{item}~without-{n}", "clauses", one, "sentence", scenario, {"stakes": "low"}) for n, one in ends
        ]
        clauses = tuple(ClauseFact("sentence", f"S{n}.", 4 * n, 4 * n + 4, {}, "") for n in range(len(each)))
        about[scenario] = ClausedScenario(item, "text", {"first": "a", "second": "b"}, clauses)
    rows = [{**row, "scenario": row["cluster"]} for row in table(without, axes).to_pylist()]
    own = ClauseFacts(len(about), 0, about, left_out or {})
    return items, pa.Table.from_pylist(rows, schema=table([]).schema), own


def found_in(items, without, own, axes=QUICK, floor=FLOOR):
    results = analyse(table(items, axes), facts(axes, clauses=own), {"m": floor}, Terms(tables={"clauses": without}))
    return results.models["m"].tradeoffs["t"].clauses


grids = st.lists(st.floats(-30, 30, allow_nan=False), min_size=4, max_size=4)
scenarios = st.dictionaries(
    st.sampled_from("abc"), st.tuples(grids, st.lists(grids, min_size=1, max_size=4), grids), min_size=1, max_size=3
)


@steady
@given(scenarios)
def test_a_change_is_the_difference_of_means_and_what_is_left_is_interaction(cells):
    found = found_in(*suite(cells))
    assert sorted(found.scenarios) == sorted(f"t/{name}" for name in cells)
    for name, (z, each, bare) in cells.items():
        own = found.scenarios[f"t/{name}"]
        changes = [np.mean(z) - np.mean(one) for one in each]
        assert [one.change for one in own.clauses] == pytest.approx(changes, abs=1e-12)
        assert [one.without for one in own.clauses] == pytest.approx([np.mean(one) for one in each], abs=1e-12)
        for one, read in zip(own.clauses, each, strict=True):
            assert (one.least, one.largest) == (np.min(np.subtract(z, read)), np.max(np.subtract(z, read)))
        whole = np.mean(z) - np.mean(bare if len(each) > 1 else each[0])
        assert own.whole == pytest.approx(whole, abs=1e-12)
        assert own.summed == pytest.approx(sum(changes), abs=1e-12)
        assert own.summed + own.interaction == pytest.approx(own.whole, abs=1e-12)


def test_what_a_position_or_a_label_gains_averages_out():
    signs = np.array([(o, label) for o in (1, -1) for label in (1, -1)])
    pulls = 5 * signs[:, 0] + 2 * signs[:, 1] - signs.prod(axis=1)
    found = found_in(*suite({"a": (0.5 + pulls, [0.2 + 3 * pulls, 0.9 - pulls], pulls)}))
    assert [one.change for one in found.scenarios["t/a"].clauses] == pytest.approx([0.3, -0.4], abs=1e-12)


def test_a_choice_is_turned_from_side_to_side_and_beyond_the_floor_alone():
    def turned(z, other, floor):
        (one,) = found_in(*suite({"a": (z, [other], 0.0)}), floor=floor).scenarios["t/a"].clauses
        return one.turns

    assert turned(0.4, -0.3, 0.01)
    assert turned(-0.4, 0.3, 0.01)
    assert not turned(0.4, 0.3, 0.01)
    assert not turned(0.4, -0.3, 0.35)
    assert not turned(0.3, -0.4, 0.35)
    assert not turned(0.4, -0.19, 0.01)
    assert not turned(-0.19, 0.4, 0.01)
    assert not turned([9.0, 0.0, 0.0, 0.0], [-9.0, 8.8, 0.0, 0.0], 0.01)  # mean z moves, mean p stays near .5


def test_the_floor_of_a_change_is_that_of_a_difference():
    assert found_in(*suite({"a": (1.0, [0.5], 0.0)}), floor=0.004).floor == 0.008


def test_the_largest_come_first_and_equal_ones_by_name():
    found = found_in(*suite({"b": (1.0, [0.0, 3.5], 0.0), "a": (2.0, [1.0, 3.0], 0.0)}))
    assert [(name, one.number) for name, one in ranked(found)] == [("t/b", 2), ("t/a", 1), ("t/a", 2), ("t/b", 1)]


def test_a_factor_phrase_stands_against_its_other_levels():
    items, without, own = suite({"a": (1.0, [0.0], 0.0)}, levels=(("mid", 0.4), ("high", -0.2)))
    items += [
        Asked(f"t/a~mate/stakes={k}", "revealed", 9.0, "choice", "t/a", {"stakes": k}) for k in ("low", "mid", "high")
    ]
    about = own.scenarios["t/a"]
    (clause,) = about.clauses
    marked = ClausedScenario(
        about.item, "text", about.options, (ClauseFact("factor", "S0.", 0, 4, {"stakes": "low"}, ""),)
    )
    (one,) = found_in(items, without, ClauseFacts(1, 0, {"t/a": marked}, {})).scenarios["t/a"].clauses
    assert one.against_levels == {"stakes": pytest.approx(1.0 - (0.4 - 0.2) / 2, abs=1e-12)}
    (one,) = found_in(*suite({"a": (1.0, [0.0], 0.0)})).scenarios["t/a"].clauses
    assert one.against_levels == {}
    assert clause.factors == {}


def test_what_was_not_read_is_named_and_what_was_not_asked_for_is_absent():
    items, without, own = suite(
        {"a": (1.0, [0.0, 0.5], 0.0), "b": (1.0, [0.0], 0.0)}, left_out={"t/c": "x", "u/c": "y"}
    )
    fewer = pa.Table.from_pylist(
        [row for row in without.to_pylist() if row["item"] != "t/a/stakes=low~without-all"], schema=without.schema
    )
    found = found_in(items, fewer, own)
    assert sorted(found.scenarios) == ["t/b"]
    assert found.left_out == {"t/a": UNREAD, "t/c": "x"}
    assert found_in(items, without.slice(0, 0), own) is None
    assert found_in(items, without, None) is None


CUT = load_tradeoff(Path(__file__).parents[1] / "data" / "cut.yaml").tradeoff
PLANTED = {
    "You steer a ferry.": 0.11,
    "It is calm. The sea is flat.": -0.73,
    "If Dr. Osei is late, she loses an hour.": 0.31,
    "She waves from the pier!": -1.9,
    ", so that she can come aboard": -0.57,
    "You drive a train.": 0.05,
    "A man runs along it.": 0.83,
    "and open the door": 0.021,
    "You drive a bus.": 1.25,
}
TOGETHER = ("You steer a ferry.", "She waves from the pier!", 0.4)
POSITION, LABEL, BASE = 0.8, 0.3, 0.17


@dataclass
class Planted:
    """An engine that reads the words of a prompt: each clause in it adds its planted nats, two of them more together."""

    encoder: object

    def content(self, text):
        one, other, nats = TOGETHER
        added = sum(effect for words, effect in PLANTED.items() if words in text)
        return BASE + added + nats * (one in text and other in text)

    def read(self, pack):
        return tuple(self.alone(prompt) for prompt in pack.prompts)

    def alone(self, prompt):
        text, *labels = (self.decode(one) for one in (prompt.input_ids, *prompt.continuations))
        labels = [label.strip() for label in labels]
        shown = {label: text.index(f"\n{label}) ") for label in labels}
        scores = {}
        for label, at in shown.items():
            towards = 1 if text[at:].partition(") ")[2].startswith("You leave") else -1
            gains = POSITION * (at == min(shown.values())) + LABEL * (label in "A1")
            scores[label] = towards * self.content(text) / 2 + gains
        total = np.logaddexp.reduce(list(scores.values()))
        logs = tuple(scores[label] - total - np.log(labels.count(label)) for label in labels)
        return PromptReading(logs, tuple(1.0 for _ in logs), prompt.input_ids[-1], -0.1)

    def decode(self, ids):
        return self.encoder.tokenizer.decode(list(ids))


@pytest.mark.parametrize("name", ["quick", "standard"])
def test_planted_effects_are_found_through_prompts_and_tables(demo_folder, name):
    """From the file through prompts, tokens, a fake engine and rows to the result."""
    design, encoder = load_design(name), load_encoder(demo_folder, "demo")
    engine = Planted(encoder)
    tables = {"readings": [], "clauses": []}
    claused = clauses_of(CUT)[0]
    asked = [item for item in expand(CUT) if item.scenario in claused]
    asked += [one for each in claused.values() for one in each.items]
    for item in asked:
        variants = design.variants_of(item)
        plan = plan_item(encoder, PromptStyle("chat"), item, variants, design.levels, limit=None, budget=4096)
        cells, shard = cell_rows("m", plan), shard_rows(engine.read(plan.pack))
        tables[item.table].append(finished_rows(item.table, [cells], [shard], encoder.decode, ReaderFacts("plain")))
    read = {key: pa.concat_tables(own) for key, own in tables.items()}
    about = StudyFacts(
        tradeoffs={"cut": TradeOffFacts("test", "time", "person")},
        axes={axis: tuple(levels) for axis, levels in design.axes.items()},
        unordered_label_sets=(),
        agreeing={},
        controls={},
        clauses=clause_facts([CUT], asked, 9),
    )
    results = analyse(read["readings"], about, {"m": FLOOR}, Terms(tables={"clauses": read["clauses"]}))
    found = results.models["m"].tradeoffs["cut"].clauses
    assert sorted(found.scenarios) == ["cut/bus", "cut/ferry", "cut/train"]
    for scenario in found.scenarios.values():
        for one in scenario.clauses:
            extra = TOGETHER[2] * (one.text in TOGETHER)
            assert one.change == pytest.approx(PLANTED[one.text] + extra, abs=1e-12)
            assert (one.least, one.largest) == pytest.approx((one.change, one.change), abs=1e-12)
        planted = sum(PLANTED[one.text] for one in scenario.clauses)
        both = TOGETHER[2] * (scenario.item.startswith("cut/ferry"))
        assert scenario.whole == pytest.approx(planted + both, abs=1e-12)
        assert scenario.interaction == pytest.approx(-both, abs=1e-12)
        assert scenario.z == pytest.approx(BASE + planted + both, abs=1e-12)
    assert ranked(found)[0][1].text == "She waves from the pier!"
