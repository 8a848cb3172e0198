"""The one way to an environment: pinned versions, and nothing to do while nothing has changed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[0-9][A-Za-z0-9.]*)")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [PINNED.fullmatch(line) for line in lines]
    assert all(found), "constraints.txt holds name==version alone: no host, no hash, no local version"
    return {normal(match["name"]): match["version"] for match in found if match}


def test_constraints_are_sorted_and_name_each_package_once() -> None:
    names = [line.split("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()]
    assert names == sorted(names, key=str.upper)
    assert len(pins()) == len(names)


def test_constraints_are_the_versions_under_test() -> None:
    differing = {}
    for name, pinned in pins().items():
        try:
            installed = version(name).partition("+")[0]
        except PackageNotFoundError:
            continue
        if installed != pinned:
            differing[name] = (pinned, installed)
    assert differing == {}


def test_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["dev"]]
    names = {normal(re.split(r"[<>=!~ ;\[]", line)[0]) for line in wanted}
    assert names - pins().keys() == {"probe"}, "which names extras of its own"


def repository(folder: Path, *, ensurepip: bool) -> tuple[Path, dict[str, str], Path]:
    """A repository in small, with a python that says what it was asked to do instead of doing it."""
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "install.sh", folder / "scripts")
    for name in ("pyproject.toml", "constraints.txt", "hatch_build.py"):
        (folder / name).write_text(f"{name}\n", encoding="utf-8")
    tools, log = folder / "tools", folder / "log"
    tools.mkdir()
    python = tools / "python3"
    python.write_text(
        "#!/bin/bash\n"
        f'echo "$@" >>{log}\n'
        'case "$*" in\n'
        f"    *ensurepip*) {'exit 0' if ensurepip else 'exit 1'} ;;\n"
        f'    "-m venv .venv") mkdir -p .venv/bin && cp {python} .venv/bin/python ;;\n'
        "esac\n",
        encoding="utf-8",
    )
    python.chmod(0o755)
    for name in ("bash", "cat", "cut", "dirname", "head", "mkdir", "rm", "sha256sum", "cp"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    return folder, {"PATH": str(tools)}, log


def install(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(folder / "tools" / "bash"), "scripts/install.sh"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.process
def test_install_does_its_work_once_and_again_after_a_change(tmp_path: Path) -> None:
    folder, environment, log = repository(tmp_path / "clone", ensurepip=True)
    assert install(folder, environment).returncode == 0
    assert "-m pip install" in log.read_text(encoding="utf-8")
    assert "-c constraints.txt -e .[dev]" in log.read_text(encoding="utf-8")

    log.unlink()
    assert install(folder, environment).returncode == 0
    assert "pip" not in log.read_text(encoding="utf-8"), "with a fresh stamp there is nothing to install"

    os.utime(folder / "pyproject.toml")
    assert install(folder, environment).returncode == 0
    assert "pip" not in log.read_text(encoding="utf-8"), "a new date alone is no change"

    (folder / "constraints.txt").write_text("torch==1\n", encoding="utf-8")
    assert install(folder, environment).returncode == 0
    asked = log.read_text(encoding="utf-8")
    assert "-m pip install" in asked
    assert "-m venv" not in asked
    stamp = (folder / ".venv" / "installed").read_text(encoding="utf-8").splitlines()
    content = b"".join((folder / n).read_bytes() for n in ("pyproject.toml", "constraints.txt", "hatch_build.py"))
    assert stamp == [str(folder), hashlib.sha256(content).hexdigest()]


@pytest.mark.process
def test_install_without_ensurepip_takes_uv_or_prints_the_command(tmp_path: Path) -> None:
    folder, environment, log = repository(tmp_path / "clone", ensurepip=False)
    done = install(folder, environment)
    assert done.returncode == 3
    assert "sudo apt-get install -y python3 python3-venv make git" in done.stderr
    assert not (folder / ".venv").exists()

    uv = folder / "tools" / "uv"
    uv.write_text(f'#!/bin/bash\necho "uv $@" >>{log}\n[ "$1" = pip ] || mkdir -p .venv/bin\n', encoding="utf-8")
    uv.chmod(0o755)
    assert install(folder, environment).returncode == 0
    asked = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("uv ")]
    assert [line.split()[1:2] for line in asked] == [["venv"], ["pip"]]
    assert "-c constraints.txt -e .[dev]" in asked[1]
