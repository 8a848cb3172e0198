"""Guards: the second process has another hash seed and other addresses, each of which shows in a text by itself."""

from __future__ import annotations

import ctypes

import pytest

from probe.errors import ModelError
from probe.prompts.template import ChatTemplate, message
from probe.prompts.template_renderer import TemplateRenderer, renderers

KEEP, SAME_ADDRESSES = 0xFFFFFFFF, 0x0040000  # of Linux's personality(2)
SET = "{{ ({'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5, 'f': 6, 'g': 7, 'h': 8}.keys() - []) | join }}"
ADDRESS = "{{ range }}"


@pytest.fixture
def same_addresses(monkeypatch):
    """Two processes of which the system gives each the same addresses, as it does where it randomises none."""
    system = getattr(ctypes.CDLL(None), "personality", None)
    before = -1 if system is None else system(KEEP)
    if before == -1 or system(before | SAME_ADDRESSES) == -1:
        pytest.skip("this system does not let a process ask for addresses that are not random")
    own = tuple(TemplateRenderer(one.seed) for one in renderers())
    for one in own:
        one.start()
    system(before)
    monkeypatch.setattr("probe.prompts.template.renderers", lambda: own)
    yield
    for one in own:
        one.stop()


def written(source):
    return ChatTemplate(source, "strange").render([[message("user", "hi")]], twice=True)


def test_what_hangs_on_the_hash_seed_alone_is_refused(same_addresses):
    with pytest.raises(ModelError, match="writes another prompt in another process"):
        written(SET)


def test_an_address_is_refused_where_the_system_itself_moves_none(same_addresses):
    with pytest.raises(ModelError, match="writes another prompt in another process"):
        written(ADDRESS)


def test_what_hangs_on_neither_is_written(same_addresses):
    assert written(SET.replace("join", "sort | join")) == ["abcdefgh"]
