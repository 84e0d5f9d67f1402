#!/usr/bin/env bash
# Builds the image of the Dockerfile and uses it as its users do, on a machine without Docker: with
# buildah, and with base images made here from Debian packages and this machine's own Rust and node.
#
#   tests/container/run.sh             (or: make container)
#   KEEP_CACHES=1 tests/container/run.sh   keeps what cargo and npm fetched and built for the next run
#
# DEBIAN_MIRROR names another mirror. Needs root and Debian or a child of it. Ends by itself.
set -euo pipefail
cd "$(dirname "$0")/../.."
source scripts/tools.sh

readonly SELF=$PWD/tests/container/run.sh
readonly BASE=localhost/ferrobase-test-base IMAGE=localhost/ferrobase-test
readonly CODE_NAME=bookworm USER_ID=10001 LARGEST_IMAGE=$((60 * 1000 * 1000))
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/ferrobase-container
# Seconds after which a step has failed.
readonly MAKE_BASE=900 BUILD=3600 STEP=120

need_tools() {
    if ! can_apt; then
        missing "root on Debian: this test makes base images with debootstrap and mounts"
        stop_if_missing
    fi
    local tool packages=()
    for tool in buildah debootstrap curl; do
        command -v "$tool" >/dev/null || packages+=("$tool")
    done
    if [ "${#packages[@]}" -gt 0 ]; then
        apt-get update && apt-get install --yes --no-install-recommends "${packages[@]}"
    fi
    need_cargo
    need_node
    stop_if_missing
}

say() { printf '\n== %s\n' "$*"; }

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# A store of its own: whatever images this machine has are neither seen nor touched. With vfs and
# chroot it works inside containers too.
image_tool() {
    TMPDIR=$caches buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

# --- the base images -----------------------------------------------------------------------------

# Debian's packages, kept outside the tree.
base_archive() {
    local archive
    archive=$CACHE/$CODE_NAME-$(dpkg --print-architecture).tar
    if [ ! -f "$archive" ]; then
        mkdir -p "$CACHE"
        timeout "$MAKE_BASE" debootstrap --variant=minbase \
            --include=ca-certificates,gcc,libc6-dev "$CODE_NAME" "$work/base" \
            ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/debootstrap.log" 2>&1 \
            || { tail -n 20 "$work/debootstrap.log" >&2; fail "debootstrap"; }
        rm -rf "$work/base/var/cache/apt" "$work/base/var/lib/apt/lists"
        tar --create --file "$archive.part" --directory "$work/base" --one-file-system .
        mv "$archive.part" "$archive"
        rm -rf --one-file-system "$work/base"
    fi
    echo "$archive"
}

# One image stands for both base images: what it lacks is mounted from this machine while it builds,
# and so is in no layer.
make_base() {
    local container root name
    container=$(image_tool from scratch)
    root=$(image_tool mount "$container")
    tar --extract --file "$(base_archive)" --directory "$root" --preserve-permissions
    mkdir -p "$root/opt/rust" "$root/opt/npm" "$root/opt/host" "$root/usr/local/cargo"
    touch "$root/opt/node"
    ln -s /opt/node "$root/usr/local/bin/node"
    ln -s /opt/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
    image_tool config --env PATH=/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        --env CARGO_HOME=/usr/local/cargo "$container"
    # How this machine reaches the package registries. The image that is tested starts from scratch
    # and inherits none of it.
    while IFS= read -r name; do
        image_tool config --env "$name=${!name}" "$container"
    done < <(compgen -e | grep -iE '^(https?_proxy|no_proxy|all_proxy|npm_config_.*|cargo_(http|net|registr|source).*)$' || true)
    if [ -n "$host_authorities" ]; then
        for name in SSL_CERT_FILE CARGO_HTTP_CAINFO NODE_EXTRA_CA_CERTS npm_config_cafile; do
            image_tool config --env "$name=/opt/host/authorities.crt" "$container"
        done
    fi
    image_tool unmount "$container" >/dev/null
    image_tool commit --quiet --format docker "$container" "$BASE" >/dev/null
    image_tool rm "$container" >/dev/null
}

# Fills `mounts` with what the build sees of this machine.
find_mounts() {
    local file
    mounts=(
        --volume "$(rustc --print sysroot):/opt/rust:ro"
        --volume "$(readlink -f "$(command -v node)"):/opt/node:ro"
        --volume "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")"):/opt/npm:ro"
    )
    host_authorities=${SSL_CERT_FILE:-}
    [ -z "$host_authorities" ] || mounts+=(--volume "$host_authorities:/opt/host/authorities.crt:ro")
    file=${CARGO_HOME:-$HOME/.cargo}/config.toml
    [ ! -f "$file" ] || mounts+=(--volume "$file:/usr/local/cargo/config.toml:ro")
    file=$(npm config get userconfig)
    [ ! -f "$file" ] || mounts+=(--volume "$file:/root/.npmrc:ro")
    file=$(npm config get globalconfig)
    [ ! -f "$file" ] || mounts+=(--volume "$file:/etc/npmrc:ro")
}

# --- the image -----------------------------------------------------------------------------------

build_image() {
    local version
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    timeout "$BUILD" env TMPDIR="$caches" buildah \
        --root "$work/storage" --runroot "$work/run" --storage-driver vfs \
        bud --isolation chroot --format docker --pull-never "${mounts[@]}" \
        --build-arg "RUST_IMAGE=$BASE" --build-arg "NODE_IMAGE=$BASE" \
        --build-arg "VERSION=$version" \
        --build-arg "REVISION=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" \
        --tag "$IMAGE" .
}

# What the image's configuration says, in a Go template.
configured() { image_tool inspect --type image --format "$1" "$IMAGE"; }

expect() {
    local what=$1 wanted=$2 is=$3
    [ "$is" = "$wanted" ] || fail "$what is '$is', not '$wanted'"
    printf '%-13s %s\n' "$what" "$is"
}

check_configuration() {
    expect user "$USER_ID:$USER_ID" "$(configured '{{.Docker.Config.User}}')"
    expect volumes "map[/data:{}]" "$(configured '{{.Docker.Config.Volumes}}')"
    expect ports "map[8090/tcp:{}]" "$(configured '{{.Docker.Config.ExposedPorts}}')"
    expect folder /app "$(configured '{{.Docker.Config.WorkingDir}}')"
    expect stop SIGTERM "$(configured '{{.Docker.Config.StopSignal}}')"
    expect health "[CMD /usr/local/bin/ferrobase health]" \
        "$(configured '{{.Docker.Config.Healthcheck.Test}}')"
    expect command "[/usr/local/bin/ferrobase] [serve]" \
        "$(configured '{{.Docker.Config.Entrypoint}} {{.Docker.Config.Cmd}}')"
    local said
    said=$(image_tool inspect --type image "$IMAGE")
    ! grep -qE '/opt/(host|rust|npm)|_proxy' <<<"$said" || fail "the build machine shows in the image"
}

check_files() {
    local bytes writable
    bytes=$(du --summarize --bytes "$root" | cut -f 1)
    [ "$bytes" -lt "$LARGEST_IMAGE" ] || fail "the image has $bytes bytes, at most $LARGEST_IMAGE"
    printf '%-13s %s bytes in %s files\n' size "$bytes" "$(find "$root" -type f | wc -l)"
    find "$root" -type f -printf '%12s  /%P\n' | sort -rn | head -n 8
    writable=$(cd "$root" && find . ! -type l \
        \( -uid "$USER_ID" -o -gid "$USER_ID" -o -perm /o=w -o -perm /u=s,g=s \))
    expect writable ./data "$writable"
    expect "owner of data" "$USER_ID:$USER_ID" "$(stat --format '%u:%g' "$root/data")"
}

# --- the server ----------------------------------------------------------------------------------

# Starts `$@` in the background and reads the address from its first line; sets `address`, `job`
# and `server`, the process of the server itself below it.
start() {
    local line
    rm -f "$work/said"
    mkfifo "$work/said"
    "$@" >"$work/said" 2>"$work/errors" &
    job=$!
    exec 3<"$work/said"
    if ! IFS= read -r -t "$STEP" line <&3; then
        cat "$work/errors" >&2
        fail "the server said nothing"
    fi
    echo "$line"
    grep -qF ' from /data' <<<"$line" || fail "the data is elsewhere"
    address=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' <<<"$line") || fail "no address in: $line"
    server=$(below "$job" ferrobase) || fail "the server's process was not found"
    expect "runs as" "$USER_ID $USER_ID" "$(awk '/^Uid:/ { uid = $3 } /^Gid:/ { print uid, $3 }' "/proc/$server/status")"
    expect capabilities 0000000000000000 "$(awk '/^CapEff:/ { print $2 }' "/proc/$server/status")"
}

# The process called $2 that is $1 or comes from it.
below() {
    local child
    [ "$(cat "/proc/$1/comm" 2>/dev/null)" != "$2" ] || { echo "$1"; return; }
    for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
        below "$child" "$2" && return
    done
    return 1
}

# `ro` or `rw`: how the server sees what is mounted at $1.
mounted_as() {
    awk -v at="$1" '$5 == at { split($6, options, ",") } END { print options[1] }' \
        "/proc/$server/mountinfo"
}

# Asks the server to stop as an engine does, and wants exit code 0.
stop() {
    local code=0
    kill -TERM "$server"
    # One that does not end by itself is ended, and `wait` then sees another code than 0.
    timeout "$STEP" tail --pid="$server" --follow /dev/null || kill -KILL "$server"
    wait "$job" || code=$?
    exec 3<&-
    server=
    expect "exit code" 0 "$code"
}

call() { curl --silent --show-error --fail-with-body --max-time "$STEP" "$@"; }

in_image() {
    image_tool run --isolation chroot --volume "$work/data:/data" \
        --volume "$work/config.toml:/app/config.toml:ro" "$@"
}

# The same without buildah, and stricter than it can be told: as deploy/compose.yaml says, nothing
# but the volume can be written to, and no privilege can be had. Its arguments are the image's
# variables.
hardened() {
    mount --bind "$root" "$root"
    mount --bind "$work/data" "$root/data"
    mount --bind "$work/config.toml" "$root/app/config.toml"
    mount -o remount,bind,ro "$root"
    mount -o remount,bind,ro "$root/app/config.toml"
    exec env --ignore-environment "$@" FERROBASE_HTTP=127.0.0.1:0 \
        /usr/bin/setpriv --no-new-privs \
        /usr/bin/unshare --root "$root" --wd /app --setgid "$USER_ID" --setuid "$USER_ID" \
        /usr/local/bin/ferrobase serve
}

use_image() {
    local container watcher records before after variables
    cat >"$work/config.toml" <<'CONFIG'
[collections.notes]
fields = { text = "text!" }
rules  = { read = "public", create = "public" }
CONFIG
    # As an engine makes a named volume: with the owner that the image's folder has.
    cp --archive "$root/data" "$work/data"
    # The health check stands beside the server, as `docker exec` would.
    container=$(image_tool from --pull-never "$IMAGE")
    watcher=$(image_tool from --pull-never "$IMAGE")
    root=$(image_tool mount "$container")
    before=$(listing)

    say "First run"
    start in_image --env FERROBASE_HTTP=127.0.0.1:0 "$container" -- \
        /usr/local/bin/ferrobase serve
    in_image --env "FERROBASE_HTTP=${address#http://}" "$watcher" -- \
        /usr/local/bin/ferrobase health
    expect dashboard assets/ "$(call "$address/_/" | grep -o -m 1 assets/)"
    call --json '{"text":"kept in the volume"}' "$address/api/collections/notes/records"
    echo
    records=$(call "$address/api/collections/notes/records?fields=text")
    expect records '"kept in the volume"' "$(grep -o '"kept in the volume"' <<<"$records")"
    stop
    cat "$work/errors"
    if in_image --env "FERROBASE_HTTP=${address#http://}" "$watcher" -- \
        /usr/local/bin/ferrobase health; then
        fail "a server that has stopped is called healthy"
    fi
    after=$(listing)
    [ "$before" = "$after" ] || fail "files outside the volume have changed: $(diff <(echo "$before") <(echo "$after"))"

    say "Second run, read-only but for the volume"
    touch "$root/app/config.toml"
    mapfile -t variables < <(configured '{{range .Docker.Config.Env}}{{println .}}{{end}}' | grep .)
    start unshare --mount --propagation private \
        "$BASH" "$SELF" hardened "$work" "$root" "${variables[@]}"
    expect "root is" ro "$(mounted_as /)"
    expect "volume is" rw "$(mounted_as /data)"
    expect "no new privs" 1 "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$server/status")"
    records=$(call "$address/api/collections/notes/records?fields=text")
    expect records '"kept in the volume"' "$(grep -o '"kept in the volume"' <<<"$records")"
    call --json '{"text":"second"}' "$address/api/collections/notes/records"
    echo
    stop
    ls -ln "$work/data"
}

# The image's files and when each changed; what an engine itself puts into every container is not
# counted.
listing() {
    (cd "$root" && find . -path ./data -prune -o -type f ! -path ./etc/hosts ! -path ./etc/hostname \
        ! -path ./etc/resolv.conf ! -path './run/*' ! -path ./app/config.toml \
        -printf '%p %s %T@\n' | sort)
}

# --- the run -------------------------------------------------------------------------------------

clean_up() {
    local code=$? mounted
    trap - EXIT
    [ -z "${server:-}" ] || kill -KILL "$server" 2>/dev/null || true
    exec 3<&- || true
    image_tool rm --all >/dev/null 2>&1 || true
    # Nothing may be deleted through a mount. They are this script's own: it has a namespace for them.
    while read -r mounted; do
        umount "$mounted" || true
    done < <(awk -v "work=$work/" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
    if grep -qF " $work/" /proc/self/mountinfo; then
        echo "Something is still mounted below $work, so it is left there." >&2
    else
        rm -rf --one-file-system "$work"
    fi
    exit "$code"
}

main() {
    need_tools
    work=$(mktemp -d "${TMPDIR:-/tmp}/ferrobase-container.XXXXXX")
    chmod 755 "$work"
    caches=$work/caches
    [ -z "${KEEP_CACHES:-}" ] || caches=$CACHE/build
    mkdir -p "$caches"
    trap clean_up EXIT
    trap 'exit 143' TERM INT HUP
    find_mounts
    say "Base image"
    make_base
    say "Build"
    build_image
    say "Image"
    check_configuration
    local container
    container=$(image_tool from --pull-never "$IMAGE")
    root=$(image_tool mount "$container")
    check_files
    use_image
    say "The image is fine."
}

case ${1:-} in
    hardened)
        work=$2 root=$3
        shift 3
        hardened "$@"
        ;;
    inside) main ;;
    # Mounts end with the namespace, whatever happens to the script.
    *) exec unshare --mount --propagation private "$BASH" "$SELF" inside ;;
esac
