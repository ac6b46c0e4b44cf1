#!/bin/bash
# Builds the benchmark's own load and upstream, which stand beside the product: build/bench/.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build/bench
for name in load upstream; do
    [ "build/bench/bench-$name" -nt "bench/$name.c" ] ||
        gcc -O2 -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wconversion \
            -o "build/bench/bench-$name" "bench/$name.c" -lm
done
