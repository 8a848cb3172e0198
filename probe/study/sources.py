"""A model found: its files, or those made for it, what would be read wrong in them, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from probe.design.models import ModelSpec
from probe.engine.adapter import adapter_facts, refuse_quantising
from probe.engine.adapter_config import is_adapter
from probe.engine.folder_look import refuse_incomplete
from probe.engine.gguf import gguf_formats, gguf_of, prepare_gguf
from probe.engine.snapshot import Snapshot, fetch_snapshot, identify
from probe.errors import ModelError
from probe.prompts.known_tokenizer import open_encoder
from probe.prompts.style import Asking, PromptStyle, prompt_style
from probe.prompts.tokenizer import TextEncoder
from probe.store.cache import open_cache
from probe.store.disk import reported
from probe.store.shards import CACHE_REMEDY
from probe.study.adapted import adapter_snapshot, base_of
from probe.study.unloaded import code_key, refuse_tensors

__all__ = ["Source", "open_model", "refuse_quantising_again", "refuse_unreadable", "resolve_source"]


@dataclass(frozen=True)
class Source:
    """A model found: what was asked for and the files that answer it.

    Attributes:
        spec: The model.
        snapshot: Its files.
        system: System text that it is asked with; None for the template's own.
        condition: What the study puts behind its name, to distinguish it from the same model with another text.
    """

    spec: ModelSpec
    snapshot: Snapshot
    system: str | None = None
    condition: str = ""

    @property
    def name(self) -> str:
        """How the study calls it."""
        return f"{self.spec.name}{self.condition}"


def resolve_source(
    spec: ModelSpec, revision: str | None, *, offline: bool, weights: bool = True, base: ModelSpec | None = None
) -> Source:
    """Find a model's files, in its folder or on the hub; without `weights` none are fetched.

    An adapter is merged into `base`, or without one into the base that its config names.
    """
    known = open_cache().notes("weights")
    if isinstance(spec.source, Path) and is_adapter(spec.source):
        found = base or base_of(spec.source, spec.name)
        named = replace(found, name=f"{spec.name}: its base {found.name}")
        under = resolve_source(named, revision, offline=offline, weights=weights)
        return Source(spec, adapter_snapshot(spec.source, spec.name, under.snapshot, found.name))
    if isinstance(spec.source, Path):
        return Source(spec, _local_snapshot(spec.source, spec.name))
    at = revision or spec.revision
    return Source(spec, fetch_snapshot(spec.source, spec.name, at, offline=offline, weights=weights, known=known))


def _local_snapshot(source: Path, name: str) -> Snapshot:
    """A folder's own files, or those made for a GGUF file."""
    cache = open_cache()
    file = gguf_of(source)
    if file is None:
        return identify(source, name, known=cache.notes("weights"))
    with reported("the cache", CACHE_REMEDY):
        return prepare_gguf(file, name, cache.root / "gguf", known=cache.notes("weights"))


def refuse_quantising_again(source: Source, quant: str) -> None:
    """Refuse to quantise what its files hold quantised, or what is merged when it is read.

    Raises:
        ModelError: `quant` is not none.
    """
    formats = gguf_formats(source.snapshot.folder)
    if formats is not None and quant != "none":
        raise ModelError(
            f"{source.name}: a GGUF file ({formats}) is expanded when it is read, and --quant {quant} would quantise "
            "it again. Leave --quant out, or use the model's safetensors."
        )
    if adapter_facts(source.snapshot.folder):
        refuse_quantising(source.name, quant)


def open_model(
    source: Source, system: str | None = None, *, merge: bool = False
) -> tuple[TextEncoder, PromptStyle, int | None]:
    """A model's tokenizer, how it is asked, and its context limit in tokens.

    Raises:
        ModelError: The tokenizer or the chat template is unusable, or of another model.
    """
    folder, entry = source.snapshot.folder, source.spec.entry
    encoder, limit = open_encoder(folder, source.name, (open_cache().notes("unloaded"), code_key()))
    asking = Asking(
        base=entry is not None and entry.kind == "base",
        keywords=entry.template.keywords if entry else {},
        append=entry.template.append if entry else "",
        append_ids=entry.template.append_ids if entry else (),
        system=system,
        merge=merge,
    )
    return encoder, prompt_style(encoder, asking), limit


def refuse_unreadable(source: Source) -> None:
    """Refuse a model whose files would be read wrong, or not at all, from names and headers alone.

    What has not been fetched from the hub yet is not looked at.

    Raises:
        ModelError: What is wrong, and what to do.
    """
    folder = source.snapshot.folder
    local = isinstance(source.spec.source, Path) and source.snapshot.revision is None
    if local or any(folder.glob("*.safetensors")):
        refuse_incomplete(folder, source.name)
        refuse_tensors(folder, source.name)
