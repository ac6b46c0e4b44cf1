#!/bin/bash
# Runs a command with a private PostgreSQL: a data folder of its own, a Unix socket only, gone
# afterwards. The command finds its URL in MORTISE_TEST_POSTGRES.
#
# usage: tools/with-postgres.sh COMMAND [ARGUMENT...]
#
# PostgreSQL refuses to run as root: root runs it as the user that Debian's package made.
set -euo pipefail

bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$bin" ]; then
    echo "with-postgres: PostgreSQL is not installed (apt-get install postgresql)." >&2
    exit 1
fi

folder=$(mktemp -d /tmp/mortise-postgres.XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as=(setpriv --reuid postgres --regid postgres --clear-groups)
fi

finish() {
    cd /
    "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start() {
    cd "$folder"
    "${as[@]}" "$bin/initdb" -D "$folder/data" -U mortise --auth=trust -E UTF8 --locale=C.UTF-8 \
        --no-sync >"$folder/log" 2>&1
    # Speed over durability: these databases live for one test run.
    "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -t 60 \
        -o "-k $folder -c listen_addresses='' -c fsync=off -c full_page_writes=off" \
        -c start >>"$folder/log" 2>&1
}
if ! (start); then
    cat "$folder"/*log >&2
    echo "with-postgres: PostgreSQL did not start; its words are above." >&2
    exit 1
fi

status=0
MORTISE_TEST_POSTGRES="postgresql:///postgres?host=$folder&user=mortise" "$@" || status=$?
exit "$status"
