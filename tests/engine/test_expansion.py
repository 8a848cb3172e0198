"""Guards: codes are turned into the numbers they stand for, whatever the library's kernel makes of them."""

from __future__ import annotations

import bitsandbytes
import numpy as np
import pytest
import torch
from bitsandbytes.nn import Linear4bit, Linear8bitLt

from probe.engine.expansion import by_definition, defined_rows, expanded, is_quantised
from probe.engine.load import load_model
from probe.engine.plain import next_token_logprobs
from probe.engine.precision import Precision
from probe.engine.products import hold_products_to_definition
from probe.errors import ModelError

NORMAL_FLOAT = """
    -1.0 -0.6961928009986877 -0.5250730514526367 -0.39491748809814453 -0.28444138169288635 -0.18477343022823334
    -0.09105003625154495 0.0 0.07958029955625534 0.16093020141124725 0.24611230194568634 0.33791524171829224
    0.44070982933044434 0.5626170039176941 0.7229568362236023 1.0"""

SEQUENCE = (3, 1, 4, 1, 5, 9, 2, 6)


def quantised(width, *, double=True, rows=40, dtype=torch.bfloat16, bias=False):
    torch.manual_seed(width)
    plain = torch.nn.Linear(width, rows, bias=bias, dtype=dtype)
    torch.nn.init.normal_(plain.weight)
    layer = Linear4bit(
        width, rows, bias=bias, compute_dtype=dtype, compress_statistics=double, quant_type="nf4", device="meta"
    )
    layer.load_state_dict(plain.state_dict(), assign=True)
    layer.weight = bitsandbytes.nn.Params4bit(
        plain.weight.data, requires_grad=False, compress_statistics=double, quant_type="nf4", module=layer
    )
    layer.support_avx512bf16_for_cpu = False
    return layer.to("cpu").eval(), plain


def by_hand(layer):
    """One weight after the other, in Python: QLoRA's definition."""
    table = [np.float32(number) for number in NORMAL_FLOAT.split()]
    state = layer.weight.quant_state
    packed = layer.weight.data.numpy().reshape(-1)
    scales = state.absmax.numpy()
    if state.nested:
        code, outer, mean = state.state2.code.numpy(), state.state2.absmax.numpy(), state.offset.numpy()
        scales = [code[eight] * outer[block // state.state2.blocksize] + mean for block, eight in enumerate(scales)]
    flat = []
    for place in range(state.shape.numel()):
        byte = int(packed[place // 2])
        flat.append(table[byte % 16 if place % 2 else byte // 16] * scales[place // state.blocksize])
    return np.array(flat, dtype=np.float32).reshape(state.shape)


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize(("width", "rows"), [(32, 40), (64, 40), (96, 5), (96, 40), (128, 300), (34, 3)])
def test_four_bits_are_expanded_as_their_definition_says(width, rows, double, monkeypatch):
    layer, plain = quantised(width, double=double, rows=rows)
    truth = by_hand(layer)
    assert np.array_equal(by_definition(layer, torch.float32).numpy(), truth)
    monkeypatch.setattr("probe.engine.expansion._AT_A_TIME", 100)
    assert np.array_equal(by_definition(layer, torch.float32).numpy(), truth)
    assert np.array_equal(defined_rows(layer, slice(1, rows - 1)).numpy(), truth[1:-1])
    assert np.abs(truth - plain.weight.detach().float().numpy()).mean() < 0.15


def turn(rows):
    """What a wrong kernel does: rows come out as those of their neighbours."""
    return rows.roll(1, 0)


def plant(monkeypatch, name, spoil):
    """Let bitsandbytes' operation of a name spoil what it gives, as a wrong kernel would."""
    right = getattr(torch.ops.bitsandbytes, name).default

    def planted(*args, **kwargs):
        return spoil(right(*args, **kwargs))

    planted.default = planted
    monkeypatch.setattr(torch.ops.bitsandbytes, name, planted)


def load(folder, **precision):
    return load_model(folder, "tiny", precision=Precision(**precision), device="cpu")


@pytest.fixture(scope="module")
def wide(tiny_model_folder, demo_folder):
    """Rows of whole blocks, which every known kernel expands rightly."""
    return tiny_model_folder("llama", demo_folder, dtype="bfloat16", hidden_size=128, intermediate_size=256)


@pytest.mark.parametrize("compute", ["native", "fp32"])
@pytest.mark.parametrize("operation", ["dequantize_4bit", "gemm_4bit"])
def test_a_wrong_four_bit_kernel_is_found_and_not_used(wide, monkeypatch, operation, compute):
    right = load(wide, quant="nf4", compute=compute)
    truth = next_token_logprobs(right.model, SEQUENCE)
    plant(monkeypatch, operation, turn if operation == "dequantize_4bit" else lambda product: 1.5 * product)
    loaded = load(wide, quant="nf4", compute=compute)
    used = operation == "dequantize_4bit" or compute == "native"
    assert (right.weights.quantisation["expansion"], loaded.weights.quantisation["expansion"]) == (
        "library",
        "own" if used else "library",
    )
    assert (next_token_logprobs(loaded.model, SEQUENCE) - truth).abs().max() < 1e-6
    monkeypatch.setattr("probe.engine.load.hold_products_to_definition", lambda *_, **__: "library")
    unchecked = next_token_logprobs(load(wide, quant="nf4", compute=compute).model, SEQUENCE)
    assert used == ((unchecked - truth).abs().max() > 1e-2)


@pytest.mark.parametrize("width", [32, 64, 96, 128])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_products_are_those_with_the_defined_weights_on_every_processor(width, dtype):
    """Fails without the check on a machine with AVX-512, whose kernel is wrong for widths 32 and 96."""
    layer, _ = quantised(width, dtype=dtype, bias=True)
    holder = torch.nn.ModuleList([layer])
    hold_products_to_definition(holder, "tiny", dtype, native=True)
    weight = torch.from_numpy(by_hand(layer))
    inputs = torch.randn(7, width).to(dtype)
    truth = torch.nn.functional.linear(inputs, weight.to(dtype), layer.bias)
    assert torch.allclose(layer(inputs), truth, rtol=1e-2, atol=1e-2)
    assert torch.allclose(expanded(layer), weight, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_rows_that_cut_blocks_read_as_their_codes_say(tiny_model_folder, demo_folder, kind):
    """As the weights written into a plain model do. Fails without the check on a machine with AVX-512."""
    folder = tiny_model_folder(kind, demo_folder, dtype="bfloat16")
    loaded = load(folder, quant="nf4")
    codes = {name: layer for name, layer in loaded.model.named_modules() if is_quantised(layer)}
    assert any(layer.in_features % 64 for layer in codes.values())
    reference = load(folder).model
    for name, module in reference.named_modules():
        if name in codes:
            weight = torch.from_numpy(by_hand(codes[name])).bfloat16()
            module.weight.data = weight.T.contiguous() if kind == "gpt2" else weight
    found, truth = (next_token_logprobs(model, SEQUENCE) for model in (loaded.model, reference))
    assert (found - truth).abs().max() < 0.1


@pytest.mark.parametrize(
    ("operation", "spoil"),
    [
        ("int8_vectorwise_dequant", turn),
        ("int8_mixed_scaled_mm", lambda found: (1.5 * found[0], found[1])),
        ("int8_vectorwise_quant", lambda found: (found[0] // 2, *found[1:])),
    ],
)
def test_wrong_int8_kernels_are_refused(wide, monkeypatch, operation, spoil):
    assert load(wide, quant="int8").weights.quantisation["expansion"] == "library"
    with monkeypatch.context() as patch:
        found = load(wide, quant="int8").model
        assert any(isinstance(layer, Linear8bitLt) for layer in found.modules())
        plant(patch, operation, spoil)
        with pytest.raises(ModelError, match=r"tiny: bitsandbytes computes int8 wrongly on cpu.*Use --quant nf4 or no"):
            hold_products_to_definition(found, "tiny", torch.bfloat16, native=True)


def test_an_int8_product_that_is_not_used_is_not_held_against_it(wide, monkeypatch):
    plant(monkeypatch, "int8_mixed_scaled_mm", lambda found: (1.5 * found[0], found[1]))
    assert load(wide, quant="int8", compute="fp32").weights.quantisation["expansion"] == "library"


def test_looking_at_int8_layers_moves_nothing_of_theirs(wide, monkeypatch):
    looked = load(wide, quant="int8").model
    monkeypatch.setattr("probe.engine.load.hold_products_to_definition", lambda *_, **__: "library")
    left = load(wide, quant="int8").model
    assert torch.equal(next_token_logprobs(looked, SEQUENCE), next_token_logprobs(left, SEQUENCE))
