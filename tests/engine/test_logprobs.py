"""Guards: probabilities over the whole vocabulary, in float64, whatever the number of rows and the width of the mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from probe.engine.logprobs import Boundary, describe_rows


@pytest.mark.parametrize("rows", [1, 2, 3, 70])
@pytest.mark.parametrize("width", [7, 5003])
def test_equal_to_a_log_softmax_in_float64(rows, width):
    logits = torch.randn(rows, width, generator=torch.Generator().manual_seed(3)) * 20
    boundary = np.arange(width) % 3 == 0
    told = describe_rows(logits, Boundary(boundary))
    whole = torch.log_softmax(logits.double(), -1)
    torch.testing.assert_close(logits.double() - told.normaliser[:, None], whole, atol=1e-12, rtol=0)
    torch.testing.assert_close(told.boundary, whole[:, torch.tensor(boundary)].exp().sum(-1), atol=1e-12, rtol=0)
    assert told.top.tolist() == whole.argmax(-1).tolist()
    torch.testing.assert_close(told.top_logprob, whole.amax(-1), atol=1e-12, rtol=0)


@pytest.mark.parametrize("width", [4, 40])
def test_the_boundary_mask_may_be_of_another_width(width):
    logits = torch.zeros(2, 10)
    told = describe_rows(logits, Boundary(np.ones(width, dtype=np.bool_)))
    assert told.boundary.tolist() == pytest.approx([min(width, 10) / 10] * 2)


def test_one_row_is_what_it_is_among_others():
    """How many rows there are must not move a bit: the mode that promises equal bits rests on it."""
    logits = torch.randn(64, 9001, generator=torch.Generator().manual_seed(4))
    boundary = np.arange(9001) % 2 == 0
    whole = describe_rows(logits, Boundary(boundary))
    for start, stop in ((0, 2), (5, 7), (11, 40)):
        part = describe_rows(logits[start:stop].clone(), Boundary(boundary))
        assert torch.equal(part.normaliser, whole.normaliser[start:stop])
        assert torch.equal(part.boundary, whole.boundary[start:stop])


def test_the_number_of_threads_changes_no_bit():
    """Of a vocabulary so large that one row fills a block: a sum over one row alone would be cut by threads."""
    logits = torch.randn(5, 262_147, generator=torch.Generator().manual_seed(5)) * 4
    boundary = np.arange(logits.shape[1]) % 2 == 0
    before, told = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            told.append(describe_rows(logits, Boundary(boundary)))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(told[0].normaliser, told[1].normaliser)
    assert torch.equal(told[0].boundary, told[1].boundary)
