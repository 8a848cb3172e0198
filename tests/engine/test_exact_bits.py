"""Guards: in exact mode every logit of the whole vocabulary is bit for bit that of each prompt read alone, for three
shapes, any subset and order of prompts, one and two threads; and in the fast mode it is not, so the test can fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from probe.engine.exact_mode import EXACT_BRANCH, unfit_machine

FLAGS = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").is_file() else ""
BRANCH = EXACT_BRANCH if unfit_machine() is None else "AVX2,STRICT"
"""Where the promised path is not there, the tiling is held on the next best one that keeps its sums."""


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif("avx2" not in FLAGS or not torch.backends.mkl.is_available(), reason="needs AVX2 and MKL")
def test_every_logit_is_that_of_each_prompt_alone():
    script = Path(__file__).with_name("exact_bits.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        env={**os.environ, "MKL_CBWR": BRANCH, "OMP_NUM_THREADS": "2"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert {name: same for name, same in told.items() if "exact" in name} == dict.fromkeys(
        ("llama exact", "qwen2 exact", "gpt_neox exact"), True
    )
    assert not all(same for name, same in told.items() if "fast" in name)
