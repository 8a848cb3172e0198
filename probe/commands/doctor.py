"""Whether this machine can measure: versions, devices, and a known answer of the embedded model."""

from __future__ import annotations

import json
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.models import load_models, resolve_model
from probe.design.suites import load_suites
from probe.errors import ModelError, ProbeError
from probe.prompts.plan import TooLong, plan_item
from probe.store.versions import library_versions
from probe.study.request import PACK_TOKENS
from probe.study.rows import log_odds
from probe.study.sources import open_model, resolve_source

__all__ = ["Diagnosis", "diagnose", "has_nvidia_driver"]

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
    answers = [_answer(device, reader) for device in _reading_devices() for reader in ("trie", "plain")]
    lines += [line for line, _ in answers]
    return Diagnosis(tuple(lines), all(sound for _, sound in answers))


def _answer(device: str, reader: str) -> tuple[str, bool]:
    """What a device reads of the known answer with one of the readers, twice, and whether it is sound."""
    reported = f"known answer on {device} ({reader})"
    try:
        planted, (first, second) = _known_answer(device, reader)
    except (ProbeError, RuntimeError) as error:  # whatever a driver says is told of that device alone
        return f"{reported}: FAILED. {error}", False
    if first != second:
        return f"{reported}: FAILED: {first!r} and then {second!r}, which are to be the same bits", False
    sound = abs(planted - first) <= TOLERANCE
    verdict = "as it should be, twice the same" if sound else f"FAILED: they differ by more than {TOLERANCE}"
    return f"{reported}: the embedded model's log-odds are {first:+.3f}, planted {planted:+.3f}: {verdict}", sound


def _devices() -> list[str]:
    import torch  # noqa: PLC0415  torch is loaded when the machine is looked at

    lines = [f"CPU threads {torch.get_num_threads()}"]
    if not torch.cuda.is_available():
        lines.append("no CUDA device; models run on the CPU")
        if has_nvidia_driver() and torch.version.cuda is None:
            lines.append(
                "an NVIDIA driver is installed here, and this torch is built for the CPU alone: no model will use the "
                "GPU. Install a torch that is built for CUDA."
            )
        return lines
    for index in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(index)
        lines.append(f"cuda:{index} {about.name}, {about.total_memory / 2**30:.0f} GiB, {about.major}.{about.minor}")
    return lines


def has_nvidia_driver() -> bool:
    """Whether this machine has the driver of a GPU, whatever torch can do."""
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia").exists()


def _reading_devices() -> list[str]:
    import torch  # noqa: PLC0415

    return ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]


def _known_answer(device: str, reader: str) -> tuple[float, tuple[float, float]]:
    """Planted log-odds of one stated question, and those read twice, position and label bias averaged out."""
    from probe.engine.load import loaded  # noqa: PLC0415
    from probe.engine.plain import PlainReader  # noqa: PLC0415
    from probe.engine.precision import Precision  # noqa: PLC0415
    from probe.engine.reader_choice import trie_reader  # noqa: PLC0415

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
    with loaded(source.snapshot.folder, source.name, precision=Precision(), device=device) as model:
        boundary = encoder.boundary_tokens()
        own = (
            PlainReader(model.model, boundary, source.name)
            if reader == "plain"
            else trie_reader(model.model, source.name, boundary)
        )
        both = (own.read(plan.pack), own.read(plan.pack))
    first, second = (
        [log_odds(plan, prompt, one.logprobs) for prompt, one in zip(plan.prompts, readings, strict=True)]
        for readings in both
    )
    return float(truth["items"][item.id]), (sum(first) / len(first), sum(second) / len(second))
