"""Guards: which sides have a neutral option, in which variants; and that designs without one are what they were."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from probe.design.axes import load_design, meaning_sha256, parse_variant
from probe.design.expand import expand
from probe.design.tradeoffs import load_tradeoff
from probe.errors import InputError, ScenarioError
from probe.prompts.render import render

SHORT = "tests/data/short.yaml"
WORDS = "neutral: {stated: Neither., revealed: Do neither.}"
CROSSED = "order: [p1, p2], label_order: [p1, p2]"


@pytest.fixture
def design_of(tmp_path):
    def load(source):
        path = tmp_path / "d.yaml"
        path.write_text(f"design: d\n{source}\n", encoding="utf-8")
        return load_design(str(path))

    return load


@pytest.fixture(scope="module")
def items(root):
    return {item.id: item for item in expand(load_tradeoff(root / SHORT).tradeoff)}


@pytest.fixture(scope="module")
def root(pytestconfig):
    return pytestconfig.rootpath


def test_designs_without_one_are_what_they_were():
    known = {
        "quick": "27770330e490359d2b942b12dbf15f4b061ce3c47b324cf1ffc2cac9a3f4862b",
        "standard": "517b70b37d212d13a2469392693cb6c678a6b933aa28d77f82eea16b6e91189a",
        "full": "e215ed12b55413fe2f4e4ab1276776037553999aef3f6e93e590921728f6112c",
    }
    assert {name: meaning_sha256(load_design(name)) for name in known} == known


def test_only_sides_that_offer_it_have_its_place_in_their_variants(design_of, items):
    design = design_of(f"axes: {{{CROSSED}, neutral: [first, middle, last]}}\n{WORDS}")
    plain = design_of(f"axes: {{{CROSSED}}}")
    for item in items.values():
        found = design.variants_of(item)
        if item.side in ("stated", "revealed"):
            before = {variant.id.rpartition(",neutral=")[0] for variant in found}
            assert before == {variant.id for variant in plain.variants()}
            assert len({variant.id for variant in found}) == 12
            assert [variant.id for variant in found] == sorted(variant.id for variant in found)
        else:
            assert found == plain.variants_of(item)
    fixed = replace(items["short/apple/many=one"], fixed=items["short/apple/many=one"].p1)
    assert [variant.id for variant in design.variants_of(fixed)] == [plain.variants_of(fixed)[0].id]


def test_one_side_alone(design_of, items):
    design = design_of(f"axes: {{{CROSSED}}}\nneutral: {{revealed: Do neither.}}")
    assert {item.side for item in items.values() if design.variants_of(item)[0].neutral} == {"revealed"}
    assert design.neutral_positions == ("last",)
    assert all(variant["neutral"] == "last" for variant in design.variants_of(items["short/apple/many=one"]))


def test_all_six_orders_and_every_label_at_every_place(design_of, items):
    design = design_of(f"axes: {{{CROSSED}, neutral: [first, middle, last]}}\n{WORDS}")
    item = items["short/toys"]
    shown = [render(item, variant, design.levels) for variant in design.variants_of(item)]
    orders = {tuple(option.principle for option in one.shown) for one in shown}
    assert orders == set(permutations((item.p1, item.p2, "neutral")))
    for place in (0, 1, 2):
        of_neutral = {
            option.label for one in shown for n, option in enumerate(one.shown) if n == place == one.neutral_index
        }
        assert of_neutral == {"ABC"[place]}
        assert {one.shown[place].label for one in shown if one.neutral_index != place} == {"A", "B", "C"}
    for one, variant in zip(shown, design.variants_of(item), strict=True):
        assert sorted(option.label for option in one.shown) == ["A", "B", "C"]
        first, second = sorted(one.principles, key=lambda option: option.label)
        assert (first.principle == item.p1) == (variant["label_order"] == "p1")
        assert second.principle != first.principle
        assert (one.principles[0].principle == item.p1) == (variant["order"] == "p1")
        assert one.neutral.text == "Neither."


def test_labels_that_follow_the_position_stand_in_their_order(design_of, items):
    design = design_of(f"axes: {{order: [p1, p2], neutral: [first, middle, last], label_set: ['12']}}\n{WORDS}")
    for variant in design.variants_of(items["short/toys"]):
        assert [option.label for option in render(items["short/toys"], variant, design.levels).shown] == ["1", "2", "3"]


def test_a_variant_is_read_back_with_its_place(design_of, items):
    design = design_of(f"axes: {{{CROSSED}, neutral: [middle]}}\n{WORDS}")
    for variant in design.variants_of(items["short/toys"]):
        assert parse_variant(variant.id, design.levels) == variant
    assert parse_variant("order=p2", design.levels).neutral is None


def test_what_a_neutral_design_says_is_in_its_hash(design_of):
    axes = f"axes: {{{CROSSED}, neutral: [first, last]}}"
    base = meaning_sha256(design_of(f"{axes}\n{WORDS}"))
    others = [
        f"{axes}\nneutral: {{stated: Neither., revealed: Do nothing.}}",
        f"{axes}\nneutral: {{stated: Neither.}}",
        f"axes: {{{CROSSED}, neutral: [last]}}\n{WORDS}",
        f"axes: {{{CROSSED}}}",
    ]
    assert base not in {meaning_sha256(design_of(other)) for other in others}
    assert base == meaning_sha256(design_of(f"axes: {{{CROSSED}, neutral: [last, first]}}\n{WORDS}"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("axes: {neutral: [last]}", "the place of a neutral option, and the design offers none"),
        (f"axes: {{order: [p1, p2], instruction: [label, which]}}\n{WORDS}", "the instruction 'which' speaks of two"),
        (
            f"axes: {{order: [p1], label_set: [PQ]}}\nlevels: {{label_set: {{PQ: {{labels: [P, Q], ordered: true}}}}}}\n{WORDS}",
            "the label set 'PQ' has two labels",
        ),
        ("axes: {order: [p1]}\nneutral: {stated: null}", "no side has a neutral option"),
        ("axes: {order: [p1]}\nneutral: {control: Neither.}", "control"),
        ("axes: {order: [p1]}\nneutral: {stated: 'C) Neither.'}", "reads as a label"),
        (f"axes: {{order: [p1], neutral: [second]}}\n{WORDS}", "the level 'second' is not known"),
        (
            "axes: {order: [p1]}\nlevels: {label_set: {PQ: {labels: [P, Q], third: P1, ordered: true}}}",
            "the labels 'P' and 'P1' are equal or one begins with the other",
        ),
    ],
)
def test_neutral_options_that_are_refused(design_of, source, words):
    with pytest.raises(ScenarioError) as caught:
        design_of(source)
    assert words in str(caught.value)


def test_a_place_without_words_is_refused(design_of, items):
    design = design_of(f"axes: {{{CROSSED}}}\nneutral: {{stated: Neither.}}")
    variant = parse_variant("neutral=last", design.levels)
    with pytest.raises(InputError, match="nothing says what it reads on the revealed side"):
        render(items["short/apple/many=one"], variant, design.levels)
    with pytest.raises(InputError, match="Name the design that does with --design"):
        render(items["short/toys"], variant, load_design("quick").levels)


def test_an_option_called_neutral_cannot_stand_beside_one(design_of, items):
    design = design_of(f"axes: {{{CROSSED}}}\n{WORDS}")
    item = replace(items["short/toys"], p2="neutral")
    with pytest.raises(InputError, match="an option is called 'neutral'"):
        render(item, design.variants_of(item)[0], design.levels)
    assert render(item, load_design("quick").variants()[0], design.levels).principles[1].principle == "neutral"
