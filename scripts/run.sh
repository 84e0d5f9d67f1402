#!/usr/bin/env bash
# Builds the server and serves the blog of config.toml from ./data, with its seeds. The file is
# watched: what is saved is applied.
# Arguments go to the server: scripts/run.sh --http 127.0.0.1:9000
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_c_compiler
need_node
stop_if_missing

exec cargo run --locked -- dev "$@"
