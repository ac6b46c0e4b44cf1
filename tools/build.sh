#!/bin/bash
# Builds one of the kinds of build.
#
# usage: tools/build.sh KIND [ninja target...]
#   release  optimised and hardened, no tests       build/release
#   asan     AddressSanitizer and UBSan, with tests  build/asan
#   faults   optimised, with the places where tests kill it  build/faults
#   clang    clang, with tests, warnings are errors  build/clang
set -euo pipefail
cd "$(dirname "$0")/.."

kind=$1
shift
case "$kind" in
release) options=(--buildtype=release -Db_lto=true -Dtests=false) ;;
asan) options=(--buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined) ;;
faults) options=(--buildtype=release -Dtests=false -Dfault_points=true) ;;
clang) options=(--buildtype=debug) && export CC=clang ;;
*) echo "build: unknown kind $kind" >&2 && exit 2 ;;
esac
[ ! -t 1 ] || echo "Building build/$kind ..."
if [ ! -e "build/$kind/build.ninja" ]; then
    mkdir -p build
    meson setup "build/$kind" "${options[@]}" >"build/$kind.log" 2>&1 ||
        { cat "build/$kind.log" >&2 && exit 1; }
fi
if ! ninja -C "build/$kind" "$@" >"build/$kind.log" 2>&1; then
    cat "build/$kind.log" >&2
    exit 1
fi
