"""Guards: a design's variants, its file's rules, and variant ids that mean the same everywhere."""

from __future__ import annotations

from contextlib import suppress
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.design.axes import design_names, load_design, parse_variant, shipped_levels
from probe.design.items import AXES, Variant
from probe.errors import InputError, ProbeError, ScenarioError


@pytest.fixture
def design_of(tmp_path):
    def load(source):
        path = tmp_path / "d.yaml"
        path.write_text(source, encoding="utf-8")
        return load_design(str(path))

    return load


@pytest.mark.parametrize(("name", "count"), [("quick", 4), ("standard", 32), ("full", 192)])
def test_shipped_designs_are_full_factorials(name, count):
    design = load_design(name)
    variants = design.variants()
    assert design.name == name
    assert len(set(variants)) == len(variants) == count == prod(len(levels) for levels in design.axes.values())
    assert [v.id for v in variants] == sorted(v.id for v in variants)
    assert {v["order"] for v in variants} == {v["label_order"] for v in variants} == {"p1", "p2"}
    assert design.source.endswith("\n")


def test_names():
    assert design_names() == ("full", "quick", "standard")


def test_axes_that_are_not_named_stand_still_at_their_default(design_of):
    design = design_of("design: mine\naxes:\n  cue: [choice]\n  order: [p2, p1]\n")
    assert list(design.axes) == ["cue", "order"]
    assert [v.id for v in design.variants()] == [
        f"order={order},label_order=position,label_set=AB,enclosure=paren,layout=lines,instruction=label,cue=choice"
        for order in ("p1", "p2")
    ]


def test_the_order_of_levels_changes_nothing(design_of):
    one = design_of("design: d\naxes: {order: [p1, p2], cue: [answer, choice]}")
    two = design_of("design: d\naxes: {cue: [choice, answer], order: [p2, p1]}")
    assert one.variants() == two.variants()


def test_own_levels(design_of):
    design = design_of("design: d\naxes: {order: [p1, p2], cue: [pick, answer]}\nlevels: {cue: {pick: I pick}}")
    assert {design.levels.cue(v["cue"]) for v in design.variants()} == {"I pick", "Answer:"}


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("design: d\naxes:\n  ordr: [p1]\n", 3, "the axis 'ordr' is not known; known are"),
        ("design: d\naxes:\n  ordr: [p1]\n", 3, "Did you mean 'order'?"),
        ("design: d\naxes:\n  order: [p1, p3]\n", 3, "axes.order: the level 'p3' is not known; known are 'p1', 'p2'"),
        ("design: d\naxes:\n  order:\n    - p1\n    - p1\n", 5, "axes.order: the level 'p1' stands twice"),
        ("design: d\naxes:\n  order: []\n", 3, "names no level"),
        ("design: d\naxes: {}\n", 2, "names no axis"),
        ("design: d\naxes:\n  order: [p1]\n  label_order: [p1, position]\n", 4, "could not be distinguished"),
        ("design: a/b\naxes: {order: [p1]}\n", 1, "'a/b' is not an id"),
        ("design: d\naxes: {order: [p1]}\nlevels:\n  cue:\n    answer: Go\n", 5, "the level 'answer' ships with probe"),
        ("design: d\naxes: {order: [p1]}\nlevels:\n  cue:\n    mine: 'Go '\n", 5, "white space"),
        ("design: d\naxes: {order: [p1]}\nlevels:\n  order: {p3: p3}\n", 4, "the key 'order' is not known"),
        ("axes: {order: [p1]}\n", 1, "the key 'design' is missing"),
    ],
)
def test_designs_that_are_refused(design_of, source, line, words):
    with pytest.raises(ScenarioError) as caught:
        design_of(source)
    assert f"d.yaml:{line}: " in str(caught.value)
    assert words in str(caught.value)


def test_label_order_by_position_alone_is_taken(design_of):
    assert len(design_of("design: d\naxes: {order: [p1, p2], label_order: [position]}").variants()) == 2


def test_a_name_that_is_no_design():
    with pytest.raises(ScenarioError, match=r"design 'standrd': .*shipped are .*Did you mean 'standard'\?"):
        load_design("standrd")
    with pytest.raises(ScenarioError, match="give the path of a design file"):
        load_design("no/such/file.yaml")


def test_a_file_in_the_current_folder_needs_its_dot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("design: mine\naxes: {order: [p1, p2]}", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"write \./mine\.yaml"):
        load_design("mine.yaml")
    assert load_design("./mine.yaml").name == "mine"


variants = st.tuples(*(st.sampled_from(shipped_levels().known(axis)) for axis in AXES)).map(Variant)


@given(variants)
def test_a_variant_s_id_reads_back(variant):
    assert parse_variant(variant.id, shipped_levels()) == variant


@given(variants, st.permutations(AXES), st.integers(0, 7))
def test_any_part_in_any_order_reads_back_with_the_rest_at_default(variant, axes, count):
    named = axes[:count]
    read = parse_variant(",".join(f"{axis}={variant[axis]}" for axis in named), shipped_levels())
    assert all(read[axis] == (variant[axis] if axis in named else shipped_levels().default(axis)) for axis in AXES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("order", "'order' is not axis=level"),
        ("ordr=p1", "Did you mean 'order'"),
        ("cue=chioce", "Did you mean 'choice'"),
        ("cue=", "the level '' is not known"),
        ("cue=choice,cue=answer", "the axis 'cue' stands twice"),
        ("cue=choice,", "'' is not axis=level"),
    ],
)
def test_variants_that_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse_variant(text, shipped_levels())


@given(st.text(max_size=30) | st.text("order=p12,cue[]{}: \n", max_size=60))
@settings(max_examples=200, deadline=None)
def test_garbage_raises_only_our_errors(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "garbage.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    for read in (lambda: load_design(str(path)), lambda: parse_variant(text, shipped_levels())):
        with suppress(ProbeError):
            read()
