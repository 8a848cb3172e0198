"""Guards: what every importer makes of a few items in its source's schema, word for word.

The sources are ours. The golden file is read by people when it changes; ``PROBE_GOLDEN=write`` writes it anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from probe.commands.import_files import KINDS, import_files, read_kind
from probe.design.tradeoffs import load_tradeoff
from probe.errors import InputError
from probe.imports.writing import RECORD, files_of, summary

DATA = Path(__file__).parent / "data"
GOLDEN = Path(__file__).with_name("golden_imports.txt")
SOURCES = {
    "moralchoice": (DATA / "moralchoice", None),
    "anthropic-evals": (DATA / "anthropic", None),
    "daily-dilemmas": (DATA / "daily" / "dilemmas.csv", None),
    "emergent-values": (DATA / "emergent" / "options_hierarchical.json", None),
    "litmus-values": (DATA / "litmus", None),
    "table": (DATA / "table" / "lamps.csv", DATA / "table" / "map.yaml"),
}
COUNTS = {
    "moralchoice": (5, 3, 2, 2),
    "anthropic-evals": (5, 2, 2, 3),
    "daily-dilemmas": (2, 1, 0, 1),
    "emergent-values": (6, 4, 0, 2),
    "litmus-values": (3, 2, 2, 1),
    "table": (4, 2, 0, 2),
}


def imported(kind):
    path, column_map = SOURCES[kind]
    return read_kind(kind, path, column_map, (2, 0))


def told() -> str:
    parts = []
    for kind in SOURCES:
        files = files_of(imported(kind))
        record = json.loads(files.pop(RECORD))
        notes = {key: record[key] for key in ("counts", "items", "changed", "refused")}
        files[RECORD] = json.dumps(notes, indent=1, ensure_ascii=False) + "\n"
        parts += [f"##### {kind}: {name}\n{text}" for name, text in files.items()]
    return "\n".join(parts)


def test_files_are_the_reviewed_ones():
    if os.environ.get("PROBE_GOLDEN") == "write":
        GOLDEN.write_text(told(), encoding="utf-8")
    assert told() == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", SOURCES)
def test_every_item_is_booked_once(kind):
    counts = imported(kind).counts
    assert (counts["read"], counts["kept"], counts["changed"], counts["refused"]) == COUNTS[kind]
    assert counts["read"] == counts["kept"] + counts["refused"]


@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_written_loads_as_what_was_made(kind, tmp_path):
    path, column_map = SOURCES[kind]
    text = import_files(kind, path, tmp_path / "out", column_map, (2, 0))
    made = imported(kind)
    assert text.startswith(summary(made))
    for tradeoff in made.tradeoffs:
        assert load_tradeoff(tmp_path / "out" / f"{tradeoff.tradeoff}.yaml").tradeoff == tradeoff
        assert any("licence" in line for line in tradeoff.sources)
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(files_of(made))


def test_the_folder_must_be_new(tmp_path):
    (tmp_path / "old.yaml").write_text("x")
    with pytest.raises(InputError, match="the folder is not empty"):
        import_files("moralchoice", DATA / "moralchoice", tmp_path, None, (2, 0))


@pytest.mark.parametrize(
    ("kind", "path", "words"),
    [
        ("moral", DATA, "known are alignment-revisited"),
        ("table", DATA / "table" / "lamps.csv", "a table needs a column map"),
        ("moralchoice", DATA / "absent", "there is no such file"),
        ("moralchoice", DATA / "table", "holds no moralchoice"),
        ("moralchoice", DATA / "table" / "lamps.csv", "no column 'scenario_id'"),
        ("anthropic-evals", DATA / "table", "holds no .jsonl"),
        ("emergent-values", DATA / "table" / "lamps.csv", "it is not JSON"),
        ("litmus-values", DATA / "table", "no table 'model_eval'"),
        ("daily-dilemmas", DATA / "table" / "lamps.csv", "no column 'dilemma_idx'"),
        ("alignment-revisited", DATA, "Give the root of a clone"),
    ],
)
def test_what_is_no_source_is_refused_with_a_remedy(kind, path, words):
    with pytest.raises(InputError, match=words):
        read_kind(kind, path, None, (2, 0))


def test_every_kind_has_a_source_here_or_a_test_of_its_own():
    assert set(KINDS) - set(SOURCES) == {"alignment-revisited"}
