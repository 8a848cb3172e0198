"""A LoRA and its base as one model: a folder in the cache with the base's config and links to the weights of both."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from probe.engine.adapter_config import ADAPTER_CONFIG, ADAPTER_WEIGHTS, read_adapter, require_peft
from probe.engine.hub import is_read
from probe.engine.prepared_folder import made_once, point_link
from probe.engine.snapshot import Snapshot, file_sha256
from probe.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from probe.engine.snapshot import KnownHashes

__all__ = ["ADAPTER", "adapter_facts", "prepare_adapter", "refuse_quantising"]

ADAPTER = "adapter"
"""Folder of the adapter's own files, within the one made for it and its base."""

FACTS = "adapter.json"
"""What was merged into what, for people."""

_TOKENIZER = ("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "*.model")
_TOKENIZER_ITSELF = ("tokenizer.json", "tokenizer.model", "vocab.*", "spiece.model", "sentencepiece*.model")
_KEPT = ("*.json", "*.jinja", "additional_chat_templates/*.jinja", "*.model", "*.txt", "*.tiktoken")
_TEMPLATES = ("chat_template.json", "chat_template.jinja", "additional_chat_templates/*.jinja")


def prepare_adapter(
    folder: Path, base: Snapshot, base_name: str, name: str, parent: Path, *, known: KnownHashes | None = None
) -> Snapshot:
    """A folder that is read like the base's, and holds the adapter to be merged; made once for the same bytes.

    Tokenizer and chat template are the adapter's, where it has them.

    Args:
        folder: The adapter.
        base: Its base.
        base_name: What people call the base.
        name: How the study calls the whole.
        parent: Where such folders lie.
        known: Hashes from earlier.

    Returns:
        The folder, the base's commit on the hub, and the hashes of the files of both.

    Raises:
        ModelError: The adapter cannot be merged right, or the base is quantised.
        EnvironmentFault: The package `peft` is not installed.
    """
    config = read_adapter(folder, name)
    require_peft(name)
    _refuse_quantised(base.folder, base_name, name)
    own = {
        f"{ADAPTER}/{ADAPTER_CONFIG}": folder / ADAPTER_CONFIG,
        f"{ADAPTER}/{ADAPTER_WEIGHTS}": folder / ADAPTER_WEIGHTS,
    }
    texts = _texts(folder)
    hashes = {
        **{f"base/{file}": digest for file, digest in base.files.items()},
        **{key: file_sha256(path, name, known) for key, path in own.items()},
        **{f"{ADAPTER}/{path.relative_to(folder).as_posix()}": file_sha256(path, name, known) for path in texts},
    }
    facts = {"adapter": f"LoRA r={config.rank} alpha={config.alpha:g} on {base_name}"}
    content = json.dumps([hashes, facts, hashlib.sha256(Path(__file__).read_bytes()).hexdigest()], sort_keys=True)
    key = hashlib.sha256(content.encode()).hexdigest()[:40]
    made = made_once(parent, key, FACTS, lambda new: _write(folder, base.folder, facts, new))
    for path in base.folder.glob("*.safetensors"):
        if is_read(path.name):
            point_link(made / path.name, path)
    point_link(made / ADAPTER / ADAPTER_WEIGHTS, folder / ADAPTER_WEIGHTS)
    return Snapshot(made, base.revision, hashes)


def adapter_facts(folder: Path) -> dict[str, str]:
    """What was merged into what; empty for any other model's folder."""
    path = folder / FACTS
    if not path.is_file():
        return {}
    said: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return said


def refuse_quantising(name: str, quant: str) -> None:
    """Refuse to quantise what is merged.

    Raises:
        ModelError: It was asked for.
    """
    if quant != "none":
        raise ModelError(
            f"{name}: is an adapter, which is merged in floating point, and --quant {quant} takes its weights from "
            "files. Leave --quant out, or save the merged model and give its folder."
        )


def _refuse_quantised(base: Path, base_name: str, name: str) -> None:
    try:
        said = json.loads((base / "config.json").read_text(encoding="utf-8"))
        parts = [said, *(part for part in said.values() if isinstance(part, dict))]
    except (OSError, ValueError, AttributeError, RecursionError):
        return  # told where the config is read
    if any(part.get("quantization_config") for part in parts):
        raise ModelError(
            f"{name}: its base {base_name} is stored quantised, and a LoRA merged into codes would be rounded anew. "
            "Give the same base unquantised with --base."
        )


def _write(folder: Path, base: Path, facts: dict[str, str], new: Path) -> None:
    (new / ADAPTER).mkdir(parents=True)
    shutil.copyfile(folder / ADAPTER_CONFIG, new / ADAPTER / ADAPTER_CONFIG)
    (new / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    files, within = _named(folder, _TEMPLATES), _template_within(folder)
    tokenizer, template = any(_named(folder, _TOKENIZER_ITSELF)), bool(files or within)
    theirs = _named(base, _KEPT)
    theirs -= _named(base, _TOKENIZER) if tokenizer else set()
    theirs -= _named(base, _TEMPLATES) if template else set()
    for path in theirs:
        if path.name not in {"truth.json", ADAPTER_CONFIG, FACTS}:
            _copy(path, base, new)
    for path in files | (_named(folder, _TOKENIZER) if tokenizer else set()):
        _copy(path, folder, new)
    if template != tokenizer:
        _write_template(within if template else _template_within(base), new)


def _write_template(text: str | None, new: Path) -> None:
    """Put a template that stands in another tokenizer's settings where it counts, unless a file is there."""
    if text is not None and not _named(new, _TEMPLATES):
        (new / "chat_template.jinja").write_text(text, encoding="utf-8")


def _texts(folder: Path) -> list[Path]:
    """An adapter's own files about tokens and templates."""
    return sorted({*_named(folder, _TOKENIZER), *_named(folder, _TEMPLATES)})


def _named(folder: Path, patterns: Iterable[str]) -> set[Path]:
    return {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}


def _copy(path: Path, folder: Path, new: Path) -> None:
    target = new / path.relative_to(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def _template_within(folder: Path) -> str | None:
    """The chat template that stands in a folder's tokenizer_config.json."""
    try:
        said = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")).get("chat_template")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return said if isinstance(said, str) else None
