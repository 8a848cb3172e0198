"""A GGUF file from its specification, without the library that probe reads some of it with."""

from __future__ import annotations

import struct

__all__ = ["ARRAY", "BOOL", "FLOAT32", "STRING", "UINT32", "gguf_file", "tiny_gguf"]

UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
_NUMBERS = {UINT32: "I", INT32: "i", FLOAT32: "f", BOOL: "?"}
_F32 = 0
_ALIGNMENT = 32

Entry = tuple[str, int, object]


def gguf_file(entries: list[Entry], tensors: list[tuple[str, tuple[int, ...]]]) -> bytes:
    """A file of version 3 with the given metadata and with tensors of zeros in float32.

    Args:
        entries: Key, kind and value; the value of an array is the kind of its members and a list of them.
        tensors: Names and shapes, the row length first, as the format has them.
    """
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(entries))
    for key, kind, value in entries:
        head += _text(key) + struct.pack("<I", kind) + _value(kind, value)
    offset = 0
    for name, shape in tensors:
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, _F32, offset)
        size = 4
        for one in shape:
            size *= one
        offset += -(-size // _ALIGNMENT) * _ALIGNMENT
    return head + bytes(-len(head) % _ALIGNMENT) + bytes(offset)


def tiny_gguf() -> tuple[list[Entry], list[tuple[str, tuple[int, ...]]]]:
    """Metadata and tensors of a Llama of one layer with 99 tokens: one for each letter, four pieces and an end."""
    width, middle = 8, 16
    tokens = [*map(chr, range(33, 127)), "Ġ", "Ċ", "ĠĠ", "12", "<|end|>"]
    counts = {"context_length": 64, "embedding_length": width, "block_count": 1, "feed_forward_length": middle}
    counts |= {"attention.head_count": 2, "attention.head_count_kv": 2, "rope.dimension_count": 4}
    entries: list[Entry] = [("general.architecture", STRING, "llama")]
    entries += [(f"llama.{key}", UINT32, count) for key, count in (counts | {"vocab_size": len(tokens)}).items()]
    entries += [("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5)]
    entries += [("tokenizer.ggml.model", STRING, "gpt2"), ("tokenizer.ggml.pre", STRING, "smollm")]
    entries += [("tokenizer.ggml.tokens", ARRAY, (STRING, tokens))]
    entries += [("tokenizer.ggml.token_type", ARRAY, (INT32, [1] * (len(tokens) - 1) + [3]))]
    entries += [("tokenizer.ggml.merges", ARRAY, (STRING, ["Ġ Ġ", "1 2"]))]
    entries += [("tokenizer.ggml.eos_token_id", UINT32, len(tokens) - 1)]
    entries += [("tokenizer.chat_template", STRING, "{% for m in messages %}{{ m['content'] }}{% endfor %}")]
    square = (width, width)
    shapes = {"token_embd": (width, len(tokens)), "output": (width, len(tokens)), "output_norm": (width,)}
    shapes |= {f"blk.0.attn_{one}": square for one in ("q", "k", "v", "output")}
    shapes |= {"blk.0.ffn_gate": (width, middle), "blk.0.ffn_up": (width, middle), "blk.0.ffn_down": (middle, width)}
    shapes |= {"blk.0.attn_norm": (width,), "blk.0.ffn_norm": (width,)}
    return entries, [(f"{name}.weight", shape) for name, shape in shapes.items()]


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(data)) + data


def _value(kind: int, value: object) -> bytes:
    if kind == STRING:
        return _text(value)
    if kind == ARRAY:
        inner, members = value
        return struct.pack("<IQ", inner, len(members)) + b"".join(_value(inner, one) for one in members)
    return struct.pack(f"<{_NUMBERS[kind]}", value)
