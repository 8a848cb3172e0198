#!/usr/bin/env bash
# Takes the picture of the README: the top of a run's report, in headless Chromium.
#   scripts/screenshot.sh [RUN] [PICTURE]
set -euo pipefail
cd "$(dirname "$0")/.."

run="${1:-runs/demo}"
picture="${2:-docs/images/demo.png}"

if ! [ -f "$run/report.html" ]; then
    echo "scripts/screenshot.sh: $run/report.html is missing. Make it with: make demo" >&2
    exit 2
fi
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        mkdir -p "$(dirname "$picture")"
        exec "$name" --headless --no-sandbox --disable-gpu --hide-scrollbars --force-color-profile=srgb \
            --window-size=1200,2180 --virtual-time-budget=10000 \
            --screenshot="$(realpath "$picture")" "file://$(realpath "$run")/report.html"
    fi
done
echo "scripts/screenshot.sh: no Chromium was found. On Debian or Ubuntu: sudo apt-get install -y chromium" >&2
exit 3
