"""Packers of quantised formats, written bit by bit from their descriptions and sharing no code with what reads them."""

from __future__ import annotations

import json

import numpy as np
import torch

__all__ = [
    "pack_awq",
    "pack_bitsandbytes4",
    "pack_bitsandbytes8",
    "pack_compressed",
    "pack_float8",
    "pack_gptq",
    "unpack_bitsandbytes4",
]

FOUR = {
    "nf4": [
        *[-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635],
        *[-0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725],
        *[0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0],
    ],
    "fp4": [0.0, 0.0625, 8.0, 12.0, 4.0, 6.0, 2.0, 3.0, -0.0, -0.0625, -8.0, -12.0, -4.0, -6.0, -2.0, -3.0],
}


def words(numbers, bits):
    """Numbers of some bits one after the other, the lowest bit first, in words of 32 bits."""
    stream = [int(number) >> bit & 1 for number in numbers for bit in range(bits)]
    stream += [0] * (-len(stream) % 32)
    packed = [sum(bit << place for place, bit in enumerate(stream[at : at + 32])) for at in range(0, len(stream), 32)]
    return np.array(packed, dtype=np.uint32).view(np.int32)


def in_groups(weight, group_of, bits):
    """Codes, zero points and scales (16 bits) of each row and group of columns; and what they stand for."""
    rows, groups = weight.shape[0], int(group_of.max()) + 1
    codes = np.zeros(weight.shape, int)
    zeros, scales = np.zeros((rows, groups), int), np.zeros((rows, groups), np.float16)
    most = 2**bits - 1
    for group in range(groups):
        own = weight[:, group_of == group]
        low, high = own.min(1), own.max(1)
        scales[:, group] = (high - low) / most
        zeros[:, group] = np.clip(np.round(-low / scales[:, group]), 0, most)
        wide = scales[:, group].astype(float)[:, None]
        codes[:, group_of == group] = np.clip(np.round(own / wide) + zeros[:, group, None], 0, most)
    meant = (codes - zeros[:, group_of]) * scales.astype(float)[:, group_of]
    return codes, zeros, scales, meant


def pack_gptq(weight, *, bits=4, group=32, act_order=False, version=1, index=True):
    rows, columns = weight.shape
    size = columns if group < 0 else group
    group_of = np.arange(columns) // size
    if act_order:
        group_of = np.random.default_rng(columns).permutation(group_of)
    codes, zeros, scales, meant = in_groups(weight, group_of, bits)
    kept = zeros if version == 2 else (zeros - 1) % 2**bits
    tensors = {
        "qweight": np.stack([words(codes[row], bits) for row in range(rows)], axis=1),
        "qzeros": np.stack([words(kept[:, one], bits) for one in range(kept.shape[1])]),
        "scales": np.ascontiguousarray(scales.T),
    }
    return tensors | ({"g_idx": group_of.astype(np.int32)} if index else {}), meant


def pack_awq(weight, *, group=32):
    columns = weight.shape[1]
    codes, zeros, scales, meant = in_groups(weight, np.arange(columns) // group, 4)

    def eights(line):
        shuffled = [line[at + place] for at in range(0, len(line), 8) for place in (0, 2, 4, 6, 1, 3, 5, 7)]
        return words(shuffled, 4)

    tensors = {
        "qweight": np.stack([eights(codes[:, one]) for one in range(columns)]),
        "qzeros": np.stack([eights(zeros[:, one]) for one in range(zeros.shape[1])]),
        "scales": np.ascontiguousarray(scales.T),
    }
    return tensors, meant


def pack_bitsandbytes4(weight, *, kind="nf4", double=True, dtype="bfloat16", block=64):
    table = np.array(FOUR[kind], dtype=np.float32)
    table /= np.abs(table).max()
    flat = weight.reshape(-1)
    padded = np.concatenate([flat, np.zeros(-flat.size % block)]).reshape(-1, block)
    scales = np.abs(padded).max(1).astype(np.float32)
    stated = {"quant_type": kind, "blocksize": block, "dtype": dtype, "shape": list(weight.shape)}
    tensors = {"weight.absmax": scales}
    if double:
        mean = float(scales.mean())
        eight = np.linspace(-1, 1, 256, dtype=np.float32)
        blocks = [scales[at : at + 256] - np.float32(mean) for at in range(0, scales.size, 256)]
        outer = np.array([np.abs(one).max() for one in blocks], np.float32)
        picked = [np.abs(one[:, None] / top - eight).argmin(1) for one, top in zip(blocks, outer, strict=True)]
        tensors = {
            "weight.absmax": np.concatenate(picked).astype(np.uint8),
            "weight.nested_absmax": outer,
            "weight.nested_quant_map": eight,
        }
        stated |= {"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": mean}
        scales = np.concatenate([eight[one] * top for one, top in zip(picked, outer, strict=True)]) + np.float32(mean)
    codes = np.abs(padded[..., None] / scales[:, None, None] - table).argmin(-1)
    meant = (table[codes].astype(float) * scales.astype(float)[:, None]).reshape(-1)[: flat.size]
    halves = codes.reshape(-1)[: flat.size].reshape(-1, 2)
    tensors |= {
        "weight": (halves[:, 0] * 16 + halves[:, 1]).astype(np.uint8)[:, None],
        "weight.quant_map": table,
        f"weight.quant_state.bitsandbytes__{kind}": np.frombuffer(json.dumps(stated).encode(), np.uint8),
    }
    return tensors, meant.reshape(weight.shape)


def unpack_bitsandbytes4(tensors, module):
    """What the codes of a stored layer mean, in float64: the table at each code, times its block's scale."""
    of = {key: np.asarray(tensors[f"{module}.{key}"]).astype(float) for key in ("weight.quant_map", "weight.absmax")}
    state = next(value for key, value in tensors.items() if key.startswith(f"{module}.weight.quant_state."))
    stated = json.loads(bytes(np.asarray(state).tolist()))
    scales = of["weight.absmax"]
    if "nested_blocksize" in stated:
        outer, eight = (
            np.asarray(tensors[f"{module}.weight.nested_{key}"]).astype(float) for key in ("absmax", "quant_map")
        )
        tops = np.repeat(outer, stated["nested_blocksize"])[: scales.size]
        scales = eight[scales.astype(int)] * tops + stated["nested_offset"]
    packed = np.asarray(tensors[f"{module}.weight"]).reshape(-1)
    codes = np.stack([packed >> 4, packed & 15], 1).reshape(-1)
    return (of["weight.quant_map"][codes] * np.repeat(scales, stated["blocksize"])[: codes.size]).reshape(
        stated["shape"]
    )


def pack_bitsandbytes8(weight):
    top = np.abs(weight).max(1).astype(np.float32)
    codes = np.round(weight / top[:, None] * 127).astype(np.int8)
    tensors = {"weight": codes, "SCB": top, "weight_format": np.array(0, dtype=np.uint8)}
    return tensors, codes * top.astype(float)[:, None] / 127


def pack_compressed(weight, *, bits=4, group=32, symmetric=True):
    """``pack-quantized``: codes from zero up, along the rows; zero points, if there are any, down the columns."""
    rows, columns = weight.shape
    half = 2 ** (bits - 1)
    parts = weight.reshape(rows, -1, group)
    low, high = parts.min(2), parts.max(2)
    if symmetric:
        scales = np.maximum(high, -low) / (half - 0.5)
        zeros = np.zeros(scales.shape, int)
    else:
        scales = (high - low) / (2 * half - 1)
        zeros = np.clip(np.round(-half - low / scales), -half, half - 1).astype(int)
    scales = scales.astype(np.float32)
    codes = np.clip(np.round(parts / scales[..., None]) + zeros[..., None], -half, half - 1).astype(int)
    meant = ((codes - zeros[..., None]) * scales.astype(float)[..., None]).reshape(rows, columns)
    tensors = {
        "weight_packed": np.stack([words(codes[row].reshape(-1) + half, bits) for row in range(rows)]),
        "weight_scale": scales,
        "weight_shape": np.array([rows, columns], dtype=np.int64),
    }
    if not symmetric:
        columns_of = [words(zeros[:, one] + half, bits) for one in range(zeros.shape[1])]
        tensors["weight_zero_point"] = np.stack(columns_of, axis=1)
    return tensors, meant


def pack_float8(weight):
    """``float-quantized``: eight bits in floating point and a scale for each row."""
    scales = torch.from_numpy(np.abs(weight).max(1, keepdims=True) / 448).bfloat16()
    codes = (torch.from_numpy(weight) / scales.double()).to(torch.float8_e4m3fn)
    return {"weight": codes, "weight_scale": scales}, (codes.double() * scales.double()).numpy()
