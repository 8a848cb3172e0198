"""One prompt, as a model gets it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.design.axes import parse_variant, shipped_levels
from probe.design.expand import expand
from probe.design.models import load_models, resolve_model
from probe.design.suites import load_suites, suite_names
from probe.errors import InputError, ScenarioError
from probe.prompts.pieces import plain_spans
from probe.prompts.plan import ItemPlan, TooLong, plan_item
from probe.study import PACK_TOKENS, Request, Source, open_model, resolve_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.design.axes import Levels
    from probe.design.items import Item
    from probe.prompts.plan import PromptPlan
    from probe.prompts.style import PromptStyle
    from probe.prompts.tokenizer import TextEncoder

__all__ = ["Shown", "show", "show_json", "show_text", "top_tokens"]


@dataclass(frozen=True)
class Shown:
    """A planned prompt and the model it is planned for."""

    source: Source
    encoder: TextEncoder
    style: PromptStyle
    plan: ItemPlan

    @property
    def prompt(self) -> PromptPlan:
        """The one prompt of the plan."""
        return self.plan.prompts[0]


def show(item_id: str, variant: str, request: Request, levels: Levels | None = None) -> Shown:
    """Plan one prompt.

    Args:
        item_id: Of an item of the request's suites, or of all that ship.
        variant: ``axis=level,...``; axes left out stand at their default.
        request: The model, where to find it and the system text.
        levels: What levels mean; by default the shipped ones.

    Raises:
        ScenarioError: No suite holds such an item.
        TokenPlanError: A label cannot be read after it.
        ModelError: The system text would be lost.
    """
    levels = levels or shipped_levels()
    item = _find_item(item_id, request.suites or suite_names())
    spec = resolve_model(request.models[0], load_models(request.models_file))
    source = resolve_source(spec, request.revision, offline=request.offline)
    encoder, style, limit = open_model(source, request.system, merge=request.system_merge)
    chosen = [parse_variant(variant, levels)]
    plan = plan_item(encoder, style, item, chosen, levels, limit=limit, budget=PACK_TOKENS)
    if isinstance(plan, TooLong):
        raise InputError(str(plan))
    return Shown(source, encoder, style, plan)


def show_json(shown: Shown) -> str:
    """The prompt for other tools, which can recompute a reading from it.

    Where the text holds control tokens that were encoded as letters, ``plain_spans`` names their places.
    """
    prompt = shown.prompt
    labels = [
        {"label": option.label, "principle": option.principle, "position": position, "forms": [list(f) for f in forms]}
        for option, position, forms in zip(prompt.rendered.shown, ("first", "second"), prompt.labels.forms, strict=True)
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
    prompt = shown.prompt
    decode = shown.encoder.decode
    lines = [f"{shown.plan.item.id}", prompt.variant.id, "", f"{prompt.text}▮", ""]
    lines.append(f"{len(prompt.input_ids)} tokens; ▮ is the decision position. The last ids:")
    lines.append("  " + "  ".join(f"{i} {decode(i)!r}" for i in prompt.input_ids[-8:]))
    if prompt.labels.forced_prefix:
        lines.append("forced prefix: " + "  ".join(f"{i} {decode(i)!r}" for i in prompt.labels.forced_prefix))
    for option, forms in zip(prompt.rendered.shown, prompt.labels.forms, strict=True):
        ways = ", ".join("+".join(f"{i} {decode(i)!r}" for i in form) for form in forms)
        lines.append(f"label {option.label} stands for {option.principle}: {ways}")
    return "\n".join(lines)


def top_tokens(shown: Shown, *, dtype: str, device: str | None, count: int) -> str:
    """Load the weights and tell the most probable next tokens, and the labels' share."""
    import torch  # noqa: PLC0415  torch is loaded when something is read

    from probe.engine.load import choose_device, loaded  # noqa: PLC0415
    from probe.engine.plain import next_token_logprobs, read_alone  # noqa: PLC0415

    source, prompt = shown.source, shown.prompt
    with loaded(source.snapshot.folder, source.name, dtype=dtype, device=choose_device(device)) as model:
        logprobs = next_token_logprobs(model.model, prompt.input_ids)
        scores = read_alone(model.model, prompt.prompt)
    best = torch.topk(logprobs, count)
    lines = ["most probable next tokens:"]
    pairs = zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    lines += [f"  {share:8.5f}  {token} {shown.encoder.decode(token)!r}" for token, share in pairs]
    start = 0
    for option, forms in zip(prompt.rendered.shown, prompt.labels.forms, strict=True):
        share = sum(float(torch.tensor(score).exp()) for score in scores[start : start + len(forms)])
        lines.append(f"label {option.label} ({option.principle}): {share:.5f} over {len(forms)} form(s)")
        start += len(forms)
    return "\n".join(lines)


def _find_item(item_id: str, suites: Sequence[str]) -> Item:
    files = load_suites(suites)
    items = {item.id: item for file in files for item in expand(file.tradeoff)}
    if item_id in items:
        return items[item_id]
    tradeoff = item_id.split("/", maxsplit=1)[0]
    near = [known for known in sorted(items) if known.startswith(f"{tradeoff}/")][:3]
    hint = f"Items of it are {', '.join(near)} ..." if near else "Give its suite with --suite."
    raise ScenarioError(f"item {item_id!r}: not in the suites {', '.join(suites)}. {hint}")
