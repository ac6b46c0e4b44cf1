#!/bin/bash
# Everything that reads the code without running it. Stops at nothing and fails at the end, so that
# one run shows all. Both compilers' warnings are errors.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=0
step() {
    local name=$1 started=$SECONDS out
    shift
    if out=$("$@" 2>&1); then
        echo "lint: $name ok ($((SECONDS - started)) s)"
    else
        printf '%s\n' "$out"
        echo "lint: $name FAILED"
        failed=1
    fi
}

mapfile -t sources < <(git ls-files -co --exclude-standard 'src/*.c' 'src/*.h' 'tests/*.c' 'tests/*.h')
mapfile -t units < <(git ls-files -co --exclude-standard 'src/*.c')

# A file at a time: clang-tidy 14's analyzer reports va_lists falsely when it is given many.
tidy() {
    printf '%s\n' "${units[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build/clang 2>&1 |
        grep -v -E '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter|^$' >build/tidy.log
    ! grep -E 'warning:|error:' -A 4 build/tidy.log
}

check() {
    cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
        --suppressions-list=tools/cppcheck.txt -I src -I tables -j "$(nproc)" "${units[@]}"
}

step 'format' clang-format --dry-run -Werror "${sources[@]}"
step 'layers, calls, lengths' tools/layers.py
step 'gcc without a warning' tools/build.sh asan
step 'clang without a warning' tools/build.sh clang
step 'cppcheck' check
step 'clang-tidy' tidy
exit "$failed"
