"""A run folder accepts the study it holds, extends it, refuses any other, and never shows a half-written file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from probe.errors import EnvironmentFault, StudyError
from probe.loaded_facts import LoadedFacts, ReaderFacts, WeightFacts
from probe.store import atomic
from probe.store.atomic import read_table, write_bytes, write_rows, write_table
from probe.store.facts import ControlFacts, StudyFacts, TradeOffFacts
from probe.store.folder import RunFolder
from probe.store.manifest import Manifest, ModelRecord, StudyRecord
from probe.store.schema import PROMPTS, READINGS, empty_readings

STUDY = StudyRecord(
    models={"demo": "a" * 64},
    tradeoffs={"gift": "b" * 64},
    design="quick",
    design_sha256="c" * 64,
    dtype="auto",
    quant="none",
    compute="native",
    reader="auto",
    pack_tokens=4096,
)
RECORD = ModelRecord(
    source="demo_model",
    revision=None,
    identity="a" * 64,
    files={"config.json": "d" * 64},
    style="chat",
    template_sha256="e" * 64,
    template_keywords={"enable_thinking": False},
    template_append="",
    loaded=LoadedFacts(
        WeightFacts(
            dtype="float32",
            attention="sdpa",
            architecture="LlamaForCausalLM",
            parameters=7,
            device="cpu",
            quantisation={},
            compute="native",
            weight_bytes=28,
            estimated_bytes=28,
            unquantised_share=0.0,
        ),
        ReaderFacts("plain"),
        threads=1,
    ),
    log_odds_floor=1e-6,
    floor_cells=3,
    packs=2,
    forward_seconds=0.5,
    wall_seconds=1.0,
    failures={"gift/long": "too long"},
)
MANIFEST = Manifest(
    study=STUDY,
    request_sha256="f" * 64,
    complete=True,
    suites=("demo",),
    limit=None,
    facts=StudyFacts(
        tradeoffs={"gift": TradeOffFacts("candour", "truth", "comfort")},
        axes={"order": ("p1", "p2")},
        unordered_label_sets=("KR",),
        agreeing={"gift/soft": "comfort"},
        controls={"gift/fact": ControlFacts("fact", "yes")},
    ),
    models={"demo": RECORD},
    failed_models={},
    gates={"option_mass_mean": 0.5},
    template_date="2025-01-01",
    versions={"torch": "2.13.0"},
    files={"readings.parquet": "0" * 64},
)


def row(model: str, item: str, variant: str, log_odds: float = 0.5) -> dict[str, object]:
    """A row in which only the key and the log-odds matter."""
    blank = {"string": "x", "double": 0.0, "int64": 0}
    filled: dict[str, object] = {field.name: blank[str(field.type)] for field in READINGS}
    return filled | {"model": model, "item": item, "variant": variant, "log_odds": log_odds}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_manifest_survives_its_own_text() -> None:
    assert Manifest.from_json(MANIFEST.to_json(), "here") == MANIFEST


def test_the_text_is_that_of_its_plain_values() -> None:
    content = {"schema_version": 1, **dataclasses.asdict(MANIFEST)}
    loaded = content["models"]["demo"].pop("loaded")
    content["models"]["demo"] |= loaded.pop("weights") | loaded.pop("reading") | loaded
    written = json.loads(MANIFEST.to_json())
    told = written.pop("manifest_sha256")
    canonical = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    assert told == hashlib.sha256(canonical.encode()).hexdigest()
    content["manifest_sha256"] = told
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    assert text == MANIFEST.to_json()


def test_what_was_loaded_stands_among_the_keys_of_a_model() -> None:
    written = json.loads(MANIFEST.to_json())["models"]["demo"]
    assert {"source", "dtype", "device", "numerics", "reader", "reader_why", "threads", "packs"} <= written.keys()
    assert {"loaded", "weights", "reading"}.isdisjoint(written)


def test_a_model_without_one_of_these_keys_is_refused() -> None:
    content = json.loads(MANIFEST.to_json())
    content.pop("manifest_sha256")
    for name in ("dtype", "reader", "threads"):
        changed = json.loads(json.dumps(content))
        del changed["models"]["demo"][name]
        with pytest.raises(StudyError, match=name):
            Manifest.from_json(signed(changed), "here")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "much"])
def test_a_manifest_of_another_type_is_not_written(value: object) -> None:
    record = dataclasses.replace(RECORD, forward_seconds=value)
    with pytest.raises(ValueError, match=r"JSON|much"):
        dataclasses.replace(MANIFEST, models={"demo": record}).to_json()


def signed(content: dict[str, Any]) -> str:
    """The text of a writer that has these keys, with their sum."""
    dumped = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    return json.dumps({**content, "manifest_sha256": hashlib.sha256(dumped.encode()).hexdigest()})


def test_keys_of_a_later_writer_are_passed_over() -> None:
    content = json.loads(MANIFEST.to_json())
    content.pop("manifest_sha256")
    places = (content, content["study"], content["facts"], content["facts"]["tradeoffs"]["gift"])
    for place in (*places, content["models"]["demo"]):
        place["later"] = {"x": [1, None]}
    assert Manifest.from_json(signed(content), "here") == MANIFEST


@pytest.mark.parametrize(
    ("key", "value"),
    [("packs", "2"), ("packs", True), ("packs", 2.5), ("identity", 3), ("files", []), ("log_odds_floor", "0")],
)
def test_a_record_of_another_type_is_refused(key: str, value: object) -> None:
    content = json.loads(MANIFEST.to_json())
    content.pop("manifest_sha256")
    content["models"]["demo"][key] = value
    with pytest.raises(StudyError, match=f"(?s)here: not a manifest that probe wrote .*{key}"):
        Manifest.from_json(signed(content), "here")


def test_axes_stand_in_the_order_of_a_variant() -> None:
    facts = dataclasses.replace(MANIFEST.facts, axes={"cue": ("given",), "order": ("p1", "p2")})
    read = Manifest.from_json(dataclasses.replace(MANIFEST, facts=facts).to_json(), "here")
    assert list(read.facts.axes) == ["order", "cue"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema_version": 1}', '{"schema_version": 1, "study": 3}'])
def test_a_damaged_manifest_is_named(text: str) -> None:
    with pytest.raises(StudyError, match="somewhere"):
        Manifest.from_json(text, "somewhere")


@pytest.mark.parametrize(("old", "new"), [("1e-06", "2e-06"), ('"packs": 2', '"packs": 3'), ("candour", "candoar")])
def test_an_edited_manifest_is_refused(old: str, new: str) -> None:
    text = MANIFEST.to_json()
    assert old in text
    with pytest.raises(StudyError, match="somewhere: damaged or edited"):
        Manifest.from_json(text.replace(old, new, 1), "somewhere")


def test_a_newer_manifest_is_refused_by_version() -> None:
    newer = MANIFEST.to_json().replace('"schema_version": 1', '"schema_version": 2')
    with pytest.raises(StudyError, match="schema version 2"):
        Manifest.from_json(newer, "somewhere")


def test_a_new_folder_accepts_any_study_and_creates_nothing(tmp_path) -> None:
    folder = RunFolder(tmp_path / "new")
    assert folder.accept(STUDY) is None
    assert not folder.path.exists()


def test_a_folder_of_something_else_is_refused(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StudyError, match=r"not a run folder .* Name a run folder, or choose another --out\."):
        RunFolder(tmp_path).accept(STUDY)


def test_more_tradeoffs_extend_a_study(tmp_path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_manifest(MANIFEST)
    wider = dataclasses.replace(STUDY, tradeoffs={**STUDY.tradeoffs, "queue": "9" * 64})
    assert folder.accept(wider) == MANIFEST


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"models": {"demo": "0" * 64}}, "models"),
        ({"design_sha256": "0" * 64}, "design_sha256"),
        ({"dtype": "bfloat16"}, "dtype was auto, is bfloat16"),
        ({"quant": "nf4"}, "quant was none, is nf4"),
        ({"compute": "fp32"}, "compute was native, is fp32"),
        ({"pack_tokens": 8}, "pack_tokens was 4096, is 8"),
        ({"reader": "plain"}, "reader"),
        ({"tradeoffs": {"gift": "0" * 64}}, "file of trade-off gift has changed"),
        ({"tradeoffs": {"queue": "0" * 64}}, "trade-off gift is in the folder"),
    ],
)
def test_any_other_difference_is_another_study(tmp_path, change, said) -> None:
    folder = RunFolder(tmp_path)
    folder.write_manifest(MANIFEST)
    with pytest.raises(StudyError, match=said):
        folder.accept(dataclasses.replace(STUDY, **change))


def test_many_pieces_give_the_bytes_of_one(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(atomic, "ROW_GROUP", 16)
    whole = pa.Table.from_pylist([row("a", f"i{n:03}", "v", n / 7) for n in range(50)], schema=READINGS)
    write_table(tmp_path / "a", whole)
    for name, sizes in (("b", [1] * 50), ("c", [3, 0, 40, 7]), ("d", [16, 16, 18])):
        starts = [sum(sizes[:n]) for n in range(len(sizes))]
        pieces = [whole.slice(start, size) for start, size in zip(starts, sizes, strict=True)]
        assert write_rows(tmp_path / name, READINGS, pieces) == digest(tmp_path / "a")
    assert pq.ParquetFile(tmp_path / "a").metadata.num_row_groups == 4


def test_a_flipped_bit_is_found(tmp_path) -> None:
    path = tmp_path / "readings.parquet"
    write_table(path, pa.Table.from_pylist([row("a", f"i{n}", "v", n / 3) for n in range(200)], schema=READINGS))
    content = bytearray(path.read_bytes())
    content[300] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(StudyError, match=r"readings\.parquet: damaged"):
        read_table(path, READINGS)


def test_a_table_of_another_shape_is_refused(tmp_path) -> None:
    write_table(tmp_path / "t", PROMPTS.empty_table())
    with pytest.raises(StudyError, match="columns"):
        read_table(tmp_path / "t", READINGS)


def test_an_empty_table_has_the_columns_of_the_contract() -> None:
    names = empty_readings().schema.names
    assert names[:9] == ["model", "tradeoff", "side", "form", "cluster", "scenario", "item", "context", "variant"]
    assert names[-4:] == ["prompt_sha256", "pack_sha256", "reader", "logits_dtype"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentFault, match="No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_same_content_is_not_written_again(tmp_path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"same")
    before = path.stat().st_mtime_ns
    write_bytes(path, b"same")
    assert path.stat().st_mtime_ns == before
