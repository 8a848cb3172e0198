"""The hub and its cache: what lies here is taken from here; its errors as ours, with what to do."""

from __future__ import annotations

import json
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from probe.errors import EnvironmentFault, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "IGNORED",
    "PATTERNS",
    "cached_folder",
    "download",
    "foreign_weights",
    "is_read",
    "missing_weights",
    "named_shards",
    "reported",
]

WEIGHTS = "*.safetensors"

PATTERNS = (WEIGHTS, "*.json", "*.jinja", "additional_chat_templates/*.jinja", "*.model", "*.txt", "*.tiktoken")
"""Files that a reading depends on; nothing else is downloaded."""

IGNORED = ("original/*", "metal/*", "consolidated*")
"""The same weights once more, in formats of other programs."""


def is_read(name: str) -> bool:
    """Whether a reading depends on a file of this name in the model's folder; `IGNORED` ones are copies.

    Example:
        >>> is_read("model.safetensors"), is_read("consolidated.00.safetensors")
        (True, False)
    """
    return not any(fnmatch(name, pattern) for pattern in IGNORED)


def cached_folder(hub_id: str, revision: str | None) -> Path | None:
    """The folder of a model in the hub's cache, at a revision or at what its main branch was; never the network."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415  imported where the hub is meant
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(hub_id, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, OSError):
        return None


def download(hub_id: str, name: str, revision: str | None, *, weights: bool = True) -> Path:
    """Fetch config, tokenizer and, unless told otherwise, safetensors into the hub's cache; tell their folder there.

    Raises:
        ModelError: The hub has no such model or revision, or it is gated.
        EnvironmentFault: The hub cannot be reached, or the disk is full.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    patterns = [pattern for pattern in PATTERNS if weights or pattern != WEIGHTS]
    with reported(hub_id, name, revision):
        return Path(
            snapshot_download(hub_id, revision=revision, allow_patterns=patterns, ignore_patterns=list(IGNORED))
        )


def missing_weights(folder: Path) -> str | None:
    """What its safetensors lack: the index of shards, the first absent shard, or all of them."""
    for index in sorted(path for path in folder.glob("*.safetensors.index.json") if is_read(path.name)):
        shards = named_shards(index)
        if shards is None:
            return index.name
        absent = sorted(shard for shard in shards if not (folder / shard).is_file())
        if absent:
            return absent[0]
    whole = (folder / "model.safetensors").is_file()
    if not whole and not any(folder.glob("*.safetensors.index.json")) and any(folder.glob("*-of-*.safetensors")):
        numbered = next(folder.glob("*-of-*.safetensors")).name
        return None if numbered.endswith("-00001-of-00001.safetensors") else "model.safetensors.index.json"
    return None if any(is_read(path.name) for path in folder.glob("*.safetensors")) else "*.safetensors"


def foreign_weights(folder: Path) -> str | None:
    """A file of weights that an index names and that does not lie in the folder itself; None if there is none.

    Such a file would be loaded, and its bytes are not in the folder's hashes.
    """
    for index in sorted(path for path in folder.glob("*.safetensors.index.json") if is_read(path.name)):
        shards = named_shards(index) or set()
        strange = sorted(shard for shard in shards if Path(shard).name != shard or not shard.endswith(".safetensors"))
        if strange:
            return strange[0]
    return None


def named_shards(index: Path) -> set[str] | None:
    """Files that an index of shards names; None where it is damaged."""
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        return {str(shard) for shard in content["weight_map"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


@contextmanager
def reported(hub_id: str, name: str, revision: str | None) -> Iterator[None]:
    """Turn what the hub's library raises into an error of ours.

    Raises:
        ModelError: The hub has no such model or revision, or it is gated.
        EnvironmentFault: The hub cannot be reached, or the disk is full.
    """
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # noqa: PLC0415  HTTPError is httpx's own
        GatedRepoError,
        HTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise ModelError(
            f"{name}: {hub_id} is gated. Accept its licence on the hub's page, then log in with `hf auth login`"
            f"{_token_remark()}."
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(f"{name}: {hub_id} has no revision {revision}. Give a commit, tag or branch of it.") from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"{name}: the hub has no model {hub_id} that you may read. Check the spelling; a private one needs "
            f"`hf auth login`{_token_remark()}."
        ) from error
    except (HTTPError, OSError) as error:
        raise EnvironmentFault(
            f"{name}: the hub could not be reached for {hub_id} ({type(error).__name__}). Check the network and that "
            "HF_HUB_OFFLINE is not set, then try again; a local folder and what is in the hub's cache need neither."
        ) from error


def _token_remark() -> str:
    """Whether a token was sent: without one the licence may be accepted already, with one it is not."""
    from huggingface_hub import get_token  # noqa: PLC0415

    if get_token() is None:
        return " or set HF_TOKEN: no token was found on this machine"
    return "; a token was found and sent, and its account has no access"
