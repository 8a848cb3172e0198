"""Measure one model under other numbers and without its default system text, on two trade-offs by `quick`.

    scripts/results/conditions.py [results/models.yaml]

A GGUF file is expanded into a folder of float32 weights first, since only such can be loaded in 16 bits or quantised.
The readings of all conditions go into results/MODEL/conditions.parquet, the condition in the column `model`, with the
numeric floor of each in the table's metadata.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import transformers
from measure import probe
from places import CONDITIONS, KEPT, MEASURED, place_weights
from safetensors.torch import save_file

from probe.design.models import own_models
from probe.results import Results
from probe.study.request import Request
from probe.study.resolve import resolve

NUMBERS = {
    "float32": ("--dtype", "float32"),
    "bfloat16": ("--dtype", "bfloat16"),
    "int8": ("--dtype", "bfloat16", "--quant", "int8"),
    "nf4": ("--dtype", "bfloat16", "--quant", "nf4"),
}

SYSTEMS = {"": (), ", no system text": ("--system", "")}

_BESIDE_WEIGHTS = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")

FLAGS = ("--suite", "candour-pleasing,honesty-kindness", "--design", "quick", "--limit", "3", "--answers", "labels")


def weights_folder(name: str, models: Path) -> Path:
    """A folder of the model that can be loaded in any numbers: its own, or the GGUF file expanded once."""
    place_weights(models)
    source = own_models(models)[name].source
    if not (isinstance(source, Path) and source.suffix == ".gguf"):
        return Path(source)
    folder = MEASURED / name / "expanded"
    if not (folder / "model.safetensors").is_file():
        found = resolve(Request(models=(name,), models_file=models, suite=("demo",), design="quick")).sources[0]
        model = transformers.AutoModelForCausalLM.from_pretrained(
            source.parent, gguf_file=source.name, dtype="float32", local_files_only=True
        )
        folder.mkdir(parents=True, exist_ok=True)
        for file in _BESIDE_WEIGHTS:
            if (found.snapshot.folder / file).is_file():
                shutil.copyfile(found.snapshot.folder / file, folder / file)
        tensors = {key: value.contiguous() for key, value in model.state_dict().items()}
        if model.config.tie_word_embeddings:
            tensors.pop("lm_head.weight", None)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def measured(name: str, folder: Path) -> Iterator[tuple[str, Results]]:
    """Every condition, measured or already there."""
    for numbers, how in NUMBERS.items():
        for system, asked in SYSTEMS.items():
            out = MEASURED / name / "conditions" / f"{numbers}{'-without' if asked else ''}"
            probe("run", str(folder), *FLAGS, *how, *asked, "--out", str(out))
            yield f"{numbers}{system}", Results(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="?", type=Path, default=KEPT / "models.yaml")
    models = parser.parse_args().models.absolute()
    for name in own_models(models):
        tables, floors = [], {}
        for condition, found in measured(name, weights_folder(name, models)):
            (record,) = found.manifest.models.values()
            floors[condition] = record.log_odds_floor
            place = found.readings.schema.get_field_index("model")
            field = found.readings.schema.field(place)
            names = pa.array([condition] * found.readings.num_rows, pa.string()).cast(field.type)
            tables.append(found.readings.set_column(place, field, names))
        kept = pa.concat_tables(tables).replace_schema_metadata({"floors": json.dumps(floors)})
        pq.write_table(kept, KEPT / name / CONDITIONS, compression="zstd")
        print(f"{name}: {len(tables)} conditions, {KEPT / name / CONDITIONS}")


if __name__ == "__main__":
    main()
