#!/usr/bin/env bash
# Makes .venv and installs probe into it, in the versions of constraints.txt. Does nothing, and needs no network, while
# what it would install from is what it last installed from.
set -euo pipefail
cd "$(dirname "$0")/.."

packages="python3 python3-venv make git"
stamp=.venv/installed
wanted="$(pwd)
$(cat pyproject.toml constraints.txt hatch_build.py | sha256sum | cut -d' ' -f1)"

say() { printf '%s\n' "$*" >&2; }

works() { "$1" -c "$2" >/dev/null 2>&1; }

# The first Python that is new enough; PYTHON, if set, is the only one looked at.
find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if works "$name" 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            echo "$name"
            return
        fi
    done
}

make_environment() {
    local python
    python="$(find_python)"
    rm -rf .venv
    if [ -n "$python" ] && works "$python" 'import ensurepip, venv'; then
        "$python" -m venv .venv
    elif command -v uv >/dev/null; then
        uv venv --quiet --python "${python:-3.11}" .venv
    elif [ -n "$python" ]; then
        say "scripts/install.sh: $python cannot make a virtual environment: ensurepip is missing, and so is uv. Run:"
        say "    sudo apt-get update && sudo apt-get install -y $packages"
        exit 3
    else
        say "scripts/install.sh: no Python 3.11 or newer was found among ${PYTHON:-python3, python3.13, python3.12," \
            "python3.11}. Install one, or uv, which brings its own. On Debian 12, Ubuntu 24.04 or newer, run:"
        say "    sudo apt-get update && sudo apt-get install -y $packages"
        exit 3
    fi
}

install_probe() {
    if works .venv/bin/python 'import pip'; then
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
    else
        uv pip install --quiet --python .venv/bin/python -c constraints.txt -e '.[dev]'
    fi
}

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && works .venv/bin/python ''; then
    exit 0
fi
if ! [ -f "$stamp" ] || [ "$(head -n 1 "$stamp")" != "$(pwd)" ] || ! works .venv/bin/python ''; then
    make_environment
fi
rm -f "$stamp"
say "installing probe and what it needs into .venv; this takes a few minutes"
install_probe
printf '%s\n' "$wanted" >"$stamp"
