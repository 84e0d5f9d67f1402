#!/usr/bin/env bash
# Loads the blog into Ferrobase and PocketBase, each through its API, and runs the blog's queries
# against both. Data stays in the cache folder, so a second run loads nothing.
#
#   bench/blog/run.sh [POSTS [COMMENTS]]        default 100000 500000
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/tools.sh

posts=${1:-100000}
comments=${2:-500000}
cache="${BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ferrobase-bench}"
folder="$cache/blog-$posts-$comments"
superuser=(root@example.com "a root password for benches")
export BENCH_CACHE="$cache"

need_cargo
need_node
need_c_compiler
stop_if_missing

cargo build --locked --release --bin ferrobase
cargo build --locked --release --example blog_load
target=$(target_directory)/release
pocketbase=$(bench/pocketbase.sh)
(cd tests/clients && npm ci --silent --no-audit --no-fund)

servers=()
trap 'for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null || true; done; wait' EXIT

# Starts a server in the background, and waits on its log until it has said where it listens.
start() {
    local log=$1
    shift
    : >"$log"
    "$@" >"$log" 2>&1 &
    servers+=($!)
    timeout 60 grep -q -m 1 'http://' <(tail -n +1 -f --pid=$! "$log") || { cat "$log" >&2; exit 1; }
}

# The blog as it is, but with rate limits that a loader does not meet.
mkdir -p "$folder/ferrobase" "$folder/pocketbase"
cp config.toml "$folder/ferrobase/config.toml"
cat >"$folder/ferrobase/config.bench.toml" <<'OVERLAY'
[limits]
"*:auth"          = "1000000/s"
"comments:create" = "1000000/s"
OVERLAY

"$target/ferrobase" superuser upsert "${superuser[@]}" --dir "$folder/ferrobase/data"
start "$folder/ferrobase.log" "$target/ferrobase" serve --env bench \
    --config "$folder/ferrobase/config.toml" --dir "$folder/ferrobase/data" --http 127.0.0.1:18091
"$pocketbase" superuser upsert "${superuser[@]}" --dir "$folder/pocketbase"
start "$folder/pocketbase.log" "$pocketbase" serve --dir "$folder/pocketbase" --http 127.0.0.1:18092

load() {
    "$target/examples/blog_load" --superuser "${superuser[0]}" --password "${superuser[1]}" \
        --posts "$posts" --comments "$comments" "$@"
}

echo "Ferrobase:"
load --url http://127.0.0.1:18091
echo "PocketBase:"
load --url http://127.0.0.1:18092 --make-collections

node bench/blog/queries.mjs \
    "Ferrobase=http://127.0.0.1:18091=${servers[0]}" "PocketBase=http://127.0.0.1:18092=${servers[1]}"
