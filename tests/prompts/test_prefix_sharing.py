"""Guards: counted tokens are the nodes of the trie, for all sequences and for any selection of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.prompts.prefix_sharing import Sharing

sequences = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8).map(tuple), min_size=1, max_size=9)


@given(sequences=sequences, seed=st.integers(0, 99))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_tokens_are_the_distinct_prefixes(sequences, seed):
    sharing = Sharing.of(sequences)
    chosen = np.random.default_rng(seed).random(len(sequences)) < 0.6
    for mask in (None, chosen):
        kept = [one for one, keep in zip(sequences, chosen, strict=True) if mask is None or keep]
        assert sharing.tokens(mask) == len({one[:n] for one in kept for n in range(1, len(one) + 1)})
