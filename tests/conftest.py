"""Ground under all tests: one thread, no network, shapes of the engine checked, real material found, tiny models."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["PROBE_FIGURES"] = "none"  # a second a run; tests/figures draws them
sys.path.append(str(Path(__file__).parent / "support"))
install_import_hook("probe.engine", "beartype.beartype")

# The same examples in every run, so that a change is judged by what it changes; PROBE_EXAMPLES=new looks for others.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("new", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("PROBE_EXAMPLES", "same"))

ROOT = Path(__file__).resolve().parents[1]
REAL = (ROOT / os.environ.get("PROBE_REAL_DIR", "../shared/real")).resolve()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the real tokenizers and models where they are not there."""
    if REAL.is_dir():
        return
    absent = pytest.mark.skip(reason=f"PROBE_REAL_DIR: there is no folder {REAL}")
    for item in items:
        if "real" in item.keywords:
            item.add_marker(absent)


@pytest.fixture(autouse=True, scope="session")
def _no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees or fills the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without finished packs: what one has read, another must not find."""
    monkeypatch.setenv("PROBE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def real_dir() -> Path:
    """Real tokenizers and models, written by others; use it in tests marked `real`."""
    return REAL


@pytest.fixture(scope="session")
def demo_folder() -> Path:
    """The embedded model."""
    return ROOT / "probe" / "demo_model"


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``tiny_model_folder(kind, tokenizer, ...)``: a complete local folder with seeded random weights, made once."""
    from tiny import write_model_folder

    made: dict[tuple[object, ...], Path] = {}

    def make(kind: str, tokenizer: Path, *, dtype: str = "float32", **changes: object) -> Path:
        key = (kind, tokenizer, dtype, *sorted(changes.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp("model") / f"tiny-{kind}"
            made[key] = write_model_folder(folder, kind, tokenizer, dtype, changes)
        return made[key]

    return make
