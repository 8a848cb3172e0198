"""What a user installs: a wheel that carries its data, and a repository that carries no copy of it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the working tree without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ".", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.process
def test_wheel_carries_the_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"probe", "probe-0.1.0.dist-info"}
    assert {"probe/data/models.yaml", "probe/data/scenarios/suites.yaml", "probe/design/axes.yaml"} <= names
    scenarios = {path.relative_to(ROOT).as_posix() for path in (ROOT / "scenarios").rglob("*") if path.is_file()}
    assert {f"probe/data/{name}" for name in scenarios} <= names
    shipped = (path for path in (ROOT / "probe").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {path.relative_to(ROOT).as_posix() for path in shipped} <= names
    assert "probe-0.1.0.dist-info/licenses/LICENSE" in names


@pytest.mark.process
def test_installed_elsewhere_it_lists_scenarios_and_models(wheel: Path, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    pip("install", "--no-deps", "--target", str(installed), str(wheel))

    def probe(*arguments: str) -> str:
        command = [sys.executable, "-P", "-m", "probe", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(installed)}
        return subprocess.run(
            command, cwd=elsewhere, env=environment, check=True, capture_output=True, text=True
        ).stdout

    assert "honesty-kindness" in probe("scenarios", "list")
    assert "gift" in probe("scenarios", "list", "--suite", "demo")
    assert "smollm2-135m" in probe("models", "list")
    where = "import probe, probe.design.data as d; print(probe.__file__); print(d.data_path('models.yaml'))"
    command = [sys.executable, "-P", "-c", where]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    lines = subprocess.run(command, cwd=elsewhere, env=environment, check=True, capture_output=True, text=True).stdout
    assert all(Path(line).is_relative_to(installed) for line in lines.splitlines())


def test_the_repository_holds_no_copy_of_the_data() -> None:
    assert not (ROOT / "probe" / "data").exists()
    site = Path(sys.prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    assert not (site / "probe" / "data").exists(), "an editable install has left a copy; install again with make"
