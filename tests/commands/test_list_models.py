"""Guards: what the list tells of memory and marks, and that nothing unknown passes for known."""

from __future__ import annotations

import json

import pytest

from probe.cli import main
from probe.commands.list_models import list_models, models_json
from probe.errors import InputError

MINE = """\
models:
  - id: small
    hub: o/small
    family: acorn-2
    kind: base
    params_b: 2
    unquantised_b: 0.5
    licence: MIT
    gated: true
    dtype: float32
    quant: [none, int8, nf4]
    unverified: [params_b, gated]
  - id: mixture
    hub: o/mixture
    family: acorn-2.5
    kind: instruct
    params_b: 30
    active_b: 3
    licence: Own
    quant: [none]
    unverified: [licence]
  - id: unknown
    hub: o/unknown
    family: acorn
    kind: base
    licence: MIT
    gated: false
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return path


def line(text: str, model: str) -> str:
    return next(" ".join(one.split()) for one in text.splitlines() if one.startswith(f"{model} "))


def test_lines(mine):
    text = list_models(mine, family="acorn-2")
    assert line(text, "small") == ("small base 2 B? 7.5 GiB, 3.3 GiB as int8, 2.6 GiB as nf4 MIT; gated?; o/small")
    assert "mixture" not in text
    text = list_models(mine)
    assert line(text, "mixture") == "mixture instruct 30 B, 3 active 55.9 GiB Own?; gated: not known; o/mixture"
    assert line(text, "unknown") == "unknown base size not stated - MIT; o/unknown"
    assert line(text, "demo").endswith("local")


@pytest.mark.parametrize(
    ("gib", "expected"), [(9.46, "7.5 GiB"), (9.44, "3.3 GiB as int8"), (5.2, "2.6 GiB as nf4"), (4.5, None)]
)
def test_the_way_that_fits(mine, gib, expected):
    text = list_models(mine, gib, "acorn-2")
    if expected is None:
        assert "small" not in text
        assert "0 of 1 models fit" in text
    else:
        assert f" {expected} " in line(text, "small")
        assert text.count("GiB as") == expected.count("GiB as")


def test_a_size_that_is_not_stated_is_left_out_and_told(mine):
    text = list_models(mine, 24, "acorn")
    assert "size not stated, so left out: unknown" in text
    assert not any(one.startswith("unknown") for one in text.splitlines())


def test_a_family_is_meant_exactly_if_there_is_one_and_else_by_its_beginning(mine):
    assert [one["id"] for one in json.loads(models_json(mine, family="acorn"))] == ["unknown"]
    assert [one["id"] for one in json.loads(models_json(mine, family="ACORN-"))] == ["small", "mixture"]
    with pytest.raises(InputError, match=r"--family oak: no model is of it. Families are 'acorn', 'acorn-2'"):
        list_models(mine, family="oak")


def test_json(mine):
    small, mixture = json.loads(models_json(mine, None, "acorn-"))
    assert small["memory_gib"] == {
        "none": pytest.approx(8e9 / 2**30),
        "int8": pytest.approx(3.5e9 / 2**30),
        "nf4": pytest.approx((2 + 1.5 * (0.5 + 1 / 64 + 1 / 4096)) * 1e9 / 2**30),
    }
    assert (small["fits"], small["unverified"]) == (None, ["params_b", "gated"])
    assert mixture["memory_gib"] == {"none": pytest.approx(60e9 / 2**30)}
    (fitting,) = json.loads(models_json(mine, 6, "acorn-"))
    assert (fitting["id"], fitting["fits"]) == ("small", "int8")


@pytest.mark.parametrize("gib", ["0", "-1", "nan", "inf"])
def test_no_amount_of_memory(gib, capsys):
    assert main(["models", "list", "--fits", gib]) == 2
    assert "is no amount of memory" in capsys.readouterr().err


def test_what_runs_on_24_gib_among_the_shipped():
    fits = {one["id"]: one["fits"] for one in json.loads(models_json(None, 24))}
    assert fits["llama-3.1-8b"] == "none"
    assert fits["phi-4"] == "int8"
    assert fits["qwen3-32b"] == "nf4"
    assert not {"qwen3-30b-a3b-instruct", "llama-3.3-70b-instruct", "gpt-oss-20b"} & fits.keys()
