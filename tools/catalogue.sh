#!/bin/bash
# Adds every entry of the catalogue to a fresh app and runs it against the simulator, behind a proxy that
# holds every call against Jira's OpenAPI file. Ends with one line:
#   actions=N passed=N violations=N
# Without that file it fails: then nothing was judged. The same tests are part of tools/test.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/build.sh asan src/main/mortise
tools/npm-tests.sh
mkdir -p build/report
tally=build/report/catalogue.tally
: >"$tally"
status=0
MORTISE_LONG=1 MORTISE_TALLY=$PWD/$tally node --test tests/scenario/catalogue.test.mjs >build/report/catalogue.log 2>&1 || status=$?
[ "$status" = 0 ] || cat build/report/catalogue.log >&2
node tests/lib/tally.mjs catalogue "$tally"
exit "$status"
