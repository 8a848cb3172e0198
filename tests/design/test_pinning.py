"""Guards: pinning changes one line, whatever stands around it, or refuses; comments and line ends stay."""

from __future__ import annotations

import pytest

from probe.design.models import load_models
from probe.design.pinning import entry_text, pinned
from probe.errors import ModelError

NEW = "89abcdef0123456789abcdef0123456789abcdef"
OLD = "0123456789abcdef0123456789abcdef01234567"
FIELDS = "    family: f   # a family\n    kind: base\n    licence: MIT\n"


def text(revision: str = "", hub: str = "    hub: org/name  # where it is\n") -> str:
    other = f"  - id: other\n    hub: org/other\n    revision: {OLD}\n{FIELDS}"
    return f"# mine\nmodels:\n{other}\n  - id: m # the one\n{hub}{revision}{FIELDS}# the end\n"


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return [one for one in old if one not in new], [one for one in new if one not in old]


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ("    revision: null  # not looked up\n", f"    revision: {NEW}  # not looked up\n"),
        ("    revision: ~\n", f"    revision: {NEW}\n"),
        ("    revision:\n", f"    revision: {NEW}\n"),
        (f'    revision: "{OLD[::-1]}"\n', f"    revision: {NEW}\n"),
        (f"    revision: {OLD[::-1]}\n", f"    revision: {NEW}\n"),
        (f"    revision:   {OLD[::-1]}   # since May\n", f"    revision: {NEW}   # since May\n"),
        (f"    revision: {OLD[::-1]}\r\n", f"    revision: {NEW}\r\n"),
    ],
)
def test_a_line_that_is_there_is_changed(revision, expected):
    before = text(revision)
    assert pinned(before, "m.yaml", "m", NEW) == before.replace(revision, expected)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_is_missing_is_added(end):
    before = text().replace("\n", end)
    after = pinned(before, "m.yaml", "m", NEW)
    assert changed_lines(before, after) == ([], [f"    revision: {NEW}{end}"])
    assert after.replace(f"    revision: {NEW}{end}", "", 1) == before


def test_the_hub_may_stand_first():
    before = text(hub="").replace("  - id: m # the one\n", "  -   hub: org/name\n      id: m\n")
    before = before.replace(FIELDS + "# the end", FIELDS.replace("    ", "      ") + "# the end")
    assert f"  -   hub: org/name\n      revision: {NEW}\n" in pinned(before, "m.yaml", "m", NEW)


def test_a_last_line_without_an_end():
    before = "models:\n- id: m\n  family: f\n  kind: base\n  licence: MIT\n  hub: org/name"
    assert pinned(before, "m.yaml", "m", NEW) == f"{before}\n  revision: {NEW}\n"


def test_pinning_twice_changes_nothing():
    once = pinned(text(), "m.yaml", "m", NEW)
    assert pinned(once, "m.yaml", "m", NEW) == once


@pytest.mark.parametrize(
    "entry",
    [
        "  - {id: m, hub: org/name, family: f, kind: base, licence: MIT}\n",
        f"  - id: m\n    hub: org/name\n    revision:\n      {OLD}\n{FIELDS}",
        f'  - id: m\n    "hub": org/name\n{FIELDS}',
    ],
)
def test_what_one_line_cannot_change_is_left_alone(entry):
    with pytest.raises(ModelError, match=rf"m.yaml:\d+: .*Write 'revision: {NEW}' into it by hand"):
        pinned(f"models:\n{entry}", "m.yaml", "m", NEW)


def test_what_cannot_be_pinned():
    with pytest.raises(ModelError, match=r"m\.yaml: has no entry 'zzz'"):
        pinned(text(), "m.yaml", "zzz", NEW)
    with pytest.raises(ModelError, match="only what comes from the hub has a commit"):
        pinned(text(hub="    path: folder\n"), "m.yaml", "m", NEW)
    with pytest.raises(ModelError, match=r"m\.yaml:2"):
        pinned("models:\n- id: m\n", "m.yaml", "m", NEW)


def test_every_shipped_entry_can_be_pinned():
    from probe.design.data import data_path

    shipped = data_path("models.yaml").read_text(encoding="utf-8")
    for model in ("gpt2", "qwen3-0.6b", "gpt-oss-20b", list(load_models())[-1]):
        old, new = changed_lines(shipped, pinned(shipped, "models.yaml", model, NEW))
        assert (old, new) == ([], [f"    revision: {NEW}\n"])


def test_the_lines_of_an_entry():
    found = entry_text(text(), "m.yaml", "other")
    assert found == f"  - id: other\n    hub: org/other\n    revision: {OLD}\n{FIELDS}".rstrip()
    assert entry_text(text(), "m.yaml", "m").startswith("  - id: m # the one\n")
