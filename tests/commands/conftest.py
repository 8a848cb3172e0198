"""A small cache of the hub's, and a hub that answers what a test wants."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx2
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the hub is to answer, and what it was asked."""

    sha: str = COMMIT
    gated: object = False
    licence: str | None = "apache-2.0"
    licence_name: str | None = None
    error: Exception | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def model_info(self, repo_id: str, *, revision: str | None = None, timeout: float) -> object:
        assert timeout > 0
        self.asked.append((repo_id, revision))
        if self.error is not None:
            raise self.error
        card = SimpleNamespace(license=self.licence, license_name=self.licence_name)
        return SimpleNamespace(sha=self.sha, gated=self.gated, card_data=card)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The hub, in place of the network."""
    answers = Hub()
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: answers)
    return answers


@pytest.fixture
def hub_error() -> Callable[..., Exception]:
    """``hub_error(kind)``: an error as the hub's library raises it."""
    from huggingface_hub import errors

    def make(kind: str) -> Exception:
        if kind == "offline":
            return errors.OfflineModeIsEnabled("offline mode is enabled")
        if kind == "connect":
            return httpx2.ConnectError("no route to host")
        request = httpx2.Request("GET", "https://hub.invalid/api/models/org/name")
        return getattr(errors, kind)("refused", response=httpx2.Response(403, request=request))

    return make


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """``cache(hub_id, folder, commit)``: puts a folder into an empty cache of the hub's; returns its place there."""
    home = tmp_path / "hub"
    home.mkdir()
    for module in ("huggingface_hub.constants", "huggingface_hub._snapshot_download.constants"):
        monkeypatch.setattr(f"{module}.HF_HUB_CACHE", str(home))

    def put(hub_id: str, folder: Path, commit: str = COMMIT) -> Path:
        place = home / f"models--{hub_id.replace('/', '--')}"
        shutil.copytree(folder, place / "snapshots" / commit)
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text(commit)
        return place / "snapshots" / commit

    return put
