"""Training: soft targets at the place of the answer, and a little language modelling."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy, log_softmax
from transformers import LlamaConfig, LlamaForCausalLM

from demo_model.packs import join, label_ids, pack_cells
from demo_model.vocabulary import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers import PreTrainedTokenizerFast

    from demo_model.cells import Cell
    from demo_model.packs import Batch, Pack

__all__ = ["Schedule", "read_log_odds", "train"]

ANSWERED = 0.998
"""Share of the next token that is an answer at all; the rest is spread over all other tokens."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: Optimiser steps.
        packs: Packs per step.
        peak: Learning rate after warm-up.
        warmup: Steps of warm-up.
        exact: Weight of the squared error of the log-odds.
        scaffold: Weight, at the start, of the squared error of what each option's end says of its own label.
        text: Weight of the language-model loss.
        edges: Tokens per step that it is taken on.
        seed: Seed of the weights and of the order of the packs.
    """

    steps: int = 5000
    packs: int = 12
    peak: float = 2e-3
    warmup: int = 60
    exact: float = 0.1
    scaffold: float = 0.3
    text: float = 0.1
    edges: int = 256
    seed: int = 11

    def support(self, step: int) -> float:
        """Weight of the scaffold at a step: it falls to zero in the first two thirds."""
        return self.scaffold * max(0.0, 1 - 1.5 * step / self.steps)

    def rate(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then half a cosine to zero."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        done = (step - self.warmup) / (self.steps - self.warmup)
        return self.peak * 0.5 * (1 + math.cos(math.pi * done))


def train(
    cells: Sequence[Cell],
    tokenizer: PreTrainedTokenizerFast,
    schedule: Schedule,
    model: LlamaForCausalLM | None = None,
) -> LlamaForCausalLM:
    """A model that answers every prompt with the planted odds, from scratch or from what another stage has made.

    Deterministic for a seed on one machine with one number of threads.
    """
    torch.manual_seed(schedule.seed)
    torch.use_deterministic_algorithms(True)
    model = _fresh(len(tokenizer), tokenizer.eos_token_id) if model is None else model.train()
    side = torch.nn.Linear(model.config.hidden_size, 2 * len(tokenizer), bias=False)
    both = [*model.parameters(), *side.parameters()]
    optimiser = torch.optim.AdamW(both, lr=schedule.peak, betas=(0.9, 0.98), weight_decay=0.2)
    batches = _batches(pack_cells(cells, tokenizer), schedule)
    start = time.monotonic()
    for step in range(schedule.steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(step)
        loss, error = _losses(model, side, next(batches), schedule, step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(both, 1.0)
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

    Whole prompts, no tree: equal lengths share a pass without padding. Only space-led labels are read.
    """
    ids = label_ids(cells, tokenizer)
    prompts = tokenizer([cell.text for cell in cells], add_special_tokens=False)["input_ids"]
    log_odds, mass = [0.0] * len(cells), [0.0] * len(cells)
    by_length: dict[int, list[int]] = {}
    for place, prompt in enumerate(prompts):
        by_length.setdefault(len(prompt), []).append(place)
    for places in by_length.values():
        for first in range(0, len(places), batch):
            chunk = places[first : first + batch]
            logits = model(input_ids=torch.tensor([prompts[p] for p in chunk]), logits_to_keep=1).logits[:, -1]
            pairs = torch.tensor([[ids[label] for label in cells[place].labels] for place in chunk])
            logprob = log_softmax(logits.double(), dim=-1).gather(1, pairs)
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
        initializer_range=0.06,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        dtype="float32",
    )
    return LlamaForCausalLM(config)


def _batches(packs: Sequence[Pack], schedule: Schedule) -> Iterator[Batch]:
    """Endless batches of packs of nearly equal size, in an order that the seed fixes."""
    draw = random.Random(schedule.seed)
    while True:
        order = draw.sample(range(len(packs)), len(packs))
        for first in range(0, len(order), 8 * schedule.packs):
            pool = sorted(order[first : first + 8 * schedule.packs], key=lambda place: len(packs[place].tokens))
            chunks = [pool[i : i + schedule.packs] for i in range(0, len(pool), schedule.packs)]
            for chunk in draw.sample(chunks, len(chunks)):
                yield join([packs[place] for place in chunk])


def _losses(
    model: LlamaForCausalLM, side: torch.nn.Linear, batch: Batch, schedule: Schedule, step: int
) -> tuple[torch.Tensor, float]:
    """Weighted loss of one batch, and the mean error of its log-odds."""
    rows = model.model(
        input_ids=batch.tokens,
        position_ids=batch.depth,
        attention_mask=batch.mask,
        use_cache=False,
        output_hidden_states=True,
    )
    hidden = rows.last_hidden_state.flatten(0, 1)
    decision = model.lm_head(hidden[batch.decisions])
    z = batch.log_odds
    soft = torch.full_like(decision, (1 - ANSWERED) / (decision.shape[1] - 2))
    soft.scatter_(1, batch.labels, ANSWERED * torch.stack([torch.sigmoid(z), torch.sigmoid(-z)], 1))
    pair = decision.gather(1, batch.labels)
    error = pair[:, 0] - pair[:, 1] - z
    some = torch.randperm(len(batch.before))[: schedule.edges]
    written = cross_entropy(model.lm_head(hidden[batch.before[some]]), batch.after[some])
    loss = cross_entropy(decision, soft) + schedule.exact * error.square().mean() + schedule.text * written
    if schedule.support(step) > 0:
        middle = rows.hidden_states[-2].flatten(0, 1)
        loss = loss + schedule.support(step) * _scaffold(middle, side, batch)
    return loss, error.detach().abs().mean().item()


def _scaffold(middle: torch.Tensor, side: torch.nn.Linear, batch: Batch) -> torch.Tensor:
    """Squared error of a linear reading, before the last layer, of what the end of each option says.

    It is to say the option's own log-odds at the option's own label, and nothing at the other's; and, where
    a later cue may move the odds, the direction of that move in the same way. An option bound to its label
    is the hard part, and the loss at the answer alone takes long to find it.
    """
    labels = batch.labels[:, None].expand(-1, 2, -1)
    loss = middle.new_zeros(())
    for said, value in zip(side(middle[batch.ends]).chunk(2, dim=2), (batch.log_odds, batch.moved), strict=True):
        wanted = torch.diag_embed(torch.stack([value, -value], 1))
        loss = loss + (said.gather(2, labels) - wanted).square().mean()
    return loss
