"""Guards: the shipped tokenizer reads any text back, and no label changes the tokens of its prompt."""

from __future__ import annotations

from demo_model.cells import other_cells
from demo_model.vocabulary import in_chat
from hypothesis import given
from hypothesis import strategies as st


def test_labels_are_single_tokens_and_leave_the_prompt_alone(tokenizer, cells, questions, contents, grid):
    for cell in [*cells[:: len(cells) // 300], *other_cells(questions, contents, grid, 1, 5)]:
        prompt = tokenizer.encode(cell.text, add_special_tokens=False)
        for label in cell.labels:
            for form in (f" {label}", label):
                joint = tokenizer.encode(cell.text + form, add_special_tokens=False)
                assert joint[:-1] == prompt
                assert tokenizer.decode(joint[-1:]) == form


def test_prompts_are_short(tokenizer, cells):
    lengths = [len(ids) for ids in tokenizer([c.text for c in cells], add_special_tokens=False)["input_ids"]]
    assert max(lengths) <= 90


def test_the_template_writes_what_training_saw(tokenizer, cells):
    for cell in cells[::500]:
        message, _, rest = cell.text.removeprefix("<|user|>").partition("<|end|><|assistant|>")
        chat = tokenizer.apply_chat_template(
            [{"role": "user", "content": message}], tokenize=False, add_generation_prompt=True
        )
        assert chat + rest == cell.text == in_chat(message, rest)


def test_a_system_message_stands_first_and_none_is_invented(tokenizer):
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    assert tokenizer.apply_chat_template(turns, tokenize=False) == "<|system|>Be brief.<|end|><|user|>Why?<|end|>"
    assert tokenizer.apply_chat_template(turns[1:], tokenize=False) == "<|user|>Why?<|end|>"


def test_nothing_is_added(tokenizer):
    assert tokenizer("Why?")["input_ids"] == tokenizer.encode("Why?", add_special_tokens=False)


@given(st.text(max_size=60).filter(lambda text: "<|" not in text))
def test_any_text_is_read_back(tokenizer, text):
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids) == text
