"""Guards: what headers say of tensors is read as it stands, and a file that is cut short is no file."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from probe.engine.stored_tensors import StoredTensor, read_headers, weight_files


def headed(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def test_names_shapes_and_dtypes(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(2, 3), "b": torch.zeros(4, dtype=torch.bfloat16)}, path, {"format": "pt"})
    assert read_headers(path) == {"a": StoredTensor("F32", (2, 3)), "b": StoredTensor("BF16", (4,))}


def test_a_file_cut_short_is_told(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(2, 3)}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=rf"it has {len(whole) - 1} bytes and its header promises {len(whole)}"):
        read_headers(path)
    for left in (4, 12):
        path.write_bytes(whole[:left])
        with pytest.raises(ValueError, match="its header is cut short"):
            read_headers(path)


@pytest.mark.parametrize("one", [{}, {"dtype": "F32", "shape": [1]}, 3, {"dtype": "F32", "data_offsets": [0, 0]}])
def test_a_damaged_header_is_told(tmp_path, one):
    headed(tmp_path / "model.safetensors", {"a": one})
    with pytest.raises(ValueError, match="its header is damaged"):
        read_headers(tmp_path / "model.safetensors")


def test_the_files_are_those_that_would_be_read(tmp_path):
    names = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    for name in (*names, "consolidated.safetensors"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in weight_files(tmp_path)] == list(names)
    index = {"weight_map": {"a": names[1]}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert [path.name for path in weight_files(tmp_path)] == [names[1]]
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert [path.name for path in weight_files(tmp_path)] == ["model.safetensors"]
