# Checks for the tools the other scripts need. Sourced, not run.
# Each missing tool is one line; `stop_if_missing` ends the script after all of them were named.

missing_tools=0

missing() {
    echo "missing: $1" >&2
    missing_tools=$((missing_tools + 1))
}

stop_if_missing() {
    if [ "$missing_tools" -gt 0 ]; then
        echo "Install what is missing, then run this again." >&2
        exit 1
    fi
}

# Whether version $1 is at least version $2, both as dotted numbers.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

need_cargo() {
    local wanted version
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    if ! command -v cargo >/dev/null; then
        missing "cargo, Rust $wanted or newer (https://rustup.rs)"
        return
    fi
    version=$(cargo --version | cut -d ' ' -f 2)
    at_least "$version" "$wanted" || missing "Rust $wanted or newer, this is $version (rustup update)"
}

# rustfmt and clippy come with rustup, which fetches them when they are not there.
need_cargo_components() {
    local component
    command -v cargo >/dev/null || return 0
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        if command -v rustup >/dev/null; then
            rustup component add "$([ "$component" = fmt ] && echo rustfmt || echo clippy)"
        else
            missing "cargo $component (your distribution's package, or rustup component add)"
        fi
    done
}

need_node() {
    local version
    if ! command -v node >/dev/null; then
        missing "node, version 20 or newer (https://nodejs.org)"
        return
    fi
    version=$(node --version)
    at_least "${version#v}" 20 || missing "node 20 or newer, this is $version (https://nodejs.org)"
    command -v npm >/dev/null || missing "npm, which comes with node (https://nodejs.org)"
}

# `need_c_compiler install` may install it, where that can be done without asking.
need_c_compiler() {
    command -v cc >/dev/null && return
    if [ "${1:-}" = install ] && can_apt; then
        apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && return
    fi
    missing "a C compiler called cc (Debian: apt install gcc libc6-dev; macOS: xcode-select --install)"
}

# `need_wrk install` may install it, where that can be done without asking.
need_wrk() {
    command -v wrk >/dev/null && return
    if [ "${1:-}" = install ] && can_apt; then
        apt-get update && apt-get install --yes --no-install-recommends wrk && return
    fi
    missing "wrk, which sends the requests (Debian: apt install wrk; macOS: brew install wrk)"
}

# `need_haproxy install` may install it, where that can be done without asking.
need_haproxy() {
    command -v haproxy >/dev/null && return
    if [ "${1:-}" = install ] && can_apt; then
        apt-get update && apt-get install --yes --no-install-recommends haproxy && return
    fi
    missing "haproxy, which stands before several nodes (Debian: apt install haproxy; macOS: brew install haproxy)"
}

# Sets CHROMIUM to a browser, unless it names one. `need_chromium install` may install it, where
# that can be done without asking.
need_chromium() {
    if [ -n "${CHROMIUM:-}" ]; then
        command -v "$CHROMIUM" >/dev/null || missing "the browser that CHROMIUM names: $CHROMIUM"
    elif ! find_chromium && [ "${1:-}" = install ] && can_apt; then
        apt-get update && apt-get install --yes --no-install-recommends chromium
        find_chromium
    fi || true
    if [ -z "${CHROMIUM:-}" ]; then
        missing "Chromium or Chrome (Debian: apt install chromium; elsewhere: CHROMIUM=/path/to/it)"
    fi
    export CHROMIUM
}

find_chromium() {
    local name
    for name in chromium chromium-browser google-chrome; do
        CHROMIUM=$(command -v "$name") && return
    done
    CHROMIUM=""
    return 1
}

# Sets POSTGRES_BIN to the folder of a server's programs. `need_postgres install` may install them,
# where that can be done without asking.
need_postgres() {
    if ! find_postgres && [ "${1:-}" = install ] && can_apt; then
        # The package would make and start a server of its own, which nobody asked for.
        if ! dpkg-query --status postgresql-common >/dev/null 2>&1; then
            mkdir -p /etc/postgresql-common/createcluster.d
            echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/tests.conf
        fi
        apt-get update && apt-get install --yes --no-install-recommends postgresql
        find_postgres
    fi || true
    if [ -z "${POSTGRES_BIN:-}" ]; then
        missing "PostgreSQL 14 or newer, server and psql (Debian: apt install postgresql; macOS: brew install postgresql; or TEST_POSTGRES_URL=postgres://... of a server for tests)"
    fi
}

find_postgres() {
    local folder version
    for folder in "$(pg_config --bindir 2>/dev/null)" \
        $(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse) \
        "$(dirname "$(command -v postgres || echo /nowhere/postgres)")"; do
        [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/psql" ] || continue
        version=$("$folder/postgres" --version 2>/dev/null | grep -oE '[0-9]+' | head -n 1)
        if [ "${version:-0}" -ge 14 ]; then
            POSTGRES_BIN=$folder
            return
        fi
    done
    POSTGRES_BIN=""
    return 1
}

can_apt() {
    [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null
}

# The folder cargo builds into, wherever the environment or a cargo config puts it.
target_directory() {
    cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}
