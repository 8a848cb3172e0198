"""What the hub says of a model and what its cache holds; its errors as ours, with what to do."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probe.engine.snapshot import PATTERNS
from probe.errors import EnvironmentFault, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HubFacts", "ask_hub", "cached_folder", "download"]

SECONDS = 20.0
"""How long the hub may take to answer a question."""


@dataclass(frozen=True, slots=True)
class HubFacts:
    """What only the hub knows of a model.

    Attributes:
        commit: 40 hexadecimal digits.
        gated: Whether its licence must be accepted first; None if the hub does not say.
        licence: As its page names it, or None.
    """

    commit: str
    gated: bool | None
    licence: str | None


def ask_hub(hub_id: str, name: str, revision: str | None) -> HubFacts:
    """Ask for the commit, gate and licence of a model at a branch, tag or commit; None means its main branch.

    Raises:
        ModelError: The hub has no such model or revision, or it is gated.
        EnvironmentFault: The hub cannot be reached.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415  imported where the hub is meant

    with _told(hub_id, name, revision):
        info = HfApi().model_info(hub_id, revision=revision, timeout=SECONDS)
        if info.sha is None:
            raise ModelError(f"{name}: the hub names no commit of {hub_id}. Try again, or give --revision.")
        card = info.card_data
        licence = getattr(card, "license", None)
        if licence == "other":
            licence = getattr(card, "license_name", None)
        gated = None if info.gated is None else bool(info.gated)
        return HubFacts(info.sha, gated, licence if isinstance(licence, str) else None)


def cached_folder(hub_id: str, revision: str | None) -> Path | None:
    """The folder of a model in the hub's cache, at a revision or at what its main branch was; never the network."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(hub_id, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, OSError):
        return None


def download(hub_id: str, name: str, revision: str | None) -> Path:
    """Fetch config, tokenizer and safetensors into the hub's cache, and tell their folder there.

    Raises:
        ModelError: The hub has no such model or revision, it is gated, or it has no complete safetensors.
        EnvironmentFault: The hub cannot be reached, or the disk is full.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    with _told(hub_id, name, revision):
        folder = Path(snapshot_download(hub_id, revision=revision, allow_patterns=list(PATTERNS)))
    missing = _missing_weights(folder)
    if missing is not None:
        raise ModelError(
            f"{name}: {hub_id} was fetched, but {missing} is not among its files. Choose a --revision that has "
            "complete safetensors, or run the same command again if the download was cut short."
        )
    return folder


@contextmanager
def _told(hub_id: str, name: str, revision: str | None) -> Iterator[None]:
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
            f"{name}: {hub_id} is gated. Accept its licence on the hub's page, then log in with `hf auth login`."
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(f"{name}: {hub_id} has no revision {revision}. Give a commit, tag or branch of it.") from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"{name}: the hub has no model {hub_id} that you may read. Check the spelling; a private one needs "
            "`hf auth login`."
        ) from error
    except (HTTPError, OSError) as error:
        raise EnvironmentFault(
            f"{name}: the hub could not be reached for {hub_id} ({type(error).__name__}). Check the network and that "
            "HF_HUB_OFFLINE is not set, then try again."
        ) from error


def _missing_weights(folder: Path) -> str | None:
    """What its safetensors lack: the first shard that the index names and is not there, or all of them."""
    for index in sorted(folder.glob("*.safetensors.index.json")):
        shards = json.loads(index.read_text(encoding="utf-8")).get("weight_map", {}).values()
        absent = sorted({shard for shard in shards if not (folder / shard).is_file()})
        if absent:
            return str(absent[0])
    return None if any(folder.glob("*.safetensors")) else "*.safetensors"
