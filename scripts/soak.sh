#!/usr/bin/env bash
# W12: requests for ten minutes, nine views to one create, then `kill -9` and the same data again. Fails
# unless the log of the database stayed bounded, memory and open files flat, and no answered write is
# lost. Prints a table; ends by itself.
#     SOAK_SECONDS=60 scripts/soak.sh
# FERROBASE_BIN names an executable to use instead of the one that is built; arguments go to
# bench/soak.mjs. Needs room below TMPDIR for what it writes, up to 400 MB of logs among it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_node
need_c_compiler install
stop_if_missing

if [ -z "${FERROBASE_BIN:-}" ]; then
    cargo build --locked --release --bin ferrobase
    FERROBASE_BIN=$(target_directory)/release/ferrobase
fi

exec bench/soak.mjs --ferrobase "$FERROBASE_BIN" --seconds "${SOAK_SECONDS:-600}" "$@"
