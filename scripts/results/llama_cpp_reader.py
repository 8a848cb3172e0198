"""The same cells by llama.cpp, on the same file and token ids, in its own arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.special import log_softmax

__all__ = ["llama_cpp_reader"]

_CONTEXT = 1024
"""Tokens: more than any prompt of the suite and its answer."""


def llama_cpp_reader(file: Path) -> Callable[[Sequence[int], Sequence[Sequence[int]]], list[float]] | None:
    """What gives natural log-probabilities of answers after a prompt, all in token ids; None without llama-cpp-python.

    llama.cpp multiplies weights as they are stored by activations of eight bits, so nothing is promised of how near
    it comes.
    """
    try:
        from llama_cpp import Llama  # noqa: PLC0415
    except ImportError:
        return None
    model = Llama(str(file), n_ctx=_CONTEXT, logits_all=True, verbose=False)

    def read(prompt: Sequence[int], answers: Sequence[Sequence[int]]) -> list[float]:
        model.reset()
        model.eval(list(prompt))
        found = []
        for answer in answers:
            model.n_tokens = len(prompt)  # what it evaluates next replaces the answer before
            if len(answer) > 1:
                model.eval(list(answer[:-1]))
            rows = log_softmax(
                model.scores[len(prompt) - 1 : len(prompt) + len(answer) - 1].astype(np.float64), axis=-1
            )
            found.append(float(sum(rows[place, token] for place, token in enumerate(answer))))
        return found

    return read
