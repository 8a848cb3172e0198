"""Guards: a pack's hash is all of its token ids, its budget and whether every layer is read, and nothing else."""

from __future__ import annotations

import pytest

from probe.prompts.pack import Pack, Prompt

PACK = Pack((Prompt((1, 2), ((3,), (4, 5))), Prompt((1, 9), ((3,), (4, 5)))), 4096)


def test_equal_packs_have_one_hash():
    assert PACK.sha256 == Pack(tuple(Prompt(p.input_ids, p.continuations) for p in PACK.prompts), 4096).sha256
    assert len(PACK.sha256) == 64


@pytest.mark.parametrize(
    "other",
    [
        Pack(PACK.prompts, 2048),
        Pack(PACK.prompts, 4096, every_layer=True),
        Pack(PACK.prompts[::-1], 4096),
        Pack(PACK.prompts[:1], 4096),
        Pack((Prompt((1, 2), ((3,), (4, 6))), PACK.prompts[1]), 4096),
        Pack((Prompt((1, 2), ((3, 4), (5,))), PACK.prompts[1]), 4096),
        Pack((Prompt((1, 2, 3), ((4, 5),)), PACK.prompts[1]), 4096),
    ],
)
def test_everything_counts(other):
    assert other.sha256 != PACK.sha256
