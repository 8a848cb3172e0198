"""Guards: ids that escape a folder, texts that tokenise strangely, options that look like labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from probe.design.fields import Id, LineText, Text, is_id, label_like


@pytest.mark.parametrize("word", ["a", "9", "A.b-c_d", "x" * 64])
def test_ids(word):
    assert is_id(word)
    assert TypeAdapter(Id).validate_python(word) == word


@pytest.mark.parametrize("word", ["", ".a", "-a", "../x", "a/b", "a b", "a\n", "é", "x" * 65, "a~p1", "a=b", "a,b"])
def test_not_ids(word):
    assert not is_id(word)
    with pytest.raises(ValidationError, match="is not an id"):
        TypeAdapter(Id).validate_python(word)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("a ", "white space"),
        ("\na", "white space"),
        ("a\n", "white space"),
        ("a\x00b", r"U\+0000"),
        ("a\tb", r"U\+0009"),
        ("a\x1b[2Jb", r"U\+001B"),
        ("a\x85b", r"U\+0085"),
        ("a\u202eb", r"U\+202E"),
        ("a\u2028b", r"U\+2028"),
    ],
)
def test_texts_that_are_refused(text, words):
    with pytest.raises(ValidationError, match=words):
        TypeAdapter(Text).validate_python(text)


@pytest.mark.parametrize("text", ["A friend calls.", "Two\n\nparagraphs: é ü 日本 👩‍🚒", "{braces}"])
def test_texts_that_are_taken(text):
    assert TypeAdapter(Text).validate_python(text) == text


@pytest.mark.parametrize("text", ["A) Go.", "a. Go.", "(b) Go.", "[c] Go.", "1: Go.", "12) Go.", "B)", "(3)"])
def test_options_that_look_labelled_are_refused(text):
    with pytest.raises(ValidationError, match="reads as a label"):
        TypeAdapter(LineText).validate_python(text)


@pytest.mark.parametrize(
    "text", ["A friend.", "I go.", "3.5 miles.", "No. Stay.", "(both) go.", "a.m. is early.", "B2B)"]
)
def test_options_that_only_begin_alike_are_taken(text):
    assert TypeAdapter(LineText).validate_python(text) == text


def test_an_option_is_one_line():
    with pytest.raises(ValidationError, match="more than one line"):
        TypeAdapter(LineText).validate_python("Go.\nStay.")


@given(st.sampled_from("ABXYZabz123"), st.sampled_from([("", ")"), ("(", ")"), ("[", "]"), ("", "."), ("", ":")]))
def test_every_shipped_enclosure_reads_as_a_label(label, enclosure):
    begin, end = enclosure
    assert label_like(f"{begin}{label}{end} Go.") == f"{begin}{label}{end}"
