"""One look at a model's folder: what kind it is, and whether its weights lie there whole. Reads no weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.engine.adapter_config import ADAPTER_CONFIG
from probe.engine.gguf import gguf_formats
from probe.engine.hub import missing_weights, named_shards
from probe.engine.stored_tensors import read_headers, weight_files
from probe.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["refuse_incomplete"]

_POINTER = b"version https://git-lfs"
_LARGEST_POINTER = 1024
_PARTIAL = ("*.incomplete", "*.part", "*.crdownload", "*.aria2", "*.tmp", ".cache/huggingface/download/*.incomplete")


def refuse_incomplete(folder: Path, name: str) -> None:
    """Refuse a folder whose safetensors are absent, pointers of Git LFS, cut short, or beside an adapter.

    Raises:
        ModelError: The first fault, and what to do.
    """
    if (folder / ADAPTER_CONFIG).is_file():
        raise ModelError(
            f"{name}: the folder holds an adapter (adapter_config.json) beside weights, and which of them is meant "
            "nothing says. Move the adapter out of the folder: a folder with it alone is merged into its base."
        )
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("*.json"), *folder.glob("*.model")]):
        if _is_pointer(path):
            raise ModelError(
                f"{name}: {path.name} is a Git LFS pointer, no file of the model. Run `git lfs pull` in the folder it "
                "was cloned to."
            )
    if gguf_formats(folder) is not None:
        return  # the file was looked at when the folder was made for it
    partial = sorted(path.name for pattern in _PARTIAL for path in folder.glob(pattern))
    missing = missing_weights(folder)
    if missing is not None:
        raise ModelError(_absent(folder, name, missing, partial))
    for path in weight_files(folder):
        try:
            read_headers(path)
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(
                f"{name}: {path.name} is not a whole safetensors file ({str(error)[:120]}): the download or the copy "
                "was cut short. Get the file again."
            ) from error


def _absent(folder: Path, name: str, missing: str, partial: list[str]) -> str:
    if partial:
        return (
            f"{name}: the folder is half-downloaded: {missing} is absent and {partial[0]} lies there. Let the download "
            "run to its end, or start it again."
        )
    if missing == "model.safetensors.index.json":
        if (folder / missing).is_file():
            return f"{name}: {missing} is damaged. Get it again, from where the shards came from."
        shards = len(list(folder.glob("*-of-*.safetensors")))
        return (
            f"{name}: {missing} is absent, and without it nothing says that these {shards} shards are all and of one "
            "model. Get it from where the shards came from."
        )
    if missing != "*.safetensors":
        index = next(i for i in sorted(folder.glob("*.safetensors.index.json")) if missing in (named_shards(i) or ()))
        return (
            f"{name}: the shard {missing}, which {index.name} names, is absent. Get it from where the others came from."
        )
    pickled = sorted(path.name for pattern in ("*.bin", "*.pt*", "*.pth") for path in folder.glob(pattern))
    found = f"it holds {', '.join(pickled[:3])}" if pickled else "it holds no weights at all"
    return (
        f"{name}: no *.safetensors in the model's folder; {found}. probe never unpickles weights, since a pickle can "
        "run code: convert them with safetensors, or choose a revision that has them."
    )


def _is_pointer(path: Path) -> bool:
    if path.stat().st_size > _LARGEST_POINTER:
        return False
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER
