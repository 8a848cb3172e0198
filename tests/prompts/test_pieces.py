"""Guards: where plain stretches lie is counted over all pieces before them; what of a prompt with a form is encoded."""

from __future__ import annotations

import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from probe.prompts.pieces import Piece, encode_scripts, encode_with_forms, plain_spans, script, text_of, with_form
from probe.prompts.template import message, template_of
from probe.prompts.tokenizer import TextEncoder, load_encoder

FORMS = ("A", " A", "(A", " (A", "1")


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


class Counted(TextEncoder):
    """Keeps the texts that it is asked to encode."""

    def encode(self, texts):
        self.__dict__.setdefault("asked", []).extend(texts)
        return super().encode(texts)


def encoder_of(*added: AddedToken, normalizer=None, pre_tokenizer=None) -> Counted:
    """Letters, some pairs of which merge, and added tokens."""
    letters = [*"abcxyzA1(: \u2581", "[", "]", "<", ">", "e", "n", "d"]
    merges = [(":", "A"), (" ", "A"), ("(", "A"), ("x", "y"), ("\u2581", "A")]
    vocabulary = {piece: at for at, piece in enumerate([*letters, *("".join(pair) for pair in merges)])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pre_tokenizer
    tokenizer.add_tokens(list(added))
    return Counted(PreTrainedTokenizerFast(tokenizer_object=tokenizer), "small")


def whole(encoder: TextEncoder, scripts, forms=FORMS):
    return [[encode_scripts(encoder, [with_form(one, form)], "x")[0] for form in forms] for one in scripts]


def joint(encoder: TextEncoder, scripts, forms=FORMS):
    """As planned, and the texts that were encoded for it."""
    ids = encode_scripts(encoder, scripts, "x")
    encoder.__dict__["asked"] = []
    return encode_with_forms(encoder, scripts, ids, [forms] * len(scripts), "x"), list(encoder.asked)


END = "<end>"
PROMPTS = [script(f"{head}{END}{cue}") for head in ("abc", "xy z ", f"a{END}b") for cue in (":", " x:", " ")]


def test_only_the_end_of_a_prompt_is_encoded_again():
    encoder = encoder_of(AddedToken(END, normalized=False))
    found, asked = joint(encoder, PROMPTS)
    assert found == whole(encoder, PROMPTS)
    ends = {f"{END}{cue}{form}" for cue in (":", " x:", " ") for form in ("", *FORMS)}
    first = {text_of(PROMPTS[0]) + form for form in FORMS}
    assert sorted(asked) == sorted(ends | first), "each end once, and all of the first prompt"


@pytest.mark.parametrize(
    "options",
    [
        {"added": {"lstrip": True}},
        {"added": {"rstrip": True}},
        {"normalizer": normalizers.Prepend("\u2581")},
        {"normalizer": normalizers.Replace(" ", "\u2581")},
        {"pre_tokenizer": pre_tokenizers.Metaspace(prepend_scheme="first")},
        {"pre_tokenizer": pre_tokenizers.Metaspace(prepend_scheme="always")},
        {"pre_tokenizer": pre_tokenizers.Split(" ", "merged_with_next")},
    ],
    ids=str,
)
def test_what_a_tokenizer_does_around_a_control_token_stays(options):
    encoder = encoder_of(
        AddedToken(END, normalized=False, **options.get("added", {})),
        normalizer=options.get("normalizer"),
        pre_tokenizer=options.get("pre_tokenizer"),
    )
    found, asked = joint(encoder, PROMPTS)
    assert found == whole(encoder, PROMPTS)
    assert not any(text.startswith("xy z") for text in asked)


@pytest.mark.parametrize("flag", ["normalized", "single_word"])
def test_a_token_that_depends_on_what_is_before_it_cuts_nothing(flag):
    encoder = encoder_of(AddedToken(END, **{"normalized": False, flag: True}))
    found, asked = joint(encoder, PROMPTS)
    assert found == whole(encoder, PROMPTS)
    assert len(asked) == len(PROMPTS) * len(FORMS)


def test_a_longer_token_that_a_form_completes_is_one():
    encoder = encoder_of(AddedToken(END, normalized=False), AddedToken(f"x{END}A", normalized=False))
    prompts = [script(f"y{END}"), script(f"yx{END}")]
    found, _ = joint(encoder, prompts)
    assert found == whole(encoder, prompts)
    assert found[1][0][-1] == encoder.tokenizer.convert_tokens_to_ids(f"x{END}A")


def test_a_control_token_that_is_only_letters_there_cuts_nothing():
    """The last one by its text is a part of a longer one; what is cut is compared with the prompt's own tokens."""
    encoder = encoder_of(AddedToken(END, normalized=False), AddedToken(f"[{END}]", normalized=False, single_word=True))
    prompts = [script(f"a{END}b"), script(f"a{END}x [{END}] :"), script("ab:")]
    assert joint(encoder, prompts)[0] == whole(encoder, prompts)


def test_a_prompt_in_pieces_is_encoded_as_such():
    encoder = encoder_of(AddedToken(END, normalized=False))
    prompts = [(Piece(f"a{END}b"), Piece(":", "ids", (9,))), (Piece(f"a{END}"), Piece(END, "plain"), Piece("b:"))]
    assert joint(encoder, prompts)[0] == whole(encoder, prompts)


def test_a_tokenizer_that_looks_back_is_given_all():
    """Its prompts end as their ends do alone; only with a form behind them does it show."""

    class LooksBack:
        is_fast = True
        all_special_tokens = (END,)
        added_tokens_decoder = {0: AddedToken(END, normalized=False)}  # noqa: RUF012

        def __call__(self, texts, **_):
            return {"input_ids": [self.ids(text) for text in texts]}

        def ids(self, text):
            ids = [ord(letter) for letter in text.replace(END, "\0")]
            return [*ids[:-1], 7] if text[0] != "<" and text[-1] == "A" else ids

    encoder = Counted(LooksBack(), "looks back")
    found, _ = joint(encoder, PROMPTS)
    assert found == whole(encoder, PROMPTS)
    assert found[-1][0][-1] == 7


def test_a_tokenizer_in_python_is_given_all(fake):
    encoder = fake("ab", ":A", bos=END)
    found = encode_with_forms(encoder, PROMPTS, encode_scripts(encoder, PROMPTS, "x"), [FORMS] * len(PROMPTS), "x")
    assert found == whole(encoder, PROMPTS)
    assert encoder.last_cut(f"ab{END}", encoder.encode([f"ab{END}"])[0]) is None


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    ["qwen3", "mistral-v0.3-instruct", "phi-3-mini"]
    + [pytest.param(one, marks=pytest.mark.slow) for one in ("gpt-oss", "phi-4", "deepseek-v3", "smollm3")],
)
def test_ends_of_real_prompts_are_those_of_the_whole(real_dir, name):
    own = load_encoder(real_dir / "tokenizers" / name, name)
    encoder = Counted(own.tokenizer, name)
    questions = ["Which do you take?\n\nA. Tea.\nB. Milk.", "Is it so?  (1) yes (2) no\t\u8336 caf\u00e9 "]
    heads = template_of(encoder).render([[message("user", one)] for one in questions])
    prompts = [script(head + cue) for head in heads for cue in ("Answer:", "", " Choice: (", "\n")]
    found, asked = joint(encoder, prompts)
    assert found == whole(encoder, prompts)
    again = [text for text in asked if any(one in text for one in questions)]
    assert len(again) == len(FORMS) or name == "deepseek-v3", "its last token of that kind is BOS"
