"""Whether this machine can measure: versions, devices, and a known answer of the embedded model."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass

from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.models import load_models, resolve_model
from probe.design.suites import load_suites
from probe.errors import ModelError, ProbeError
from probe.prompts.plan import TooLong, plan_item
from probe.store.versions import library_versions
from probe.study.request import PACK_TOKENS
from probe.study.resolve import open_model, resolve_source
from probe.study.rows import log_odds

__all__ = ["Diagnosis", "diagnose"]

TOLERANCE = 0.35
"""Largest distance, in nats, between a planted log-odds and the embedded model's reading of it."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, a line each, and whether the known answer came out."""

    lines: tuple[str, ...]
    sound: bool


def diagnose() -> Diagnosis:
    """Look at the machine, then read a prompt whose answer is planted."""
    lines = [f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"]
    lines += [f"{name} {version}" for name, version in library_versions().items() if name not in {"python", "machine"}]
    lines += _devices()
    try:
        planted, read = _known_answer()
    except ProbeError as error:
        return Diagnosis((*lines, f"known answer: FAILED. {error}"), sound=False)
    sound = abs(planted - read) <= TOLERANCE
    verdict = "as it should be" if sound else f"FAILED: more than {TOLERANCE} apart"
    lines.append(f"known answer: the embedded model's log-odds are {read:+.3f}, planted {planted:+.3f}: {verdict}")
    return Diagnosis(tuple(lines), sound)


def _devices() -> list[str]:
    import torch  # noqa: PLC0415  torch is loaded when the machine is looked at

    lines = [f"CPU threads {torch.get_num_threads()}"]
    if not torch.cuda.is_available():
        return [*lines, "no CUDA device; models run on the CPU"]
    for index in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(index)
        lines.append(f"cuda:{index} {about.name}, {about.total_memory / 2**30:.0f} GiB, {about.major}.{about.minor}")
    return lines


def _known_answer() -> tuple[float, float]:
    """Planted and read log-odds of one stated question, position and label bias averaged out."""
    from probe.engine.load import loaded  # noqa: PLC0415
    from probe.engine.plain import PlainReader  # noqa: PLC0415
    from probe.engine.precision import Precision  # noqa: PLC0415

    source = resolve_source(resolve_model("demo", load_models(None)), None, offline=True)
    truth = json.loads((source.snapshot.folder / "truth.json").read_text(encoding="utf-8"))
    item = next(
        item
        for file in load_suites(("demo",))
        for item in expand(file.tradeoff)
        if item.form == "choose" and item.tradeoff != truth["format_effect"]["tradeoff"]
    )
    design = load_design("quick")
    encoder, style, limit = open_model(source)
    plan = plan_item(encoder, style, item, design.variants(), design.levels, limit=limit, budget=PACK_TOKENS)
    if isinstance(plan, TooLong):
        raise ModelError(str(plan))
    with loaded(source.snapshot.folder, source.name, precision=Precision(), device="cpu") as model:
        readings = PlainReader(model.model, encoder.boundary_tokens(), source.name).read(plan.pack)
    read = [log_odds(plan, prompt, one.logprobs) for prompt, one in zip(plan.prompts, readings, strict=True)]
    return float(truth["items"][item.id]), sum(read) / len(read)
