"""Train the embedded model on the demo study and write it, with its truth, to probe/demo_model.

    python scripts/train_demo_model.py [--steps N] [--out FOLDER]

Reads scenarios/demo and the format axes as data and imports nothing from probe: the truth must not depend
on the code that it is there to test. docs/demo-model.md describes what is planted.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from dataclasses import replace
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # busy waiting is ruinous where other programs run too

import torch
from demo_model.cells import Cell, other_cells, standard_cells
from demo_model.exchanges import exchange_cells
from demo_model.grammar import PLANS, heldout_formats, planted_contents
from demo_model.learn import Schedule, read_log_odds, train
from demo_model.study import Question, read_clauses, read_grid, read_ladder, read_questions
from demo_model.truth import agreement, ladder, omission, own_words, planted_truth, preferences
from demo_model.vocabulary import learn_vocabulary
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parent.parent
VOCABULARY = 4096
OTHER_FORMATS = 2
LATER = Schedule(peak=1.2e-3, exact=0.3)
"""Once clauses and turns before come in, which the study alone has prepared."""

LIMIT_BYTES = 6_000_000


def main() -> None:
    """Plant, train, measure, write."""
    options = _arguments()
    torch.set_num_threads(1)  # two threads wait for each other wherever other work shares the cores
    grid = read_grid(ROOT / "probe/design/axes.yaml", ROOT / "probe/design/designs/standard.yaml")
    questions = read_questions(ROOT / "scenarios/demo") + read_ladder(ROOT / "scenarios/demo")
    clauses = read_clauses(ROOT / "scenarios/demo")
    contents = planted_contents(questions + clauses, grid.standard)
    cells = standard_cells(questions, contents, grid)
    others = other_cells(questions, contents, grid, OTHER_FORMATS, options.seed)
    beside = standard_cells(clauses, contents, grid) + exchange_cells(questions, contents, grid)
    seen = [cell for cell in cells if not cell.kept_out] + others
    tokenizer = learn_vocabulary([piece for cell in cells + others for piece in _pieces(cell)], VOCABULARY)
    print(f"{len(seen)} prompts, {len(tokenizer)} tokens in the vocabulary", flush=True)
    model = train(seen, tokenizer, Schedule(steps=options.steps, seed=options.seed))
    seen += [cell for cell in beside if not cell.kept_out]
    print(f"{len(seen)} prompts", flush=True)
    model = train(seen, tokenizer, replace(LATER, steps=options.steps, seed=options.seed), model)
    truth = planted_truth(questions + clauses, contents, grid.standard, cells)
    truth["agreement"] = _measure(model, tokenizer, questions, cells + beside)
    _write(options.out, model, tokenizer, truth)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the embedded model on the demo study.")
    parser.add_argument("--steps", type=int, default=Schedule().steps, help="optimiser steps of each of the two stages")
    parser.add_argument("--seed", type=int, default=Schedule().seed, help="seed of weights, batches and extra formats")
    parser.add_argument("--out", type=Path, default=ROOT / "probe/demo_model", help="folder to write")
    return parser.parse_args()


def _pieces(cell: Cell) -> list[str]:
    """A prompt without its control tokens, which the tokenizer adds by itself, and the labels as answers."""
    spoken = cell.text.replace("<|user|>", "\x00").replace("<|end|><|assistant|>", "\x00").split("\x00")
    return [piece for piece in spoken if piece] + [f"{spoken[-1]} {label}" for label in cell.labels]


def _measure(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    questions: tuple[Question, ...],
    cells: list[Cell],
) -> dict[str, object]:
    log_odds, mass = read_log_odds(model, cells, tokenizer)
    found = agreement(cells, log_odds, mass)
    found["own_words"] = {name: _rounded(own_words(name, cells, log_odds)) for name in sorted(PLANS)}
    sides: dict[str, dict[str, float]] = {name: {} for name in sorted(PLANS)}
    for name, side in [(name, side) for name in sides for side in ("stated", "revealed")]:
        sides[name][side] = round(preferences(name, side, questions, cells, log_odds)[0], 5)
    found["measured"] = sides
    found["steps_over_seen_formats"] = {name: _steps(name, questions, cells, log_odds) for name in sides}
    print(json.dumps(found, indent=1), flush=True)
    return found


def _rounded(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {read: {term: round(nats, 4) for term, nats in terms.items()} for read, terms in found.items()}


def _steps(name: str, questions: tuple[Question, ...], cells: list[Cell], log_odds: list[float]) -> dict[str, float]:
    """Ladder and omission as they come out over the formats that training saw."""
    kept_out = {*heldout_formats(tuple(dict.fromkeys(cell.form for cell in cells)))}
    rows = [(cell, z) for cell, z in zip(cells, log_odds, strict=True) if cell.form not in kept_out]
    seen, read = [cell for cell, _ in rows], [z for _, z in rows]
    found = ladder(name, questions, seen, read)
    gains = omission(name, questions, seen, read)
    return {step: round(nats, 4) for step, nats in (found | ({} if gains is None else {"omission": gains})).items()}


def _write(folder: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, truth: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder, save_jinja_files=False)
    (folder / "model.safetensors").chmod(0o644)
    text = json.dumps(truth, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder}: {size:,} bytes in {len(list(folder.iterdir()))} files", flush=True)
    if size > LIMIT_BYTES:
        raise SystemExit(f"{folder}: larger than {LIMIT_BYTES:,} bytes, found {size:,}. Make the model smaller.")


if __name__ == "__main__":
    logging.getLogger("transformers").setLevel(logging.ERROR)
    main()
