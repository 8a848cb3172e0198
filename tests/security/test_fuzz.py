"""Files that nobody meant are read or refused; scripts/fuzz.py does the same with thousands."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from fuzzing import IMPORTED, SOURCES, TARGETS, seed_run
from gguf_writer import UINT32, gguf_file, tiny_gguf
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from strange_models import LORA, adapter_files, header_of, safetensors_file

from probe.commands.import_files import import_files
from probe.errors import ProbeError

ROOT = Path(__file__).resolve().parents[2]
FEW = {
    **{"scenario": 40, "design": 30, "models": 30, "manifest": 20, "run folder": 8, "import": 20, "config": 15},
    **{"study": 20, "adapter": 8, "gguf": 12, "safetensors": 12},
}


@pytest.mark.parametrize("name", FEW)
def test_some_strange_files(name):
    target = TARGETS[name]()

    @settings(max_examples=FEW[name], deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @seed(7)
    @given(target.cases)
    def one(case):
        target.survives(case)

    one()


@pytest.mark.parametrize("name", FEW)
def test_that_an_escape_is_seen(name):
    """What is no `ProbeError` goes through, so that the other tests here can fail."""
    import dataclasses

    def escape(_):
        raise KeyError("x")

    with pytest.raises(KeyError):
        dataclasses.replace(TARGETS[name](), read=escape).survives(b"")


STRANGE = {
    "not UTF-8": b"\xff\xfe\x00\x80,\n" * 9,
    "nested without end": b"[" * 100_000,
    "a field without end": b'scenario_id,context\n"' + b"a" * 200_000,
    "empty": b"",
    "a list": b"[1, [2]]",
    "null": b"null\n",
}


@pytest.mark.parametrize("case", STRANGE)
@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_a_strange_source_of_an_import_is_refused_with_its_place(kind, case, tmp_path):
    path, column_map = SOURCES[kind]
    shutil.copytree(IMPORTED, tmp_path / "data")
    source = tmp_path / "data" / path
    for one in [source] if source.is_file() else source.iterdir():
        one.write_bytes(STRANGE[case])
    named = tmp_path / "data" / column_map if column_map else None
    with pytest.raises(ProbeError, match=re.escape(str(tmp_path / "data"))):
        import_files(kind, source, tmp_path / "out", named, (2, 0))


FOUND = {
    "truth.json that is not UTF-8": ("study/models/demo.truth.json", b"\x80{}", True),
    "truth.json that the manifest does not vouch for": ("study/models/demo.truth.json", b"\x80{}", False),
    "results.json that is not UTF-8": ("results.json", b"\x80{}", True),
    "results.json without end": ("results.json", b"[" * 100_000, True),
    "a manifest without end": ("manifest.json", b"[" * 100_000, False),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_was_found_in_run_folders(case):
    target = TARGETS["run folder"]()
    name, content, vouched = FOUND[case]
    assert (seed_run() / name).is_file()
    target.survives((name, content, vouched))


def test_every_kind_of_file_is_tried():
    assert set(FEW) == set(TARGETS)


STRANGE_STUDIES = {
    "a model of a name too long": b"models: %s/x\n" % (b"a" * 400),
    "a design of a name too long": b"models: demo\ndesign: ./%s\n" % (b"a" * 400),
    "a suite of a name too long": b"models: demo\nsuite: ./%s/x\n" % (b"a" * 400),
    "a base of a name too long": b"models: demo\nbase: ./%s\n" % (b"a" * 400),
}


@pytest.mark.parametrize("case", STRANGE_STUDIES)
def test_a_name_that_no_file_can_have_is_refused(case):
    assert not TARGETS["study"]().survives(STRANGE_STUDIES[case])


@pytest.mark.parametrize(
    "said",
    [
        {"task_type": {}},
        {"bias": {}},
        {"bias": []},
        {"r": 1e999},
        {"revision": ["a"]},
        {"base_model_name_or_path": "a" * 999},
    ],
    ids=str,
)
def test_an_adapter_of_strange_values_is_refused(said):
    config = json.dumps(LORA | said).encode()
    assert not TARGETS["adapter"]().survives((config, adapter_files()[1]))


@pytest.mark.parametrize("key", ["attention.head_count", "block_count"])
@pytest.mark.parametrize("count", [0, 4_000_000])
def test_a_gguf_of_counts_that_no_model_has_is_refused(key, count):
    pytest.importorskip("gguf")
    entries, tensors = tiny_gguf()
    changed = [(name, UINT32, count) if name == f"llama.{key}" else (name, *rest) for name, *rest in entries]
    assert (key, count) == ("block_count", 0) or not TARGETS["gguf"]().survives(gguf_file(changed, tensors))


@pytest.mark.parametrize("end", ["9", -1, 1.5, None, [], 2**70])
def test_a_safetensors_header_of_strange_offsets_is_refused(end):
    header = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, end]}}
    assert not TARGETS["safetensors"]().survives(safetensors_file(json.dumps(header).encode()))


@pytest.mark.slow
def test_twenty_thousand_strange_files(capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("fuzz", ROOT / "scripts" / "fuzz.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", ["fuzz.py", "--cases", "20000"])
    with capsys.disabled():
        assert module.main() == 0


def test_the_right_files_are_read():
    """What the changes start from is itself taken."""
    import fuzzing

    for name, text in (("scenario", fuzzing.TRADEOFF), ("design", fuzzing.DESIGN), ("models", fuzzing.MODELS)):
        assert TARGETS[name]().survives(text.encode())
    manifest = (seed_run() / "manifest.json").read_bytes()
    assert TARGETS["manifest"]().survives(manifest)
    assert TARGETS["run folder"]().survives(("manifest.json", manifest, False))
    assert TARGETS["study"]().survives(fuzzing.STUDY.encode())
    whole = json.dumps(header_of(ROOT / "probe" / "demo_model" / "model.safetensors")).encode()
    assert TARGETS["safetensors"]().survives(safetensors_file(whole))


def test_the_right_adapter_is_read():
    pytest.importorskip("peft")
    assert TARGETS["adapter"]().survives(adapter_files())


def test_the_right_gguf_file_is_read(tmp_path):
    """Also by the format's own library, so that the writer here is right."""
    gguf = pytest.importorskip("gguf")
    data = gguf_file(*tiny_gguf())
    assert TARGETS["gguf"]().survives(data)
    (tmp_path / "tiny.gguf").write_bytes(data)
    assert len(gguf.GGUFReader(tmp_path / "tiny.gguf").tensors) == len(tiny_gguf()[1])


def test_an_error_says_something():
    with pytest.raises(AssertionError):
        _empty().survives(b"")


def _empty():
    import dataclasses

    def refuse(_):
        raise ProbeError(" ")

    return dataclasses.replace(TARGETS["design"](), read=refuse, cases=st.just(b""))
