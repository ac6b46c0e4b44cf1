#!/bin/bash
# Installs the tests' npm packages, as their lock file says, unless it was done since the file changed.
set -euo pipefail
cd "$(dirname "$0")/../tests"

[ node_modules/.package-lock.json -nt package-lock.json ] ||
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
