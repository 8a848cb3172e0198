from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest

from probe.analysis.codec import decode, encode


@dataclass(frozen=True, slots=True)
class Inner:
    x: float
    word: Literal["a", "b"] | None


@dataclass(frozen=True, slots=True)
class Outer:
    many: tuple[Inner, ...]
    pair: tuple[float, float] | None
    by_name: dict[str, int]
    flag: bool


OUTER = Outer((Inner(1.5, "a"), Inner(2.0, None)), (0.0, 1.0), {"k": 3}, True)


def test_a_tree_comes_back_as_it_was():
    assert decode(Outer, encode(OUTER), "x") == OUTER


def test_numpy_floats_become_plain_floats():
    assert type(encode(np.float64(0.5))) is float


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("-inf")])
def test_numbers_that_json_cannot_hold_are_refused(value):
    with pytest.raises(ValueError, match="finite"):
        encode({"a": (value,)})


def test_what_has_no_json_form_is_refused():
    with pytest.raises(TypeError, match="set"):
        encode({1, 2})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("flag",), 1, r"x\.flag: not a bool"),
        (("pair",), [1.0], r"x\.pair: not a"),
        (("many", 0, "word"), "c", r"x\.many\[0\]\.word"),
        (("many", 0, "x"), True, r"x\.many\[0\]\.x: not a float"),
        (("by_name", "k"), "3", r"x\.by_name\.k: not a int"),
        (("many", 1), 7, r"x\.many\[1\]: not an object"),
    ],
)
def test_a_wrong_shape_is_named_by_its_path(path, value, message):
    plain = encode(OUTER)
    at = plain
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(ValueError, match=message):
        decode(Outer, plain, "x")


def test_a_missing_key_is_named_and_a_new_one_is_passed_over():
    plain = encode(OUTER)
    assert decode(Outer, {**plain, "later": 1}, "x") == OUTER
    del plain["flag"]
    with pytest.raises(ValueError, match=r"x\.flag: missing"):
        decode(Outer, plain, "x")
