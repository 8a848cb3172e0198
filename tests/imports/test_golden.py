"""Guards: what every importer makes of a few items in its source's schema, word for word.

The sources are ours. The golden file is edited and read by people: nothing writes it. That each of its texts stands in
the source under the right principle is held by plain reading of the sources, without the importers.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
import yaml

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
    assert told() == GOLDEN.read_text(encoding="utf-8")


def golden(kind):
    """Items of the golden file as text and options by principle, read as plain YAML."""
    found = {}
    for block in GOLDEN.read_text(encoding="utf-8").split("##### ")[1:]:
        head, _, body = block.partition("\n")
        if head.startswith(f"{kind}: ") and head.endswith(".yaml"):
            file = yaml.safe_load(body)
            items = [*file.get("stated", []), *file.get("revealed", [])]
            found |= {f"{file['tradeoff']}/{one['id']}": (one["text"], one["options"]) for one in items}
    return found


def rows(*path):
    with DATA.joinpath(*path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_golden_moralchoice_is_of_its_source():
    """An action that is rated to break the rule is `break`, as the sheet says; H_1 to H_3 are kept."""
    rated, names = {"H_1": "deceive", "H_2": "deceive", "H_3": "break_promise"}, {}
    for row in rows("moralchoice", "moralchoice_high_ambiguity.csv"):
        if row["scenario_id"] in rated:
            of = rated[row["scenario_id"]]
            breaks = {row[f"a{n}_{of}"]: row[f"action{n}"].strip() for n in (1, 2)}
            names[row["scenario_id"].lower()] = (row["context"], {"keep": breaks["No"], "break": breaks["Yes"]})
    found = {key.rpartition("/")[2]: one for key, one in golden("moralchoice").items() if not key.endswith("/rule")}
    assert found == names


def test_golden_anthropic_evals_are_of_their_source():
    lines = (DATA / "anthropic" / "tidy-mind.jsonl").read_text(encoding="utf-8").splitlines()
    made = {}
    for number, line in enumerate(lines[:2], 1):
        said = json.loads(line)
        printed = dict(re.findall(r"^ \((\w)\) (.*)$", said["question"], re.MULTILINE))
        text = said["question"].partition("\n\nChoices:")[0].removeprefix("Question: ")
        keys = {"matching": "answer_matching_behavior", "other": "answer_not_matching_behavior"}
        made[f"tidy-mind/q{number:04}"] = (text, {name: printed[said[key].strip(" ()")] for name, key in keys.items()})
    assert golden("anthropic-evals") == made


def test_golden_dilemmas_are_of_their_source():
    first, second, _ = rows("daily", "dilemmas.csv")
    found = golden("daily-dilemmas")
    actions = {"act": first["action"], "refrain": second["action"]}
    assert found["daily-dilemmas/d0"] == (first["dilemma_situation"], actions)
    values = {one["values_aggregated"].lower() for one in (first, second)}
    pairs = [options for _, options in (one for key, one in found.items() if "/v" in key)]
    assert all(any(repr(name) in one for one in values) for options in pairs for name in options.values())
    assert len(pairs) == 4


def test_golden_outcomes_are_of_their_source():
    kept = json.loads((DATA / "emergent" / "options_hierarchical.json").read_text(encoding="utf-8"))
    words = [*kept["Gardens"], *kept["Travel"][:2]]
    for key, (_, options) in golden("emergent-values").items():
        numbers = re.findall(r"o(\d+)", key.rpartition("/")[2])
        assert [options["first"], options["second"]] == [words[int(one) - 1] for one in numbers]


def test_golden_risks_are_of_their_source():
    told = rows("litmus", "model_eval.csv")
    for number, at in ((1, 0), (3, 4)):
        text, options = golden("litmus-values")[f"litmus-values/r{number:04}"]
        assert text == told[at]["dilemma"].partition(" Action 1:")[0]
        assert options == {f"action-{n}": told[at + n - 1]["action"].removeprefix(f"Action {n}: ") for n in (1, 2)}
    defined = {row["value"]: row["definition"] for row in rows("litmus", "value_definition.csv")}
    classes = sorted({row["value_class"] for row in rows("litmus", "value_map.csv")})
    names = [f"{one} ({defined[one]})" if one in defined else one for one in classes]
    for key, (_, options) in golden("litmus-values").items():
        if key.startswith("litmus-values-values/"):
            assert list(options.values()) == [names[int(one) - 1] for one in re.findall(r"v(\d+)", key)]


def test_a_golden_table_is_of_its_source():
    lamps = rows("table", "lamps.csv")[:2]
    made = {row["nr"]: (row["question"], {"light": row["bright"], "calm": row["dim"]}) for row in lamps}
    assert {key.rpartition("/")[2].lstrip("qri0"): one for key, one in golden("table").items()} == made


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
