"""The same study gives the same bytes whatever happened before, and nothing damaged or of another study is used."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from faults import FaultyDisk, install_fake_engine

import probe
import probe.engine.load
import probe.study.job
import probe.study.model_reader
from probe.cli import main
from probe.engine.out_of_memory import NoMemoryError
from probe.errors import ModelError, StudyError
from probe.progress import Silent
from probe.run import measure
from probe.store import versions
from probe.store.cache import Cache, open_cache
from probe.store.folder import RunFolder
from probe.store.shards import Shards
from probe.study.request import Request
from probe.study.resolve import resolve

DATA = Path(__file__).parents[1] / "data"
SHORT = DATA / "short.yaml"
SHIPPED = Path(probe.__file__).parents[1] / "scenarios" / "demo"


@pytest.fixture
def engine(monkeypatch):
    return install_fake_engine(monkeypatch)


@pytest.fixture
def suite(tmp_path) -> Path:
    """A suite of two trade-offs in files of their own."""
    folder = tmp_path / "suite"
    folder.mkdir()
    shutil.copy(SHORT, folder / "b.yaml")
    shutil.copy(next(SHIPPED.glob("gift.yaml")), folder / "a.yaml")
    return folder


def run(suite: Path, out: Path, cache: str = "cache", **changes) -> bytes:
    """Run, and give back the table's bytes."""
    request = Request(suite=(str(suite),), **{"design": "quick", "limit": 3, **changes})
    measure(resolve(request), RunFolder(out), Silent(), Cache(out.parent / cache))
    return (out / "readings.parquet").read_bytes()


def test_names_and_order_of_scenario_files_leave_no_trace(engine, suite, tmp_path):
    first = run(suite, tmp_path / "r1", "c1")
    (suite / "a.yaml").rename(suite / "z.yaml")
    assert run(suite, tmp_path / "r2", "c2") == first


def test_the_current_folder_is_a_suite_with_a_name(engine, suite, tmp_path, monkeypatch):
    monkeypatch.chdir(suite)
    run(Path(), tmp_path / "r")
    assert RunFolder(tmp_path / "r").manifest().suites == ("suite",)


@pytest.fixture
def other_code(monkeypatch):
    """Makes the code another, by the part of it that has changed."""

    def change(part: str) -> None:
        record = {**versions.code_record(), part: "another"}
        monkeypatch.setattr(versions, "code_record", lambda: record)
        monkeypatch.setattr("probe.study.manifest_entries.code_record", lambda: record)
        if part == "reading":
            monkeypatch.setattr("probe.study.job.source_sha256", lambda _: "another")

    return change


def test_results_of_other_code_are_made_anew_from_the_table(engine, suite, tmp_path, other_code):
    run(suite, tmp_path / "r")
    folder = RunFolder(tmp_path / "r")
    kept, read = folder.manifest(), len(engine.read_packs)
    results = (tmp_path / "r" / "results.json").read_bytes()
    (tmp_path / "r" / "results.json").write_text("{}")
    folder.write_manifest(dataclasses.replace(kept, files=folder.file_hashes()))
    run(suite, tmp_path / "r")
    assert (tmp_path / "r" / "results.json").read_text() == "{}", "a finished run of this code does nothing"
    other_code("deriving")
    run(suite, tmp_path / "r")
    assert (tmp_path / "r" / "results.json").read_bytes() == results
    assert len(engine.read_packs) == read
    assert folder.manifest().code["deriving"] == "another"
    assert folder.damaged(folder.manifest()) == []


def test_a_kill_while_results_are_made_anew_leaves_a_folder_that_says_so(
    engine, suite, tmp_path, other_code, monkeypatch
):
    run(suite, tmp_path / "r")
    folder, read = RunFolder(tmp_path / "r"), len(engine.read_packs)
    other_code("deriving")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("probe.report.publish.publish", killed)
        with pytest.raises(KeyboardInterrupt):
            run(suite, tmp_path / "r")
    assert not folder.manifest().complete
    run(suite, tmp_path / "r")
    assert folder.manifest().complete
    assert folder.damaged(folder.manifest()) == []
    assert len(engine.read_packs) == read


def test_readings_of_other_code_are_read_anew(engine, suite, tmp_path, other_code):
    run(suite, tmp_path / "r")
    read = len(engine.read_packs)
    other_code("reading")
    run(suite, tmp_path / "r")
    assert len(engine.read_packs) == 2 * read
    assert RunFolder(tmp_path / "r").manifest().code["reading"] == "another"


def test_the_order_of_work_leaves_no_trace(engine, suite, tmp_path, monkeypatch):
    first = run(suite, tmp_path / "r1", "c1")
    real = probe.study.model_reader.missing_packs

    def shuffled(*args):
        found = real(*args)
        random.Random(1).shuffle(found)
        return found

    monkeypatch.setattr(probe.study.model_reader, "missing_packs", shuffled)
    assert run(suite, tmp_path / "r2", "c2") == first


@pytest.mark.parametrize("limits", [(1, 3), (3, 1, None), (2, None)])
def test_any_history_of_limits_ends_in_the_same_bytes(engine, suite, tmp_path, limits):
    direct = run(suite, tmp_path / "direct", "c1", limit=max(limits, key=lambda n: n or 99))
    for limit in limits:
        last = run(suite, tmp_path / "extended", "c2", limit=limit)
    assert last == direct
    prompts = [(tmp_path / name / "prompts.parquet").read_bytes() for name in ("direct", "extended")]
    assert prompts[0] == prompts[1]


def test_one_more_tradeoff_leaves_the_rows_there_are(engine, suite, tmp_path):
    (suite / "a.yaml").rename(tmp_path / "a.yaml")
    run(suite, tmp_path / "r", "c1")
    before = RunFolder(tmp_path / "r").readings()
    shutil.copy(tmp_path / "a.yaml", suite / "a.yaml")
    engine.read_packs.clear()
    extended = run(suite, tmp_path / "r", "c1")
    after = RunFolder(tmp_path / "r").readings()
    assert after.filter(pc.equal(after["tradeoff"], "short")).combine_chunks().equals(before.combine_chunks())
    assert not set(before["pack_sha256"].to_pylist()) & set(engine.read_packs)
    assert run(suite, tmp_path / "direct", "c2") == extended


def test_a_warm_cache_gives_the_bytes_of_a_cold_one_and_reads_nothing(engine, suite, tmp_path, monkeypatch):
    cold = run(suite, tmp_path / "r1")
    engine.read_packs.clear()

    def refuse(*_, **__):
        pytest.fail("weights were loaded")

    monkeypatch.setattr("probe.engine.load.loaded", refuse)
    assert run(suite, tmp_path / "r2") == cold
    assert engine.read_packs == []
    assert (tmp_path / "r1" / "results.json").read_bytes() == (tmp_path / "r2" / "results.json").read_bytes()


def test_a_cache_that_is_gone_costs_no_pack_that_the_folder_has(engine, suite, tmp_path):
    run(suite, tmp_path / "r", "c1", limit=1)
    first = list(engine.read_packs)
    engine.read_packs.clear()
    extended = run(suite, tmp_path / "r", "c2", limit=3)
    assert not set(first) & set(engine.read_packs)
    assert extended == run(suite, tmp_path / "direct", "c3", limit=3)


@pytest.mark.parametrize("change", [{"dtype": "bfloat16"}, {"quant": "int8"}, {"compute": "fp32"}, {"reader": "plain"}])
def test_packs_of_another_study_are_never_used(engine, suite, tmp_path, change):
    run(suite, tmp_path / "r1")
    read = sorted(engine.read_packs)
    engine.read_packs.clear()
    run(suite, tmp_path / "r2", **change)
    assert sorted(engine.read_packs) == read


@pytest.mark.parametrize("part", ["weights", "machine", "source", "version"])
def test_packs_of_other_weights_machines_and_versions_are_never_used(engine, suite, tmp_path, monkeypatch, part):
    run(suite, tmp_path / "r1")
    read = sorted(engine.read_packs)
    engine.read_packs.clear()
    models = ("demo",)
    if part == "weights":
        shutil.copytree(Path(probe.__file__).parent / "demo_model", tmp_path / "other" / "demo")
        config = tmp_path / "other" / "demo" / "config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "revision_of_mine": 2}))
        models = (str(tmp_path / "other" / "demo"),)
    elif part == "machine":
        monkeypatch.setattr("probe.engine.identity._processor", lambda: "another processor")
    elif part == "source":
        monkeypatch.setattr("probe.study.job.source_sha256", lambda _: "another source")
    else:
        versions = probe.study.job.library_versions()
        monkeypatch.setattr(probe.study.job, "library_versions", lambda: {**versions, "kernels": "1.0"})
    run(suite, tmp_path / "r2", models=models)
    assert sorted(engine.read_packs) == read


@pytest.mark.parametrize("change", ["a word in engine", "a word in prompts", "a name of a file"])
def test_no_entry_of_an_older_source_is_ever_served(engine, suite, tmp_path, monkeypatch, change):
    """Renaming is a change of the source too: nothing of the cache but what this very source has read is used."""
    run(suite, tmp_path / "r1")
    read, older = (
        sorted(engine.read_packs),
        {path.name for path in Cache(tmp_path / "cache").root.rglob("*") if path.is_dir()},
    )
    package = tmp_path / "package" / "probe"
    shutil.copytree(Path(probe.__file__).parent, package, ignore=shutil.ignore_patterns("demo_model", "__pycache__"))
    if change == "a name of a file":
        (package / "engine" / "tiles.py").rename(package / "engine" / "tiling.py")
    else:
        file = package / change.split()[-1] / "trie.py"
        file.write_text(file.read_text().replace("token", "word"))
    monkeypatch.setattr(versions, "_PACKAGE", package)
    monkeypatch.setattr("probe.study.job.source_sha256", versions.source_sha256.__wrapped__)
    engine.read_packs.clear()
    opened = set()
    load = Shards.load
    monkeypatch.setattr(Shards, "load", lambda self, pack: opened.add(self.engine) or load(self, pack))
    run(suite, tmp_path / "r2")
    assert sorted(engine.read_packs) == read
    assert opened
    assert opened.isdisjoint(older)


def test_an_extension_on_another_machine_reads_every_row_again(engine, suite, tmp_path, monkeypatch):
    run(suite, tmp_path / "r", limit=1)
    old = set(engine.read_packs)
    engine.read_packs.clear()
    monkeypatch.setattr("probe.engine.identity._processor", lambda: "another processor")
    run(suite, tmp_path / "r", limit=2)
    assert old < set(engine.read_packs)
    monkeypatch.setattr("probe.engine.identity._processor", lambda: "a third processor")
    (suite / "a.yaml").write_text((suite / "a.yaml").read_text() + "\n")
    with pytest.raises(StudyError, match="file of trade-off gift has changed"):
        run(suite, tmp_path / "r", limit=1)


@pytest.mark.parametrize(
    "name", ["readings.parquet", "prompts.parquet", "results.json", "report.html", "study/design.yaml"]
)
def test_a_flipped_byte_in_any_file_of_a_run_is_named_and_mended(engine, suite, tmp_path, name, capsys):
    run(suite, tmp_path / "r")
    before = {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()}
    path = tmp_path / "r" / name
    for at in (0, len(before[path]) // 2, len(before[path]) - 2):
        content = bytearray(before[path])
        content[at] ^= 0x04
        path.write_bytes(content)
        assert RunFolder(tmp_path / "r").damaged(RunFolder(tmp_path / "r").manifest()) == [name]
        engine.read_packs.clear()
        run(suite, tmp_path / "r")
        assert path.read_bytes() == before[path]
        assert engine.read_packs == []


def test_a_damaged_result_is_not_given_out(engine, suite, tmp_path):
    run(suite, tmp_path / "r")
    path = tmp_path / "r" / "results.json"
    text = path.read_text()
    digit = next(n for n, letter in enumerate(text) if letter == "7")
    path.write_text(text[:digit] + "8" + text[digit + 1 :])
    with pytest.raises(StudyError, match=r"results\.json: missing, or damaged"):
        _ = probe.Results(tmp_path / "r").results


def test_a_flipped_byte_in_a_finished_pack_is_named_and_read_again(engine, suite, tmp_path):
    whole = run(suite, tmp_path / "r1")
    shard = sorted(path for path in (tmp_path / "cache").rglob("*.pack") if path.stem in engine.read_packs)[1]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0x40
    shard.write_bytes(content)
    engine.read_packs.clear()
    assert run(suite, tmp_path / "r2") == whole
    assert engine.read_packs == [shard.stem]
    assert f"{shard.name}: damaged" in (tmp_path / "r2" / "run.log").read_text()


def test_an_edited_manifest_is_refused(engine, suite, tmp_path):
    run(suite, tmp_path / "r")
    path = tmp_path / "r" / "manifest.json"
    path.write_text(path.read_text().replace('"packs": ', '"packs": 1', 1))
    with pytest.raises(StudyError, match="damaged or edited"):
        run(suite, tmp_path / "r")


def test_out_of_memory_starts_again_at_half_the_budget(engine, suite, tmp_path):
    """The bytes are those of a run that was started with that budget, and so does an extension go on."""
    direct = run(suite, tmp_path / "direct", "c1", pack_tokens=1024, limit=2)
    engine.read_packs.clear()
    real, budgets = engine.read, []

    def short_of_memory(pack):
        budgets.append(pack.budget)
        if pack.budget > 1024 and len(budgets) > 3:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return real(pack)

    engine.read = short_of_memory
    assert run(suite, tmp_path / "r", "c2", limit=2) == direct
    assert sorted(set(budgets), reverse=True) == [4096, 2048, 1024]
    manifest = RunFolder(tmp_path / "r").manifest()
    assert (manifest.models["demo"].pack_tokens, manifest.study.pack_tokens) == (1024, 4096)
    assert "memory" in (tmp_path / "r" / "run.log").read_text()
    budgets.clear()
    run(suite, tmp_path / "r", "c2", limit=3)
    assert set(budgets) == {1024}


def test_memory_that_is_never_enough_ends_with_3_and_what_to_do(engine, suite, tmp_path):
    def never(pack):
        raise MemoryError

    engine.read = never
    with pytest.raises(NoMemoryError, match="--pack-tokens with a smaller number") as failed:
        run(suite, tmp_path / "r")
    assert failed.value.exit_code == 3


def test_another_failure_of_the_engine_is_not_taken_for_memory(engine, suite, tmp_path):
    def broken(pack):
        raise RuntimeError("shape mismatch")

    engine.read = broken
    with pytest.raises(RuntimeError, match="shape mismatch"):
        run(suite, tmp_path / "r")


def test_a_full_disk_while_reading_keeps_what_was_finished(engine, suite, tmp_path, monkeypatch):
    """At most the packs on their way are read again."""
    disk = FaultyDisk("full", 80)
    study = resolve(Request(suite=(str(suite),), design="quick", limit=3))
    with pytest.raises(probe.ProbeError, match="No space left"):
        measure(study, RunFolder(tmp_path / "r"), Silent(), Cache(tmp_path / "cache", disk))
    kept = {path.stem for path in (tmp_path / "cache").rglob("*.pack")} & set(engine.read_packs)
    assert kept
    engine.read_packs.clear()
    measure(study, RunFolder(tmp_path / "r"), Silent(), Cache(tmp_path / "cache"))
    assert not kept & set(engine.read_packs)


def test_a_clock_that_goes_backwards_changes_nothing(engine, suite, tmp_path, monkeypatch):
    whole = run(suite, tmp_path / "r1", "c1")
    ticks = iter(range(10**9, 0, -1000))
    monkeypatch.setattr("time.time", lambda: float(next(ticks)))
    assert run(suite, tmp_path / "r2", "c2") == whole


def test_another_run_that_finishes_first_is_taken_up(engine, suite, tmp_path, monkeypatch):
    """Two runs on one folder, the narrower one ending last: its rows and the other's are all there."""
    wide = run(suite, tmp_path / "wide", "c1", limit=3)
    real = probe.runner.Runner.finish

    def overtaken(self):
        monkeypatch.setattr(probe.runner.Runner, "finish", real)
        run(suite, tmp_path / "r", "c1", limit=3)
        return real(self)

    monkeypatch.setattr(probe.runner.Runner, "finish", overtaken)
    assert run(suite, tmp_path / "r", "c1", limit=1) == wide


def test_verify_finds_what_was_changed(engine, suite, tmp_path, capsys):
    monkeypatched = tmp_path / "r"
    run(suite, monkeypatched)
    assert main(["verify", str(monkeypatched), "--packs", "0"]) == 0
    assert "nothing found" in capsys.readouterr().out
    path = monkeypatched / "prompts.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert main(["verify", str(monkeypatched), "--packs", "0", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"] == [
        "prompts.parquet: its bytes are not those that the run wrote"
    ]
    assert main(["verify", str(tmp_path)]) == 2


def test_a_sample_read_again_gives_the_same_bytes_and_a_changed_row_is_found(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    probe.run("demo", suite=str(SHORT), design="quick", limit=1, out="r")
    assert main(["verify", "r", "--packs", "2", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    assert "2 packs (8 rows) read again on the same machine and versions: every byte equal" in out
    folder = RunFolder(tmp_path / "r")
    table = folder.readings()
    for name in ("logprob_p1", "log_odds"):
        moved = pc.add(table[name], 2.0**-30)
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), moved)
    folder.write_readings([table.cast(folder.readings().schema)])
    manifest = folder.manifest()
    from dataclasses import replace

    folder.write_manifest(replace(manifest, files=folder.file_hashes()))
    assert main(["verify", "r", "--packs", "2"]) == 1
    out = capsys.readouterr().out
    assert "FINDING: demo: 2 packs (8 rows) read again on the same machine and versions: log-odds differ" in out


def test_verify_reads_in_this_process_however_many_gpus_there_are(engine, suite, tmp_path, monkeypatch, capsys):
    run(suite, tmp_path / "r")
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("probe.workers.launch._visible_gpus", lambda: ["0", "1"])
    monkeypatch.setattr("probe.workers.local.LocalWorker.start", lambda *_: pytest.fail("a process was started"))
    engine.read_packs.clear()
    assert main(["verify", str(tmp_path / "r"), "--packs", "2"]) == 0, capsys.readouterr().out
    assert len(engine.read_packs) == 2


def test_verify_says_when_the_model_is_another(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(Path(probe.__file__).parent / "demo_model", tmp_path / "m" / "mine")
    probe.run("m/mine", suite=str(SHORT), design="quick", limit=1, out="r")
    shutil.move(tmp_path / "m", tmp_path / "n")
    assert main(["verify", "r"]) == 4
    out = capsys.readouterr().out
    assert out.startswith("NOT CHECKED: mine was not read again")
    assert "--model mine=FOLDER" in " ".join(out.split())
    assert out.rstrip().endswith("not everything was checked")
    assert main(["verify", "r", "--model", "mine=n/mine", "--packs", "1"]) == 0
    shutil.move(tmp_path / "n", tmp_path / "m")
    config = tmp_path / "m" / "mine" / "config.json"
    config.write_text(config.read_text() + "\n")
    assert main(["verify", "r", "--model", "mine=m/mine"]) == 4
    assert "other files than the one that was read" in capsys.readouterr().out
    assert main(["verify", "r", "--model", "m/mine"]) == 2


@pytest.mark.parametrize("whole", [False, True], ids=["typed from here", "typed with its place on the machine"])
def test_verify_finds_a_folder_that_was_named_from_here_and_keeps_no_other_place(whole, tmp_path, capsys, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    shutil.copytree(Path(probe.__file__).parent / "demo_model", tmp_path / "work" / "m" / "mine")
    probe.run(f"{tmp_path / 'work' if whole else '.'}/m/mine", suite=str(SHORT), design="quick", limit=1, out="r")
    text = (tmp_path / "work" / "r" / "manifest.json").read_text()
    assert json.loads(text)["models"]["mine"]["place"] == ("" if whole else "../m/mine")
    assert str(tmp_path) not in text
    assert "../m/mine" not in (tmp_path / "work" / "r" / "report.html").read_text()
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "work/r", "--packs", "1"]) == (4 if whole else 0), capsys.readouterr().out
    shutil.move(tmp_path / "work", tmp_path / "moved")
    assert main(["verify", "moved/r", "--packs", "1"]) == (4 if whole else 0), capsys.readouterr().out


def test_the_cache_verbs(engine, suite, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path / "cache"))
    run(suite, tmp_path / "r")
    assert main(["cache", "ls", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["packs"] >= len(engine.read_packs)
    assert main(["cache", "ls"]) == 0
    assert listed["engine"][:12] in capsys.readouterr().out
    assert main(["cache", "verify"]) == 0
    shard = next((tmp_path / "cache" / "packs").glob("*/*/*.pack"))
    shard.write_bytes(b"x")
    assert main(["cache", "verify", "--json"]) == 1
    assert main(["cache", "verify", "--remove"]) == 1
    assert main(["cache", "verify"]) == 0
    assert main(["cache", "gc", "--older-than", "-1"]) == 2
    assert main(["cache", "gc", "--engine", "zz"]) == 2
    capsys.readouterr()
    assert main(["cache", "gc", "--max-size", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == listed["packs"] - 1
    assert open_cache().root == tmp_path / "cache"


def test_of_two_studies_on_one_new_folder_the_second_reads_nothing(engine, suite, tmp_path, monkeypatch):
    """Both have planned before either has read: as the first loads its model, the second comes to read."""
    loads = probe.engine.load.loaded
    second = resolve(Request(suite=(str(suite),), design="quick", limit=3, reader="plain"))
    seen = []

    def other_study(*given, **named):
        monkeypatch.setattr("probe.engine.load.loaded", loads)
        with pytest.raises(StudyError, match="holds another study"):
            measure(second, RunFolder(tmp_path / "r"), Silent(), Cache(tmp_path / "c2"))
        seen.append(len(engine.read_packs))
        return loads(*given, **named)

    accept = RunFolder.accept
    met = []

    def meeting(folder, study):
        """The second has looked at the folder when it was still empty."""
        met.append(study)
        return None if study == second.record and met.count(study) == 1 else accept(folder, study)

    monkeypatch.setattr(RunFolder, "accept", meeting)
    monkeypatch.setattr("probe.engine.load.loaded", other_study)
    run(suite, tmp_path / "r")
    assert seen == [0]
    assert RunFolder(tmp_path / "r").manifest().study.reader == "auto"


def test_a_folder_in_which_nothing_was_kept_is_gone(engine, suite, tmp_path, monkeypatch):
    def failing(*_, **__):
        raise ModelError("demo: no such thing. Do another.")

    with monkeypatch.context() as patch:
        patch.setattr("probe.engine.load.loaded", failing)
        with pytest.raises(ModelError):
            run(suite, tmp_path / "r", dtype="float32")
    assert not (tmp_path / "r").exists()
    run(suite, tmp_path / "r")
    assert (tmp_path / "r" / "run.log").is_file()


@pytest.mark.slow
@pytest.mark.process
def test_three_processes_on_one_folder_write_what_one_writes(tmp_path):
    """And a finished study is found finished, quickly and without weights."""
    words = [sys.executable, "-m", "probe", "run", "demo", "--suite", str(SHORT), "--design", "quick"]
    environment = {"PROBE_CACHE": str(tmp_path / "c3"), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    started = [subprocess.Popen([*words, "--out", str(tmp_path / "three")], env=environment) for _ in range(3)]
    assert [one.wait(300) for one in started] == [0, 0, 0]
    alone = {**environment, "PROBE_CACHE": str(tmp_path / "c1")}
    assert subprocess.run([*words, "--out", str(tmp_path / "one")], env=alone, check=False).returncode == 0
    for name in ("readings.parquet", "prompts.parquet", "results.json"):
        assert (tmp_path / "three" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    for name in ("three", "one"):
        folder = RunFolder(tmp_path / name)
        assert folder.damaged(folder.manifest()) == []
    assert pq.ParquetFile(tmp_path / "three" / "readings.parquet").metadata.num_rows == 52


def test_a_pack_that_is_too_long_for_the_model_is_still_refused(engine, tmp_path):
    """Nothing of this makes an item that does not fit disappear."""
    shutil.copytree(Path(probe.__file__).parent / "demo_model", tmp_path / "m" / "narrow")
    config = tmp_path / "m" / "narrow" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "max_position_embeddings": 20}))
    with pytest.raises(ModelError, match="none of the 13 items can be asked"):
        run(SHORT, tmp_path / "r", models=(str(tmp_path / "m" / "narrow"),), limit=None)
    assert not (tmp_path / "r").exists()


def packs_read(log: Path) -> int:
    return log.read_text().count("\tpack\t") if log.is_file() else 0


def test_no_number_of_threads_moves_a_bit(tiny_model_folder, demo_folder, tmp_path, monkeypatch):
    """Of a model whose widths fill no vector, and whose products would be cut among threads."""
    folder = tiny_model_folder("llama", demo_folder, hidden_size=64, intermediate_size=172)

    def run_with(threads, out, cache):
        monkeypatch.setenv("PROBE_CACHE", str(tmp_path / cache))
        probe.run(str(folder), suite=str(SHORT), design="quick", limit=2, threads=threads, out=tmp_path / out)
        (record,) = json.loads((tmp_path / out / "manifest.json").read_text())["models"].values()
        assert record["threads"] == threads or cache == "shared"
        return (tmp_path / out / "readings.parquet").read_bytes(), packs_read(tmp_path / out / "run.log")

    one, read = run_with(1, "a", "shared")
    assert read > 0
    assert run_with(3, "b", "another") == (one, read)
    assert run_with(3, "c", "shared") == (one, 0)
