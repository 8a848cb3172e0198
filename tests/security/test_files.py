"""Files of strangers: what they name stays inside, what they hold is checked, and nothing of this machine gets out."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from faults import install_fake_engine
from tiny import tiny_model

import probe
from probe.cli import main
from probe.commands.verify import verify_run
from probe.engine.load import load_model
from probe.engine.precision import Precision
from probe.errors import EnvironmentFault, InputError, ModelError, ProbeError, StudyError
from probe.progress import Silent
from probe.prompts.tokenizer import load_encoder
from probe.results import Results
from probe.run import measure
from probe.store.cache import Cache
from probe.store.disk import Disk
from probe.store.folder import RunFolder
from probe.store.manifest import Manifest
from probe.study.request import Request
from probe.study.resolve import resolve

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"
TOKEN = "hf_Abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture
def engine(monkeypatch):
    return install_fake_engine(monkeypatch)


def run(out: Path, **changes) -> RunFolder:
    folder = RunFolder(out)
    request = Request(suite=(str(SHORT),), **{"design": "quick", "limit": 1, **changes})
    measure(resolve(request), folder, Silent(), Cache(out.parent / "cache"))
    return folder


def rewritten(folder: RunFolder, change) -> None:
    """A manifest of a hostile writer: changed, with a sum that fits."""
    manifest = folder.manifest()
    assert manifest is not None
    folder.write("manifest.json", change(manifest).to_json())


# Links


@pytest.mark.parametrize("name", ["readings.parquet", "run.log", "results.json", "manifest.json"])
def test_a_link_in_a_run_folder_is_refused_and_nothing_is_written_through_it(engine, tmp_path, name):
    folder, outside = run(tmp_path / "run"), tmp_path / "outside"
    shutil.move(folder.path / name, outside)
    (folder.path / name).symlink_to(outside)
    before = outside.read_bytes()
    for act in (lambda: run(tmp_path / "run", limit=2), lambda: Results(tmp_path / "run")):
        with pytest.raises(StudyError, match=rf"{name}: is a link"):
            act()
    assert outside.read_bytes() == before


def test_a_linked_folder_inside_is_refused(engine, tmp_path):
    folder = run(tmp_path / "run")
    shutil.move(folder.path / "study", tmp_path / "outside")
    (folder.path / "study").symlink_to(tmp_path / "outside")
    with pytest.raises(StudyError, match="study: is a link"):
        run(tmp_path / "run", limit=2)


def test_the_log_is_never_written_through_a_link(tmp_path):
    (tmp_path / "run.log").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="symbolic links"):
        Disk().append(tmp_path / "run.log", b"x")
    assert not (tmp_path / "outside").exists()


def test_a_new_file_never_takes_the_place_of_another(tmp_path):
    (tmp_path / "new").symlink_to(tmp_path / "outside")
    with pytest.raises(FileExistsError):
        Disk().create(tmp_path / "new")


def test_a_run_folder_may_itself_be_a_link(engine, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "real")
    run(tmp_path / "run")
    assert (tmp_path / "real" / "results.json").is_file()


# Paths

ESCAPES = ["../x", "a/b", "/etc/passwd", "..", ".hidden", "a\\b", "C:x", "x\x00y", "", "a" * 65, "é", "a b", "-x", "~"]


@pytest.mark.parametrize("word", ESCAPES)
def test_no_id_of_a_file_leads_elsewhere(word, tmp_path):
    text = SHORT.read_text()
    name = re.search(r"^tradeoff: (\S+)", text, re.MULTILINE)
    assert name is not None
    path = tmp_path / "strange.yaml"
    path.write_text(text.replace(name[0], f"tradeoff: {json.dumps(word)}", 1))
    with pytest.raises(InputError, match=r"strange\.yaml:\d+"):
        resolve(Request(suite=(str(path),)))
    entry = {"id": word, "path": "x", "family": "f", "kind": "base", "licence": "MIT"}
    (tmp_path / "models.yaml").write_text(json.dumps({"models": [entry]}))
    with pytest.raises(ModelError, match=r"models\.yaml:\d+"):
        resolve(Request(models_file=tmp_path / "models.yaml"))
    (tmp_path / "design.yaml").write_text(json.dumps({"design": word}))
    with pytest.raises(InputError, match=r"design\.yaml:\d+"):
        resolve(Request(design=str(tmp_path / "design.yaml")))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "study/../../x", "a\\..\\x", "C:/x", "x\x00"])
def test_no_name_in_a_manifest_leads_elsewhere(engine, tmp_path, name):
    folder = run(tmp_path / "run")
    rewritten(folder, lambda one: dataclasses.replace(one, files={**one.files, name: "0" * 64}))
    with pytest.raises(StudyError, match="is no name of"):
        verify_run(folder.path, None, Silent())


def test_no_tradeoff_of_a_manifest_leads_elsewhere(engine, tmp_path):
    folder = run(tmp_path / "run")
    study = folder.manifest().study
    rewritten(folder, lambda one: dataclasses.replace(one, study=dataclasses.replace(study, tradeoffs={"../x": "0"})))
    with pytest.raises(StudyError, match="is no name of"):
        Results(folder.path)


# Manifests of hostile, newer and older writers


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"limit": "many"}, "not a manifest"),
        ({"facts": {"tradeoffs": []}}, "not a manifest"),
        ({"models": {"demo": 7}}, "not a manifest"),
        ({"files": {"report.html": None}}, "not a manifest"),
        ({"complete": "yes"}, "not a manifest"),
        ({"gates": {"option_mass": "high"}}, "not a manifest"),
        ({"suites": "demo"}, "not a manifest"),
        ({"schema_version": 99}, "Update probe"),
        ({"schema_version": None}, "Update probe"),
        ({"study": None}, "not a manifest"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(engine, tmp_path, change, said):
    from probe.store.manifest import _canonical, _sha256

    folder = run(tmp_path / "run")
    content = json.loads(folder.manifest_path.read_text()) | change
    content.pop("manifest_sha256")
    folder.manifest_path.write_text(_canonical({**content, "manifest_sha256": _sha256(_canonical(content))}))
    with pytest.raises(StudyError, match=said):
        Results(folder.path)


def test_a_manifest_of_an_older_writer_is_read_or_refused_and_never_filled_in(engine, tmp_path):
    """Each key that a writer may not have known yet is one with a default, or the folder is refused."""
    from probe.store.manifest import _canonical, _sha256

    text = run(tmp_path / "run").manifest_path.read_text()
    required = {f.name for f in dataclasses.fields(Manifest) if f.default is f.default_factory is dataclasses.MISSING}
    for key in set(json.loads(text)) - {"manifest_sha256", "schema_version"}:
        content = json.loads(text)
        del content[key], content["manifest_sha256"]
        older = _canonical({**content, "manifest_sha256": _sha256(_canonical(content))})
        if key in required:
            with pytest.raises(StudyError, match="not a manifest"):
                Manifest.from_json(older, "manifest.json")
        else:
            Manifest.from_json(older, "manifest.json")


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[" * 100_000, b'{"schema_version": 1e999}', b"NaN", b"null"])
def test_a_manifest_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "manifest.json").write_bytes(text)
    with pytest.raises(StudyError, match=r"not a manifest|Update probe"):
        RunFolder(tmp_path).manifest()


# Model folders


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "tiny"
    tiny_model("llama").save_pretrained(path, max_shard_size="50KB")
    assert (path / "model.safetensors.index.json").is_file()
    return path


def load(path: Path):
    return load_model(path, "tiny", precision=Precision("auto"), device="cpu")


def test_weights_outside_of_the_folder_are_refused(model, tmp_path):
    """They would be loaded, and no hash of the run would name them."""
    load(model)
    index = model / "model.safetensors.index.json"
    first = sorted(model.glob("*-of-*.safetensors"))[0]
    (model / "inner").mkdir()
    for target in ("../outside.safetensors", "inner/shard.safetensors", str(tmp_path / "outside.safetensors")):
        shutil.copy(first, model / target)
        index_before = index.read_text()
        index.write_text(index_before.replace(first.name, target))
        with pytest.raises(ModelError, match="which are no safetensors in the model's own folder"):
            load(model)
        index.write_text(index_before)


@pytest.mark.parametrize("text", ["", "[]", '{"weight_map": 3}', '{"weight_map": {"a": ["b"]}}', "[" * 100_000])
def test_a_damaged_index_is_refused(model, text):
    (model / "model.safetensors.index.json").write_text(text)
    with pytest.raises(ModelError, match="tiny: "):
        load(model)


def test_an_adapter_is_refused(model):
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "evil/base"}')
    with pytest.raises(ModelError, match=r"holds an adapter \(adapter_config\.json\)"):
        load(model)


@pytest.mark.parametrize(
    "header",
    [
        b"\xff" * 8,
        (10).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (40).to_bytes(8, "little") + b'{"lm_head.weight":{"dtype":"F32","shape"',
        (64).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[9999999],"data_offsets":[0,4]}}    ',
        b"",
    ],
)
def test_truncated_and_lying_safetensors_are_refused(tmp_path, header):
    tiny_model("llama").save_pretrained(tmp_path / "tiny")
    (tmp_path / "tiny" / "model.safetensors").write_bytes(header)
    with pytest.raises((ModelError, EnvironmentFault), match="tiny: "):
        load(tmp_path / "tiny")


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("change", ["cut", "empty", "list", "deep"])
def test_a_damaged_tokenizer_is_refused(demo_folder, tmp_path, name, change):
    folder = tmp_path / "strange"
    shutil.copytree(demo_folder, folder)
    text = (folder / name).read_text()
    changed = {"cut": text[: len(text) // 2], "empty": "", "list": "[]", "deep": "[" * 100_000}[change]
    (folder / name).write_text(changed)
    with pytest.raises(ModelError, match="strange: no usable tokenizer"):
        load_encoder(folder, "strange")


def test_no_code_is_asked_for_on_the_terminal():
    """Every door to a library's loader forbids code of the folder."""
    source = Path(probe.__file__).parent
    calls = [
        (path, found[0])
        for path in source.rglob("*.py")
        for found in re.finditer(
            r"(?:Auto\w+\.from_(?:pretrained|config)|source\.load|\bbuild(?=\(config))\((?:[^()]|\([^()]*\))*\)",
            path.read_text(),
        )
    ]
    assert len(calls) >= 4
    own = [(path, call) for path, call in calls if "(FOLDER)" not in call]  # a command that a message tells
    assert [str(path) for path, call in own if "trust_remote_code=False" not in call] == []


def test_nothing_unpickles():
    forbidden = re.compile(r"\b(?:pickle|torch\.load|joblib|marshal|shelve|yaml\.load\(|yaml\.unsafe|eval\(|exec\()")
    found = [
        (path.name, line)
        for path in Path(probe.__file__).parent.rglob("*.py")
        for line in path.read_text().splitlines()
        if (hit := forbidden.search(line))
        and not line.lstrip().startswith(("#", '"', 'f"'))
        and ".eval()" not in line
        and hit[0] not in ("pickle",)
    ]
    assert found == []


# What gets out


@pytest.mark.slow
def test_no_token_and_no_place_is_in_any_output(tmp_path, demo_folder, monkeypatch, capsys):
    """A home, a token, a model that fails: nothing of it stands in a file of the run or on the terminal."""
    home = tmp_path / "home-of-somebody"
    (home / "models").mkdir(parents=True)
    for name, value in {"HF_TOKEN": TOKEN, "HUGGING_FACE_HUB_TOKEN": TOKEN, "HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROBE_CACHE", str(home / ".cache"))
    good, broken = home / "models" / "good", home / "models" / "broken"
    for folder in (good, broken):
        shutil.copytree(demo_folder, folder)
    (broken / "model.safetensors").write_bytes(b"\0" * 100)
    out = home / "runs" / "one"
    arguments = ["run", str(good), str(broken), "--suite", "demo", "--design", "quick", "--limit", "1"]
    assert main([*arguments, "--out", str(out)]) == 1
    assert main(["export", str(out), "--to", "csv", "--out", str(home / "export")]) == 0
    said = "".join(capsys.readouterr())
    files = [path for root in (out, home / "export") for path in root.rglob("*") if path.is_file()]
    assert len(files) > 10
    texts = {path.name: path.read_bytes() for path in files} | {"the terminal": said.encode()}
    assert [name for name, content in texts.items() if TOKEN.encode() in content] == []
    held = [name for name, content in texts.items() if b"home-of-somebody" in content]
    assert set(held) <= {"the terminal"}, held  # which is told where the report lies
    assert json.loads((out / "manifest.json").read_text())["failed_models"].keys() == {"broken"}


def test_a_reason_names_no_place(tmp_path, demo_folder, monkeypatch):
    from probe.study.manifest_entries import reason

    source = resolve(Request()).sources[0]
    text = f"{source.snapshot.folder}/x is bad, {Path.home()}/y too, {TOKEN}"
    shown = reason(OSError(text), source)
    assert shown == "demo_model/x is bad, ~/y too, hf_..."


def test_the_environment_is_never_dumped():
    """No file of the package takes all variables of the environment."""
    whole = re.compile(r"os\.environ(?!\.(?:get|setdefault|update)\(|\[)|environ\.(?:items|copy)")
    found = [
        (path.name, line.strip())
        for path in Path(probe.__file__).parent.rglob("*.py")
        for line in path.read_text().splitlines()
        if whole.search(line) and " in os.environ" not in line
    ]
    assert found == []
    assert os.environ


@pytest.mark.parametrize("name", ["readings.parquet", "prompts.parquet"])
@pytest.mark.parametrize("change", ["cut", "empty", "other", "flip"])
def test_a_damaged_table_of_a_hostile_writer_is_refused(engine, tmp_path, name, change):
    """Its sum is in the manifest, so only what is read can tell."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = run(tmp_path / "run")
    path = folder.path / name
    content = path.read_bytes()
    if change == "other":
        pq.write_table(pa.table({"model": [1]}), path)
    else:
        first = pq.ParquetFile(path).metadata.row_group(0).column(0)
        pages = first.dictionary_page_offset or first.data_page_offset
        last = pages + first.total_compressed_size - 1  # of a page's own bytes, which its checksum covers
        flipped = content[:last] + bytes([content[last] ^ 4]) + content[last + 1 :]
        path.write_bytes({"cut": content[:-30], "empty": b"", "flip": flipped}[change])
    rewritten(folder, lambda one: dataclasses.replace(one, files=folder.file_hashes()))
    with pytest.raises(ProbeError):
        verify_run(folder.path, None, Silent())
