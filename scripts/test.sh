#!/usr/bin/env bash
# Every test there is, those of the server on both engines. Ends with what the runners themselves
# counted.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_cargo_components
need_node
need_c_compiler install
need_chromium install
need_haproxy install
if [ -z "${TEST_POSTGRES_URL:-}" ]; then need_postgres install; fi
stop_if_missing

scripts/check.sh

# A snapshot that differs is a failure, not a file to look at.
export INSTA_UPDATE=no
unset TEST_DATABASE

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Says what comes next, on the terminal and among the closing lines.
title() {
    echo "== $1 ==" | tee -a "$log"
}

title "on SQLite"
cargo test --locked --no-fail-fast 2>&1 | tee -a "$log"
scripts/clients.sh 2>&1 | tee -a "$log"

# What has no database is the same on both engines and has run: floors, examples in comments, the
# units below the store.
title "on PostgreSQL"
TEST_DATABASE=postgres scripts/postgres.sh bash -euo pipefail -c '
    cargo test --locked --no-fail-fast --lib -- store:: services:: http:: 2>&1
    cargo test --locked --no-fail-fast --test store --test api 2>&1
    scripts/clients.sh 2>&1
' | tee -a "$log"

title "on both, beside PocketBase"
REQUESTS=${REQUESTS:-5000} scripts/postgres.sh scripts/differential.sh 2>&1 | tee -a "$log"

title "several nodes on one PostgreSQL"
scripts/postgres.sh scripts/nodes.sh 2>&1 | tee -a "$log"

title "without an engine of its own: the dashboard, which speaks to the API alone"
scripts/dashboard.sh 2>&1 | tee -a "$log"
scripts/browser.sh 2>&1 | tee -a "$log"

echo
echo "All suites passed:"
grep -E '^== |^ +(Running|Doc-tests) |^test result: |^> (ferrobase|vitest)|^ℹ (tests|pass|fail) |^svelte-check found |^ +(Test Files|Tests) ' "$log"
