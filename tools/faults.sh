#!/bin/bash
# Kills the server at every step of a refresh and at hundreds of random moments, and lets thousands of
# calls meet grants that expire together, against a build with fault points. Ends with one line:
#   kills=N lost=N refreshes_per_expiry=X
# Takes ten to fifteen minutes, on a busy machine half an hour; a short form is part of tools/test.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/build.sh faults
tools/npm-tests.sh
mkdir -p build/report
tally=build/report/faults.tally
: >"$tally"
status=0
MORTISE_LONG=1 MORTISE_TALLY=$PWD/$tally tools/with-postgres.sh node tests/run.mjs faults || status=$?
node tests/lib/tally.mjs faults "$tally"
exit "$status"
