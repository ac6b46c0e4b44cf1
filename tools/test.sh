#!/bin/bash
# Runs everything against the build with sanitizers and ends with one line:
#   N passed, N failed, N skipped
# Whatever failed or was skipped is listed above it, with the reason.
set -euo pipefail
cd "$(dirname "$0")/.."

export CI=${CI:-}
tools/build.sh asan
tools/build.sh faults # for tests that kill the server or move its clock
tools/bench-tools.sh
tools/npm-tests.sh

mkdir -p build/report
rm -f build/report/*
exec tools/with-postgres.sh node tests/run.mjs "$@"
