#!/bin/bash
# Starts the release build beside the simulated Atlassian, prints what to open and what to try, and
# stops both on Ctrl-C. Everything is kept in var/: the next start finds it as it was.
#
# MORTISE_LISTEN (127.0.0.1:8080) and SIM_LISTEN (127.0.0.1:8090) choose other ports.
set -euo pipefail
cd "$(dirname "$0")/.."

listen=${MORTISE_LISTEN:-127.0.0.1:8080}
sim=${SIM_LISTEN:-127.0.0.1:8090}
sim_port=${sim##*:}
mkdir -p var/sim
chmod 700 var
exec 9>var/run.lock
if ! flock -n 9; then
    echo "Mortise is already running from this folder. Stop it there first, with Ctrl-C." >&2
    exit 1
fi

export MORTISE_LISTEN=$listen
export MORTISE_PUBLIC_URL=${MORTISE_PUBLIC_URL:-http://localhost:${listen##*:}}
export MORTISE_ALLOW_HOSTS=http://acme.localhost:$sim_port,http://globex.localhost:$sim_port
MORTISE_ALLOW_HOSTS+=,http://api.media.localhost:$sim_port
export MORTISE_ATLASSIAN_SITES=localhost
export MORTISE_ATLASSIAN_API_URL=http://api.localhost:$sim_port
export MORTISE_ATLASSIAN_AUTH_URL=http://auth.localhost:$sim_port
export MORTISE_TOKEN_PAGE_URL=http://id.localhost:$sim_port/manage-profile/security/api-tokens
export MORTISE_GRANTS_PAGE_URL=http://id.localhost:$sim_port/manage-profile/apps
export MORTISE_CONSOLE_URL=http://id.localhost:$sim_port/console/myapps
# The OAuth app that the simulated Atlassian knows from the start.
export MORTISE_JIRA_CLIENT_ID=${MORTISE_JIRA_CLIENT_ID-mortise-try-out-client}
export MORTISE_JIRA_CLIENT_SECRET=${MORTISE_JIRA_CLIENT_SECRET-ATOA-mortise-try-out-secret}

# Both are told to stop by us, not by the terminal: Ctrl-C would reach them twice.
stop() {
    trap - INT TERM EXIT
    echo
    echo "Stopping ..."
    [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
    [ -z "${server:-}" ] || wait "$server" 2>/dev/null || true
    [ -z "${atlassian:-}" ] || kill "$atlassian" 2>/dev/null || true
    [ -z "${atlassian:-}" ] || wait "$atlassian" 2>/dev/null || true
    echo "Stopped. Everything is kept in var/; 'make run' goes on from there."
    exit "${1:-0}"
}
trap 'stop 0' INT TERM
trap 'stop 1' EXIT

setsid node sim/main.mjs --listen "$sim" --state var/sim/state.json --quiet \
    --callback "$MORTISE_PUBLIC_URL/oauth/callback" >var/sim/log 2>&1 &
atlassian=$!
for _ in $(seq 100); do
    grep -q 'simulated Atlassian on' var/sim/log && break
    if ! kill -0 "$atlassian" 2>/dev/null; then
        atlassian=
        cat var/sim/log >&2
        echo "The simulated Atlassian did not start. If port $sim_port is in use, choose another:" >&2
        echo "    SIM_LISTEN=127.0.0.1:9090 make run" >&2
        exit 1
    fi
    sleep 0.1
done

setsid build/release/src/main/mortise serve >var/start.log 2>>var/mortise.log &
server=$!
for _ in $(seq 100); do
    grep -q '^Mortise is ready' var/start.log && break
    if ! kill -0 "$server" 2>/dev/null; then
        server=
        tail -n 1 var/mortise.log >&2
        exit 1
    fi
    sleep 0.1
done
echo
sed 's/^/  /' var/start.log

cat <<TEXT

  Simulated Atlassian  http://id.localhost:$sim_port   (lists its accounts and sites)

  Its people           anna@acme.example   password anna-secret    (two sites)
                       bob@acme.example    password bob-secret     (one site)
                       carla@acme.example  password carla-secret   (two sites)
  Its Jira sites       http://acme.localhost:$sim_port, http://globex.localhost:$sim_port

  What to try
    1. The first time, open the link above and create the workspace admin; later, sign in.
    2. Create an app. On its App settings: + Add new connection, Jira (OAuth2), a name.
    3. On Description press Connect: sign in as Bob, choose acme, Accept. Then as Anna with
       Reconnect in the ... menu (log out at Atlassian first): Mortise asks before it replaces
       Bob. Reconnect once more and choose globex: Mortise asks which of the two sites it shall be.
    4. On Request run GET /rest/api/3/myself, then GET /rest/api/3/search/jql with
       the query jql=project = ACME&fields=summary
    5. Take the access back as that person would (http://id.localhost:$sim_port/manage-profile/apps)
       and run the request again.
    6. Add a Jira (API) connection: Base URL http://acme.localhost:$sim_port, Username
       anna@acme.example, and an API key made at
       http://id.localhost:$sim_port/manage-profile/security/api-tokens
    7. Invite somebody (Users), add them to the app (Permissions), open their link in a private
       window and connect there too. Then switch Shared credentials on (App settings, Edit).
    8. Settings: make an OAuth app of your own at http://id.localhost:$sim_port/console/myapps, following
       the guide, and save its id and secret.

  The log is var/mortise.log. Ctrl-C stops both.

TEXT
wait "$server" || true
server=
stop 1
