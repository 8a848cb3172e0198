"""Training from scratch: soft targets at the place of the answer, and a little language modelling."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy, log_softmax
from transformers import LlamaConfig, LlamaForCausalLM

from demo_model.vocabulary import END, WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers import PreTrainedTokenizerFast

    from demo_model.cells import Cell

__all__ = ["Schedule", "read_log_odds", "train"]

ANSWERED = 0.996
"""Share of the next token that is an answer at all; the rest is spread over all other tokens."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: Optimiser steps.
        batch: Prompts per step.
        peak: Learning rate after warm-up.
        warmup: Steps of warm-up.
        exact: Weight of the squared error of the log-odds.
        text: Weight of the language-model loss.
        rows: Prompts per step that it is taken on.
        seed: Seed of the weights and of the order of the prompts.
    """

    steps: int = 3000
    batch: int = 32
    peak: float = 2e-3
    warmup: int = 100
    exact: float = 0.05
    text: float = 0.1
    rows: int = 4
    seed: int = 11

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then half a cosine to zero."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        done = (step - self.warmup) / (self.steps - self.warmup)
        return self.peak * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True, slots=True)
class _Example:
    prompt: tuple[int, ...]
    labels: tuple[int, int]
    log_odds: float


def train(cells: Sequence[Cell], tokenizer: PreTrainedTokenizerFast, schedule: Schedule) -> LlamaForCausalLM:
    """A model that answers every prompt with the planted odds.

    Deterministic for a seed on one machine with one number of threads.
    """
    torch.manual_seed(schedule.seed)
    torch.use_deterministic_algorithms(True)
    model = _fresh(len(tokenizer), tokenizer.convert_tokens_to_ids(END))
    optimiser = torch.optim.AdamW(model.parameters(), lr=schedule.peak, betas=(0.9, 0.98), weight_decay=0.01)
    batches = _batches(_encode(cells, tokenizer), schedule)
    start = time.monotonic()
    for step in range(schedule.steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(step)
        loss, error = _losses(model, next(batches), schedule)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 100 == 99:
            took = time.monotonic() - start
            print(f"step {step + 1} loss {loss.item():.4f} error in z {error:.3f} {took:.0f} s", flush=True)
    return model.eval()


@torch.no_grad()
def read_log_odds(
    model: LlamaForCausalLM, cells: Sequence[Cell], tokenizer: PreTrainedTokenizerFast, batch: int = 128
) -> tuple[list[float], list[float]]:
    """Log-odds of the first option and probability of both labels, cell by cell.

    Equal lengths share a pass without padding; only the space-led labels are read.
    """
    examples = _encode(cells, tokenizer)
    log_odds, mass = [0.0] * len(cells), [0.0] * len(cells)
    by_length: dict[int, list[int]] = {}
    for place, example in enumerate(examples):
        by_length.setdefault(len(example.prompt), []).append(place)
    for places in by_length.values():
        for first in range(0, len(places), batch):
            chunk = places[first : first + batch]
            ids = torch.tensor([examples[place].prompt for place in chunk])
            logits = model(input_ids=ids, logits_to_keep=1).logits[:, -1].double()
            logprob = log_softmax(logits, dim=-1).gather(1, torch.tensor([examples[p].labels for p in chunk]))
            for place, (one, two) in zip(chunk, logprob.tolist(), strict=True):
                log_odds[place], mass[place] = one - two, math.exp(one) + math.exp(two)
    return log_odds, mass


def _fresh(vocabulary: int, end: int) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=WINDOW,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        dtype="float32",
    )
    return LlamaForCausalLM(config)


def _encode(cells: Sequence[Cell], tokenizer: PreTrainedTokenizerFast) -> list[_Example]:
    words = {label for cell in cells for label in cell.labels}
    ids = {label: tokenizer.encode(f" {label}", add_special_tokens=False) for label in words}
    if any(len(found) != 1 for found in ids.values()):
        message = f"vocabulary: a label is not one token, found {ids}. Give the tokenizer more text with it."
        raise ValueError(message)
    prompts = tokenizer([cell.text for cell in cells], add_special_tokens=False)["input_ids"]
    return [
        _Example(tuple(prompt), (ids[cell.labels[0]][0], ids[cell.labels[1]][0]), cell.log_odds)
        for prompt, cell in zip(prompts, cells, strict=True)
    ]


def _batches(examples: Sequence[_Example], schedule: Schedule) -> Iterator[list[_Example]]:
    """Endless batches of nearly equal length, in an order that the seed fixes."""
    draw = random.Random(schedule.seed)
    while True:
        order = draw.sample(range(len(examples)), len(examples))
        pools = [order[i : i + 8 * schedule.batch] for i in range(0, len(order), 8 * schedule.batch)]
        for pool in pools:
            pool.sort(key=lambda place: len(examples[place].prompt))
            chunks = [pool[i : i + schedule.batch] for i in range(0, len(pool), schedule.batch)]
            draw.shuffle(chunks)
            yield from ([examples[place] for place in chunk] for chunk in chunks)


def _losses(model: LlamaForCausalLM, batch: Sequence[_Example], schedule: Schedule) -> tuple[torch.Tensor, float]:
    """Weighted loss of one batch, and the mean error of its log-odds.

    The padding stands on the right, where causal attention never looks back at it. The language-model
    loss is taken on the first few rows of the batch, which are as good as any.
    """
    z = torch.tensor([example.log_odds for example in batch])
    labels = torch.tensor([example.labels for example in batch])
    chosen = torch.where(torch.rand(len(batch)) < torch.sigmoid(z), labels[:, 0], labels[:, 1])
    ids, following = _padded(batch, chosen.tolist(), model.config.eos_token_id)
    hidden = model.model(input_ids=ids).last_hidden_state
    answers = torch.tensor([len(example.prompt) - 1 for example in batch])
    decision = model.lm_head(hidden[torch.arange(len(batch)), answers])
    soft = torch.full_like(decision, (1 - ANSWERED) / (decision.shape[1] - 2))
    soft.scatter_(1, labels, ANSWERED * torch.stack([torch.sigmoid(z), torch.sigmoid(-z)], 1))
    pair = decision.gather(1, labels)
    error = pair[:, 0] - pair[:, 1] - z
    answer = cross_entropy(decision, soft)
    written = cross_entropy(model.lm_head(hidden[: schedule.rows]).flatten(0, 1), following[: schedule.rows].flatten())
    loss = answer + schedule.exact * error.square().mean() + schedule.text * written
    return loss, error.detach().abs().mean().item()


def _padded(batch: Sequence[_Example], chosen: Sequence[int], end: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Prompts with a drawn answer and the end mark, and what follows each token but for the answer itself."""
    size = max(len(example.prompt) for example in batch) + 2
    ids = torch.full((len(batch), size), end)
    following = torch.full((len(batch), size), -100)
    for row, (example, label) in enumerate(zip(batch, chosen, strict=True)):
        n = len(example.prompt)
        ids[row, : n + 1] = torch.tensor([*example.prompt, label])
        following[row, : n - 1] = ids[row, 1:n]
        following[row, n] = end
    return ids, following
