"""A model in one GGUF file: a folder in the cache says what a model's folder says; its weights stay in the file."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import struct
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from probe.engine.gguf_header import read_header, require_gguf
from probe.engine.gguf_rope import FACTORS, stretch_positions
from probe.engine.prepared_folder import made_once, point_link
from probe.engine.snapshot import Snapshot, file_sha256
from probe.errors import ModelError
from probe.prompts.gguf_tokenizer import write_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from transformers import PretrainedConfig

    from probe.engine.gguf_header import GgufHeader
    from probe.engine.snapshot import KnownHashes

__all__ = ["FACTS", "WEIGHTS", "gguf_formats", "gguf_of", "prepare_gguf", "quick_gguf"]

WEIGHTS = "weights.gguf"
"""Link to the file, in the folder made for it."""

FACTS = "gguf.json"
"""What the folder keeps of the file's header."""

_LIST, _TEXT = struct.Struct("<IQ"), struct.Struct("<Q")
"""Before the elements of a list their kind and number, before a text its length in bytes."""

_MOST_LAYERS = 4096
"""A list with more numbers says something of every word, and nothing of layers."""

_NUMBERS_AT_A_TIME = 2**18
"""Weights that are expanded at a time."""

_MOVES_NUMBERS = (
    "rope.scaling.type",
    "attention.clamp_kqv",
    "attention.max_alibi_bias",
    "logit_scale",
    "attention.scale",
)
"""Keys that change what is computed: refused where transformers does not take them over."""


def gguf_of(path: Path) -> Path | None:
    """The GGUF file that is meant by a file or by a folder without safetensors; None if none is.

    Raises:
        ModelError: A folder holds several.
    """
    if path.is_file():
        return path
    if any(path.glob("*.safetensors")) or (path / "adapter_config.json").is_file():
        return None
    files = sorted(path.glob("*.gguf"))
    if len(files) > 1:
        raise ModelError(
            f"model '{path}': holds {len(files)} GGUF files: {', '.join(file.name for file in files)}. Give the path "
            "of one of them."
        )
    return files[0] if files else None


def prepare_gguf(file: Path, name: str, parent: Path, *, known: KnownHashes | None = None) -> Snapshot:
    """A folder with config.json and the tokenizer's files of a GGUF file, made once for the same bytes.

    Args:
        file: The model.
        name: How the study calls it.
        parent: Where such folders lie.
        known: Hashes from earlier.

    Returns:
        The folder, and the file's own hash as the model's identity.

    Raises:
        ModelError: The file is not whole, is one part of several, or is of a kind that cannot be read right.
        EnvironmentFault: The package `gguf` is not installed.
    """
    require_gguf(name)
    digest = file_sha256(file, name, known)
    with quick_gguf():
        folder = made_once(parent, f"{digest[:40]}-{_reading()}", FACTS, lambda new: _write(file, name, new))
    point_link(folder / WEIGHTS, file)
    return Snapshot(folder, None, {file.name: digest})


def gguf_formats(folder: Path) -> str | None:
    """Formats of a GGUF file's blocks, as ``F32+Q4_1``; None for any other model's folder."""
    path = folder / FACTS
    return str(json.loads(path.read_text(encoding="utf-8"))["formats"]) if path.is_file() else None


@contextmanager
def quick_gguf(*, vocabulary: bool = True) -> Iterator[None]:
    """Let the package `gguf` do for a while, with the same outcome, once what it does for every module of a model.

    It makes a table of the names of all tensors for each module anew, looks at a file's numbers through a map that
    costs more than the numbers, and expands blocks a few rows at a time.

    Args:
        vocabulary: Whether a reader is to have the lists of the file's vocabulary, which weights do not need; else what
            is a list of texts, or longer than any model has layers, is empty.
    """
    import gguf  # noqa: PLC0415  an extra

    def keep(reader: Any, data: Any) -> None:  # noqa: ANN401  the package has no types
        vars(reader)["data"] = data.view(np.ndarray)

    plain = property(lambda reader: vars(reader)["data"], keep)
    names = functools.cache(gguf.get_tensor_name_map)
    with (
        mock.patch.object(gguf, "get_tensor_name_map", names),
        mock.patch.object(gguf.GGUFReader, "data", plain, create=True),
        mock.patch.object(gguf.quants, "_apply_over_grouped_rows", _over_many_rows),
        nullcontext() if vocabulary else mock.patch.object(gguf.GGUFReader, "_get_field_parts", _short_lists()),
    ):
        yield


def _over_many_rows(
    func: Callable[[NDArray[Any]], NDArray[Any]],
    arr: NDArray[Any],
    otype: Any,  # noqa: ANN401  the package's own names
    oshape: tuple[int, ...],
) -> NDArray[Any]:
    """What `func` makes of rows of blocks, each of which it expands by itself: as many at a time as a cache holds."""
    out = np.empty(oshape, otype)
    found, rows = out.reshape(-1, oshape[-1]), arr.reshape(-1, arr.shape[-1])
    size = max(1, _NUMBERS_AT_A_TIME // oshape[-1])
    for start in range(0, len(rows), size):
        found[start : start + size] = func(rows[start : start + size]).reshape(-1, oshape[-1])
    return out


_Parts = tuple[int, list[Any], list[int], list[Any]]


def _short_lists() -> Callable[[Any, int, Any], _Parts]:
    """What stands for a method of the package's reader: the lists of a vocabulary are passed over, and have nothing."""
    from gguf import GGUFReader, GGUFValueType  # noqa: PLC0415  an extra

    ordinary: Callable[[Any, int, Any], _Parts] = GGUFReader._get_field_parts

    def parts(reader: Any, offset: int, kind: Any) -> _Parts:  # noqa: ANN401
        inner, count = _LIST.unpack_from(reader.data, offset) if kind == GGUFValueType.ARRAY else (None, 0)
        number = reader.gguf_scalar_to_np.get(inner) if count > _MOST_LAYERS else None
        if reader.byte_order != "I" or (inner != GGUFValueType.STRING and number is None):
            return ordinary(reader, offset, kind)
        end = offset + _LIST.size
        if number is not None:
            end += count * np.dtype(number).itemsize
        else:
            for _ in range(count):
                end += _TEXT.size + _TEXT.unpack_from(reader.data, end)[0]
        return end - offset, [], [], [GGUFValueType.ARRAY, GGUFValueType(inner)]

    return parts


def _write(file: Path, name: str, folder: Path) -> None:
    header = read_header(file, name)
    _refuse_part(header, file, name)
    folder.mkdir()
    _config(file, header, name).save_pretrained(folder)
    write_tokenizer(file, header.metadata, folder, name)
    facts = {"formats": header.formats, "architecture": header.architecture}
    (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def _refuse_part(header: GgufHeader, file: Path, name: str) -> None:
    parts = header.metadata.get("split.count", 1)
    if isinstance(parts, int) and parts > 1:
        raise ModelError(
            f"{name}: {file.name} is one of {parts} parts of a split GGUF. Join them with `llama-gguf-split --merge` "
            "and give the one file."
        )


def _config(file: Path, header: GgufHeader, name: str) -> PretrainedConfig:
    """The config as transformers reads it, in float32.

    Raises:
        ModelError: transformers does not read the architecture, or would leave out something that moves numbers.
    """
    from transformers import AutoConfig  # noqa: PLC0415  costs a second

    from probe.engine.meta_model import refuse_endless  # noqa: PLC0415

    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(
            str(file.parent), gguf_file=file.name, trust_remote_code=False
        )
    except Exception as error:
        raise ModelError(
            f"{name}: transformers reads no GGUF of the architecture {header.architecture!r} "
            f"({type(error).__name__}: {str(error).strip()[:200]}). Use the model's safetensors."
        ) from error
    refuse_endless(config.to_dict(), file.name, name)
    _refuse_absent_layers(header, name)
    config.dtype = "float32"
    config.name_or_path = ""
    stretch_positions(file, header, config)
    _refuse_left_out(header, config, name)
    return config


def _refuse_absent_layers(header: GgufHeader, name: str) -> None:
    """Before anything is built by their number, which a damaged header may set to anything."""
    said = header.metadata.get(f"{header.architecture}.block_count")
    held = [int(found[1]) for one in header.tensors if (found := re.match(r"blk\.(\d+)\.", one))]
    layers = max(held, default=-1) + 1
    if isinstance(said, int) and said > layers:
        raise ModelError(
            f"{name}: the GGUF file says that it has {said} layers and holds tensors of {layers}. It is damaged or a "
            "part of a model: download it again, whole."
        )


def _refuse_left_out(header: GgufHeader, config: PretrainedConfig, name: str) -> None:
    architecture = header.architecture
    scaled = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default") != "default"
    said = [key for key in _MOVES_NUMBERS if header.metadata.get(f"{architecture}.{key}") not in (None, "none", 0, 0.0)]
    left = [f"{architecture}.{key}" for key in said if not (scaled and key.startswith("rope."))]
    left += [one for one in _unread_tensors(header, config, name) if not (scaled and one == FACTORS)]
    if left:
        raise ModelError(
            f"{name}: the GGUF file holds {left[0]!r}, which transformers leaves out when it reads the architecture "
            f"{architecture!r}; its numbers would be wrong. Use the model's safetensors."
        )


def _unread_tensors(header: GgufHeader, config: PretrainedConfig, name: str) -> list[str]:
    """Tensors of the file for which the model has no place."""
    from transformers.integrations.gguf.utils import is_gguf_arch_supported  # noqa: PLC0415
    from transformers.modeling_gguf_pytorch_utils import (  # noqa: PLC0415
        TENSOR_PROCESSORS,
        TensorProcessor,
        get_gguf_hf_weights_map,
    )

    from probe.engine.meta_model import skeleton_of  # noqa: PLC0415

    if is_gguf_arch_supported(header.architecture):
        return []  # transformers' own table is complete, and loading tells what it does not take
    processor: Callable[..., TensorProcessor] = TENSOR_PROCESSORS.get(header.architecture, TensorProcessor)
    weights_map: Callable[..., dict[str, str]] = get_gguf_hf_weights_map
    taken = weights_map(skeleton_of(config, name), processor(config=config.to_dict()))
    experts = any("exps." in one for one in header.tensors)  # gathered by the processor, under other names
    return [one for one in sorted(header.tensors) if one not in taken and not (experts and "exps." in one)]


def _reading() -> str:
    """Hash of what makes the folder from the file."""
    parts = [version(package) for package in ("transformers", "tokenizers", "gguf")]
    here = Path(__file__)
    for source in (here, here.with_name("gguf_rope.py"), here.parents[1] / "prompts" / "gguf_tokenizer.py"):
        parts.append(hashlib.sha256(source.read_bytes()).hexdigest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
