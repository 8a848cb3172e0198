"""Guards: a folder that is no whole model is refused in one sentence that says what is wrong with it."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from probe.engine.folder_look import refuse_incomplete
from probe.errors import ModelError

SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d" * 32 + "\nsize 9\n"
INDEX = json.dumps({"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}})


def fill(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            save_file({"a": torch.zeros(2)}, path)
        else:
            path.write_text(content)


@pytest.mark.parametrize(
    "files",
    [
        {"model.safetensors": None},
        {SHARDS[0]: None, SHARDS[1]: None, "model.safetensors.index.json": INDEX},
        {"model.safetensors": None, "consolidated.safetensors": "{"},
        {"model-00001-of-00001.safetensors": None},
    ],
)
def test_a_whole_folder_is_let_be(tmp_path, files):
    fill(tmp_path, files)
    refuse_incomplete(tmp_path, "own")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"model.safetensors": POINTER}, r"own: model\.safetensors is a Git LFS pointer.*git lfs pull"),
        ({"model.safetensors": None, "tokenizer.json": POINTER}, r"own: tokenizer\.json is a Git LFS pointer"),
        ({"tokenizer.model": POINTER}, r"own: tokenizer\.model is a Git LFS pointer"),
        (dict.fromkeys(SHARDS), r"index\.json is absent, .* these 2 shards"),
        ({**dict.fromkeys(SHARDS), "model.safetensors.index.json": "{"}, r"index\.json is damaged"),
        ({SHARDS[0]: None, "model.safetensors.index.json": INDEX}, rf"the shard {SHARDS[1]}, which .*index.json names"),
        ({"config.json": "{}"}, "it holds no weights at all"),
        ({"consolidated.safetensors": None}, "it holds no weights at all"),
        ({"pytorch_model.bin": "x"}, r"it holds pytorch_model\.bin\. probe never unpickles"),
        ({"model.safetensors.part": "x"}, r"half-downloaded: .* model\.safetensors\.part lies there"),
        ({".cache/huggingface/download/a.incomplete": "x"}, "half-downloaded"),
        ({"model.safetensors": "cut"}, r"model\.safetensors is not a whole safetensors file .*Get the file again"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, files, why):
    fill(tmp_path, files)
    with pytest.raises(ModelError, match=why):
        refuse_incomplete(tmp_path, "own")
