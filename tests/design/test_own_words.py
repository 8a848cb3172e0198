"""Guards: which questions are asked in two turns, balanced, by hash, and the same pairs under every limit."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
import yaml

from probe.design.expand import expand
from probe.design.limit import limit_items
from probe.design.own_words import UNRELATED, exchange_id, exchanges_of, first_item, second_item, turns_of
from probe.design.suites import load_suites
from probe.design.tradeoffs import load_tradeoff

ROOT = Path(__file__).parents[2]
GIFT = ROOT / "scenarios" / "demo" / "gift.yaml"
LONG = Path(__file__).parent.parent / "data" / "long.yaml"
SHIPPED = [file.tradeoff for file in load_suites(["core", "demo"])]


def written(path: Path) -> tuple[str, list[str], list[str]]:
    """The trade-off's id, its root questions, and each scenario at the first level of its factors, from the file."""
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    name = file["tradeoff"]
    cells = []
    for one in file["revealed"]:
        first = ",".join(f"{factor}={next(iter(levels))}" for factor, levels in one.get("factors", {}).items())
        cells.append(f"{one['id']}/{first}" if first else one["id"])
    return name, [one["id"] for one in file["stated"]], cells


def every_exchange(path: Path, pairs: set[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """By id what is asked first and second, written down anew."""
    name, *_ = written(path)
    found = {}
    for root, cell in pairs:
        found[f"{name}/{cell}~after-{root}"] = (f"{name}/{root}", f"{name}/{cell}")
        found[f"{name}/{root}~after-{cell}"] = (f"{name}/{cell}", f"{name}/{root}")
        for one in (root, cell):
            found[f"{name}/{one}~unrelated"] = ("~unrelated", f"{name}/{one}")
    return found


@pytest.mark.parametrize("path", [GIFT, LONG])
def test_all_is_every_root_question_with_every_scenario_in_both_orders_and_both_floors(path):
    _, roots, cells = written(path)
    found = exchanges_of(load_tradeoff(path).tradeoff, "all")
    expected = every_exchange(path, set(itertools.product(roots, cells)))
    assert {one.id: (one.before.id, second_item(one.id)) for one in found.items} == expected
    assert [one.id for one in found.items] == sorted(expected)
    assert found.of == len(roots) * len(cells) == sum(map(len, found.pairs.values()))


def test_what_is_read_is_the_second_question_as_it_stands_alone():
    alone = {item.id: item for item in expand(load_tradeoff(GIFT).tradeoff)} | {UNRELATED.id: UNRELATED}
    for one in exchanges_of(load_tradeoff(GIFT).tradeoff, "all").items:
        second, first = alone[second_item(one.id)], alone[first_item(one.id)]
        assert one.before == first
        asked = ("text", "option_p1", "option_p2", "p1", "p2", "tradeoff", "cluster")
        assert [getattr(one, name) for name in asked] == [getattr(second, name) for name in asked]
        kind = "choice" if second.side == "revealed" else "principle"
        assert one.form == (f"{kind}_unrelated" if first is UNRELATED else kind)
        assert (one.side, one.table) == ("own_words", "own_words")
        scenario = next((item.scenario for item in (first, second) if item.scenario), None)
        assert one.scenario == (scenario if first is not UNRELATED or kind == "choice" else None)


@pytest.mark.parametrize("tradeoff", SHIPPED, ids=lambda one: one.tradeoff)
def test_some_is_a_root_question_for_each_scenario_and_root_questions_about_equally_often(tradeoff):
    found = exchanges_of(tradeoff, "some")
    assert set(found.pairs) == {f"{tradeoff.tradeoff}/{one.id}" for one in tradeoff.revealed}
    assert {len(roots) for roots in found.pairs.values()} == {1}
    used = Counter(root for roots in found.pairs.values() for root in roots)
    if len(tradeoff.revealed) >= len(tradeoff.stated):
        assert set(used) == {f"{tradeoff.tradeoff}/{one.id}" for one in tradeoff.stated}
        assert max(used.values()) - min(used.values()) <= 1
    else:
        assert max(used.values()) == 1
    assert {one.id for one in found.items} <= {one.id for one in exchanges_of(tradeoff, "all").items}


@pytest.mark.parametrize("tradeoff", SHIPPED, ids=lambda one: one.tradeoff)
def test_under_every_limit_each_scenario_has_its_pair(tradeoff):
    """Or a wider run would find other pairs in the folder than one that was wide from the start."""
    items = expand(tradeoff)
    pairs = exchanges_of(tradeoff, "some").pairs
    for limit in range(1, 1 + max(len(tradeoff.stated), len(tradeoff.revealed))):
        clusters = {item.cluster for item in limit_items(items, limit)}
        scenarios = [scenario for scenario in pairs if scenario in clusters]
        assert scenarios
        assert all(set(pairs[scenario]) <= clusters for scenario in scenarios)


def test_pairs_beyond_the_first_of_each_are_drawn_by_hash():
    """More scenarios than root questions: with other names other questions come first."""
    drawn = set()
    whole = load_tradeoff(GIFT).tradeoff
    tradeoff = whole.model_copy(update={"stated": whole.stated[:3]})
    for name in ("gift", "present", "parcel", "offer"):
        pairs = exchanges_of(tradeoff.model_copy(update={"tradeoff": name}), "some").pairs
        drawn.add(tuple(root.partition("/")[2] for roots in pairs.values() for root in roots))
    assert len(drawn) > 1


def test_what_is_asked_as_it_stands_is_in_no_pair():
    tradeoff = load_tradeoff(GIFT).tradeoff
    fixed = tradeoff.model_copy(
        update={
            "stated": (tradeoff.stated[0].model_copy(update={"fixed": True}), *tradeoff.stated[1:]),
            "revealed": (tradeoff.revealed[0].model_copy(update={"fixed": True}), *tradeoff.revealed[1:]),
        }
    )
    out = {f"gift/{tradeoff.stated[0].id}", f"gift/{tradeoff.revealed[0].id}"}
    for pairs in ("some", "all"):
        found = exchanges_of(fixed, pairs)
        assert not out & {one.cluster for one in found.items}
        assert not out & {one.before.cluster for one in found.items}
        assert len(found.pairs) == len(tradeoff.revealed) - 1


def test_an_exchange_says_what_was_said_and_both_formats():
    first, second = "order=p1,label_order=p2,label_set=AB,cue=answer", "order=p2,label_order=p2,label_set=AB,cue=answer"
    assert turns_of(exchange_id("truth", first, second)) == ("truth", first, second)
    assert turns_of("") == ("", "", "")
    assert turns_of("order=p2,label_set=12") == ("", "label_set=12", "order=p2,label_set=12")
