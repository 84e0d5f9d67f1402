#!/usr/bin/env bash
# Format and lints. A warning is an error here.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_cargo_components
need_c_compiler install
need_node
stop_if_missing

cargo fmt --all -- --check
cargo clippy --locked --all-targets -- -D warnings
