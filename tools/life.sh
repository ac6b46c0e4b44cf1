#!/bin/bash
# A year of 2,000 people's connections, day by day, with everything that happens to them in a year,
# against a build whose clock is moved. Ends with one line:
#   users=N alive=N dead_explained=N lost=N
# Takes some fifteen minutes; a short form is part of tools/test.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/build.sh faults
tools/npm-tests.sh
mkdir -p build/report
tally=build/report/life.tally
: >"$tally"
status=0
MORTISE_LONG=1 MORTISE_TALLY=$PWD/$tally node tests/run.mjs life || status=$?
node tests/lib/tally.mjs life "$tally"
exit "$status"
