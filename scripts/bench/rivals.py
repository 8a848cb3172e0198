"""Other ways to the same probabilities, each as well as it can be done: what the trie reader is compared with.

Each reader has ``read(pack)`` and returns, for every prompt, a number that `expected` says what must equal: the natural
log-probability of the most probable next token, or that of a label.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from probe.engine.logprobs import Boundary, describe_rows
from probe.engine.node_readings import needed_nodes
from probe.engine.plain import PlainReader, branch_cache
from probe.engine.trie import TrieReader
from probe.prompts.pack import Pack, PromptReading
from probe.prompts.trie import grow

Numbers = NDArray[np.float64]


def _top(rows: Tensor) -> Numbers:
    return describe_rows(rows.float(), Boundary(np.zeros(1, np.bool_))).top_logprob.cpu().numpy()


def _by_length(pack: Pack, size: int, longest: Callable[[int], int] = lambda n: n) -> Iterator[list[int]]:
    """Rows of prompts of one length, `size` at most together."""
    order = sorted(range(len(pack.prompts)), key=lambda row: len(pack.prompts[row].input_ids))
    for _, group in itertools.groupby(order, key=lambda row: longest(len(pack.prompts[row].input_ids))):
        rows = list(group)
        yield from (rows[n : n + size] for n in range(0, len(rows), size))


@dataclass(frozen=True)
class Sharing:
    """A reader of this project, on prompts with their continuations or without."""

    reader: TrieReader

    def read(self, pack: Pack) -> Numbers:
        """The most probable next token's log-probability."""
        readings: Sequence[PromptReading] = self.reader.read(pack)
        return np.array([one.top_logprob for one in readings])


@dataclass(frozen=True)
class PlainTogether:
    """The plain reader of this project: batches of equal length, continuations on branches of their cache."""

    model: PreTrainedModel
    boundary: NDArray[np.bool_]

    def read(self, pack: Pack) -> Numbers:
        """In batches of 4,096 tokens, as a study makes them by default."""
        readings = PlainReader(self.model, self.boundary, "bench").read(Pack(pack.prompts, 4096))
        return np.array([one.top_logprob for one in readings])


@dataclass(frozen=True)
class DenseMask:
    """The trie in one pass, with a 4-D float mask over all pairs of nodes, in the attention that the model has."""

    model: PreTrainedModel

    @torch.inference_mode()
    def read(self, pack: Pack) -> Numbers:
        """Read every needed node."""
        trie = grow(enumerate(pack.prompts))
        nodes = np.arange(trie.size)
        seen = (nodes[None] <= nodes[:, None]) & (nodes[:, None] < trie.last[None])
        mask = torch.from_numpy(np.where(seen, np.float32(0), np.float32(-np.inf)))[None, None]
        rows = needed_nodes(trie)[0]
        logits = self.model(
            input_ids=torch.from_numpy(trie.tokens)[None],
            position_ids=torch.from_numpy(trie.depths)[None],
            attention_mask=mask,
            use_cache=False,
            logits_to_keep=torch.from_numpy(rows),
        ).logits[0]
        return _top(logits)[np.searchsorted(rows, [one.decision for one in trie.prompts])]


@dataclass(frozen=True)
class PaddedBatches:
    """Batches padded on the right, logits of every token: what a plain loop around a model does."""

    model: PreTrainedModel
    size: int

    @torch.inference_mode()
    def read(self, pack: Pack) -> Numbers:
        """In the order of length."""
        found = np.empty(len(pack.prompts))
        for rows in _by_length(pack, self.size, lambda _: 0):
            prompts = [pack.prompts[row].input_ids for row in rows]
            lengths = torch.tensor([len(one) for one in prompts])
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(one) for one in prompts], batch_first=True)
            mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
            logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
            found[rows] = _top(logits[torch.arange(len(rows)), lengths - 1])
        return found


@dataclass(frozen=True)
class LastRows:
    """Batches of equal length without padding, logits of the last token alone: the best that shares nothing."""

    model: PreTrainedModel
    size: int

    @torch.inference_mode()
    def read(self, pack: Pack) -> Numbers:
        """In the order of length."""
        found = np.empty(len(pack.prompts))
        for rows in _by_length(pack, self.size):
            ids = torch.tensor([pack.prompts[row].input_ids for row in rows])
            found[rows] = _top(self.model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[:, -1])
        return found


@dataclass(frozen=True)
class PrefixCache:
    """The prefix of all prompts once, its cache expanded to batches of what follows it."""

    model: PreTrainedModel

    @torch.inference_mode()
    def read(self, pack: Pack) -> Numbers:
        """One pass over the prefix, one over each group of equal length."""
        columns = zip(*(prompt.input_ids for prompt in pack.prompts), strict=False)
        shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
        prefix = torch.tensor([pack.prompts[0].input_ids[:shared]])
        cache = self.model(input_ids=prefix, use_cache=True, logits_to_keep=1).past_key_values
        found = np.empty(len(pack.prompts))
        for rows in _by_length(pack, len(pack.prompts)):
            ids = torch.tensor([pack.prompts[row].input_ids[shared:] for row in rows])
            branch: DynamicCache = branch_cache(cache, torch.zeros(len(rows), dtype=torch.int64))
            out = self.model(input_ids=ids, past_key_values=branch, use_cache=True, logits_to_keep=1)
            found[rows] = _top(out.logits[:, -1])
        return found


class Harness:
    """HFLM of lm-evaluation-harness: both labels of every prompt, which it reads from one pass a prompt."""

    def __init__(self, model: PreTrainedModel, tokenizer: Path, size: int) -> None:
        from lm_eval.models.huggingface import HFLM  # noqa: PLC0415  may be absent

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = transformers.AutoTokenizer.from_pretrained(str(tokenizer))
            self.model = HFLM(pretrained=model, tokenizer=loaded, batch_size=size, device="cpu")

    def read(self, pack: Pack) -> Numbers:
        """Log-probability of each prompt's first and last continuation of one token."""
        asked = [(n, label) for n, prompt in enumerate(pack.prompts) for label in two_labels(prompt.continuations)]
        requests = [((str(n), str(label)), list(pack.prompts[n].input_ids), [label]) for n, label in asked]
        return np.array([one for one, _ in self.model._loglikelihood_tokens(requests, disable_tqdm=True)])


class Decisions:
    """transformers' pipeline("decision"): the same scenario and options, asked in its own words and one by one."""

    def __init__(self, model: PreTrainedModel, tokenizer: Path, text: str, options: tuple[str, str]) -> None:
        loaded = transformers.AutoTokenizer.from_pretrained(str(tokenizer))
        config = transformers.DecisionConfig()
        self.pipe = transformers.pipeline("decision", model=model, tokenizer=loaded, decision_config=config)
        self.text, self.options = text, options
        self.tokens = sum(
            inputs["input_ids"].shape[1]
            for n in range(2)
            for inputs, _ in config.prepare_inputs(self._request(n), loaded)
        )

    def _request(self, number: int) -> dict[str, object]:
        shown = self.options if number % 2 else self.options[::-1]
        question = {
            "type": "choice",
            "instructions": "What should be done?",
            "criteria": dict(zip(["go", "wait"], shown, strict=True)),
        }
        return {"state": self.text, "questions": {"q": question}}

    def read(self, pack: Pack) -> Numbers:
        """One answer for every prompt of the pack."""
        answers = [self.pipe(self._request(n))["q"]["probabilities"] for n in range(len(pack.prompts))]
        return np.array([sum(one.values()) for one in answers])


def two_labels(continuations: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    """The first and the last continuation that is one token."""
    single = [one[0] for one in continuations if len(one) == 1]
    return single[0], single[-1]


def labels_expected(pack: Pack, readings: Sequence[PromptReading]) -> Numbers:
    """What `Harness` must say."""
    told = [dict(zip(p.continuations, r.logprobs, strict=True)) for p, r in zip(pack.prompts, readings, strict=True)]
    return np.array(
        [one[label,] for p, one in zip(pack.prompts, told, strict=True) for label in two_labels(p.continuations)]
    )
