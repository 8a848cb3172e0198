"""Guards: both codes plan one study, what fails has no cost, and the bound is one of the ratio."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_tiny_study_by_both_codes(bench, demo_folder, tmp_path, monkeypatch, capsys):
    planning, asked = bench("planning"), []
    (tmp_path / "short.yaml").write_bytes((ROOT / "tests" / "data" / "short.yaml").read_bytes())
    flags = ["--model", str(demo_folder), "--suite", "short.yaml", "--design", "quick", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", ["planning.py", str(tmp_path), *flags])

    def planned(tree, study):
        asked.append((tree, study))
        return seconds[tree]

    with monkeypatch.context() as patch:
        patch.setattr(planning, "planned", planned)
        for now, code in ((10.9, 0), (11.1, 1)):
            seconds = {tmp_path: 10.0, ROOT: now}
            assert planning.main() == code
            assert f"{now} s against 10.0 s: {now / 10:.2f} times" in capsys.readouterr().out
    study = asked[0][1]
    assert asked == [(tmp_path, study), (ROOT, study)] * 2
    assert planning.planned(ROOT, study) > 0
    with pytest.raises(subprocess.CalledProcessError):
        planning.planned(ROOT, [*study, "--limit", "-1"])
