#!/usr/bin/env bash
# Drives the stock pocketbase client against the built binary; on PostgreSQL with
# TEST_DATABASE=postgres.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

if [ "${TEST_DATABASE:-}" = postgres ] && [ -z "${TEST_POSTGRES_URL:-}" ]; then
    exec scripts/postgres.sh "$0" "$@"
fi

need_cargo
need_node
need_c_compiler install
stop_if_missing

cargo build --locked
export FERROBASE_BIN="$(target_directory)/debug/ferrobase"
cd tests/clients
npm ci --no-audit --no-fund
npm test
