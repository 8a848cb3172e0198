"""Entries of models.yaml compared with what a folder, the hub's cache and the hub say."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from probe.commands.folder_facts import FolderFacts, folder_facts
from probe.commands.hub import ask_hub
from probe.design.items import OptionId
from probe.design.models import ModelSpec, load_models, resolve_model
from probe.engine.adapter_config import is_adapter
from probe.engine.gguf import gguf_of
from probe.engine.hub import cached_folder
from probe.engine.snapshot import Snapshot
from probe.errors import EnvironmentFault, ModelError, TokenPlanError
from probe.prompts.chat import write_prompts
from probe.prompts.pieces import encode_scripts
from probe.prompts.render import RenderedItem, ShownOption
from probe.study.adapted import base_spec
from probe.study.sources import Source, open_model, refuse_unreadable, resolve_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.commands.hub import HubFacts
    from probe.design.models import ModelEntry
    from probe.prompts.traits import TemplateTraits

__all__ = ["CheckedModel", "CheckedModels", "Compared", "check_models"]

TOLERANCE = 0.05
"""Numbers of parameters that differ by less agree: entries round, and count or leave out a vision tower's head."""

Value = str | int | float | bool | None
_SIZES = ("params_b", "active_b", "unquantised_b")
_QUESTION = RenderedItem(
    question="Which do you take?\n\nA. Tea.\nB. Milk.",
    cue="Answer:",
    shown=(ShownOption(OptionId("p1"), "A", "Tea."), ShownOption(OptionId("p2"), "B", "Milk.")),
    opening="",
    first_label=OptionId("p1"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One fact as the entry states it and as it was found."""

    name: str
    stated: Value
    found: Value
    outcome: Literal["agrees", "differs", "not stated"]

    def __str__(self) -> str:
        if self.outcome == "differs":
            return f"{self.name}: the entry says {_shown(self.stated)}, found {_shown(self.found)}. Mend the entry."
        more = {"agrees": "as stated", "not stated": "not stated"}[self.outcome]
        return f"{self.name}: {_shown(self.found)} ({more})"


@dataclass(slots=True)
class CheckedModel:
    """What came out for one entry.

    Attributes:
        id: Of the entry.
        folder: Where its files lie, or None.
        commit: Of the files, if they lie in the hub's cache.
        architecture: Class that reads it.
        template: Traits of its chat template, as plain values.
        facts: Fields compared, in order.
        findings: What is wrong.
        unchecked: What could not be compared with anything, and why.
    """

    id: str
    folder: str | None = None
    commit: str | None = None
    architecture: str | None = None
    template: dict[str, bool | str | None] | None = None
    facts: list[Compared] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def compare(self, name: str, stated: Value, found: Value, *, same: bool | None = None) -> None:
        """Note a fact that was found; a difference is a finding. `same` decides where equality does not."""
        if found is None:
            if stated is not None:
                self.unchecked.append(f"{name}: nothing here says it")
            return
        agrees = stated == found if same is None else same
        compared = Compared(name, stated, found, "not stated" if stated is None else "agrees" if agrees else "differs")
        self.facts.append(compared)
        if compared.outcome == "differs":
            self.findings.append(str(compared))


@dataclass(frozen=True, slots=True)
class CheckedModels:
    """All entries that were looked at, and whether the hub could be asked."""

    models: tuple[CheckedModel, ...]
    hub: str

    @property
    def findings(self) -> int:
        """How many differences there are."""
        return sum(len(one.findings) for one in self.models)

    def text(self) -> str:
        """What was found for each model that is here, those that are not, and the count."""
        lines: list[str] = []
        for one in self.models:
            if one.facts or one.findings or one.template:
                lines += _lines(one)
        absent = [one.id for one in self.models if one.folder is None]
        if absent:
            lines += [f"no files here, nothing derived; `probe pull ID` fetches them: {', '.join(absent)}"]
        return "\n".join(
            [
                *lines,
                self.hub,
                f"{_counted(len(self.models), 'entry', 'entries')}, {_counted(self.findings, 'finding', 'findings')}",
            ]
        )

    def json(self) -> str:
        """The same for other tools."""
        content = {"models": [asdict(one) for one in self.models], "hub": self.hub, "findings": self.findings}
        return json.dumps(content, indent=1, ensure_ascii=False)


def check_models(ids: Sequence[str], file: Path | None, *, offline: bool, base: str | None = None) -> CheckedModels:
    """Hold entries against their files, where they lie here, and against the hub; without ids, all of them.

    Raises:
        ModelError: A models file is wrong, or has no such entry.
    """
    entries = load_models(file)
    specs = [resolve_model(one, entries) for one in ids or entries]
    checked, under = [], base_spec(base, entries, specs)
    hub = "the hub was not asked (--offline): licence, gating and commit are as stated" if offline else ""
    for spec in specs:
        if spec.entry is None:
            checked.append(_check_folder(spec, under))
            continue
        one = _check_files(spec, spec.entry, under)
        if spec.entry.hub is not None:
            hub = hub or _check_hub(one, spec.entry)
            if hub:
                one.unchecked.append("licence, gated, revision: only the hub knows")
        checked.append(one)
    return CheckedModels(tuple(checked), hub or "the hub was asked for licence, gating and commit")


def _check_folder(spec: ModelSpec, base: ModelSpec | None) -> CheckedModel:
    """A folder without an entry: what `plan` would say of its files, its tokenizer and its template."""
    if not isinstance(spec.source, Path):
        raise ModelError(f"model '{spec.name}': has no entry to check. Give it one in a file for --models.")
    one = CheckedModel(spec.name, folder=spec.source.name)
    try:
        folder = _own_folder(spec, base) or spec.source
    except ModelError as error:
        one.findings.append(f"files: {error}")
        return one
    _facts(one, folder)
    _compare_template(one, spec, None, folder)
    return one


def _check_files(spec: ModelSpec, entry: ModelEntry, base: ModelSpec | None) -> CheckedModel:
    one = CheckedModel(entry.id)
    if isinstance(spec.source, Path):
        try:
            folder = _own_folder(spec, base)
        except (ModelError, EnvironmentFault) as error:
            one.findings.append(str(error))
            return one
        if folder is None:
            one.findings.append(f"path: {entry.path} holds no config.json. Mend the path, or complete the folder.")
    else:
        folder = cached_folder(spec.source, spec.revision)
        one.commit = folder.name if folder is not None else None
    if folder is None:
        one.unchecked.append("context, dtype, sizes, template: its files are not here")
        return one
    one.folder = folder.name if isinstance(spec.source, Path) else "the hub's cache"
    _compare_sizes(one, entry, folder)
    _compare_template(one, spec, entry, folder)
    return one


def _own_folder(spec: ModelSpec, base: ModelSpec | None) -> Path | None:
    """The folder that says what a model is: its own, or that made for its GGUF file or adapter; None without one."""
    source = Path(spec.source)
    if source.exists() and (gguf_of(source) or is_adapter(source)):
        return resolve_source(spec, None, offline=True, base=base).snapshot.folder
    return source if (source / "config.json").is_file() else None


def _facts(one: CheckedModel, folder: Path) -> FolderFacts:
    facts = folder_facts(folder)
    one.architecture, one.unchecked = facts.architecture, [*one.unchecked, *facts.gaps]
    return facts


def _compare_sizes(one: CheckedModel, entry: ModelEntry, folder: Path) -> None:
    facts = _facts(one, folder)
    one.compare("context", entry.context, facts.context)
    one.compare("dtype", entry.dtype, facts.dtype)
    for name in _SIZES:
        stated, found = getattr(entry, name), getattr(facts, name)
        if name == "active_b" and facts.mixture is False:
            if stated is not None:
                one.findings.append("active_b: is stated, and the model is no mixture of experts. Take it out.")
            continue
        near = None if None in (stated, found) else abs(stated - found) <= max(TOLERANCE * found, 0.005)
        one.compare(name, stated, found if found is None else float(f"{found:.3g}"), same=near)
    if facts.mixture and entry.quant is not None and entry.quant != ("none",):
        ways = ", ".join(entry.quant)
        one.findings.append(f"quant: [{ways}], and bitsandbytes does not shrink a mixture's experts. Write [none].")


def _compare_template(one: CheckedModel, spec: ModelSpec, entry: ModelEntry | None, folder: Path) -> None:
    """Ask a plain question as a run would, so that whatever a run would refuse is found."""
    source = Source(spec, Snapshot(folder, one.commit, {}))
    try:
        refuse_unreadable(source)
    except ModelError as error:
        one.findings.append(f"files: {error}")
    try:
        encoder, style, _ = open_model(source)
        encode_scripts(encoder, write_prompts(encoder, style, [_QUESTION], "a question"), "a question")
    except (ModelError, TokenPlanError) as error:
        one.findings.append(f"template: {error}")
        return
    if style.traits is not None:
        one.template = style.traits.record()
        if entry is not None:
            _compare_kind(one, entry, style.traits)
    elif entry is not None and entry.kind != "base":
        one.findings.append(f"kind: the entry says {entry.kind}, and there is no chat template. Write base.")


def _compare_kind(one: CheckedModel, entry: ModelEntry, traits: TemplateTraits) -> None:
    if entry.kind == "reasoning" and traits.thinking == "none":
        one.findings.append("kind: the entry says reasoning, and the template knows no thoughts. Write instruct.")
    if entry.kind == "instruct" and traits.thinking == "opened":
        one.findings.append("kind: the entry says instruct, and the template opens a thought. Write reasoning.")


def _check_hub(one: CheckedModel, entry: ModelEntry) -> str:
    """Compare with what the hub says; why it cannot be asked, or nothing."""
    try:
        facts: HubFacts = ask_hub(str(entry.hub), entry.id, entry.revision)
    except EnvironmentFault as error:
        return f"the hub was not asked: {error}"
    except ModelError as error:
        one.findings.append(f"hub: {error}")
        return ""
    one.compare("gated", entry.gated, facts.gated)
    one.compare("licence", entry.licence, facts.licence, same=_plain(entry.licence) == _plain(facts.licence or ""))
    if entry.revision is not None:
        one.compare("revision", entry.revision, facts.commit)
    elif one.commit is not None and one.commit != facts.commit:
        one.unchecked.append(f"revision: none is pinned; here lies {one.commit}, the hub's main is {facts.commit}")
    return ""


def _lines(one: CheckedModel) -> list[str]:
    where = "not here" if one.folder is None else one.folder if one.commit is None else f"{one.folder}, {one.commit}"
    lines = [f"{one.id}: {one.architecture or 'architecture not derived'} ({where})"]
    lines += [f"  {fact}" for fact in one.facts if fact.outcome != "differs"]
    if one.template is not None:
        reported = ", ".join(f"{name} {value!r}" for name, value in one.template.items() if value is not None)
        lines.append(f"  template: {reported}")
    lines += [f"  finding: {finding}" for finding in one.findings]
    return [*lines, *(f"  not checked: {what}" for what in one.unchecked)]


def _shown(value: Value) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _plain(licence: str) -> str:
    """A licence's name as both spellings have it.

    Example:
        >>> _plain("Llama 3.2") == _plain("llama3.2")
        True
    """
    return re.sub(r"[^a-z0-9]", "", licence.lower())
