#!/usr/bin/env bash
# Every test there is. Ends with what the runners themselves counted.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_cargo_components
need_node
need_c_compiler install
need_chromium install
stop_if_missing

scripts/check.sh

# A snapshot that differs is a failure, not a file to look at.
export INSTA_UPDATE=no

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test --locked --no-fail-fast 2>&1 | tee "$log"
scripts/clients.sh 2>&1 | tee -a "$log"
scripts/dashboard.sh 2>&1 | tee -a "$log"
scripts/browser.sh 2>&1 | tee -a "$log"

echo
echo "All suites passed:"
grep -E '^ +(Running|Doc-tests) |^test result: |^> (ferrobase|vitest)|^ℹ (tests|pass|fail) |^svelte-check found |^ +(Test Files|Tests) ' "$log"
