#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own, which TEST_POSTGRES_URL names, and which is gone
# when the command has ended, however it ended:
#     TEST_DATABASE=postgres scripts/postgres.sh cargo test
# When TEST_POSTGRES_URL names a server already, that one is used and none is started.
#
# It forgets what it wrote when the power fails; with POSTGRES_DURABLE=yes it does not, and is set up
# as it ships but for its memory: for what measures.
#
# The superuser `postgres` may come in without a password, every other role needs its own: tests of
# what is refused make one.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

if [ -n "${TEST_POSTGRES_URL:-}" ]; then
    exec "$@"
fi

need_postgres install
stop_if_missing

folder=$(mktemp -d "${TMPDIR:-/tmp}/ferrobase-postgres.XXXXXX")

# The keeper reads a pipe that only this script holds open. The end of the script closes it, that by
# `kill -9` too; then the keeper stops the server and clears up. In a session of its own it outlives
# a signal to the whole group.
new_session=$(command -v setsid || true)
exec 9> >(
    exec $new_session bash -c '
        trap "" INT TERM HUP
        cat >/dev/null
        server=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
        # Nothing of it is needed any more, so nothing is written.
        if [ -n "$server" ]; then kill -QUIT "$server"; fi
        for _ in {1..100}; do
            if ! [ -e "$1/data/postmaster.pid" ]; then break; fi
            sleep 0.1
        done
        rm -rf "$1"
    ' keeper "$folder"
)

# initdb and the server refuse to run as root.
as_server=()
if [ "$(id -u)" = 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$folder"
    as_server=(runuser -u "$user" --)
fi

run_as_server() {
    (cd "$folder" && ${as_server[@]+"${as_server[@]}"} "$@") 9>&-
}

# The order of texts is part of the contract, so the server's own order is another one where it can
# be: what forgets to ask for it is found.
init() {
    run_as_server "$POSTGRES_BIN/initdb" --pgdata="$folder/data" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C --no-sync "$@" >"$folder/initdb.log" 2>&1
}
init --locale-provider=icu --icu-locale=en-US || { rm -rf "$folder/data" && init; } || {
    cat "$folder/initdb.log" >&2
    exit 1
}
cat >"$folder/data/pg_hba.conf" <<'HBA'
host all postgres 127.0.0.1/32 trust
host all all      127.0.0.1/32 scram-sha-256
HBA

settings="-c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
if [ "${POSTGRES_DURABLE:-no}" = yes ]; then
    settings+=" -c fsync=on -c synchronous_commit=on -c shared_buffers=256MB"
else
    # Nothing has to survive this server. Every core may run a test with several connections.
    settings+=" -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal \
-c max_wal_senders=0 -c shared_buffers=64MB -c max_connections=$((300 + 20 * $(getconf _NPROCESSORS_ONLN)))"
fi

start() {
    run_as_server "$POSTGRES_BIN/pg_ctl" start --pgdata="$folder/data" --log="$folder/server.log" \
        --wait --silent --options="$settings -p $1" >/dev/null
}

# PostgreSQL takes no free port by itself. Below those that systems hand out.
for _ in {1..20}; do
    port=$((20000 + RANDOM % 12000))
    if start "$port"; then break; fi
    port=""
done
if [ -z "$port" ]; then
    tail -n 20 "$folder/server.log" >&2
    exit 1
fi

export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
export PATH="$PATH:$POSTGRES_BIN"
status=0
"$@" 9>&- || status=$?

exec 9>&-
# The keeper is no child of this script once it has a session of its own.
for _ in {1..150}; do
    if ! [ -e "$folder" ]; then break; fi
    sleep 0.1
done
exit "$status"
