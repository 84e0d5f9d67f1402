#!/usr/bin/env bash
# Drives the stock pocketbase client against the built binary.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_node
need_c_compiler install
stop_if_missing

cargo build --locked
export FERROBASE_BIN="$(target_directory)/debug/ferrobase"
cd tests/clients
npm ci --no-audit --no-fund
npm test
