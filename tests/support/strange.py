"""What is right, changed in a few places by hypothesis; and what a kind of file is to the fuzzer."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

from hypothesis import strategies as st

from probe.errors import ProbeError

__all__ = ["PIECES", "VALUES", "Target", "texts", "trees"]

_WORDS = (
    *("", " ", "\n", "\t", "\x00", "\x1b[2J", "\u202e", "\ufdd0", "\ud800", "é", "𝔘", "null", "true", "Yes", "~"),
    *(
        "../../x",
        "a/b",
        "{{name}}",
        "{{",
        "}}",
        "<|im_end|>",
        "*a",
        "&a",
        "!!python/object:os.system",
        "<<",
        "- ",
        ": ",
    ),
    *("[", "]", "{", "}", "'", '"', "|", ">", "#", "---", "...", "%", "@", "=cmd()", "9" * 400, "a" * 5000, "-0"),
    *("1e999", ".nan"),
)
PIECES = st.sampled_from(_WORDS)
VALUES = st.recursive(
    st.one_of(PIECES, st.text(max_size=8), st.none(), st.booleans(), st.integers(), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(PIECES, st.text(max_size=4)), inner, max_size=3)
    ),
    max_leaves=5,
)


@dataclasses.dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        cases: Makes contents.
        read: What probe does with one; raises what it raises.
        share: Of all cases.
    """

    cases: st.SearchStrategy[object]
    read: Callable[[object], None]
    share: float

    def survives(self, case: object) -> bool:
        """Whether the case was read, else refused with a `ProbeError`; any other exception goes through."""
        try:
            self.read(case)
        except ProbeError as error:
            if not str(error).strip():
                raise AssertionError("an error without a word") from error
            return False
        return True


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every place in a tree of lists and mappings."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


@st.composite
def trees(draw, tree: object) -> object:
    """A tree with one to four values replaced, removed, renamed or doubled."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(places(tree)))
        if not path:
            continue
        *way, key = path
        parent = tree
        for step in way:
            parent = parent[step]
        act = draw(st.sampled_from(["replace", "replace", "remove", "rename", "double", "from elsewhere"]))
        if act == "replace":
            parent[key] = draw(VALUES)
        elif act == "remove":
            del parent[key]
        elif act == "rename" and isinstance(parent, dict):
            parent[draw(PIECES)] = parent.pop(key)
        elif act == "double" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        else:
            other = tree
            for step in draw(st.sampled_from(places(tree))):
                other = other[step]
            parent[key] = copy.deepcopy(other)
    return tree


@st.composite
def texts(draw, text: str) -> bytes:
    """A text with one to four stretches cut, doubled or replaced; as bytes, some of them not UTF-8."""
    data = text.encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 1, 2, 5, 20, 200])))
        piece = draw(st.one_of(PIECES.map(lambda one: one.encode("utf-8", "surrogatepass")), st.binary(max_size=6)))
        data = data[:start] + draw(st.sampled_from([piece, b"", data[start:end] * 2])) + data[end:]
    return data
