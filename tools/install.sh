#!/bin/bash
# Installs the Debian packages that a job needs, when they are missing.
#
# usage: tools/install.sh JOB...     JOB: build, test, bench, lint
#
# Works as root or with sudo. Where another Node.js than Debian's is installed, it is used as it is:
# Debian's npm cannot stand beside it.
set -euo pipefail

build=(gcc libc6-dev meson ninja-build pkg-config python3 libevent-dev libcurl4-openssl-dev
    libjansson-dev libpcre2-dev libcsv-dev libsodium-dev libsqlite3-dev libpq-dev libssl-dev ca-certificates
    cmark-gfm libmd4c-dev libmd4c-html0-dev)
test=(libcmocka-dev libasan8 libubsan1 postgresql chromium fonts-dejavu-core fonts-noto-color-emoji
    clang libclang-rt-14-dev procps faketime curl python3-jira nginx-light haproxy openssl)
bench=(nginx-light haproxy openssl valgrind linux-perf)
lint=(clang clang-format clang-tidy cppcheck universal-ctags git)

wanted=()
for job in "$@"; do
    case "$job" in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    lint) wanted+=("${lint[@]}" "${build[@]}" libcmocka-dev) ;;
    *) echo "install: unknown job $job" >&2 && exit 2 ;;
    esac
done
# llhttp's sources come with Debian 12's node-llhttp, or as libllhttp-dev from Debian 13 on.
[ -e /usr/share/llhttp/llhttp.c ] || wanted+=(node-llhttp)
command -v node >/dev/null || wanted+=(nodejs)
case " $* " in *" test "*) command -v npm >/dev/null || wanted+=(npm) ;; esac

missing=()
for package in "${wanted[@]}"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
        missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as=()
[ "$(id -u)" = 0 ] || as=(sudo)
if [ ${#as[@]} -gt 0 ] && ! command -v sudo >/dev/null; then
    echo "These packages are missing, and installing them takes root or sudo:" >&2
    echo "    apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "Installing: ${missing[*]}"
# Debian's postgresql would start a cluster of its own; the tests run a private one.
case " ${missing[*]} " in
*" postgresql "*)
    "${as[@]}" mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" |
        "${as[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
    ;;
esac
# Debian's nginx and haproxy would start on port 80, now and at every boot; the benchmark runs its own.
quiet=()
for package in nginx-light haproxy; do
    case " ${missing[*]} " in *" $package "*) quiet+=("${package%-light}") ;; esac
done
policy=/usr/sbin/policy-rc.d
if [ ${#quiet[@]} -gt 0 ] && [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as[@]}" tee $policy >/dev/null
    "${as[@]}" chmod 755 $policy
    made_policy=1
fi
log=$(mktemp)
finish() {
    rm -f "$log"
    [ -z "${made_policy:-}" ] || "${as[@]}" rm -f $policy
}
trap finish EXIT
if ! {
    "${as[@]}" apt-get update -q &&
        "${as[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "${missing[@]}"
} >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
if [ ${#quiet[@]} -gt 0 ] && command -v systemctl >/dev/null; then
    "${as[@]}" systemctl disable --quiet "${quiet[@]}" >/dev/null 2>&1 || true
fi
