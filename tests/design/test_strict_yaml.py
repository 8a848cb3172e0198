"""Guards: YAML 1.1 surprises, duplicate keys, sharing, tags, size and depth; every fault has its line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.design.strict_yaml import MAX_BYTES, MAX_DEPTH, Faulty, faults_as, load_yaml, parse_yaml
from probe.errors import ScenarioError


def fault_of(source):
    with pytest.raises(Faulty) as caught:
        parse_yaml(source, "f.yaml")
    (fault,) = caught.value.faults
    return fault


@pytest.mark.parametrize(
    "word", ["Yes", "no", "on", "true", "null", "~", "010", "0x1F", "1e3", "12:30:45", "2020-01-01"]
)
def test_every_scalar_stays_text(word):
    assert parse_yaml(f"a: {word}\nb: [{word}, '{word}']\n", "f.yaml").value == {"a": word, "b": [word, word]}


def test_every_value_knows_its_line():
    document = parse_yaml("# head\na: 1\nb:\n  - x\n  - c: >-\n      long\n      text\n    d: 2\n", "f.yaml")
    assert document.value == {"a": "1", "b": ["x", {"c": "long text", "d": "2"}]}
    lines = {(): 2, ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 5, ("b", 1, "c"): 5, ("b", 1, "d"): 8}
    assert document.lines == lines


def test_a_path_that_is_missing_has_the_line_of_what_encloses_it():
    document = parse_yaml("a: 1\nb:\n  c: 2\n", "f.yaml")
    assert document.line(("b", "x", 3)) == 2
    assert str(document.fault(("b", "c"), "is wrong.")) == "f.yaml:3: is wrong."


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands twice, first on line 1"),
        ("a:\n  b: 1\n  'b': 2\n", 3, "the key 'b' stands twice, first on line 2"),
        ("a: 1\nb: &x [1]\n", 2, "the anchor '&x'"),
        ("a: 1\nb: *x\n", 2, "the alias '*x'"),
        ("a: 1\nb: {<<: {c: 1}}\n", 2, "the merge key '<<'"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("a: 1\nb: !!str 2\n", 2, "the tag 'tag:yaml.org,2002:str'"),
        ("a: ! 2\n", 1, "the tag '!'"),
        ("a: 1\n? [b, c]\n: 2\n", 2, "a key is a list or a mapping"),
        ("a: 1\n---\nb: 2\n", 2, "a second document begins"),
        ("", 1, "is empty"),
        ("# nothing\n", 1, "is empty"),
        ("a: 1\nb: [1, 2\n", 3, "is not valid YAML"),
        ("a: b: c\n", 1, "is not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "is not valid YAML"),
        ("a: \x07\n", 1, "is not valid YAML"),
        ("a: \ud800\n", 1, "is not valid YAML"),
    ],
)
def test_what_is_refused_is_told_with_its_line(source, line, words):
    fault = fault_of(source)
    assert (fault.where, fault.line) == ("f.yaml", line)
    assert words in fault.message
    assert fault.message.endswith(".")


def test_a_quoted_merge_key_is_a_key():
    assert parse_yaml('"<<": 1', "f.yaml").value == {"<<": "1"}


def test_an_alias_bomb_ends_at_its_first_anchor():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert fault_of(bomb).line == 1


def test_depth_is_limited():
    deep = MAX_DEPTH - 1
    assert parse_yaml("a: " + "[" * deep + "]" * deep, "f.yaml").line(("a",) + (0,) * (deep - 1)) == 1
    assert "nested deeper" in fault_of("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH).message
    assert "nested deeper" in fault_of("[" * 200_000).message


def test_size_is_limited(tmp_path):
    path = tmp_path / "huge.yaml"
    path.write_text("a: " + "x" * MAX_BYTES, encoding="utf-8")
    with pytest.raises(Faulty, match="is larger than 1048576 bytes"):
        load_yaml(path)
    path.write_text("a: " + "x" * (MAX_BYTES - 3), encoding="utf-8")
    assert load_yaml(path).lines == {(): 1, ("a",): 1}


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(Faulty, match=r"none\.yaml:1: cannot be read: No such file or directory"):
        load_yaml(tmp_path / "none.yaml")


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(Faulty, match=r"latin\.yaml:2: is not UTF-8, found byte 0xe9"):
        load_yaml(path)


def test_messages_name_the_file_below_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("\ufeffa: 1\n", encoding="utf-8")
    document = load_yaml(tmp_path / "a.yaml")
    assert (document.where, document.source, document.value) == ("a.yaml", "a: 1\n", {"a": "1"})


def test_the_doors_raise_one_line_per_fault():
    with pytest.raises(ScenarioError, match=r"^f\.yaml:1: is empty"), faults_as(ScenarioError):
        parse_yaml("", "f.yaml")


plain = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<é ", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(plain)
@settings(max_examples=100, deadline=None)
def test_what_a_writer_writes_is_read_back(value):
    source = yaml.safe_dump({"root": value}, allow_unicode=True, default_style='"')
    unshared = source.replace("&id", "").replace("*id", "")
    if source == unshared and "\n---" not in source:
        assert parse_yaml(source.replace("!!str ", ""), "f.yaml").value == {"root": value}


@given(st.text("ab:-[]{}&*!|>'\"#%@`?,<= \n\t\\~", max_size=40) | st.text(max_size=20))
@settings(max_examples=400, deadline=None)
def test_garbage_is_read_or_refused_with_a_line(source):
    try:
        document = parse_yaml(source, "f.yaml")
    except Faulty as faulty:
        assert all(1 <= fault.line <= source.count("\n") + 3 for fault in faulty.faults)  # noqa: PT017
    else:
        assert () in document.lines
