#!/usr/bin/env bash
# What is too large for every run: several nodes whose neighbours and database go away under load,
# 10,000 connections, an upload of 2 GB, a backup of 1 GB under writes, and, as root, a disk that fills up.
# Needs 5 GB below TMPDIR, and ends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_cargo
need_c_compiler install
need_node
need_haproxy install
need_postgres install
stop_if_missing

test() {
    cargo test --locked --release --test api -- --exact "$@"
}

scripts/nodes.sh whole

UPLOAD_MEGABYTES=${UPLOAD_MEGABYTES:-2048} test --nocapture files::a_large_upload_needs_little_memory

BACKUP_MEGABYTES=${BACKUP_MEGABYTES:-1024} test --nocapture \
    backups::writes::a_large_backup_needs_little_memory_and_holds_up_no_writer

if [ "$(id -u)" != 0 ]; then
    echo "The disk that fills up is not tried: only root can mount a small one." >&2
    exit 0
fi
disk=$(mktemp -d)
trap 'umount "$disk" 2>/dev/null; rmdir "$disk"' EXIT
for name in files::a_full_disk_refuses_uploads_and_nothing_else \
    backups::writes::a_full_disk_ends_a_backup_and_nothing_else; do
    mount -t tmpfs -o size=24m ferrobase-stress "$disk"
    SMALL_DISK=$disk test --ignored "$name"
    umount "$disk"
done
