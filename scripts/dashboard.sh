#!/usr/bin/env bash
# Types, hints and tests of the dashboard's sources, without a server.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

need_node
stop_if_missing

cd admin-ui
# As the build script of the server has it: only when the lock file asks for other packages.
if [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund
fi
npm run check
# Colours would stand in the way of whoever reads the closing lines.
NO_COLOR=1 npm test
