"""From a model's name to a local folder and the identity of its files. Loads no weights and imports no torch."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from probe.errors import EnvironmentFault, ModelError

__all__ = ["PATTERNS", "Snapshot", "fetch_snapshot", "identify"]

PATTERNS = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken")
"""Files that a reading depends on; nothing else is downloaded."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model's files at one state.

    Attributes:
        folder: Where they lie.
        revision: The hub's commit, or None for a folder of the user's own.
        files: sha256 by file name.
    """

    folder: Path
    revision: str | None
    files: dict[str, str]

    @property
    def identity(self) -> str:
        """One hash over all files: the same weights, config and tokenizer give the same identity anywhere."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()


def identify(folder: Path, name: str, revision: str | None = None) -> Snapshot:
    """Hash the files of a folder that a reading depends on.

    Raises:
        ModelError: The folder is not a model's.
    """
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{name}: {folder.name}/ holds no config.json, so it is no model folder. It needs config.json, "
            "*.safetensors and the tokenizer's files."
        )
    paths = sorted({path for pattern in PATTERNS for path in folder.glob(pattern) if path.name != "truth.json"})
    return Snapshot(folder, revision, {path.name: _file_hash(path) for path in paths})


def fetch_snapshot(hub_id: str, name: str, revision: str | None, *, offline: bool) -> Snapshot:
    """Get a model's files from the hub's cache or the hub, safetensors only.

    Raises:
        ModelError: The hub has no such model or revision, or it is gated.
        EnvironmentFault: It is not cached and the hub cannot be reached, or must not be.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415  imported where the hub is meant
    from huggingface_hub.errors import (  # noqa: PLC0415
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        folder = Path(
            snapshot_download(hub_id, revision=revision, allow_patterns=list(PATTERNS), local_files_only=offline)
        )
    except GatedRepoError as error:
        raise ModelError(
            f"{name}: {hub_id} is gated. Accept its licence on the hub's page, then log in with `hf auth login`."
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(f"{name}: {hub_id} has no revision {revision}. Give a commit, tag or branch of it.") from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"{name}: the hub has no model {hub_id} that you may read. Check the spelling; a private one needs "
            "`hf auth login`."
        ) from error
    except LocalEntryNotFoundError as error:
        raise EnvironmentFault(
            f"{name}: {hub_id} is not in the hub's cache and the hub is out of reach"
            f"{' under --offline' if offline else ''}. Download it once while online, or give a local folder."
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise EnvironmentFault(
            f"{name}: the hub could not be reached for {hub_id} ({type(error).__name__}). Try again, or give a folder."
        ) from error
    return identify(folder, name, folder.name if _COMMIT.fullmatch(folder.name) else None)


def _file_hash(path: Path) -> str:
    blob = path.resolve().name
    if path.is_symlink() and _SHA256.fullmatch(blob):
        return blob  # the hub's cache names large files by their sha256
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()
