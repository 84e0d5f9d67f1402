#!/usr/bin/env bash
# Measures Ferrobase beside PocketBase and writes bench/results/latest.md, or, with
# --database postgres, beside a bare program and writes bench/results/postgres.md: bench/README.md.
# Arguments go to bench/run.mjs: scripts/bench.sh --sizes 10k,100k,1m
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_node
need_c_compiler install
need_wrk install
case " $* " in
*" --database postgres "* | *" --database=postgres "*)
    need_postgres install
    run=(env POSTGRES_DURABLE=yes scripts/postgres.sh bench/run.mjs --out bench/results/postgres.md)
    ;;
*) run=(bench/run.mjs --out bench/results/latest.md) ;;
esac
stop_if_missing

cargo build --locked --release --bin ferrobase
cargo build --locked --release --example bench_load --example bench_ceiling --example bench_bare \
    --example bench_fanout
target=$(target_directory)/release

exec "${run[@]}" --ferrobase "$target/ferrobase" --tools "$target/examples" --ceilings "$@"
