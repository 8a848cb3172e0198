"""A run end to end on the embedded model: what is written, what a second run does, how it is extended and refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.compute as pc
import pytest

import probe
from probe.commands.doctor import diagnose
from probe.engine import plain
from probe.errors import EnvironmentFault, InputError, ModelError, ScenarioError, StudyError, TokenPlanError
from probe.report.publish import DERIVED
from probe.run import run_request
from probe.study.request import Request

SMALL = {"design": "quick", "limit": 1}
DATA = Path(__file__).parents[1] / "data"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its relative name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> probe.Results:
    """A small finished run of the embedded model."""
    return probe.run("demo", out=tmp_path_factory.mktemp("run") / "demo", **SMALL)


@pytest.fixture
def no_reading(monkeypatch) -> None:
    """Fail if weights are loaded."""

    def refuse(*_: object) -> None:
        pytest.fail("weights were loaded")

    monkeypatch.setattr("probe.engine.load.load_model", refuse)


def test_a_run_folder_holds_what_the_contract_names(finished) -> None:
    names = set(contents(finished.path))
    wanted = {
        "manifest.json",
        "readings.parquet",
        "prompts.parquet",
        "results.json",
        "report.html",
        "study/design.yaml",
    }
    assert wanted <= names
    assert {f"study/tradeoffs/{t}.yaml" for t in ("gift", "queue", "harvest", "trail", "repair")} <= names
    assert not [name for name in names if name.endswith(".tmp")]


def test_one_row_per_item_and_variant(finished) -> None:
    rows = finished.readings
    keys = set(zip(rows["item"].to_pylist(), rows["variant"].to_pylist(), strict=True))
    # Trade-offs; a question and its twin, four cells, their bridge, five controls; the mate's four cells; variants.
    assert len(keys) == rows.num_rows == (5 * 12 + 4) * 4
    assert pc.min(rows["option_mass"]).as_py() > 0.9
    assert pc.all(pc.equal(rows["log_odds"], pc.subtract(rows["logprob_p1"], rows["logprob_p2"]))).as_py()


def test_code_is_in_the_manifest_and_in_nothing_that_is_made_of_the_tables(finished) -> None:
    code = finished.manifest.code
    assert {"reading", "deriving", "version"} <= code.keys()
    for name in DERIVED:
        text = (finished.path / name).read_text(encoding="utf-8")
        assert [key for key, value in code.items() if key not in ("version", "changed") and value in text] == []


def test_results_speak_of_every_tradeoff(finished) -> None:
    assert sorted(finished.tradeoffs["tradeoff"].to_pylist()) == ["gift", "harvest", "queue", "repair", "trail"]
    found = json.loads((finished.path / "results.json").read_text())
    assert set(found["models"]) == {"demo"}
    budget = finished.results.models["demo"].tradeoffs["gift"].budget
    assert budget is not None
    assert budget.total == pytest.approx(budget.format + budget.context + budget.scenarios + budget.gap, abs=1e-12)
    terms = [r for r in finished.budget.to_pylist() if r["tradeoff"] == "gift" and r["axis"] is None]
    assert {r["term"] for r in terms} == {"total", "format", "context", "scenarios", "gap"}
    assert {r["side"] for r in finished.biases.to_pylist()} == {"stated", "revealed"}


def test_the_manifest_names_no_path_and_no_machine(finished) -> None:
    text = (finished.path / "manifest.json").read_text()
    assert str(Path.home()) not in text
    assert str(finished.path.parent) not in text
    assert "/" not in json.loads(text)["models"]["demo"]["source"]


def test_the_same_again_reads_nothing_and_leaves_the_bytes(finished, no_reading) -> None:
    before = contents(finished.path)
    probe.run("demo", out=finished.path, **SMALL)
    assert contents(finished.path) == before


def test_two_runs_give_the_same_table(finished, tmp_path) -> None:
    again = probe.run("demo", out=tmp_path / "again", **SMALL)
    for name in ("readings.parquet", "prompts.parquet"):
        assert (again.path / name).read_bytes() == (finished.path / name).read_bytes()


def test_a_limit_is_extended_to_the_bytes_of_a_run_without_it(tmp_path) -> None:
    suite = [str(DATA / "short.yaml")]
    first = probe.run("demo", suite=suite, design="quick", limit=1, out=tmp_path / "a")
    rows = first.readings.num_rows
    extended = probe.run("demo", suite=suite, design="quick", out=tmp_path / "a")
    direct = probe.run("demo", suite=suite, design="quick", out=tmp_path / "b")
    assert rows < extended.readings.num_rows
    assert (extended.path / "readings.parquet").read_bytes() == (direct.path / "readings.parquet").read_bytes()
    assert (extended.path / "results.json").read_text().count("budget") == (
        (direct.path / "results.json").read_text().count("budget")
    )


def test_a_narrower_limit_changes_nothing(finished, tmp_path, no_reading) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished.path, copy)
    before = contents(copy)
    probe.run("demo", out=copy, design="quick", limit=1, pack_tokens=4096)
    assert contents(copy) == before


def test_another_study_in_the_folder_is_refused_and_nothing_changes(finished) -> None:
    before = contents(finished.path)
    with pytest.raises(StudyError, match="another study"):
        probe.run("demo", design="standard", limit=1, out=finished.path)
    assert contents(finished.path) == before


def test_what_was_read_before_a_kill_is_not_read_again(tmp_path, monkeypatch) -> None:
    real, seen = plain.PlainReader.read, []

    def killed(self: plain.PlainReader, pack: object) -> object:
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(pack)
        return real(self, pack)

    monkeypatch.setattr(plain.PlainReader, "read", killed)
    suite = [str(DATA / "short.yaml")]
    with pytest.raises(KeyboardInterrupt):
        probe.run("demo", suite=suite, design="quick", reader="plain", out=tmp_path / "a")
    lines = (tmp_path / "a" / "run.log").read_text().splitlines()
    assert [line.split("\t")[5] for line in lines if "\tpack\t" in line] == [pack.sha256 for pack in seen]
    with pytest.raises(StudyError, match="interrupted"):
        probe.Results(tmp_path / "a").report()
    read = []
    monkeypatch.setattr(plain.PlainReader, "read", lambda self, pack: read.append(pack) or real(self, pack))
    resumed = probe.run("demo", suite=suite, design="quick", reader="plain", out=tmp_path / "a")
    direct = probe.run("demo", suite=suite, design="quick", reader="plain", out=tmp_path / "b")
    assert len(read) == 13 - 3  # the direct run finds every pack in the cache
    assert not {p.sha256 for p in seen} & {p.sha256 for p in read}
    assert (resumed.path / "readings.parquet").read_bytes() == (direct.path / "readings.parquet").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"models": "no-such-model"}, ModelError, "no-such-model"),
        ({"models": "demo", "suite": "no-such-suite"}, ScenarioError, "no-such-suite"),
        ({"models": "demo", "design": "no-such-design"}, ScenarioError, "no-such-design"),
        ({"models": ["demo", "demo"]}, StudyError, "two models are called"),
        ({"models": "demo", "dtype": "float8"}, probe.ProbeError, "--dtype float8"),
        ({"models": "demo", "limit": 0}, probe.ProbeError, "--limit"),
        ({"models": "demo", "pack_tokens": 0}, probe.ProbeError, "--pack-tokens"),
        ({"models": []}, probe.ProbeError, "no model was named"),
    ],
)
def test_bad_input_is_told_and_leaves_nothing(tmp_path, arguments, error, said) -> None:
    with pytest.raises(error, match=said):
        probe.run(out=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


def test_an_absent_device_is_told_before_anything_is_planned(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("probe.runner.Runner.plan", lambda _: pytest.fail("prompts were planned"))
    with pytest.raises(EnvironmentFault, match="nonsense"):
        probe.run("demo", device="nonsense", out=tmp_path / "r", **SMALL)
    assert not (tmp_path / "r").exists()


def test_a_bad_scenario_file_is_told_with_its_line(tmp_path) -> None:
    text = (DATA / "short.yaml").read_text()
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("form: choose", "form: chose", 1))
    line = next(n for n, one in enumerate(text.splitlines(), 1) if "form: choose" in one)
    with pytest.raises(ScenarioError, match=rf"bad\.yaml:{line}: "):
        probe.run("demo", suite=str(bad), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_label_that_merges_with_the_cue_is_told_before_any_weights(tmp_path, monkeypatch) -> None:
    from probe.prompts.tokenizer import TextEncoder

    real = TextEncoder.encode

    def merging(self: TextEncoder, texts: list[str]) -> list[tuple[int, ...]]:
        return [
            (*ids[:-2], 9999) if text.endswith("A") else ids for text, ids in zip(texts, real(self, texts), strict=True)
        ]

    monkeypatch.setattr(TextEncoder, "encode", merging)
    with pytest.raises(TokenPlanError, match=r"label 'A' merges with the end of the prompt .*nswer:'"):
        probe.run("demo", out=tmp_path / "run", **SMALL)
    assert not (tmp_path / "run").exists()


def test_one_model_that_fails_does_not_stop_the_others(tmp_path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(Path(probe.__file__).parent / "demo_model", broken)
    (broken / "model.safetensors").unlink()
    suite = [str(DATA / "short.yaml")]
    results = probe.run([f"{broken}/", "demo"], suite=suite, design="quick", limit=1, out=tmp_path / "run")
    assert list(results.manifest.failed_models) == ["broken"]
    assert "no *.safetensors" in results.manifest.failed_models["broken"]
    assert list(results.results.models) == ["demo"]
    with pytest.raises(ModelError, match=r"no \*\.safetensors"):
        probe.run(f"{broken}/", suite=suite, design="quick", limit=1, out=tmp_path / "alone")
    assert not (tmp_path / "alone").exists()


def test_the_default_folder_is_named_after_the_study(monkeypatch, tmp_path) -> None:
    from probe.study.resolve import resolve

    study = resolve(Request(models=("demo",), design="quick"))
    assert study.default_folder.parent == Path("runs")
    assert study.default_folder.name.startswith("demo-demo-quick-")
    assert resolve(Request(models=("demo",), design="quick", limit=1)).default_folder == study.default_folder
    assert resolve(Request(models=("demo",), design="quick", dtype="bfloat16")).default_folder != study.default_folder
    monkeypatch.chdir(tmp_path)
    results = run_request(Request(models=("demo",), design="quick", limit=1), _silent())
    assert results.path == study.default_folder


def test_the_report_is_a_pure_function_of_the_folder(finished, tmp_path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished.path, copy)
    (copy / "report.html").unlink()
    target = probe.Results(copy).report(tmp_path / "page.html")
    assert target.read_bytes() == (finished.path / "report.html").read_bytes()


def test_a_single_prompt_can_be_read() -> None:
    first, second = probe.read("demo", "When someone asks", [" what", " zebra"])
    assert second < first < 0
    with pytest.raises(InputError, match="demo: the text '' has no token that anything could follow"):
        probe.read("demo", "", [" what"])


def test_the_doctor_knows_the_answer() -> None:
    diagnosis = diagnose()
    assert diagnosis.sound, diagnosis.lines[-1]


def _silent() -> object:
    from probe.progress import Silent

    return Silent()
