"""Guards: where plain stretches lie is counted over all pieces before them."""

from __future__ import annotations

from probe.prompts.pieces import Piece, plain_spans, text_of


def test_spans_of_plain_pieces_name_their_own_text():
    pieces = (
        Piece("ab"),
        Piece("<c>", "plain"),
        Piece("d", "ids", (7,)),
        Piece("<ef>", "plain"),
        Piece("<g>", "plain"),
    )
    assert plain_spans(pieces) == [(2, 5), (6, 10), (10, 13)]
    assert [text_of(pieces)[start:end] for start, end in plain_spans(pieces)] == ["<c>", "<ef>", "<g>"]
    assert plain_spans((Piece("ab"),)) == []
