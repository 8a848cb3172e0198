"""A study file is a request: every option is a key, what is wrong is told with its line, paths stay as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from probe.errors import InputError
from probe.study.request import Request, known_options
from probe.study.study_file import read_study_file

WHOLE = """\
models: [demo, org/name]
suite: demo
design: quick
system: [Be brief.]
limit: 3
dtype: float32
quant: none
compute: fp32
exact: true
validate: 100
ladder: all
own_words: all
answers: both
clauses: 2
depth: 8
gpu_fast: false
device: cpu
workers: 2
models_file: mine/models.yaml
offline: false
out: runs/mine
revision: main
system_merge: true
reader: plain
base: mine/base
pack_tokens: 2048
scheduler: slurm
threads: 4
gpus_per_worker: 2
ray_address: null
slurm: {partition: gpu, time: 120}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_option_is_a_key(tmp_path):
    read = read_study_file(written(tmp_path, WHOLE))
    assert read.keys() == known_options().keys() | {"source"}
    assert Request(**read) == Request(
        models=("demo", "org/name"),
        suite=("demo",),
        design="quick",
        system=("Be brief.",),
        limit=3,
        dtype="float32",
        quant="none",
        compute="fp32",
        exact=True,
        validate=100,
        ladder="all",
        own_words="all",
        answers="both",
        clauses=2,
        depth=8,
        device="cpu",
        workers=2,
        models_file=Path("mine/models.yaml"),
        offline=False,
        out=Path("runs/mine"),
        revision="main",
        system_merge=True,
        reader="plain",
        base="mine/base",
        pack_tokens=2048,
        scheduler="slurm",
        threads=4,
        gpus_per_worker=2,
        ray_address=None,
        slurm=(("partition", "gpu"), ("time", "120")),
        source=WHOLE,
    )


def test_what_a_file_leaves_out_is_left_out(tmp_path):
    assert read_study_file(written(tmp_path, "models: demo\n")) == {"models": ("demo",), "source": "models: demo\n"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sytem: Be brief.", "the key 'sytem' is not known; known are .* Did you mean 'system'?"),
        ("suites: demo", "the key 'suites' is not known; .* Did you mean 'suite'?"),
        ("source: text", "the key 'source' is not known; "),
        ("dtype: float8", "dtype: one of 'auto', 'float32', .* is expected, found 'float8'."),
        ("limit: few", "limit: a whole number is expected, found 'few'."),
        ("workers: 0", "workers: .*greater than or equal to 1.*found '0'"),
        ("exact: perhaps", "exact: true or false is expected, found 'perhaps'"),
        ("system: {one: Two.}", "system: a list is expected, found a mapping"),
        ("slurm: [time]", "slurm: a mapping is expected, found a list"),
        ("suite: []", "suite: the list is empty. Name something"),
        ("models: [demo]", "the key 'models' stands twice, first on line 1"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path, line, said):
    path = written(tmp_path, f"models: demo\n{line}\n")
    with pytest.raises(InputError, match=rf"{re.escape(str(path))}:2: .*{said}"):
        read_study_file(path)


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("system: Be brief.", ("Be brief.",)),
        ("system: [One., '']", ("One.", "")),
        ("system: null", ()),
        ("limit: 2", ()),
    ],
)
def test_system_texts_are_one_or_several(tmp_path, line, texts):
    assert Request(**read_study_file(written(tmp_path, f"{line}\n"))).system == texts


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml:1: cannot be read: No such file"):
        read_study_file(tmp_path / "none.yaml")
