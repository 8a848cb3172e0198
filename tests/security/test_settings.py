"""No code from elsewhere is ever fetched, and the page of guards names tests that exist."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import pytest
import torch
from tiny import tiny_model

import probe.engine  # noqa: F401  sets the variables
from probe.engine.load import load_model, numerics
from probe.engine.meta_model import read_config
from probe.engine.precision import Precision
from probe.errors import ModelError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    tiny_model("llama").save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def rewrite(folder, **changes) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_no_kernel_is_downloaded():
    assert os.environ["USE_HUB_KERNELS"] == "NO"


@pytest.mark.parametrize("key", ["_attn_implementation", "attn_implementation", "_experts_implementation"])
@pytest.mark.parametrize("name", ["evil/kernel", "evil/kernel@main:run", "flash_attention_2"])
def test_a_config_names_no_native_code(folder, key, name):
    rewrite(folder, **{key: name})
    try:
        model = load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
    except ModelError as error:
        assert "may download and run native code" in str(error)  # noqa: PT017
    else:
        assert model.weights.attention in ("eager", "sdpa")
        assert read_config(folder, "tiny")._attn_implementation in (None, "eager", "sdpa")


def test_no_bot_converts_weights(folder, monkeypatch):
    import transformers.modeling_utils

    def converted(*_, **__):
        raise AssertionError("a conversion bot was asked")

    assert os.environ["DISABLE_SAFETENSORS_CONVERSION"] == "1"
    monkeypatch.setattr(transformers.modeling_utils, "auto_conversion", converted)
    load_model(folder, "tiny", precision=Precision("auto"), device="cpu")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no \*\.safetensors"):
        load_model(folder, "tiny", precision=Precision("auto"), device="cpu")


def test_what_moves_last_bits_is_set_and_read_back(folder):
    """Each setting is turned the other way first, so that loading has to turn it back."""
    torch.use_deterministic_algorithms(mode=False)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = True
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cuda.enable_cudnn_sdp(True)
    torch.set_float32_matmul_precision("medium")
    found = load_model(folder, "tiny", precision=Precision("auto"), device="cpu").weights.numerics
    assert found == numerics()
    assert found.pop("threads") == str(torch.get_num_threads())
    assert found == {
        "cublas_workspace": ":4096:8",
        "cudnn_benchmark": "False",
        "deterministic_algorithms": "True",
        "matmul_precision": "highest",
        "reduced_bf16_sums": "False",
        "reduced_fp16_sums": "False",
        "sdp_kernels": "efficient+flash+math",
        "tf32": "False",
    }


def test_every_guard_names_tests_that_exist():
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row.split(" | ")[-1])
        assert named, row
        for path, test in named:
            tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
            assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (path, test)
