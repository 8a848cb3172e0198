#!/usr/bin/env bash
# Writes constraints.txt: every package in .venv but probe itself, as name==version, without a build's local suffix.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m pip freeze --exclude-editable | grep -v '^#' | sed 's/+.*$//' | LC_ALL=C sort -f -t= -k1,1 >constraints.txt
