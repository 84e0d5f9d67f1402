#!/usr/bin/env bash
# A tour of the dashboard in the system's Chromium, against the built binary.
# SCREENSHOTS=folder writes a picture of every page and theme at four widths.
# DASHBOARD=folder takes the pages from there, in place of those in the executable.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_node
need_c_compiler install
need_chromium install
stop_if_missing

cargo build --locked
export FERROBASE_BIN="$(target_directory)/debug/ferrobase"
for folder in SCREENSHOTS DASHBOARD; do
    if [ -n "${!folder:-}" ]; then export "$folder=$(realpath -m "${!folder}")"; fi
done
cd tests/browser
npm ci --no-audit --no-fund
npm test
