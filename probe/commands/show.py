"""One prompt, as a model gets it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probe.commands.show_own_words import plan_exchange
from probe.design.axes import parse_variant, shipped_levels
from probe.design.clauses import clauses_of
from probe.design.depth import fitting_items
from probe.design.expand import expand
from probe.design.items import unlisted
from probe.design.ladder import EVERY_CELL, ladder_of
from probe.design.models import load_models, resolve_model
from probe.design.option_texts import text_items
from probe.design.own_words import EVERY_PAIR, exchanges_of
from probe.design.suites import load_suites, suite_names
from probe.engine.gguf import gguf_formats
from probe.engine.hub import missing_weights
from probe.engine.precision import Precision
from probe.errors import InputError, ScenarioError
from probe.prompts.layers import mass_layers
from probe.prompts.pieces import plain_spans
from probe.prompts.plan import ItemPlan, TooLong
from probe.prompts.planners import planner_of
from probe.report.number_format import signed
from probe.store.folder import RunFolder
from probe.study.adapted import base_spec
from probe.study.request import PACK_TOKENS, Request
from probe.study.rows import log_odds
from probe.study.sources import Source, open_model, resolve_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from probe.design.axes import Levels
    from probe.design.items import Item
    from probe.prompts.pack import PromptReading, TokenIds
    from probe.prompts.plan import PromptPlan
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["Shown", "show", "show_json", "show_text", "top_tokens"]

_POSITIONS = ("first", "second", "third")


@dataclass(frozen=True)
class Shown:
    """A planned prompt and the model it is planned for; `variant` is its id in the table that its reading goes to."""

    source: Source
    encoder: TextEncoder
    style: PromptStyle
    plan: ItemPlan
    variant: str

    @property
    def prompt(self) -> PromptPlan:
        """The one prompt of the plan; of a question without listed options its baseline stands behind it."""
        return self.plan.prompts[0]


def show(item_id: str, variant: str, request: Request, levels: Levels | None = None) -> Shown:
    """Plan one prompt.

    Args:
        item_id: Of an item of the request's suites, or of all that ship.
        variant: ``axis=level,...``; axes left out stand at their default. Before them, for a question in two turns,
            what was said and the format of the first: ``said=...,first_order=...``.
        request: The model, where to find it and the system text.
        levels: What levels mean; by default the shipped ones.

    Raises:
        InputError: It is a run folder's prompt that is asked for, or the variant is wrong.
        ScenarioError: No suite holds such an item.
        TokenPlanError: A label cannot be read after it.
        ModelError: The system text would be lost.
    """
    levels = levels or shipped_levels()
    item = _find_item(item_id, request.suite or suite_names())
    _refuse_run_folder(request.models[0], item)
    entries = load_models(request.models_file)
    spec = resolve_model(request.models[0], entries)
    base = base_spec(request.base, entries, [spec])
    source = resolve_source(spec, request.revision, offline=request.offline, weights=False, base=base)
    if len(request.system) > 1:
        raise InputError("--system: a prompt has one system text, and several were given. Give one.")
    encoder, style, limit = open_model(source, next(iter(request.system), None), merge=request.system_merge)
    if item.table == "own_words":
        plan, name = plan_exchange(encoder, style, item, variant, levels, limit)
    else:
        chosen = [parse_variant(variant, levels)]
        if item.table == "texts":
            chosen = [unlisted(chosen[0]["cue"])]
        name = chosen[0].id
        plan = planner_of(item.table)(encoder, style, item, chosen, levels, limit=limit, budget=PACK_TOKENS)
    if isinstance(plan, TooLong):
        raise InputError(str(plan))
    return Shown(source, encoder, style, plan, plan.prompts[0].variant.id if item.fixed else name)


def show_json(shown: Shown) -> str:
    """The prompt for other tools, which can recompute a reading from it.

    Where the text holds control tokens that were encoded as letters, ``plain_spans`` names their places.
    """
    prompt = shown.prompt
    labels = [
        {"label": option.label, "principle": option.principle, "position": position, "forms": [list(f) for f in forms]}
        for option, position, forms in zip(prompt.rendered.shown, _POSITIONS, prompt.labels.forms, strict=False)
    ]
    content = {
        "text": prompt.text,
        "input_ids": list(prompt.input_ids),
        "forced_prefix": list(prompt.labels.forced_prefix),
        "labels": labels,
        "n_tokens": len(prompt.input_ids),
    }
    spans = plain_spans(prompt.pieces)
    if spans:
        content["plain_spans"] = [list(span) for span in spans]
    return json.dumps(content, ensure_ascii=False, indent=1)


def show_text(shown: Shown) -> str:
    """The prompt for a reader: the text with the decision position marked, then ids and forms."""
    prompt, style, decode = shown.prompt, shown.style, shown.encoder.decode
    item = shown.plan.item
    lines = [item.id, shown.variant]
    if item.left_out:
        lines.append(f"left out: {item.left_out}")
    lines += [*_style_lines(style), "", f"{prompt.text}▮", ""]
    lines.append(f"{len(prompt.input_ids)} tokens; ▮ is the decision position. The last ids:")
    lines.append("  " + "  ".join(f"{i} {decode(i)!r}" for i in prompt.input_ids[-8:]))
    as_letters = [piece.text for piece in prompt.pieces if piece.kind == "plain"]
    if as_letters:
        lines.append("control tokens in the text, encoded as letters: " + ", ".join(map(repr, as_letters)))
    if prompt.labels.forced_prefix:
        lines.append("forced prefix: " + "  ".join(f"{i} {decode(i)!r}" for i in prompt.labels.forced_prefix))
    name = "text" if item.table == "texts" else "label"
    for option, forms in zip(prompt.rendered.shown, prompt.labels.forms, strict=True):
        ways = ", ".join(_form_text(shown, form) for form in forms)
        lines.append(f"{name} {option.label} stands for {option.principle}: {ways}")
    return "\n".join(lines)


def top_tokens(shown: Shown, *, dtype: str, device: str | None, count: int) -> str:
    """The most probable next tokens, and each form's and label's share and rank; a remark where weights are missing."""
    folder = shown.source.snapshot.folder
    lacking = missing_weights(folder) if gguf_formats(folder) is None else None  # a GGUF file holds its own
    if lacking is not None:
        return f"the weights are not available ({lacking} is missing), so nothing is read; `probe pull` fetches them"
    import torch  # noqa: PLC0415  torch is loaded when something is read

    from probe.engine.depth import LayerReader  # noqa: PLC0415
    from probe.engine.load import loaded  # noqa: PLC0415
    from probe.engine.placement import choose_device  # noqa: PLC0415
    from probe.engine.plain import PlainReader, next_token_logprobs  # noqa: PLC0415

    source, prompt = shown.source, shown.prompt
    with loaded(folder, source.name, precision=Precision(dtype), device=choose_device(device)) as model:
        prefix = prompt.labels.forced_prefix
        logprobs = next_token_logprobs(model.model, prompt.input_ids + prefix)
        reader = PlainReader(model.model, shown.encoder.boundary_tokens(), source.name)
        reading = reader.read(shown.plan.pack)[0]
        layers = LayerReader.beside(reader).read(shown.plan.pack)[0] if shown.plan.pack.every_layer else None
    best = torch.topk(logprobs, min(count, logprobs.numel()))
    behind = " behind the forced prefix" if prefix else ""
    lines = [f"most probable next tokens{behind}, by rank and probability:"]
    pairs = zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    lines += [
        f"  {rank:>6}  {share:<9.3g} {token} {shown.encoder.decode(token)!r}"
        for rank, (token, share) in enumerate(pairs, 1)
    ]
    if shown.plan.item.table == "texts":
        sums = zip(prompt.rendered.shown, reading.logprobs, prompt.prompt.continuations, strict=True)
        return "\n".join([*lines, *(f"text {o.text}: {u:.3f} nats over {len(n)} tokens" for o, u, n in sums)])
    mass = math.fsum(map(math.exp, reading.logprobs))
    counted = "both" if len(prompt.rendered.shown) == 2 else "all three"
    lines.append(f"{counted} labels together have {mass:.3g} of the probability")
    order = torch.argsort(logprobs, descending=True).tolist()
    lines += _label_lines(shown, reading, {token: rank for rank, token in enumerate(order, 1)})
    return "\n".join([*lines, *(_layer_lines(shown, layers.logprobs) if layers else [])])


def _layer_lines(shown: Shown, logprobs: Sequence[float]) -> list[str]:
    """After every layer the log-odds of the labels, and what they have of the probability where that is read."""
    forms = sum(map(len, shown.prompt.labels.forms))
    rows = [logprobs[at : at + forms] for at in range(0, len(logprobs), forms)]
    whole = mass_layers(len(rows))
    lines = [f"after each layer: log-odds towards {shown.plan.item.p1} in nats, and what both labels together have:"]
    for at, row in enumerate(rows):
        mass = f"{math.fsum(map(math.exp, row)):.3g}" if at in whole else "not read"
        lines.append(f"  {at + 1:>6}  {signed(log_odds(shown.plan, shown.prompt, row)):<9} {mass}")
    return lines


def _label_lines(shown: Shown, reading: PromptReading, rank: Mapping[int, int]) -> list[str]:
    """Share of each label and, below it, of each of its forms: within the label, at a word's end, rank of its start."""
    lines, start = [], 0
    for option, forms in zip(shown.prompt.rendered.shown, shown.prompt.labels.forms, strict=True):
        stop = start + len(forms)
        shares = [math.exp(logprob) for logprob in reading.logprobs[start:stop]]
        total = sum(shares)
        counted = "one form" if len(forms) == 1 else f"{len(forms)} forms"
        lines.append(
            f"label {option.label} ({option.principle}): {total:.3g} over {counted}; each with the rank of its start:"
        )
        for form, share, boundary in zip(forms, shares, reading.boundaries[start:stop], strict=True):
            part = f"{share / total:.1%} of it" if total > 0 else "no part of it"
            lines.append(
                f"  {rank[form[0]]:>6}  {share:<9.3g} {_form_text(shown, form)}: {part}, a word ends behind it with "
                f"probability {boundary:.3f}"
            )
        start = stop
    return lines


def _form_text(shown: Shown, form: TokenIds) -> str:
    return "+".join(f"{i} {shown.encoder.decode(i)!r}" for i in form)


def _style_lines(style: PromptStyle) -> list[str]:
    """How the model is asked: its template's traits, the keywords given to it, the system text's place."""
    if style.kind == "raw":
        lines = ["raw text, no chat template"]
    else:
        keywords = ", ".join(f"{name}={value}" for name, value in style.keywords.items())
        lines = [f"template: {style.traits}", f"given to it: {keywords or 'nothing'}"]
    if style.system is not None:
        lines.append(f"system text: {style.system_location}")
    return lines


def _refuse_run_folder(model: str, item: Item) -> None:
    if Path(model).is_dir() and RunFolder(Path(model)).manifest_path.is_file():
        raise InputError(
            f"{model}: is a run folder, and a prompt is shown as a model gets it. Give the model in its place; what "
            f"the run has read of {item.id} is in {item.table}.parquet there."
        )


def _find_item(item_id: str, suites: Sequence[str]) -> Item:
    files = load_suites(suites)
    items = {item.id: item for file in files for item in expand(file.tradeoff)}
    cells = {one.id: one for file in files for one in ladder_of(file.tradeoff, EVERY_CELL).items}
    for file in files:
        cells |= {one.id: one for claused in clauses_of(file.tradeoff)[0].values() for one in claused.items}
    texts = {one.id: one for one in text_items(items.values())}
    turns = {one.id: one for file in files for one in exchanges_of(file.tradeoff, EVERY_PAIR).items}
    layered = {one.id: one for one in fitting_items(items.values())}
    found = {**items, **cells, **texts, **turns, **layered}.get(item_id)
    if found is not None:
        return found
    tradeoff = item_id.split("/", maxsplit=1)[0]
    near = [known for known in sorted(items) if known.startswith(f"{tradeoff}/")][:3]
    hint = f"Items of it are {', '.join(near)} ..." if near else "Give its suite with --suite."
    raise ScenarioError(f"item {item_id!r}: not in the suites {', '.join(suites)}. {hint}")
