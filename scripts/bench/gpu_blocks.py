"""The blocks of `gpu_session.py`: each a method that gives rows of what was measured, with their bounds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import gpu
import numpy as np
import page
import pyarrow.parquet as pq
import torch
from gpu_models import FAMILIES, HYBRID, family, int8, tiny_folder
from question import drawn_pack
from shapes import measured_peak, random_model, useful_operations, wait_for
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from transformers import PreTrainedModel

import probe
from probe.engine.forked import ForkedReader
from probe.engine.gpu_fast import faster
from probe.engine.head import project_in_blocks, project_in_float32, project_in_one_product
from probe.engine.load import apply_determinism, loaded
from probe.engine.plain import PlainReader, read_alone
from probe.engine.precision import Precision
from probe.engine.reader_choice import choose_reader, trie_reader
from probe.engine.trie import TrieReader
from probe.engine.upcast import computing_in_float32
from probe.loaded_facts import ReaderFacts
from probe.prompts.pack import Engine, Pack, Prompt, PromptReading
from probe.prompts.trie import grow
from probe.study.threads import ahead, one_behind

Row = dict[str, Any]

STUDY = 892
"""Packs of `core` at `standard` for one model, about: what minutes of a study are told for."""

BUDGET = 256
"""Tokens of a pass that still finds memory, where others find none."""

HEAD_ROWS = 138
"""Needed rows of logits of such a pack."""


def row(what: str, value: object, unit: str = "", bound: str = "", *, kept: bool | None = None) -> Row:
    """One result."""
    return {"what": what, "value": value, "unit": unit, "bound": bound, "kept": kept}


@dataclass(frozen=True)
class Bench:
    """What every block shares.

    Attributes:
        device: ``cuda``, or ``cpu`` at small size.
        size: How large models and packs are.
        count: How many packs are timed.
        pass_tokens: Tokens of the passes whose shape is fixed.
    """

    device: str
    size: gpu.Size
    count: int
    pass_tokens: int

    @classmethod
    def of(cls, *, small: bool) -> Bench:
        """On the GPU, or at small size on the CPU; torch is set as a study sets it."""
        apply_determinism()
        return cls("cpu", gpu.SMALL, 3, 256) if small else cls("cuda", gpu.FULL, 24, 4096)

    @cached_property
    def model(self) -> PreTrainedModel:
        """The model, its weights drawn on the device."""
        return random_model(self.size.shape, self.size.vocabulary, torch.bfloat16, self.device)

    @cached_property
    def boundary(self) -> np.ndarray:
        """Any third token ends a word."""
        return np.arange(self.size.vocabulary) % 3 == 0

    @cached_property
    def peak(self) -> float:
        """Most operations a second of products in bfloat16."""
        return measured_peak(torch.bfloat16, self.device, self.size.products)

    def drawn(self, count: int) -> list[Pack]:
        """Packs of random tokens."""
        size = self.size
        return [drawn_pack(n, size.vocabulary, size.stem, size.branches, size.block, 4096) for n in range(count)]

    @property
    def readers(self) -> dict[str, Engine]:
        """Both readers of the model."""
        return {
            "trie": trie_reader(self.model, "bench", self.boundary),
            "plain": PlainReader(self.model, self.boundary, "bench"),
        }

    def seconds(self, call: Callable[[], object], times: int = 3) -> float:
        """Least time of a call, waited for."""
        call()
        best = float("inf")
        for _ in range(times):
            wait_for(self.device)
            started = time.perf_counter()
            call()
            wait_for(self.device)
            best = min(best, time.perf_counter() - started)
        return best

    def profiled(self, call: Callable[[], object]) -> tuple[list[str], float, float]:
        """Names of what ran on the device in a call, its seconds there, and the call's; on a CPU all operations."""
        on_gpu = self.device == "cuda"
        with profile(activities={ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])}) as found:
            started = time.perf_counter()
            call()
            wait_for(self.device)
            taken = time.perf_counter() - started
        each = [(e.key, e.self_device_time_total if on_gpu else e.self_cpu_time_total) for e in found.key_averages()]
        return [name for name, micro in each if micro], sum(micro for _, micro in each) / 1e6, taken

    def machine(self) -> Iterator[Row]:
        """Versions, peaks, and how fast the host hands over."""
        yield row("machine", page.machine())
        yield row("bfloat16 products", self.peak / 1e12, "TFLOP/s")
        yield row("float32 products", measured_peak(torch.float32, self.device, self.size.products) / 1e12, "TFLOP/s")
        block = torch.empty(2**28 if self.device == "cuda" else 2**22, dtype=torch.uint8)
        block = block.pin_memory() if self.device == "cuda" else block
        seconds = self.seconds(lambda: block.to(self.device, copy=True))
        yield row("host to device", block.numel() / seconds / 1e9, "GB/s")

    def families(self) -> Iterator[Row]:
        """Tiny models of ten kinds in bfloat16, read both ways, twice, against float32 on the CPU."""
        pack = drawn_pack(1, 211, 24, (2, 2, 2), 3, 4096)
        ends = np.arange(211) % 3 == 0
        for name in FAMILIES:
            model = family(name, self.device)
            reference = PlainReader(family(name, "cpu").float(), ends, name).read(pack)
            chosen = choose_reader(model, name, ends, "auto", pack).reader
            readers: list[Engine] = [PlainReader(model, ends, name)]
            if chosen != "plain":
                readers += [trie_reader(model, name, ends) if chosen == "trie" else ForkedReader(model, ends, name)]
            twice = [(one.read(pack), one.read(pack)) for one in readers]
            far = max(gpu.apart([first], [reference]) for first, _ in twice)
            yield row(f"{name}: from float32 on the CPU", far, "nats", "<= 0.05", kept=far <= 0.05)
            same = all(first == second for first, second in twice)
            yield row(f"{name}: same bits twice", _yes(same), "", "yes", kept=same)
            wanted = "forked" if name == HYBRID else "trie"
            yield row(f"{name}: reader chosen", chosen, "", wanted, kept=chosen == wanted)

    def memory(self) -> Iterator[Row]:
        """Two models of 40 % of the memory in turn; packs that do not fit, against a study at half the budget."""
        with tempfile.TemporaryDirectory() as scratch:
            filler, folder = self._nearly_full(Path(scratch))
            for turn in ("first", "second"):
                with loaded(folder, turn, precision=Precision(), device=self.device) as model:
                    held = model.weights.weight_bytes / 1e9
                    yield row(f"{turn} model of 40 % of the memory", held, "GB", "loads", kept=True)
            del filler
            both = [self._readings(Path(scratch) / name, starved=name == "starved") for name in ("starved", "half")]
            same = both[0] == both[1]
            yield row("out of memory: bytes of a study at half the budget", _yes(same), "", "yes", kept=same)

    def _nearly_full(self, scratch: Path) -> tuple[Tensor | None, Path]:
        """Memory taken until 8 GB are left, and a folder of a model that takes 40 % of these."""
        folder = tiny_folder(scratch / "model", large=self.device == "cuda")
        if self.device != "cuda":
            return None, folder
        free = torch.cuda.mem_get_info()[0]
        return torch.empty(max(0, free - 8 * 10**9), dtype=torch.uint8, device="cuda"), folder

    def _readings(self, folder: Path, *, starved: bool) -> str:
        """Hash of the table of a study whose larger passes find no memory, or of one at half the budget."""
        real = TrieReader.read

        def needy(reader: TrieReader, pack: Pack) -> tuple[PromptReading, ...]:
            if pack.budget == 2 * BUDGET:
                torch.empty(10**15, dtype=torch.uint8, device=self.device)
            return real(reader, pack)

        cache = mock.patch.dict(os.environ, {"PROBE_CACHE": str(folder / "cache")})
        with cache, mock.patch.object(TrieReader, "read", needy if starved else real):
            probe.run(
                "demo",
                suite="gift",
                design="quick",
                limit=1,
                device=self.device,
                pack_tokens=2 * BUDGET if starved else BUDGET,
                out=folder / "run",
            )
        return hashlib.sha256((folder / "run" / "readings.parquet").read_bytes()).hexdigest()

    def kernels(self) -> Iterator[Row]:
        """Which kernel attention with a mask, causal and plain attention get, for three widths of a head."""
        for width in (64, 128, 256):
            q, k, v = (torch.randn(1, 8, 256, width, device=self.device).to(torch.bfloat16) for _ in range(3))
            mask = torch.zeros(256, 256, device=self.device, dtype=torch.bfloat16)
            for kind, how, wanted in (
                ("masked", {"attn_mask": mask}, "efficient"),
                ("causal", {"is_causal": True}, "flash"),
                ("plain", {}, "flash"),
            ):
                call = lambda how=how: torch.nn.functional.scaled_dot_product_attention(q, k, v, **how)  # noqa: E731, B023
                names, _, _ = self.profiled(call)
                found = _kernel(names)
                yield row(f"{kind}, heads of {width}", found, "", wanted, kept=found == wanted)

    def packs(self) -> Iterator[Row]:
        """Packs of a study, three times: how fast, how busy the device is, the same bits, how much memory."""
        packs, reader = self.drawn(self.count), self.readers["trie"]
        weights = sum(p.numel() * p.element_size() for p in self.model.parameters())
        reader.read(packs[0])
        gpu.peak_memory(self.device)
        read = [gpu.read_all(reader, packs, self.device) for _ in range(3)]
        memory = gpu.peak_memory(self.device)
        seconds = min(taken for _, taken in read)
        work = sum(useful_operations(self.model, grow(enumerate(pack.prompts))) for pack in packs)
        share, speed = work / seconds / self.peak, len(packs) / seconds
        yield row("packs", speed, "a second", ">= 24 on an H200", kept=speed >= 24)
        yield row("unique tokens' operations", share, "of the peak", ">= 0.5", kept=share >= 0.5)
        same = all(found == read[0][0] for found, _ in read)
        yield row("three times the same bits", _yes(same), "", "yes", kept=same)
        beside = (memory - weights) / 1e9
        yield row("memory beside the weights", beside, "GB", "<= 2.5", kept=beside <= 2.5)
        _, busy, taken = self.profiled(lambda: gpu.read_all(reader, packs[:8], self.device))
        part = busy / taken
        yield row("device busy, profiler running", part, "of the time", ">= 0.75", kept=part >= 0.75)
        yield row("a study", STUDY / speed / 60, "minutes")

    def fast(self) -> Iterator[Row]:
        """The same packs without and with what `--gpu-fast` does: its speed, how far it is, the same bits twice."""
        packs, tiles = self.drawn(self.count), self.readers["trie"]
        without, seconds = gpu.read_all(tiles, packs, self.device)
        yield row("without: packs", len(packs) / seconds, "a second")
        project_in_float32(self.model, "bench", one_product=True)
        reader, choice = faster(tiles, ReaderFacts("trie"), packs[0])

        def pipelined() -> tuple[list[tuple[PromptReading, ...]], float]:
            started = time.perf_counter()
            with ahead(map(reader.plan, packs), 4) as planned, one_behind(reader.begin, planned) as read:
                found = list(read)
            return found, time.perf_counter() - started

        reader.read(packs[0])
        twice = [pipelined() for _ in range(2)]
        project_in_float32(self.model, "bench")
        speed = len(packs) / min(taken for _, taken in twice)
        yield row("with: packs", speed, "a second", "faster than without", kept=speed * seconds > len(packs))
        yield row("attention", choice.trie_attention, "", "flex", kept=choice.trie_attention == "flex")
        yield row("attention, why", choice.trie_attention_why)
        far = gpu.apart(twice[0][0], without)
        yield row("apart", far, "nats", "<= 0.05", kept=far <= 0.05)
        same = twice[0][0] == twice[1][0]
        yield row("same bits twice", _yes(same), "", "yes", kept=same)

    def head(self) -> Iterator[Row]:
        """The projection in one product of 16-bit numbers summed in float32, against weights cast block by block."""
        weight = self.model.get_output_embeddings().weight.detach()
        hidden = torch.randn(HEAD_ROWS, weight.shape[1], device=self.device).to(weight.dtype)
        both = [lambda: project_in_blocks(hidden, weight), lambda: project_in_one_product(hidden, weight)]
        with torch.inference_mode():
            blocks, one = (self.seconds(call) for call in both)
            far = float((both[0]() - both[1]()).abs().max())
        yield row("in blocks", blocks * 1e3, "ms")
        yield row("in one product", one * 1e3, "ms", ">= 5 times faster", kept=blocks >= 5 * one)
        yield row("apart", far, "logits", "<= 1e-4", kept=far <= 1e-4)

    @torch.inference_mode()
    def graph(self) -> Iterator[Row]:
        """The decoder at a fixed size, launched kernel by kernel and as one CUDA graph."""
        ids = torch.randint(0, self.size.vocabulary, (1, self.pass_tokens // 4), device=self.device)
        decoder = self.model.get_decoder()

        def run() -> Tensor:
            return decoder(input_ids=ids, use_cache=False).last_hidden_state

        eager, told = self.seconds(run), run().clone()
        _, own, _ = self.profiled(run)
        yield row("kernel by kernel", eager * 1e3, "ms")
        if self.device != "cuda":
            yield row("as a graph", "there are none on a CPU")
            return
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            run()
        torch.cuda.current_stream().wait_stream(side)
        captured = torch.cuda.CUDAGraph()
        with torch.cuda.graph(captured):
            kept = run()
        replayed = self.seconds(captured.replay)
        yield row(
            "as a graph",
            replayed * 1e3,
            "ms",
            f"<= {1.1 * own * 1e3:.4g}: 1.1 of its kernels",
            kept=replayed <= 1.1 * own,
        )
        same = bool(torch.equal(kept, told))
        yield row("a graph's bits", _yes(same), "", "yes", kept=same)

    def neighbours(self) -> Iterator[Row]:
        """One item in a pass of fixed size, beside other items: whether its bits depend on them. Informs, no bound."""
        own = self.drawn(1)[0]
        room = self.pass_tokens - grow(enumerate(own.prompts)).size
        found = []
        for seed in (101, 202):
            rng = np.random.default_rng(seed)
            filler = Prompt(tuple(rng.integers(0, self.size.vocabulary, room - 1).tolist()), ((0,),))
            both = Pack((*own.prompts, filler), 2 * self.pass_tokens)
            found.append(self.readers["trie"].read(both)[: len(own.prompts)])
        yield row("an item's bits whatever stands beside it", _yes(found[0] == found[1]))
        alone = self.readers["trie"].read(own)
        yield row("apart from the item alone", gpu.apart([found[0]], [alone]), "nats")

    def floor(self) -> Iterator[Row]:
        """A cell of the numeric floor alone, as the run computes and in float32 compute."""
        prompt = self.drawn(1)[0].prompts[0]
        one = Prompt(prompt.input_ids, prompt.continuations[:1])
        native = self.seconds(lambda: read_alone(self.model, one)) * 1e3
        with computing_in_float32(self.model):
            raised = self.seconds(lambda: read_alone(self.model, one)) * 1e3
        yield row("a pass as the run computes", native, "ms", "<= 15", kept=native <= 15)
        yield row("a pass in float32", raised, "ms", "<= 60", kept=raised <= 60)

    def quantised(self) -> Iterator[Row]:
        """The same model in eight and in four bits."""
        packs = self.drawn(max(2, self.count // 4))
        for name, quantise, least in (("int8", int8, 0.0), ("nf4", gpu.quantise, 15.0)):
            quantise(self.model)
            reader = self.readers["trie"]
            reader.read(packs[0])
            read = [gpu.read_all(reader, packs, self.device) for _ in range(2)]
            speed = len(packs) / min(seconds for _, seconds in read)
            bound = f">= {least:g}" if least else ""
            yield row(f"{name}: packs", speed, "a second", bound, kept=speed >= least if least else None)
            same = read[0][0] == read[1][0]
            yield row(f"{name}: same bits twice", _yes(same), "", "yes", kept=same)
            del self.__dict__["model"]  # drawn anew for the next

    def hybrid(self) -> Iterator[Row]:
        """A model with linear attention, no trie for it, forked and plainly, beside a dense one by trie."""
        large = self.device == "cuda"
        model = family(HYBRID, self.device, large=large)
        vocabulary, size = int(model.config.vocab_size), self.size
        packs = [drawn_pack(n, vocabulary, size.stem, size.branches, size.block, 4096) for n in range(2)]
        ends = np.arange(vocabulary) % 3 == 0
        dense = trie_reader(
            family("qwen3", self.device, large=large, layers=model.config.num_hidden_layers), "dense", ends
        )
        dense.read(packs[0])
        least = gpu.read_all(dense, packs, self.device)[1]
        yield row("dense: a pack", least / len(packs) * 1e3, "ms")
        for reader in (ForkedReader(model, ends, HYBRID), PlainReader(model, ends, HYBRID)):
            passes: list[object] = []
            hook = model.get_decoder().register_forward_hook(lambda *_, passes=passes: passes.append(None))
            reader.read(packs[0])
            hook.remove()
            _, seconds = gpu.read_all(reader, packs, self.device)
            kind = "forked" if isinstance(reader, ForkedReader) else "plain"
            yield row(f"{kind}: passes a pack", len(passes))
            yield row(f"{kind}: a pack", seconds / len(packs) * 1e3, "ms")
            if kind == "forked":
                yield row("forked: times a dense model", seconds / least, "", "<= 1.5", kept=seconds <= 1.5 * least)
            yield row(f"{kind}: a study", STUDY * seconds / len(packs) / 60, "minutes")

    def command(self) -> Iterator[Row]:
        """`probe run demo` twice, `verify`, the CPU beside it, and `doctor`."""
        small = [] if self.device == "cuda" else ["--suite", "gift", "--limit", "2"]
        with tempfile.TemporaryDirectory() as scratch:
            folders = {name: Path(scratch) / name for name in ("first", "again", "cpu")}
            for name, folder in folders.items():
                device = "cpu" if name == "cpu" else self.device
                cache = {"PROBE_CACHE": str(Path(scratch) / f"cache-{name}")}
                status = _probe(
                    ["run", "demo", "--design", "quick", *small, "--device", device, "--out", str(folder)], cache
                )
                yield row(f"probe run ({name}): exit status", status, "", "0", kept=status == 0)
            first, again, _ = ((folder / "readings.parquet").read_bytes() for folder in folders.values())
            yield row("one sha256", _yes(first == again), "", "yes", kept=first == again)
            status = _probe(["verify", str(folders["first"])], {"PROBE_CACHE": str(Path(scratch) / "cache-verify")})
            yield row("probe verify: exit status", status, "", "0", kept=status == 0)
            here, there = (pq.read_table(folders[name] / "readings.parquet")["log_odds"] for name in ("first", "cpu"))
            far = float(np.abs(here.to_numpy() - there.to_numpy()).max())
            yield row("from the CPU", far, "nats", "<= 0.001", kept=far <= 0.001)
        status = _probe(["doctor"], {})
        yield row("probe doctor: exit status", status, "", "0", kept=status == 0)


def _probe(words: Sequence[str], environment: dict[str, str]) -> int:
    """Exit status of the command; what it prints is passed over."""
    told = subprocess.DEVNULL
    command = [sys.executable, "-m", "probe", *words]
    return subprocess.run(command, stdout=told, stderr=told, env={**os.environ, **environment}, check=False).returncode


def _kernel(names: Sequence[str]) -> str:
    """The kind of attention kernel that ran."""
    joined = " ".join(names).lower()
    signs = {"cudnn": ("cudnn",), "flash": ("flash",), "efficient": ("fmha", "efficient")}
    return next((kind for kind, told in signs.items() if any(sign in joined for sign in told)), "math")


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
