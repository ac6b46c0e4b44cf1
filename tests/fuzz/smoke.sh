#!/bin/sh
# Runs each fuzz target for some seconds: tests/fuzz/smoke.sh [SECONDS]. Without a number, as in
# make test, the one of Markdown only replays its corpus: what it asks for, that every text comes
# back equal, has exceptions (docs/adf.md) that it finds sooner or later.
# Needs clang and libclang-rt-14-dev (or the one that fits clang). A finding is kept in
# build/fuzz/ and ends the run with a failure; put a small version of it into tests/fuzz/corpus/.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-10}
markdown_runs=${1:+-1}
out=build/fuzz
llhttp=/usr/share/llhttp
mkdir -p "$out"

# target, then its sources and libraries
fuzz() {
    name=$1
    shift
    clang -std=gnu17 -g -O1 -D_GNU_SOURCE -DLLHTTP_STRICT_MODE=1 -Isrc -Itables \
        -isystem /usr/share/include/llhttp -w \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -o "$out/$name" "tests/fuzz/$name.c" "$@"
    mkdir -p "$out/corpus-$name"
    "$out/$name" -max_total_time="$seconds" -runs="$runs" -timeout=5 -rss_limit_mb=1024 -max_len=8192 \
        -print_final_stats=1 -artifact_prefix="$out/$name-" \
        "$out/corpus-$name" "tests/fuzz/corpus/${name%%_*}" 2>"$out/$name.log" ||
        { tail -40 "$out/$name.log"; echo "fuzz: $name found something, see $out"; exit 1; }
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log")
    echo "fuzz: $name, $count runs in $seconds s, nothing found"
}

runs=-1
fuzz http_parse src/http/parse.c src/http/parse_head.c src/base/*.c \
    $llhttp/api.c $llhttp/http.c $llhttp/llhttp.c -ljansson -lpthread

runs=${markdown_runs:-0}
fuzz adf_markdown tests/fuzz/adf_check.c src/jira/adf_*.c src/jira/markdown_*.c src/base/*.c \
    -ljansson -lmd4c -lmd4c-html -lpthread
