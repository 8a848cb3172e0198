"""Files of models as strangers may write them: LoRA folders, and the headers of GGUF and safetensors files."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from gguf_writer import BOOL, FLOAT32, STRING, UINT32, gguf_file, tiny_gguf
from hypothesis import strategies as st
from strange import PIECES, Target, texts, trees

import probe

__all__ = ["MODEL_TARGETS", "adapter_files", "safetensors_file"]

DEMO = Path(probe.__file__).parent / "demo_model"
LORA = {
    **{"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(DEMO), "inference_mode": True},
    **{"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "lora_dropout": 0.0, "bias": "none", "revision": None},
    **{"rank_pattern": {}, "alpha_pattern": {}, "layers_to_transform": None, "modules_to_save": None},
    **{"use_rslora": False, "use_dora": False, "fan_in_fan_out": False, "init_lora_weights": True},
}
LARGE = (0, 1, 7, 2**31 - 1, 2**32, 2**53, 2**63 - 1, 2**64 - 1)
SIZES = st.one_of(st.sampled_from(LARGE), st.integers(0, 300))
_LARGEST = 1 << 26
"""A header that promises more than this is left without the bytes it promises."""


def header_of(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        return json.loads(file.read(int.from_bytes(file.read(8), "little")))


def lora_header() -> dict[str, object]:
    """Names and shapes of what the config above adds to the embedded model."""
    held, at, found = header_of(DEMO / "model.safetensors"), 0, {}
    for key, about in held.items():
        if key.endswith(".q_proj.weight"):
            outputs, inputs = about["shape"]
            for own, shape in (("lora_A", [2, inputs]), ("lora_B", [outputs, 2])):
                end = at + 4 * shape[0] * shape[1]
                name = f"base_model.model.{key.removesuffix('.weight')}.{own}.weight"
                found[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, end]}
                at = end
    return found


def safetensors_file(header: bytes, length: int | None = None) -> bytes:
    """Length, header; the numbers are left to `fill`."""
    length = len(header) if length is None else length
    return length.to_bytes(8, "little") + header


def fill(path: Path, data: bytes) -> None:
    """Write a header and the zeros that it promises, without taking their room on the disk."""
    path.write_bytes(data)
    with contextlib.suppress(ValueError, TypeError, LookupError, AttributeError, RecursionError):
        end = max(one["data_offsets"][1] for name, one in json.loads(data[8:]).items() if name != "__metadata__")
        if isinstance(end, int) and 0 < end < _LARGEST:
            os.truncate(path, len(data) + end)


@st.composite
def headers(draw, tree: dict[str, object]) -> bytes:
    """The start of a safetensors file, its tree or its bytes changed, sometimes with another length."""
    text = json.dumps(draw(trees(tree)) if draw(st.booleans()) else tree)
    data = text.encode() if draw(st.booleans()) else draw(texts(text))
    return safetensors_file(data, draw(st.one_of(st.none(), st.none(), SIZES.map(lambda one: min(one, 2**64 - 1)))))


@st.composite
def safetensors(draw) -> bytes:
    whole = header_of(DEMO / "model.safetensors")
    return draw(st.one_of(headers(whole), headers(whole), st.binary(max_size=64)))


def read_safetensors(case: object) -> None:
    """Look at a folder of which the weights begin with other bytes, and hold them against its config."""
    from probe.engine.expanded_files import stored_bytes
    from probe.engine.folder_look import refuse_incomplete
    from probe.engine.whole_file import refuse_other_tensors

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "config.json").write_bytes((DEMO / "config.json").read_bytes())
        fill(folder / "model.safetensors", case)
        refuse_incomplete(folder, "strange")
        stored_bytes(folder, 4, "strange")
        refuse_other_tensors(folder, "strange")


def adapter_files() -> tuple[bytes, bytes]:
    """An adapter's config, and the header of its weights, that fit the embedded model."""
    return json.dumps(LORA).encode(), safetensors_file(json.dumps(lora_header()).encode())


@st.composite
def adapters(draw) -> tuple[bytes, bytes]:
    """Config and weights of an adapter, one of them or both changed."""
    config, weights = adapter_files()
    which = draw(st.sampled_from(["config", "config", "config", "weights", "both"]))
    if which != "weights":
        tree = trees(LORA).map(lambda one: json.dumps(one).encode())
        config = draw(st.one_of(tree, tree, texts(config.decode()), st.binary(max_size=64)))
    if which != "config":
        weights = draw(headers(lora_header()))
    return config, weights


def read_adapter_folder(case: object) -> None:
    """Find an adapter's base, make one folder of both, and hold the adapter's tensors against the base."""
    from probe.design.models import ModelSpec
    from probe.study.sources import refuse_unreadable, resolve_source

    with own_cache() as place:
        folder = place / "tuned"
        folder.mkdir()
        (folder / "adapter_config.json").write_bytes(case[0])
        fill(folder / "adapter_model.safetensors", case[1])
        refuse_unreadable(resolve_source(ModelSpec("tuned", folder, None, None), None, offline=True))


@st.composite
def gguf_headers(draw) -> bytes:
    """A GGUF file with some entries, tensors or bytes of its header changed."""
    entries, tensors = tiny_gguf()
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(entries) - 1))
        key, kind, value = entries[at]
        act = draw(st.sampled_from(["value", "value", "remove", "rename", "double", "kind"]))
        if act == "value":
            entries[at] = (key, kind, draw(_like(kind, value)))
        elif act == "remove" and len(entries) > 1:
            del entries[at]
        elif act == "rename":
            entries[at] = (draw(PIECES), kind, value)
        elif act == "double":
            entries.append((key, kind, draw(_like(kind, value))))
        else:
            other, values = draw(
                st.sampled_from([(STRING, PIECES), (UINT32, SIZES.map(_short)), (BOOL, st.booleans())])
            )
            entries[at] = (key, other, draw(values))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(tensors) - 1))
        shape = tuple(draw(st.lists(st.integers(0, 64), max_size=4)))
        tensors[at] = (draw(st.one_of(PIECES, st.just(tensors[at][0]))), shape)
    data = gguf_file(entries, tensors)
    return draw(changed_numbers(data)) if draw(st.booleans()) else data


@st.composite
def changed_numbers(draw, data: bytes) -> bytes:
    """Bytes of which one to three stretches are another number of four or eight bytes, or end there."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.one_of(st.integers(0, 64), st.integers(0, len(data))))
        width = draw(st.sampled_from([4, 8]))
        data = data[:at] + (draw(SIZES) % 2 ** (8 * width)).to_bytes(width, "little") + data[at + width :]
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data


def read_gguf(case: object) -> None:
    """Make a folder of a GGUF file, and read config and tokenizer from it."""
    from probe.design.models import ModelSpec
    from probe.prompts.tokenizer import context_limit, load_encoder
    from probe.study.sources import refuse_unreadable, resolve_source

    with own_cache() as place:
        path = place / "strange.gguf"
        path.write_bytes(case)
        source = resolve_source(ModelSpec("strange", path, None, None), None, offline=True)
        load_encoder(source.snapshot.folder, "strange")
        context_limit(source.snapshot.folder, "strange")
        refuse_unreadable(source)


@contextlib.contextmanager
def own_cache():
    """A folder, and a cache in it that this process takes for the user's meanwhile."""
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBE_CACHE", f"{place}/cache")
        yield Path(place)


def _like(kind: int, value: object) -> st.SearchStrategy[object]:
    """Other values of a kind."""
    if kind == STRING:
        return PIECES
    if kind == UINT32:
        return SIZES.map(_short)
    if kind == FLOAT32:
        return st.floats(width=32)
    if kind == BOOL:
        return st.booleans()
    inner, members = value
    fewer = st.lists(st.sampled_from(members), max_size=len(members)) if members else st.just([])
    other = PIECES if inner == STRING else st.integers(-(2**31), 2**31 - 1)
    return st.one_of(fewer, st.lists(other, max_size=4)).map(lambda made: (inner, made))


def _short(number: int) -> int:
    return number % 2**32


MODEL_TARGETS: dict[str, Callable[[], Target]] = {
    "adapter": lambda: Target(adapters(), read_adapter_folder, 0.05),
    "gguf": lambda: Target(gguf_headers(), read_gguf, 0.05),
    "safetensors": lambda: Target(safetensors(), read_safetensors, 0.05),
}
