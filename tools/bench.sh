#!/bin/bash
# The relay beside nginx, haproxy and a plain Node proxy, each on one core, load and upstream on another. Takes
# some ten minutes; prints a page, keeps it in bench/results/, and ends with one line. bench/README.md says
# what is measured how. Arguments go to bench/run.mjs.
set -euo pipefail
cd "$(dirname "$0")/.."

export PATH=$PATH:/usr/sbin
tools/build.sh release
tools/bench-tools.sh
# Two descriptors a call in flight, and a few.
ulimit -Hn 65536 2>/dev/null || true
ulimit -Sn "$(ulimit -Hn)"
if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt 20000 ]; then
    echo "bench: 9,500 calls in flight take 20,000 open files; the limit is $(ulimit -n)." >&2
    exit 1
fi
exec node bench/run.mjs "$@"
