#!/usr/bin/env bash
# Measures Ferrobase beside PocketBase and writes bench/results/latest.md: bench/README.md.
# Arguments go to bench/run.mjs: scripts/bench.sh --sizes 10k,100k,1m
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_node
need_c_compiler install
need_wrk install
stop_if_missing

cargo build --locked --release --bin ferrobase
cargo build --locked --release --example bench_load --example bench_ceiling
target=$(target_directory)/release

exec bench/run.mjs --ferrobase "$target/ferrobase" --tools "$target/examples" \
    --ceilings --out bench/results/latest.md "$@"
