"""From a model's name to a local folder and the identity of its files. Loads no weights and imports no torch."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from probe.engine.hub import PATTERNS, cached_folder, download, is_read, missing_weights
from probe.errors import EnvironmentFault, ModelError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KnownHashes", "Snapshot", "fetch_snapshot", "file_sha256", "identify"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")

_TOKENIZERS = ("tokenizer*.json", "vocab.*", "*.model", "*.tiktoken", "tekken.json")

_SETTLED_SECONDS = 2.0
"""A file that was written less long ago may be written again without its times showing it."""


@runtime_checkable
class KnownHashes(Protocol):
    """Remembers the sha256 of files by where they lie and when they were written."""

    def get(self, key: str) -> str | None:
        """The sha256 under `key`, if it is known."""
        ...

    def put(self, key: str, value: str) -> None:
        """Remember it."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model's files at one state.

    Attributes:
        folder: Where they lie.
        revision: The hub's commit, or None for a folder of the user's own.
        files: sha256 by name in the folder.
    """

    folder: Path
    revision: str | None
    files: dict[str, str]

    @property
    def identity(self) -> str:
        """One hash over all files: the same weights, config and tokenizer give the same identity anywhere.

        A model in one file is known by that file's hash, whatever the file is called.
        """
        if len(self.files) == 1:
            return next(iter(self.files.values()))
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()


def identify(folder: Path, name: str, revision: str | None = None, *, known: KnownHashes | None = None) -> Snapshot:
    """Hash the files of a folder that a reading depends on.

    Args:
        folder: A model's folder.
        name: How the study calls the model.
        revision: The hub's commit, if it came from there.
        known: Hashes from earlier; without it every file is read.

    Raises:
        ModelError: The folder is not a model's, or a file of the hub's cache is not the one that its name says.
    """
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{name}: {folder.name}/ holds no config.json, so it is no model folder. It needs config.json, "
            "*.safetensors and the tokenizer's files."
        )
    found = (
        path for pattern in PATTERNS for path in folder.glob(pattern) if is_read(path.relative_to(folder).as_posix())
    )
    paths = sorted({path for path in found if path.name != "truth.json"})
    return Snapshot(
        folder, revision, {path.relative_to(folder).as_posix(): file_sha256(path, name, known) for path in paths}
    )


def fetch_snapshot(
    hub_id: str,
    name: str,
    revision: str | None,
    *,
    offline: bool,
    weights: bool = True,
    known: KnownHashes | None = None,
) -> Snapshot:
    """Get a model's files from the hub's cache, and from the hub only what does not lie there whole.

    A branch or tag that is cached is not looked up again: `probe pull` does that. Without `weights` none are
    asked for, and the snapshot's identity is that of the files that are there.

    Raises:
        ModelError: The hub has no such model or revision, or it is gated.
        EnvironmentFault: It is not cached and the hub cannot be reached, or must not be.
    """
    folder = cached_folder(hub_id, revision)
    if not offline and (folder is None or not _is_whole(folder, weights=weights)):
        folder = download(hub_id, name, revision, weights=weights)
    if folder is None:
        raise EnvironmentFault(
            f"{name}: {hub_id}{f' at {revision}' if revision else ''} is not in the hub's cache, and --offline forbids "
            "to ask the hub. Fetch it once with `probe pull` while online, or give a local folder."
        )
    return identify(folder, name, folder.name if _COMMIT.fullmatch(folder.name) else None, known=known)


def _is_whole(folder: Path, *, weights: bool) -> bool:
    """Whether nothing of a cached model was left out or cut short: config, tokenizer and every shard of weights."""
    tokenizer = any(True for pattern in _TOKENIZERS for _ in folder.glob(pattern))
    return (folder / "config.json").is_file() and tokenizer and not (weights and missing_weights(folder))


def file_sha256(path: Path, name: str, known: KnownHashes | None) -> str:
    """The sha256 of a file; one that the hub's cache names by its sha256 must have it.

    Raises:
        ModelError: It has another, or there is none behind a link.
    """
    blob = path.resolve()
    if not blob.is_file():
        raise ModelError(f"{name}: {path.name} is a link to nothing. Remove it and fetch the model anew.")
    digest = _hash_once(path, known)
    if path.is_symlink() and _SHA256.fullmatch(blob.name) and blob.name != digest:
        raise ModelError(
            f"{name}: {path.name} is damaged: its sha256 begins with {digest[:8]}, and the hub's cache calls it "
            f"{blob.name[:8]}. Remove the file that the link names and fetch the model anew with `probe pull`."
        )
    return digest


def _hash_once(path: Path, known: KnownHashes | None) -> str:
    if known is None:
        return _file_hash(path)
    real = path.resolve()
    about = real.stat()
    key = f"{real}\t{about.st_ino}\t{about.st_size}\t{about.st_mtime_ns}\t{about.st_ctime_ns}"
    digest = known.get(key)
    if digest is None:
        digest = _file_hash(path)
        if time.time() - max(about.st_mtime, about.st_ctime) > _SETTLED_SECONDS:
            known.put(key, digest)
    return digest


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()
