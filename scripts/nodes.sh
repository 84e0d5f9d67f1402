#!/usr/bin/env bash
# Several servers on one PostgreSQL behind haproxy, under load, while nodes and the database go away and
# come back; and many realtime connections to one. The small version takes a minute;
#     scripts/nodes.sh whole
# is the one of `make stress`, a quarter of an hour, and ends by itself. Arguments after that are the
# suites to run (deploy, nodes, shared, connections, lost, failures, fanout), all of the version without one.
# FERROBASE_BIN names an executable to use instead of the one that is built.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

version=small
if [ "${1:-}" = whole ] || [ "${1:-}" = small ]; then
    version=$1
    shift
fi

need_cargo
need_node
need_c_compiler install
need_haproxy install
# The whole version starts, stops and copies servers itself, whatever TEST_POSTGRES_URL names.
if [ "$version" = whole ] || [ -z "${TEST_POSTGRES_URL:-}" ]; then need_postgres install; fi
stop_if_missing
export POSTGRES_BIN="${POSTGRES_BIN:-}"

if [ -z "${FERROBASE_BIN:-}" ]; then
    profile=$([ "$version" = whole ] && echo release || echo debug)
    cargo build --locked $([ "$profile" = release ] && echo --release) --bin ferrobase
    export FERROBASE_BIN="$(target_directory)/$profile/ferrobase"
fi
(cd tests/smtp && npm ci --no-audit --no-fund)

suites=(deploy.test nodes.test shared.test lost.test connections.test)
if [ "$version" = whole ]; then
    suites+=(failures.stress fanout.stress)
    export NODES_CONNECTIONS=${NODES_CONNECTIONS:-10000} NODES_MAILS=${NODES_MAILS:-600}
    ulimit -n "$(ulimit -H -n)"
fi
if [ $# -gt 0 ]; then
    wanted=()
    for name in "$@"; do
        for suite in deploy.test nodes.test shared.test lost.test connections.test failures.stress fanout.stress; do
            if [ "${suite%.*}" = "$name" ]; then wanted+=("$suite"); fi
        done
    done
    suites=("${wanted[@]}")
fi
suites=("${suites[@]/#/tests/nodes/}")

echo "> ferrobase-nodes $version"
# One after the other: they measure.
exec scripts/postgres.sh node --test --test-concurrency=1 --test-reporter=spec "${suites[@]/%/.mjs}"
