"""Guards: a decision is made once and remembered under everything that it depends on; a study's own first pack is tried
too; exact mode is for float32 alone.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny import tiny_model

from probe.engine import reader_choice as choose
from probe.engine.attention import TrieError
from probe.engine.forked import ForkedReader
from probe.engine.head import project_in_float32
from probe.engine.out_of_memory import NoMemoryError
from probe.engine.plain import PlainReader
from probe.engine.reader_choice import open_reader
from probe.engine.trie import TrieReader
from probe.errors import EnvironmentFault, ModelError
from probe.prompts.pack import Pack, Prompt

VOCABULARY = 211
BOUNDARY = np.arange(VOCABULARY) % 3 == 0
CHECK, FIRST = (
    Pack(tuple(Prompt((*range(30), n, seed), ((3,), (4, 5))) for n in range(6)), 4096) for seed in (100, 101)
)


class Notes(dict):
    """A memory for a test."""

    def put(self, key, value):
        self[key] = value


def model_of(kind, dtype="float32", changes=None):
    model = tiny_model(kind, VOCABULARY, changes)
    project_in_float32(model, kind)
    return SimpleNamespace(model=model, name=kind, weights=SimpleNamespace(dtype=dtype))


def opened(kind="llama", wanted="auto", notes=None, key="key", **more):
    loaded = model_of(kind, **more)
    return open_reader(loaded, BOUNDARY, wanted, CHECK, FIRST, (Notes() if notes is None else notes, key))


def test_the_trie_and_what_was_measured():
    reader, facts = opened()
    assert isinstance(reader, TrieReader)
    assert not reader.exact
    assert facts.reader == "trie"
    assert 0 < facts.check_difference < 4e-5
    assert 0 < facts.first_difference < 4e-5


@pytest.mark.parametrize("kind", ["llama", "gptj"])
def test_a_decision_is_remembered(kind, monkeypatch):
    notes = Notes()
    _, facts = opened(kind, notes=notes)
    monkeypatch.setattr(choose, "choose_reader", None)
    monkeypatch.setattr(choose, "refuse_wrong_reader", None)
    assert opened(kind, notes=notes)[1] == facts
    with pytest.raises(TypeError):
        opened(kind, notes=notes, key="another")


def test_what_can_be_no_trie_is_forked():
    reader, facts = opened("gptj")
    assert isinstance(reader, ForkedReader)
    assert facts.reader == "forked"
    assert "0 calls" in facts.reader_why
    assert 0 < facts.check_difference < 4e-5
    assert 0 < facts.first_difference < 4e-5


def test_a_fork_that_disagrees_or_cannot_be_is_no_reader(monkeypatch):
    wrong = choose.ForkedReader
    for error in (None, AttributeError("no cache"), TypeError("no such argument"), ModelError("not finite")):

        def read(reader, pack, error=error):
            if error is not None:
                raise error
            plain = PlainReader(reader.model, BOUNDARY, "plain").read(pack)
            return tuple(replace(one, top_logprob=one.top_logprob + 0.01) for one in plain)

        monkeypatch.setattr(wrong, "read", read)
        reader, facts = opened("gptj")
        assert isinstance(reader, PlainReader)
        assert (facts.reader, facts.first_difference) == ("plain", None)
        assert "0 calls" in facts.reader_why


def test_what_depends_on_a_prompts_length_is_read_plainly():
    reader, facts = opened("llama-dynamic")
    assert isinstance(reader, PlainReader)
    assert (facts.reader, facts.first_difference) == ("plain", None)


@pytest.mark.parametrize(("apart", "reader"), [(0.99e-3, "trie"), (1.01e-3, "plain")])
def test_prompts_of_the_check_pack_may_differ_by_a_thousandth(monkeypatch, apart, reader):
    inner = choose.difference

    def differing(one, pack):
        found = inner(one, pack)  # in any case: the windows of its calls are looked at too
        return apart if pack is CHECK else found

    monkeypatch.setattr(choose, "difference", differing)
    assert opened()[1].reader == reader


def test_a_first_pack_that_disagrees_stops_the_model_and_is_not_remembered(monkeypatch):
    notes = Notes()
    inner = choose.difference
    monkeypatch.setattr(choose, "difference", lambda reader, pack: 0.2 if pack is FIRST else inner(reader, pack))
    with pytest.raises(ModelError, match="--reader plain"):
        opened(notes=notes)
    assert not any(FIRST.sha256 in key for key in notes)
    assert opened(wanted="plain", notes=Notes())[1].reader == "plain"


def test_exact_mode_is_the_trie_in_float32_of_even_widths():
    even = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 2, "num_key_value_heads": 1}
    reader, facts = opened(wanted="exact", changes=even)
    assert reader.exact
    assert facts.reader == "exact"
    with pytest.raises(EnvironmentFault, match=r"widths are multiples of 32, and one of its layers has 172"):
        opened(wanted="exact", changes={**even, "intermediate_size": 172})
    with pytest.raises(EnvironmentFault, match="bfloat16"):
        opened(wanted="exact", dtype="bfloat16", changes=even)
    with pytest.raises(ModelError, match="--reader plain"):
        opened("gptj", wanted="exact")


def breaks_off(monkeypatch, error):
    def read(*_):
        raise error

    monkeypatch.setattr(TrieReader, "read", read)


@pytest.mark.parametrize(
    ("error", "expected", "told"),
    [
        (RuntimeError("CUDA error: an illegal memory access was encountered"), EnvironmentFault, "the device failed"),
        (RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED"), EnvironmentFault, "the device failed"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ModelError, "--reader plain"),
        (torch.OutOfMemoryError("out of memory"), EnvironmentFault, "The pack that readers are tried on"),
    ],
)
def test_a_trial_that_breaks_off_is_no_choice_and_not_remembered(monkeypatch, error, expected, told):
    notes = Notes()
    with monkeypatch.context() as patch:
        breaks_off(patch, error)
        with pytest.raises(expected, match=told) as caught:
            opened(notes=notes)
    assert not notes
    assert not isinstance(caught.value, NoMemoryError)  # at which the study would be planned again
    assert opened(notes=notes)[1].reader == "trie"


@pytest.mark.parametrize("error", [TrieError("works with dropout"), AttributeError("works with dropout")])
def test_what_a_trie_cannot_give_is_a_choice(monkeypatch, error):
    breaks_off(monkeypatch, error)
    notes = Notes()
    assert "works with dropout" in opened(notes=notes)[1].reader_why
    assert notes
