#!/usr/bin/env bash
# Asks PocketBase and Ferrobase the same generated requests and compares the answers, on each
# engine: SQLite, and PostgreSQL where TEST_POSTGRES_URL names a server that may make databases.
# Arguments are the suites to run (differential, collections, files, batch, import, judge), all without one.
# REQUESTS, SEED, WORLD and others: tests/differential/setup.mjs.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_node
need_c_compiler install
if [ -n "${TEST_POSTGRES_URL:-}" ]; then
    command -v psql >/dev/null || missing "psql, which makes databases (Debian: apt install postgresql-client)"
fi
stop_if_missing

export REQUESTS="${REQUESTS:-100000}"
# So many requests want a server that is built for speed; few are answered before it is built.
profile=$([ "$REQUESTS" -gt 20000 ] && echo release || echo debug)
cargo build --locked $([ "$profile" = release ] && echo --release) --bin ferrobase
export FERROBASE_BIN="${FERROBASE_BIN:-$(target_directory)/$profile/ferrobase}"

run() {
    echo "> ferrobase-differential $1"
    DATABASE_URL="$2" node --test --test-reporter=spec "${@:3}"
}
suites=("$@")
if [ $# = 0 ]; then suites=(differential collections files batch import judge); fi
tests=("${suites[@]/#/tests/differential/}")
run sqlite "" "${tests[@]/%/.test.mjs}"
if [ -n "${TEST_POSTGRES_URL:-}" ]; then
    # The judge itself is tried once: it is the same on every engine.
    others=()
    for suite in "${suites[@]}"; do
        if [ "$suite" != judge ]; then others+=("tests/differential/$suite.test.mjs"); fi
    done
    if [ ${#others[@]} -gt 0 ]; then run postgres "$TEST_POSTGRES_URL" "${others[@]}"; fi
fi
