"""How long a tokenizer of 260,000 entries in a GGUF file takes to be ready: the first time, and every time after it.

Writes two made-up files of one layer: ``bpe``, bytes and their merges as Llama 3 has them, and ``pieces``,
SentencePiece without merges as Gemma has it, with 6,000 entries that are never cut. Each is then made ready in three
processes: folder, tokenizer and one encoded text. Seconds are those of the processor; imports are distinguished.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import gguf
import numpy as np

TEXT = "Which do you take?\n\nA. Tea.\nB. Milk.\n\nAnswer:"
WIDTH, ADDED = 32, 6000
NORMAL, CONTROL, USER, BYTE = 1, 3, 4, 6
FIRST, AFTER = 60.0, 3.0


def grown(alphabet: list[str], entries: int, seed: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Entries that begin with an alphabet and go on with joins of two earlier ones, and these joins."""
    drawn = np.random.default_rng(seed)
    tokens, merges, known = list(alphabet), [], set(alphabet)
    while len(tokens) < entries:
        first, second = (tokens[int(len(tokens) * drawn.random() ** 3)] for _ in range(2))
        joined = first + second
        if joined not in known and len(joined) <= 16:
            known.add(joined)
            tokens.append(joined)
            merges.append((first, second))
    return tokens, merges


def write(path: Path, kind: str, entries: int) -> None:
    """A Llama of one layer with a tokenizer of so many entries."""
    file = gguf.GGUFWriter(path, "llama" if kind == "bpe" else "gemma2")
    file.add_context_length(512)
    file.add_embedding_length(WIDTH)
    file.add_block_count(1)
    file.add_feed_forward_length(WIDTH)
    file.add_head_count(4)
    file.add_head_count_kv(4)
    file.add_key_length(WIDTH // 4)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_vocab_size(entries)
    _tokenizer(file, kind, entries)
    shapes = {"token_embd": (entries, WIDTH)}
    shapes |= {f"blk.0.{one}": (WIDTH, WIDTH) for one in ("attn_q", "attn_k", "attn_v", "attn_output")}
    shapes |= {f"blk.0.{one}": (WIDTH, WIDTH) for one in ("ffn_gate", "ffn_up", "ffn_down")}
    for name, shape in shapes.items():
        file.add_tensor(f"{name}.weight", np.zeros(shape, np.float16))
    norms = ["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"]
    norms += [] if kind == "bpe" else ["blk.0.post_attention_norm", "blk.0.post_ffw_norm"]
    for name in norms:
        file.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def _tokenizer(file: gguf.GGUFWriter, kind: str, entries: int) -> None:
    if kind == "bpe":
        from transformers.convert_slow_tokenizer import bytes_to_unicode  # noqa: PLC0415

        control = [f"<|reserved_{number}|>" for number in range(256)]
        tokens, merges = grown(list(bytes_to_unicode().values()), entries - len(control), 0)
        file.add_tokenizer_model("gpt2")
        file.add_tokenizer_pre("llama-bpe")
        file.add_token_list([*tokens, *control])
        file.add_token_types([NORMAL] * len(tokens) + [CONTROL] * len(control))
        file.add_token_merges([f"{first} {second}" for first, second in merges])
        file.add_bos_token_id(len(tokens))
        file.add_eos_token_id(len(tokens) + 1)
        return
    added = [f"<unused{number}>" for number in range(ADDED)]
    start = ["<pad>", "<eos>", "<bos>", "<unk>", *added, *(f"<0x{byte:02X}>" for byte in range(256))]
    types = [CONTROL] * 4 + [USER] * ADDED + [BYTE] * 256
    letters = ["▁", *map(chr, range(33, 127)), *map(chr, range(0xC0, 0x250)), *map(chr, range(0x400, 0x500))]
    pieces, _ = grown(letters, entries - len(start), 1)
    file.add_tokenizer_model("llama")
    file.add_token_list([*start, *pieces])
    file.add_token_scores([-1000.0] * len(start) + [-float(number) for number in range(len(pieces))])
    file.add_token_types(types + [NORMAL] * len(pieces))
    for number, add in enumerate((file.add_pad_token_id, file.add_eos_token_id, file.add_bos_token_id)):
        add(number)
    file.add_unk_token_id(3)


def ready(path: Path, place: Path, answer: multiprocessing.Queue) -> None:
    """Make a file's tokenizer ready here; put seconds of imports and of the rest, and the number of tokens."""
    start = time.process_time()
    from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerFast  # noqa: F401, PLC0415

    AutoConfig.for_model("llama" if path.stem == "bpe" else "gemma2")  # its class imports torch and more
    from probe.engine import meta_model  # noqa: F401, PLC0415
    from probe.engine.gguf import prepare_gguf  # noqa: PLC0415
    from probe.prompts.tokenizer import load_encoder  # noqa: PLC0415

    imported = time.process_time()
    encoder = load_encoder(prepare_gguf(path, "m", place).folder, "m")
    (ids,) = encoder.encode([TEXT])
    answer.put((imported - start, time.process_time() - imported, len(ids)))


def main() -> int:
    """Print a line for each file and time; 1 if one is above its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=260_000)
    entries = parser.parse_args().entries
    slow, context = False, multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("bpe", "pieces"):
            path = Path(folder) / f"{kind}.gguf"
            write(path, kind, entries)
            for when, most in (("first", FIRST), ("after", AFTER), ("after", AFTER)):
                answer = context.Queue()
                worker = context.Process(target=ready, args=(path, Path(folder) / "made", answer))
                worker.start()
                imports, seconds, tokens = answer.get()
                worker.join()
                slow |= seconds > most
                print(
                    f"{kind}, {entries} entries, {path.stat().st_size / 1e6:.0f} MB, {when}: {seconds:.1f} s (at most "
                    f"{most:.0f}), imports {imports:.1f} s, {tokens} tokens",
                    flush=True,
                )
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
